//! The rig of real OpenStack services, seen by a plain HTTP client: does it keep its promises?
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificates;
mod client;
mod federation;
mod logins;
mod oidc;

use std::sync::{LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use keepstone_tests::openstack::{Options, Rig};
use serde_json::json;

use self::client::{echo, exchange, log_in_to, login, roles, send};

const OPTIONS: Options = Options { expiration: 4, window: 6 };

/// One rig for all tests here: they read, an outage writes. It stops when this process ends.
static RIG: LazyLock<RwLock<Rig>> =
    LazyLock::new(|| RwLock::new(Rig::start(OPTIONS).expect("the rig starts")));

#[test]
fn a_fresh_token_is_confirmed() {
    let rig = read();
    let alice = login(&rig.stack, &rig.stack.users.alice);
    let report = echo(&rig.stack, &[("X-Auth-Token", &alice.id)]).report(StatusCode::OK);
    assert_eq!(report["identity"]["x-identity-status"], "Confirmed");
    assert_eq!(report["identity"]["x-user-id"], *rig.stack.users.alice.id);
    assert_eq!(report["identity"]["x-project-id"], *rig.stack.users.alice.project.id);
    assert_eq!(roles(&report), ["member", "reader"]);
    assert_eq!(report["tokens"], json!(["X-Auth-Token"]));
    assert!(!report.to_string().contains(&alice.id), "the token itself stays untold");
}

#[test]
fn the_echo_tells_what_it_was_sent() {
    let rig = read();
    let alice = login(&rig.stack, &rig.stack.users.alice);
    let report = send(
        "PUT",
        &format!("{}/some/where?how=so", rig.stack.echo_url),
        &[("X-Auth-Token", &alice.id)],
        "hello",
    )
    .report(StatusCode::OK);
    assert_eq!((&report["method"], &report["path"]), (&json!("PUT"), &json!("/some/where")));
    assert_eq!(report["query"], "how=so");
    assert_eq!(report["body_length"], 5);
    assert_eq!(report["body_md5"], "5d41402abc4b2a76b9719d911017c592");
}

#[test]
fn an_expired_token_needs_a_service_token_with_the_role() {
    let rig = read();
    let alice = login(&rig.stack, &rig.stack.users.alice);
    wait_until(alice.expires_at);
    let nova = login(&rig.stack, &rig.stack.users.nova);
    let norole = login(&rig.stack, &rig.stack.users.norole);

    echo(&rig.stack, &[("X-Auth-Token", &alice.id)]).report(StatusCode::UNAUTHORIZED);
    echo(&rig.stack, &[("X-Auth-Token", &alice.id), ("X-Service-Token", &norole.id)])
        .report(StatusCode::UNAUTHORIZED);
    let report = echo(&rig.stack, &[("X-Auth-Token", &alice.id), ("X-Service-Token", &nova.id)])
        .report(StatusCode::OK);
    assert_eq!(report["identity"]["x-identity-status"], "Confirmed");
    assert_eq!(report["identity"]["x-service-identity-status"], "Confirmed");
    assert_eq!(report["identity"]["x-user-name"], "alice");
    assert_eq!(report["identity"]["x-service-user-name"], "nova");
}

#[test]
fn at_the_windows_end_no_service_token_helps() {
    let rig = read();
    let alice = login(&rig.stack, &rig.stack.users.alice);
    wait_until(alice.expires_at + TimeDelta::seconds(OPTIONS.window.into()));
    let nova = login(&rig.stack, &rig.stack.users.nova);
    echo(&rig.stack, &[("X-Auth-Token", &alice.id), ("X-Service-Token", &nova.id)])
        .report(StatusCode::UNAUTHORIZED);
}

#[test]
fn a_revoked_token_is_refused_at_once() {
    let rig = read();
    let alice = login(&rig.stack, &rig.stack.users.alice);
    echo(&rig.stack, &[("X-Auth-Token", &alice.id)]).report(StatusCode::OK);
    let tokens = format!("{}/auth/tokens", rig.stack.auth_url);
    let revoked = send("DELETE", &tokens, &[("X-Auth-Token", &alice.id), ("X-Subject-Token", &alice.id)], "");
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    echo(&rig.stack, &[("X-Auth-Token", &alice.id)]).report(StatusCode::UNAUTHORIZED);
}

#[test]
fn the_system_scope_reaches_the_service() {
    let rig = read();
    let admin = log_in_to(&rig.stack, &rig.stack.users.admin, json!({"system": {"all": true}})).token();
    let report = echo(&rig.stack, &[("X-Auth-Token", &admin.id)]).report(StatusCode::OK);
    assert_eq!(report["identity"]["openstack-system-scope"], "all");
}

#[test]
fn a_trust_lets_nova_act_as_alice_until_it_is_deleted() {
    let rig = read();
    let (alice, nova) = (&rig.stack.users.alice, &rig.stack.users.nova);
    let trustor = login(&rig.stack, alice);
    let trusts = format!("{}/OS-TRUST/trusts", rig.stack.auth_url);
    let terms = json!({"trust": {
        "trustor_user_id": alice.id, "trustee_user_id": nova.id, "project_id": alice.project.id,
        "impersonation": true, "roles": [{"name": "reader"}],
    }});
    let trust = send("POST", &trusts, &[("X-Auth-Token", &trustor.id)], &terms.to_string())
        .report(StatusCode::CREATED);
    let id = trust["trust"]["id"].as_str().expect("a trust has an id");
    let scope = json!({"OS-TRUST:trust": {"id": id}});

    let delegated = log_in_to(&rig.stack, nova, scope.clone()).token();
    let report = echo(&rig.stack, &[("X-Auth-Token", &delegated.id)]).report(StatusCode::OK);
    assert_eq!(report["identity"]["x-user-name"], "alice");
    assert_eq!(roles(&report), ["reader"]);

    let deleted = send("DELETE", &format!("{trusts}/{id}"), &[("X-Auth-Token", &trustor.id)], "");
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    log_in_to(&rig.stack, nova, scope).report(StatusCode::UNAUTHORIZED);
}

#[test]
fn the_catalog_leads_to_the_echo() {
    let rig = read();
    let alice = login(&rig.stack, &rig.stack.users.alice);
    for (kind, url) in [
        ("identity", rig.stack.auth_url.clone()),
        ("image", format!("{}/image", rig.stack.echo_url)),
        ("network", format!("{}/network", rig.stack.echo_url)),
        ("volumev3", format!("{}/volumev3", rig.stack.echo_url)),
    ] {
        let catalog = alice.catalog.as_array().expect("a scoped token has a catalog");
        let service = catalog.iter().find(|service| service["type"] == kind).expect(kind);
        let endpoints = service["endpoints"].as_array().expect("a service has endpoints");
        for interface in ["public", "internal", "admin"] {
            let endpoint =
                endpoints.iter().find(|endpoint| endpoint["interface"] == interface).expect(interface);
            assert_eq!((&endpoint["url"], &endpoint["region"]), (&json!(url), &json!(rig.stack.region)));
        }
    }
}

#[test]
fn keystone_goes_away_and_comes_back() {
    let mut rig = write();
    let alice = login(&rig.stack, &rig.stack.users.alice);
    rig.stop_keystone().unwrap();
    assert!(exchange("GET", &rig.stack.auth_url, &[], "").is_err(), "its address refuses connections");
    echo(&rig.stack, &[("X-Auth-Token", &alice.id)]).report(StatusCode::SERVICE_UNAVAILABLE);
    rig.start_keystone().unwrap();
    let alice = login(&rig.stack, &rig.stack.users.alice);
    echo(&rig.stack, &[("X-Auth-Token", &alice.id)]).report(StatusCode::OK);
}

#[test]
fn dropping_the_handle_ends_every_server() {
    let rig = Rig::start(Options::default()).unwrap();
    let (auth_url, echo_url) = (rig.stack.auth_url.clone(), rig.stack.echo_url.clone());
    drop(rig);
    assert!(exchange("GET", &auth_url, &[], "").is_err());
    assert!(exchange("GET", &echo_url, &[], "").is_err());
}

/// Sleeps until the wall clock has reached this instant.
fn wait_until(instant: DateTime<Utc>) {
    while let Ok(left @ 1..) = u64::try_from((instant - Utc::now()).num_nanoseconds().unwrap_or(i64::MAX)) {
        std::thread::sleep(Duration::from_nanos(left));
    }
}

fn read() -> RwLockReadGuard<'static, Rig> {
    RIG.read().unwrap_or_else(PoisonError::into_inner)
}

fn write() -> RwLockWriteGuard<'static, Rig> {
    RIG.write().unwrap_or_else(PoisonError::into_inner)
}
