//! OpenID Connect: Keystone's own federation behind a stand-in for Apache's module, and a stand-in provider.

use std::thread::sleep;
use std::time::Duration;

use http::StatusCode;
use keepstone_tests::openstack::Stack;
use serde_json::{Value, json};

use super::client::{Answer, at_home, basic, echo, exchange, identify, post_form, roles, send};
use super::read;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[test]
fn a_password_at_the_provider_leads_to_a_project() {
    let rig = read();
    let fred = &rig.stack.federation.people.fred;
    let form = [("grant_type", "password"), ("username", &fred.name), ("password", &fred.password)];
    let access = granted(&rig.stack, &form);
    for protocol in ["openid", "mapped"] {
        let report = used(&rig.stack, protocol, &access);
        assert_eq!(report["identity"]["x-user-name"], "fred");
        assert_eq!(roles(&report), ["member", "reader"]);
    }
}

#[test]
fn a_client_may_come_for_itself() {
    let rig = read();
    let access = granted(&rig.stack, &[("grant_type", "client_credentials")]);
    let report = used(&rig.stack, "openid", &access);
    assert_eq!(report["identity"]["x-user-name"], "service-account-keepclient");
}

#[test]
fn who_is_in_no_group_stays_outside() {
    let rig = read();
    let stranger = &rig.stack.federation.people.stranger;
    let form = [("grant_type", "password"), ("username", &stranger.name), ("password", &stranger.password)];
    let access = granted(&rig.stack, &form);
    federated(&rig.stack, "openid", access["access_token"].as_str().unwrap())
        .report(StatusCode::UNAUTHORIZED);
}

#[test]
fn only_the_providers_word_counts() {
    let rig = read();
    federated(&rig.stack, "openid", "made-up").report(StatusCode::UNAUTHORIZED);
    let issuer = rig.stack.federation.oidc.token_url.trim_end_matches("/token");
    let headers = [("OIDC-ISS", issuer), ("OIDC-PREFERRED-USERNAME", "fred"), ("OIDC-GROUPS", "federated")];
    send("POST", &auth_url(&rig.stack, "openid"), &headers, "").report(StatusCode::UNAUTHORIZED);
}

#[test]
fn a_browser_brings_a_code() {
    let rig = read();
    let (oidc, fred) = (&rig.stack.federation.oidc, &rig.stack.federation.people.fred);
    let back = "http://127.0.0.1/back";
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("client_id", oidc.client.id.as_str()), ("redirect_uri", back)])
        .extend_pairs([("response_type", "code"), ("scope", "openid"), ("state", "here")])
        .finish();
    let person = basic(&fred.name, &fred.password);
    let url = format!("{}?{query}", oidc.authorization_url);
    let answer = exchange("GET", &url, &[("Authorization", &person)], "").unwrap();
    assert_eq!(answer.status, StatusCode::FOUND);
    let location = answer.headers["location"].to_str().unwrap();
    let (place, query) = location.split_once('?').unwrap();
    assert_eq!(place, back);
    let told: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!((told[0].0.as_str(), told[1].1.as_str()), ("code", "here"));

    let form = [("grant_type", "authorization_code"), ("code", told[0].1.as_str()), ("redirect_uri", back)];
    let access = granted(&rig.stack, &form);
    assert!(access["id_token"].is_string());
    used(&rig.stack, "openid", &access);
    let again = token(&rig.stack, &form).report(StatusCode::BAD_REQUEST);
    assert_eq!(again["error"], "invalid_grant", "a code serves once");
}

#[test]
fn a_device_waits_for_its_person() {
    let rig = read();
    let (oidc, fred) = (&rig.stack.federation.oidc, &rig.stack.federation.people.fred);
    let id = [("client_id", oidc.public_client.id.as_str())];
    let begun = post_form(&oidc.device_url, &[], &id).report(StatusCode::OK);
    let (device, user) = (begun["device_code"].as_str().unwrap(), begun["user_code"].as_str().unwrap());
    let form = [id[0], ("grant_type", DEVICE_GRANT), ("device_code", device)];
    let ask = || post_form(&oidc.token_url, &[], &form);
    let interval = Duration::from_secs(begun["interval"].as_u64().unwrap());
    assert_eq!(ask().report(StatusCode::BAD_REQUEST)["error"], "authorization_pending");
    let hasty = || ask().report(StatusCode::BAD_REQUEST)["error"] == "slow_down";
    assert!((0..10).any(|_| hasty()), "whoever asks at once is told to wait");

    let person = basic(&fred.name, &fred.password);
    let answer = [("user_code", user), ("answer", "allow")];
    let answered = post_form(&oidc.device_answer_url, &[("Authorization", &person)], &answer);
    assert_eq!(answered.status, StatusCode::NO_CONTENT);
    sleep(interval);
    let access = ask().report(StatusCode::OK);
    assert_eq!(used(&rig.stack, "openid", &access)["identity"]["x-user-name"], "fred");
}

#[test]
fn a_refresh_token_serves_once() {
    let rig = read();
    let fred = &rig.stack.federation.people.fred;
    let form = [("grant_type", "password"), ("username", &fred.name), ("password", &fred.password)];
    let first = granted(&rig.stack, &form);
    let refresh = |last: &Value| {
        let form =
            [("grant_type", "refresh_token"), ("refresh_token", last["refresh_token"].as_str().unwrap())];
        token(&rig.stack, &form)
    };
    let second = refresh(&first).report(StatusCode::OK);
    used(&rig.stack, "openid", &second);
    assert_eq!(refresh(&first).report(StatusCode::BAD_REQUEST)["error"], "invalid_grant");
    let ended = refresh(&second).report(StatusCode::BAD_REQUEST);
    assert_eq!(ended["error"], "invalid_grant", "one that comes twice was stolen");
}

/// What the token endpoint says to the client with a secret.
fn token(stack: &Stack, form: &[(&str, &str)]) -> Answer {
    let oidc = &stack.federation.oidc;
    let client = basic(&oidc.client.id, oidc.client.secret.as_ref().expect("a secret"));
    post_form(&oidc.token_url, &[("Authorization", &client)], form)
}

#[track_caller]
fn granted(stack: &Stack, form: &[(&str, &str)]) -> Value {
    token(stack, form).report(StatusCode::OK)
}

fn auth_url(stack: &Stack, protocol: &str) -> String {
    let provider = &stack.federation.identity_provider;
    format!("{}/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/auth", stack.auth_url)
}

fn federated(stack: &Stack, protocol: &str, access: &str) -> Answer {
    send("POST", &auth_url(stack, protocol), &[("Authorization", &format!("Bearer {access}"))], "")
}

/// Takes an access token all the way: to Keystone, into the project `demo`, to the echo service.
#[track_caller]
fn used(stack: &Stack, protocol: &str, access: &Value) -> Value {
    let unscoped = federated(stack, protocol, access["access_token"].as_str().unwrap()).token();
    let identity = json!({"methods": ["token"], "token": {"id": unscoped.id}});
    let scoped = identify(stack, identity, Some(at_home(&stack.users.alice))).token();
    echo(stack, &[("X-Auth-Token", &scoped.id)]).report(StatusCode::OK)
}
