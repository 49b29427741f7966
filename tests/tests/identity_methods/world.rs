//! A cloud whose tokens live three seconds, and what its users log in with.

use std::time::Duration;

use keepstone_core::{Credential, Scope, UserRef};
use keepstone_tests::cloud::{Account, Clock, Cloud, Credentials, Service, ServiceCounters, Settings};
use serde_json::json;

use crate::cloud_client::Client;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Of alice's and of carol's device.
pub(crate) const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// `alice` has a device for passcodes; `carol` has one too, and must use it beside her password.
/// The clock stands still unless it is turned.
pub(crate) fn cloud() -> Cloud {
    let account =
        |name: &str| Account::new(name, "pass-word", "demo", &["member", "reader"]).with_totp(SECRET);
    let settings = Settings {
        clock: Clock::manual("2026-03-01T12:00:00Z".parse().unwrap()),
        token_life: SECOND * 3,
        users: vec![account("alice"), account("carol").with_rules(&[&["password", "totp"]])],
        ..Settings::default()
    };
    Cloud::start(settings).unwrap()
}

pub(crate) fn of(cloud: &Cloud, user: &str) -> Credentials {
    cloud.credentials(user).unwrap()
}

pub(crate) fn user(cloud: &Cloud, name: &str) -> UserRef {
    UserRef::id(of(cloud, name).user_id)
}

pub(crate) fn password(cloud: &Cloud, name: &str) -> Credential {
    let scope = Scope::project_id(of(cloud, name).project_id.unwrap());
    Credential::password(&cloud.auth_url(), user(cloud, name), "pass-word").unwrap().scope(scope)
}

/// Makes an application credential of alice's named `backup`; its id and secret.
pub(crate) fn application_credential(cloud: &Cloud) -> (String, String) {
    let token = cloud.issue_token("alice", "demo", SECOND * 60).unwrap();
    let url = format!("{}/users/{}/application_credentials", cloud.auth_url(), of(cloud, "alice").user_id);
    let body = json!({"application_credential": {"name": "backup"}});
    let answer = Client::new().call("POST", url).token(&token).json(&body).send();
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = &answer.json()["application_credential"];
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

pub(crate) fn volumes(cloud: &Cloud) -> ServiceCounters {
    cloud.counters().service(Service::Volume)
}

/// How often Keystone was asked at a path.
pub(crate) fn asked(cloud: &Cloud, path: &str) -> usize {
    cloud.arrivals().iter().filter(|it| it.service == Service::Identity && it.path == path).count()
}
