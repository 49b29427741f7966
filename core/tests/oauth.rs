//! OAuth 2: what goes with calls, how long, and what becomes of refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails may panic")]

mod common;
mod desk;

use std::time::Duration;

use common::{AUTH_URL, HOUR, SECOND, answer, get, granted};
use desk::{Desk, End, Fate};
use http::Response;
use keepstone_core::identity::{OAuth1, OAuth2ClientCredential, OAuth2Mtls};
use keepstone_core::{Credential, Failure, InputError, KeyringId, LoginError, Scope, Session, TlsId};

const ENDPOINT: &str = "http://keystone:5000/v3/OS-OAUTH2/token";

fn bearer(name: &str, expires_in: u64) -> Fate {
    let body = serde_json::json!({"access_token": name, "token_type": "Bearer", "expires_in": expires_in});
    Fate::Answered(answer(200, &body.to_string()))
}

fn client() -> (Desk, KeyringId) {
    let mut desk = Desk::new();
    let method = OAuth2ClientCredential::new(ENDPOINT, "ac1", "s3cr3t");
    let user = desk.add(Credential::new(AUTH_URL, method).unwrap());
    (desk, user)
}

fn token(desk: &Desk, name: &str) -> Fate {
    Fate::Answered(granted(name, desk.now, desk.life, &["member"]))
}

/// What is said of an access token: Keystone's answer to `GET`.
fn described(desk: &Desk) -> Fate {
    let (mut head, body) = granted("other", desk.now, desk.life, &["member"]).into_parts();
    head.status = http::StatusCode::OK;
    head.headers.remove("x-subject-token");
    Fate::Answered(Response::from_parts(head, body))
}

fn carried(desk: &mut Desk, user: KeyringId) -> String {
    let headers = desk.headers(user);
    let text = |name: &str| headers.get(name).map_or("-", |value| value.to_str().unwrap());
    format!("{} {}", text("x-auth-token"), text("authorization"))
}

#[test]
fn an_access_token_is_fetched_once_in_its_life() {
    let (mut desk, user) = client();
    let first = token(&desk, "t1");
    desk.fates.extend([first, bearer("b1", 3600)]);
    for _ in 0..3 {
        assert_eq!(carried(&mut desk, user), "t1 Bearer b1");
        desk.pass(SECOND * 60);
    }
    insta::assert_snapshot!(desk.story(), @r#"
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["application_credential"],"application_credential":{"id":"ac1","secret":"s3cr3t"}}}}
    POST http://keystone:5000/v3/OS-OAUTH2/token authorization=Basic YWMxOnMzY3IzdA== content-type=application/x-www-form-urlencoded grant_type=client_credentials
    "#);
    desk.pass(HOUR);
    let second = token(&desk, "t2");
    desk.fates.extend([second, bearer("b2", 3600)]);
    assert_eq!(carried(&mut desk, user), "t2 Bearer b2");
    assert_eq!(desk.asked.len(), 2);
}

#[test]
fn both_end_with_the_one_that_ends_first() {
    let (mut desk, user) = client();
    let first = token(&desk, "t1");
    desk.fates.extend([first, bearer("b1", 100)]);
    assert_eq!(carried(&mut desk, user), "t1 Bearer b1");
    // Its end is a whole second, rounded down.
    desk.pass(SECOND * 99 - Duration::from_nanos(1));
    assert_eq!(carried(&mut desk, user), "t1 Bearer b1");
    desk.pass(Duration::from_nanos(1));
    let second = token(&desk, "t2");
    desk.fates.extend([second, bearer("b2", 100)]);
    assert_eq!(carried(&mut desk, user), "t2 Bearer b2");
}

#[test]
fn an_outage_between_the_two_costs_no_second_token() {
    let (mut desk, user) = client();
    let first = token(&desk, "t1");
    desk.fates.extend([first, Fate::Lost, Fate::Answered(answer(503, "")), bearer("b1", 3600)]);
    assert_eq!(carried(&mut desk, user), "t1 Bearer b1");
    assert_eq!(desk.story().matches("/auth/tokens").count(), 1);
}

#[test]
fn refusals_of_the_token_endpoint_are_told_apart() {
    let error = |status: u16, body: &str| {
        let (mut desk, user) = client();
        let first = token(&desk, "t1");
        desk.fates.extend([first, Fate::Answered(answer(status, body))]);
        match desk.failure(user) {
            Failure::Login { source, .. } => source.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let all = [
        error(401, r#"{"error":"invalid_client","error_description":"The s3cr3t is wrong."}"#),
        error(400, r#"{"error":"invalid_grant"}"#),
        error(400, r#"{"error":"unsupported_grant_type","error_description":"No."}"#),
        error(404, "<html>"),
        error(403, r#"{"error":{"code":403,"message":"Forbidden."}}"#),
        error(200, "{}"),
        error(200, r#"{"access_token":"a","token_type":"mac"}"#),
        error(200, r#"{"access_token":"a","token_type":"bearer","expires_in":1}"#),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    Keystone refused the credentials (The … is wrong.): they are not tried again until others are supplied
    Keystone refused the credentials (invalid_grant): they are not tried again until others are supplied
    Keystone answered 400 Bad Request to the login (No.): check the scope, the roles and the auth URL
    Keystone answered 404 Not Found to the login (it gave no reason): check the scope, the roles and the auth URL
    Keystone answered 403 Forbidden to the login (Forbidden.): check the scope, the roles and the auth URL
    the answer to the login is not Keystone's (it is not the answer of an OAuth 2 token endpoint): check the auth URL, and what stands in front of it
    the answer to the login is not Keystone's (its access token is none of the type Bearer): check the auth URL, and what stands in front of it
    Keystone issues tokens that live less than two seconds: raise `[token] expiration`
    ");
}

#[test]
fn the_token_of_a_certificate_goes_on_its_connections() {
    let mut desk = Desk::new();
    let method = OAuth2Mtls::new(ENDPOINT, "u1");
    let user = desk.add(Credential::new(AUTH_URL, method).unwrap().tls(TlsId(3)));
    let known = described(&desk);
    desk.fates.extend([bearer("b1", 3600), known]);
    let End::Sent(dispatch, ..) = desk.call(user) else { panic!() };
    assert_eq!(dispatch.tls, TlsId(3));
    assert_eq!(dispatch.headers["x-auth-token"], "b1");
    assert_eq!(dispatch.headers["authorization"], "Bearer b1");
    insta::assert_snapshot!(desk.story(), @"
    POST http://keystone:5000/v3/OS-OAUTH2/token content-type=application/x-www-form-urlencoded tls=3 grant_type=client_credentials&client_id=u1
    GET http://keystone:5000/v3/auth/tokens x-auth-token=b1 x-subject-token=b1 tls=3
    ");
    assert_eq!(carried(&mut desk, user), "b1 Bearer b1");
    assert_eq!(desk.asked.len(), 0);
    let elsewhere = get(&Session::of(user).tls(TlsId(5)));
    assert!(matches!(desk.run(elsewhere, 200), End::Sent(dispatch, ..) if dispatch.tls == TlsId(5)));
    desk.pass(HOUR);
    let known = described(&desk);
    desk.fates.extend([bearer("b2", 3600), known]);
    assert_eq!(carried(&mut desk, user), "b2 Bearer b2");
}

#[test]
fn an_access_token_that_keystone_does_not_know_is_asked_for_anew_later() {
    let mut desk = Desk::new();
    let user = desk.add(Credential::new(AUTH_URL, OAuth2Mtls::new(ENDPOINT, "u1")).unwrap());
    desk.fates.extend([bearer("b1", 3600), Fate::Answered(common::refused())]);
    let Failure::Login { source: LoginError::Denied { status, .. }, .. } = desk.failure(user) else {
        panic!()
    };
    assert_eq!(status, 401);
    desk.pass(SECOND * 30);
    let known = described(&desk);
    desk.fates.extend([bearer("b2", 3600), known]);
    assert_eq!(carried(&mut desk, user), "b2 Bearer b2");
}

#[test]
fn what_goes_beside_a_token_is_not_the_callers() {
    let (mut desk, user) = client();
    let first = token(&desk, "t1");
    desk.fates.extend([first, bearer("b1", 3600)]);
    let own = Session::of(user).header(http::header::AUTHORIZATION, "Basic eDp5".parse().unwrap());
    let End::Sent(dispatch, ..) = desk.run(get(&own), 200) else { panic!() };
    assert_eq!(dispatch.headers["authorization"], "Bearer b1", "the session's gives way");
}

#[test]
fn scopes_are_the_clouds_to_say() {
    let refused = |credential: Credential| desk::Desk::new().keys.add(credential.scope(Scope::project("p")));
    let credential = |method| Credential::new(AUTH_URL, method).unwrap();
    let oauth1 = Credential::new(AUTH_URL, OAuth1::new("c", "cs", "a", "as")).unwrap();
    let mtls = Credential::new(AUTH_URL, OAuth2Mtls::new(ENDPOINT, "u1")).unwrap();
    assert!(matches!(refused(oauth1), Err(InputError::ScopeIsFixed(_))));
    assert!(matches!(refused(mtls), Err(InputError::ScopeIsFixed(_))));
    let client = credential(OAuth2ClientCredential::new(ENDPOINT, "ac1", "s"));
    assert_eq!(refused(client), Err(InputError::ScopeWithApplicationCredential));
    for (wrong, shown) in [("/token", "/token"), ("http://u:p@h/token", "http://…@h/token")] {
        let client = Credential::new(AUTH_URL, OAuth2Mtls::new(wrong, "u1"));
        assert_eq!(client.unwrap_err(), InputError::NotAnAddress("OAuth 2 endpoint", shown.to_owned()));
    }
}

#[test]
fn secrets_do_not_show() {
    let oauth1 = OAuth1::new("consumer", "c0nsum3r", "access", "acc3ss");
    let client = OAuth2ClientCredential::new(ENDPOINT, "ac1", "s3cr3t");
    let shown = format!(
        "{:?} {:?} {oauth1:?} {client:?}",
        Credential::new(AUTH_URL, oauth1.clone()).unwrap(),
        Credential::new(AUTH_URL, client.clone()).unwrap()
    );
    for secret in ["c0nsum3r", "acc3ss", "s3cr3t"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
