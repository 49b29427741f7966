//! Logins at Identity API v2.0, and at whatever version there is, over both transports, with tokens
//! that live three seconds: they are renewed, and no call fails.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use http::Request;
use keepstone_core::identity::{AnyVersion, V2};
use keepstone_core::{Credential, DomainRef, Endpoint, Scope, UserRef};
use keepstone_tests::cloud::{Cloud, Service, Settings};

/// Longer than two tokens live.
const SPAN: Duration = Duration::from_secs(7);

fn cloud() -> Cloud {
    let settings = Settings { identity_v2: true, token_life: Duration::from_secs(3), ..Settings::default() };
    Cloud::start(settings).unwrap()
}

/// Who logs in, how.
fn credentials(cloud: &Cloud) -> Vec<(&'static str, Credential)> {
    let alice = cloud.credentials("alice").unwrap();
    let v3 = alice.auth_url.clone();
    let root = v3.trim_end_matches("/v3").to_owned();
    let v2 = format!("{root}/v2.0");
    let (id, password) = (alice.user_id.as_str(), alice.password.as_str());
    let project = Scope::project_id(alice.project_id.unwrap());
    let default = || DomainRef::Id("default".to_owned());
    let named = AnyVersion::password_of("alice", password);
    [
        (
            "v2.0, by name",
            Credential::new(&v2, V2::password("alice", password)).unwrap().scope(Scope::project("demo")),
        ),
        (
            "v2.0, by id",
            Credential::new(&v2, V2::password_of_id(id, password)).unwrap().scope(project.clone()),
        ),
        ("any version, a name alone", Credential::new(&root, named.clone().project("demo")).unwrap()),
        (
            "any version, a default domain",
            Credential::new(&root, named.project("demo").default_domain(default())).unwrap(),
        ),
        (
            "any version, a domain",
            Credential::new(&v3, AnyVersion::password(UserRef::name("alice"), password))
                .unwrap()
                .scope(project),
        ),
    ]
    .into()
}

fn endpoint(cloud: &Cloud) -> Endpoint {
    Endpoint::fixed(cloud.endpoint(Service::Volume, "demo").unwrap())
}

/// Every call of a span; the one after the other.
fn calls(mut one: impl FnMut() -> u16) -> Vec<u16> {
    let end = Instant::now() + SPAN;
    let mut statuses = Vec::new();
    while Instant::now() < end {
        statuses.push(one());
        std::thread::sleep(Duration::from_millis(50));
    }
    statuses
}

fn check(name: &str, cloud: &Cloud, statuses: &[u16]) {
    assert!(statuses.len() > 20, "{name}: {} calls", statuses.len());
    assert!(statuses.iter().all(|status| *status == 200), "{name}: {statuses:?}");
    let logins = cloud.counters().token_requests;
    assert!((3..=14).contains(&logins), "{name}: {logins} logins in {SPAN:?}");
}

/// Runs each way to log in at a cloud of its own, all at the same time.
fn each(run: impl Fn(&Cloud, Credential) -> Vec<u16> + Sync) {
    std::thread::scope(|scope| {
        for at in 0..credentials(&cloud()).len() {
            let run = &run;
            scope.spawn(move || {
                let cloud = cloud();
                let (name, credential) = credentials(&cloud).swap_remove(at);
                check(name, &cloud, &run(&cloud, credential));
            });
        }
    });
}

#[test]
fn every_version_renews_over_the_blocking_transport() {
    each(|cloud, credential| {
        let client = keepstone_blocking::Client::new().unwrap();
        let session = client.identity(credential).unwrap().session().at(endpoint(cloud));
        calls(|| session.send(Request::get("/volumes").body(()).unwrap()).unwrap().status().as_u16())
    });
}

#[test]
fn every_version_renews_over_the_async_transport() {
    each(|cloud, credential| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let client = keepstone_async::Client::new().unwrap();
        let session = client.identity(credential).unwrap().session().at(endpoint(cloud));
        let send =
            || async { session.send(Request::get("/volumes").body(()).unwrap()).await.unwrap().status() };
        calls(|| runtime.block_on(send()).as_u16())
    });
}
