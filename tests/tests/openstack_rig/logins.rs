//! Passcodes, receipts, application credentials, OAuth: logins that Keystone needs no help with.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE32, BASE64};
use http::StatusCode;
use keepstone_tests::openstack::{ApplicationCredential, OAuth1, Stack, User};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;
use serde_json::{Value, json};

use super::client::{
    Answer, ask_for_token, at_home, basic, echo, identify, log_in_to, password, post_form, roles, send,
};
use super::read;

#[test]
fn a_passcode_is_a_login() {
    let rig = read();
    let user = &rig.stack.users.totp;
    let identity = json!({"methods": ["totp"], "totp": passcode(user)});
    let token = identify(&rig.stack, identity, Some(at_home(user))).token();
    let report = echo(&rig.stack, &[("X-Auth-Token", &token.id)]).report(StatusCode::OK);
    assert_eq!(report["identity"]["x-user-name"], "totp");

    let wrong = json!({"methods": ["totp"], "totp": {"user": {"id": user.id, "passcode": "000000x"}}});
    identify(&rig.stack, wrong, Some(at_home(user))).report(StatusCode::UNAUTHORIZED);
}

#[test]
fn a_password_brings_only_a_receipt_where_a_passcode_must_follow() {
    let rig = read();
    let user = &rig.stack.users.mfa;
    let half = log_in_to(&rig.stack, user, at_home(user));
    let report = half.report(StatusCode::UNAUTHORIZED);
    assert_eq!(report["receipt"]["methods"], json!(["password"]));
    let mut required: Vec<_> =
        report["required_auth_methods"][0].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    required.sort_unstable();
    assert_eq!(required, ["password", "totp"]);
    let receipt = half.headers["openstack-auth-receipt"].to_str().unwrap();

    let second = json!({"methods": ["totp"], "totp": passcode(user)});
    let headers = [("OpenStack-Auth-Receipt", receipt)];
    let token = ask_for_token(&rig.stack, &headers, second, Some(at_home(user))).token();
    echo(&rig.stack, &[("X-Auth-Token", &token.id)]).report(StatusCode::OK);
}

#[test]
fn both_factors_may_come_at_once() {
    let rig = read();
    let user = &rig.stack.users.mfa;
    let identity =
        json!({"methods": ["password", "totp"], "password": password(user), "totp": passcode(user)});
    identify(&rig.stack, identity, Some(at_home(user))).token();
}

#[test]
fn an_application_credential_goes_by_id_and_by_name() {
    let rig = read();
    let plain = &rig.stack.application_credentials.plain;
    let by_id = json!({"id": plain.id, "secret": plain.secret});
    let by_name = json!({
        "name": plain.name, "secret": plain.secret,
        "user": {"name": "alice", "domain": {"id": rig.stack.domain.id}},
    });
    for terms in [by_id, by_name] {
        let identity = json!({"methods": ["application_credential"], "application_credential": terms});
        let token = identify(&rig.stack, identity, None).token();
        let report = echo(&rig.stack, &[("X-Auth-Token", &token.id)]).report(StatusCode::OK);
        assert_eq!(roles(&report), ["member", "reader"]);
    }
}

#[test]
fn access_rules_bind_an_application_credential() {
    let rig = read();
    let ruled = &rig.stack.application_credentials.ruled;
    let identity = json!({
        "methods": ["application_credential"],
        "application_credential": {"id": ruled.id, "secret": ruled.secret},
    });
    let token = identify(&rig.stack, identity, None).token();
    for (method, path, status) in [
        ("GET", "allowed/one", StatusCode::OK),
        ("PUT", "allowed/one", StatusCode::UNAUTHORIZED),
        ("GET", "other", StatusCode::UNAUTHORIZED),
    ] {
        let url = format!("{}/volumev3/{path}", rig.stack.echo_url);
        assert_eq!(send(method, &url, &[("X-Auth-Token", &token.id)], "").status, status, "{method} {path}");
    }
}

#[test]
fn a_domain_and_no_scope_at_all_are_scopes_too() {
    let rig = read();
    let scope = json!({"domain": {"id": rig.stack.domain.id}});
    let domain = log_in_to(&rig.stack, &rig.stack.users.domadmin, scope).token();
    let report = echo(&rig.stack, &[("X-Auth-Token", &domain.id)]).report(StatusCode::OK);
    assert_eq!(report["identity"]["x-domain-id"], *rig.stack.domain.id);
    assert!(roles(&report).contains(&"admin"));

    let identity = json!({"methods": ["password"], "password": password(&rig.stack.users.unscoped)});
    let answer = identify(&rig.stack, identity, None);
    assert!(answer.report(StatusCode::CREATED)["token"].get("roles").is_none());
}

#[test]
fn a_consumer_signs_for_alice() {
    let rig = read();
    let url = format!("{}/auth/tokens", rig.stack.auth_url);
    let token = by_oauth1(&rig.stack, &signed(&rig.stack.oauth1, &url)).token();
    let report = echo(&rig.stack, &[("X-Auth-Token", &token.id)]).report(StatusCode::OK);
    assert_eq!(report["identity"]["x-user-name"], "alice");
    assert_eq!(report["identity"]["x-project-name"], "demo");

    let elsewhere = signed(&rig.stack.oauth1, &rig.stack.auth_url);
    by_oauth1(&rig.stack, &elsewhere).report(StatusCode::UNAUTHORIZED);
}

#[test]
fn an_application_credential_is_an_oauth2_client() {
    let rig = read();
    let plain = &rig.stack.application_credentials.plain;
    let answer = by_oauth2(&rig.stack, plain, &plain.secret).report(StatusCode::OK);
    assert_eq!(answer["token_type"], "Bearer");
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let url = format!("{}/bearer", rig.stack.echo_url);
    let report = send("GET", &url, &[("Authorization", &bearer)], "").report(StatusCode::OK);
    assert_eq!(report["identity"]["x-user-name"], "alice");
    send("GET", &url, &[], "").report(StatusCode::UNAUTHORIZED);

    let refused = by_oauth2(&rig.stack, plain, "wrong").report(StatusCode::UNAUTHORIZED);
    assert_eq!(refused["error"], "invalid_client");
}

fn by_oauth2(stack: &Stack, client: &ApplicationCredential, secret: &str) -> Answer {
    let headers = [("Authorization", basic(&client.id, secret))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    post_form(&stack.oauth2_url, &headers, &[("grant_type", "client_credentials")])
}

fn by_oauth1(stack: &Stack, authorization: &str) -> Answer {
    let identity = json!({"methods": ["oauth1"], "oauth1": {}});
    ask_for_token(stack, &[("Authorization", authorization)], identity, None)
}

/// The header by which the consumer signs a `POST` without parameters (RFC 5849).
fn signed(consumer: &OAuth1, url: &str) -> String {
    let at = now().as_secs().to_string();
    let nonce = now().as_nanos().to_string();
    let mut terms = [
        ("oauth_consumer_key", consumer.consumer_key.as_str()),
        ("oauth_nonce", &nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", &at),
        ("oauth_token", &consumer.access_key),
        ("oauth_version", "1.0"),
    ];
    terms.sort_unstable();
    let parameters = terms.map(|(name, value)| format!("{name}={}", escape(value))).join("&");
    let text = format!("POST&{}&{}", escape(url), escape(&parameters));
    let key = format!("{}&{}", escape(&consumer.consumer_secret), escape(&consumer.access_secret));
    let signature = escape(&BASE64.encode(hmac_sha1(key.as_bytes(), text.as_bytes()).as_ref()));
    let terms = terms.map(|(name, value)| format!("{name}=\"{}\"", escape(value))).join(", ");
    format!("OAuth {terms}, oauth_signature=\"{signature}\"")
}

fn escape(text: &str) -> String {
    const OTHERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, OTHERS).to_string()
}

/// What the method `totp` says now (RFC 6238).
fn passcode(user: &User) -> Value {
    let secret = BASE32.decode(user.totp_secret.as_ref().expect("a secret").as_bytes()).unwrap();
    let count = (now().as_secs() / 30).to_be_bytes();
    let hash = hmac_sha1(&secret, &count);
    let start = usize::from(hash.as_ref()[19] & 15);
    let number = u32::from_be_bytes(hash.as_ref()[start..start + 4].try_into().unwrap()) & 0x7fff_ffff;
    json!({"user": {"id": user.id, "passcode": format!("{:06}", number % 1_000_000)}})
}

fn hmac_sha1(key: &[u8], text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key), text)
}

fn now() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set")
}
