//! The embedded Keystone's other ways to log in, on the wire: passcodes, receipts, OAuth, certificates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cloud_client;

use std::time::Duration;

use cloud_client::{Answer, Client};
use keepstone_tests::cloud::{Account, Clock, Cloud, Settings};
use serde_json::{Value, json};

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const SECOND: Duration = Duration::from_secs(1);

/// A cloud at noon, in which carol needs two factors.
fn cloud() -> (Cloud, Client) {
    let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
    let account = |name: &str| Account::new(name, "p", "demo", &["member"]).with_totp(SECRET);
    let users = vec![account("alice"), account("carol").with_rules(&[&["password", "totp"]])];
    (Cloud::start(Settings { clock, users, ..Settings::default() }).unwrap(), Client::new())
}

fn id(cloud: &Cloud, user: &str) -> String {
    cloud.credentials(user).unwrap().user_id
}

fn log_in(cloud: &Cloud, client: &Client, receipt: Option<&str>, identity: &Value) -> Answer {
    let call = client.call("POST", format!("{}/auth/tokens", cloud.auth_url()));
    let call = match receipt {
        Some(receipt) => call.header("openstack-auth-receipt", receipt),
        None => call,
    };
    call.json(&json!({"auth": {"identity": identity}})).send()
}

fn password(cloud: &Cloud, user: &str) -> Value {
    json!({"methods": ["password"], "password": {"user": {"id": id(cloud, user), "password": "p"}}})
}

fn totp(cloud: &Cloud, user: &str, passcode: &str) -> Value {
    json!({"methods": ["totp"], "totp": {"user": {"id": id(cloud, user), "passcode": passcode}}})
}

#[test]
fn a_passcode_is_good_in_its_half_minute_and_the_next() {
    let (cloud, client) = cloud();
    let passcode = cloud.passcode("alice").unwrap();
    for (after, status) in [(0, 201), (59, 201), (60, 401)] {
        cloud.clock().set("2026-03-01T12:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
        cloud.advance(SECOND * after);
        assert_eq!(
            log_in(&cloud, &client, None, &totp(&cloud, "alice", &passcode)).status,
            status,
            "{after}"
        );
    }
    assert_eq!(cloud.counters().wrong_passwords("alice"), 1);
    assert!(cloud.passcode("nobody").is_err());
}

#[test]
fn a_receipt_stands_for_what_was_right() {
    let (cloud, client) = cloud();
    let answer = log_in(&cloud, &client, None, &password(&cloud, "carol"));
    assert_eq!(answer.status, 401);
    let receipt = answer.header("openstack-auth-receipt").unwrap().to_owned();
    let domain = json!({"id": "default", "name": "Default"});
    assert_eq!(
        answer.json(),
        json!({
            "receipt": {
                "methods": ["password"],
                "user": {"id": id(&cloud, "carol"), "name": "carol", "domain": domain},
                "expires_at": "2026-03-01T12:05:00.000000Z",
                "issued_at": "2026-03-01T12:00:00.000000Z",
            },
            "required_auth_methods": [["password", "totp"]],
        })
    );
    let second = |user: &str| totp(&cloud, user, &cloud.passcode(user).unwrap());
    let alone = log_in(&cloud, &client, None, &second("carol"));
    assert_eq!(alone.json()["receipt"]["methods"], json!(["totp"]));
    let token = log_in(&cloud, &client, Some(&receipt), &second("carol"));
    assert_eq!((token.status, &token.json()["token"]["methods"]), (201, &json!(["totp", "password"])));
    assert_eq!(log_in(&cloud, &client, Some(&receipt), &second("alice")).status, 401, "it is carol's");
    assert_eq!(log_in(&cloud, &client, Some("other"), &second("carol")).status, 401);
    cloud.advance(SECOND * 300);
    let late = log_in(&cloud, &client, Some(&receipt), &second("carol"));
    assert_eq!((late.status, late.header("openstack-auth-receipt")), (401, None));
}

#[test]
fn a_request_of_oauth_1_must_be_signed() {
    let (cloud, client) = cloud();
    let keys = cloud.oauth1_keys("alice").unwrap();
    let url = format!("{}/auth/tokens", cloud.auth_url());
    let body = json!({"auth": {"identity": {"methods": ["oauth1"], "oauth1": {}}}});
    let now = cloud.now().timestamp();
    let header = format!(
        r#"OAuth oauth_nonce="00", oauth_timestamp="{now}", oauth_version="1.0", oauth_signature_method="HMAC-SHA1", oauth_consumer_key="{}", oauth_token="{}", oauth_signature="AAAA""#,
        keys.consumer_key, keys.access_key
    );
    let forged = client.call("POST", &url).header("authorization", header).json(&body).send();
    assert_eq!(forged.status, 401);
    assert_eq!(client.post(&url, &body).status, 400, "nothing to look at");
}

#[test]
fn the_token_endpoint_says_what_is_wrong() {
    let (cloud, client) = cloud();
    let ask = |form: &str, authorization: Option<&str>| {
        let call = client.call("POST", format!("{}/OS-OAUTH2/token", cloud.auth_url()));
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        let call = authorization.into_iter().fold(call, |call, value| call.header("authorization", value));
        let answer = call.body(form).send();
        (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
    };
    let told = |status: u16, error: &str| (status, error.to_owned());
    assert_eq!(ask("", None), told(400, "invalid_request"));
    assert_eq!(ask("grant_type=password", None), told(400, "unsupported_grant_type"));
    assert_eq!(ask("grant_type=client_credentials", None), told(401, "invalid_client"));
    let unknown = "Basic aWQ6c2VjcmV0";
    assert_eq!(ask("grant_type=client_credentials", Some(unknown)), told(401, "invalid_client"));
    cloud.show_certificate_of(Some("alice")).unwrap();
    let of = |user| format!("grant_type=client_credentials&client_id={}", id(&cloud, user));
    assert_eq!(ask(&of("carol"), None), told(401, "invalid_client"));
    assert_eq!(ask(&of("alice"), None), told(200, ""));
}

#[test]
fn a_certificate_binds_a_token_or_stands_for_one() {
    let (cloud, client) = cloud();
    cloud.show_certificate_of(Some("alice")).unwrap();
    let form = format!("grant_type=client_credentials&client_id={}", id(&cloud, "alice"));
    let url = |path: &str| format!("{}{path}", cloud.auth_url());
    let bearer = client.call("POST", url("/OS-OAUTH2/token")).body(form).send().json();
    assert_eq!((&bearer["token_type"], &bearer["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let bearer = bearer["access_token"].as_str().unwrap();
    let tokenless =
        |name: &str, value: &str| client.call("GET", url("/auth/catalog")).header(name, value).send().status;
    let project = cloud.project_id("demo").unwrap();
    assert_eq!(client.get(url("/auth/catalog"), bearer).status, 200);
    assert_eq!(tokenless("x-project-id", &project), 200);
    assert_eq!(tokenless("x-domain-id", "default"), 401, "alice has no role there");
    assert_eq!(tokenless("x-other", "x"), 401, "no scope");
    assert_eq!(tokenless("x-auth-token", "none of Keystone's"), 401);
    cloud.show_certificate_of(None).unwrap();
    assert_eq!(client.get(url("/auth/catalog"), bearer).status, 401);
    assert_eq!(tokenless("x-project-id", &project), 401);
}
