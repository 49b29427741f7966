//! Refresh tokens: used, replaced, refused, and never lost in silence.

use insta::assert_snapshot;
use keepstone_core::identity::{
    Method, OidcAuthorizationCode, OidcClientCredentials, OidcDevice, OidcPassword,
};
use keepstone_core::{Action, Dispatch, ErrandStep, Event};

use crate::common::{HOUR, SECOND, answer, carried};
use crate::talk::{Say, Talk, json, no, provider, tokens, written};

fn device() -> impl Method {
    OidcDevice::new(provider()).device_authorization_endpoint("https://sso.example.org/dev")
}

fn approved() -> [Say; 2] {
    let device = r#"{"device_code":"d3v1c3","user_code":"U","expires_in":60,
        "verification_uri":"https://sso.example.org/visit"}"#;
    [json(200, device), Say::Told("")]
}

/// A device that was approved once, and has the refresh token `r1`.
fn renewable() -> Talk {
    let mut talk = Talk::with(device());
    let log = talk.run(approved().into_iter().chain([tokens("at1", Some("r1")), Say::Token("u1")]));
    assert!(log.ends_with("send u1+-\n"), "{log}");
    talk
}

#[test]
fn a_refresh_token_spares_the_user_and_is_replaced() {
    let mut talk = renewable();
    assert_snapshot!(talk.run([tokens("at2", Some("r2")), Say::Token("u2")]), @r"
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      refresh_token=r1&grant_type=refresh_token&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at2
    send u2+-
    ");
    // No other came, so it stays.
    assert_snapshot!(talk.run([tokens("at3", None), Say::Token("u3")]), @r"
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      refresh_token=r2&grant_type=refresh_token&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at3
    send u3+-
    ");
    assert_snapshot!(talk.run([tokens("at4", Some("r4")), Say::Token("u4")]), @r"
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      refresh_token=r2&grant_type=refresh_token&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at4
    send u4+-
    ");
}

#[test]
fn what_replaced_a_refresh_token_outlives_the_login_that_failed() {
    let mut talk = renewable();
    let log = talk.run([tokens("at2", Some("r2")), json(403, r#"{"error":{"message":"no mapping"}}"#)]);
    assert_snapshot!(log, @r"
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      refresh_token=r1&grant_type=refresh_token&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at2
    the user's identity has no token: Keystone answered 403 Forbidden to the login (no mapping): check the scope, the roles and the auth URL
    ");
    let log = talk.run([tokens("at3", Some("r3")), Say::Token("u3")]);
    assert!(log.contains("refresh_token=r2"), "{log}");
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let mut talk = renewable();
    let log = talk.run([Say::Lost, tokens("at2", Some("r2")), Say::Token("u2")]);
    assert_eq!(log.matches("refresh_token=r1").count(), 2, "{log}");
}

#[test]
fn whoever_needs_nobody_begins_anew_in_the_same_login() {
    for mut talk in [
        Talk::with(OidcClientCredentials::new(provider())),
        Talk::with(OidcPassword::new(provider(), "alice", "p")),
    ] {
        talk.run([tokens("at1", Some("r1")), Say::Token("u1")]);
        let log = talk.run([no("invalid_grant"), tokens("at2", None), Say::Token("u2")]);
        assert!(log.contains("refresh_token=r1&grant_type=refresh_token&client_id=keepstone"), "{log}");
        assert!(log.ends_with("send u2+-\n"), "{log}");
        // What was refused is not tried again.
        let log = talk.run([tokens("at3", None), Say::Token("u3")]);
        assert!(!log.contains("refresh_token"), "{log}");
    }
}

#[test]
fn a_refresh_that_brings_too_little_is_no_good() {
    let provider = provider().access_token_type(keepstone_core::identity::OidcTokenType::IdToken);
    let mut talk = Talk::with(OidcClientCredentials::new(provider));
    let first = r#"{"access_token":"at1","id_token":"i1","refresh_token":"r1"}"#;
    talk.run([json(200, first), Say::Token("u1")]);
    let log = talk.run([tokens("at2", None), json(200, r#"{"id_token":"i2"}"#), Say::Token("u2")]);
    assert!(log.contains("Bearer i2") && log.ends_with("send u2+-\n"), "{log}");
}

#[test]
fn what_renews_goes_on_although_its_grant_is_no_longer_offered() {
    let provider = keepstone_core::identity::OidcProvider::new("sso", "openid", "urn:batch")
        .client_secret("s")
        .discovery_endpoint(crate::talk::DISCOVERY);
    let document = |grant: &str| {
        let url = r#""token_endpoint":"https://sso.example.org/token""#;
        json(200, &format!(r#"{{{url},"grant_types_supported":["{grant}"]}}"#))
    };
    let mut talk = Talk::with(OidcClientCredentials::new(provider));
    let log = talk.run([document("client_credentials"), tokens("at1", Some("r1")), Say::Token("u1")]);
    // `urn%3Abatch:s`: the secret begins at the first colon.
    assert!(log.contains("Basic dXJuJTNBYmF0Y2g6cw=="), "{log}");
    let log = talk.run([document("refresh_token"), tokens("at2", None), Say::Token("u2")]);
    assert!(log.ends_with("send u2+-\n"), "{log}");
    // Once it is refused, the list counts.
    let log = talk.run([document("refresh_token"), no("invalid_grant")]);
    assert!(log.contains("does not offer the grant `client_credentials`"), "{log}");
}

#[test]
fn a_wrong_client_is_not_the_refresh_tokens_fault() {
    let mut talk = renewable();
    let log = talk.run([no("invalid_client")]);
    assert!(log.contains("refused the credentials (invalid_client: not like this)"), "{log}");
    let log = talk.run([tokens("at2", None), Say::Token("u2")]);
    assert!(log.contains("refresh_token=r1"), "{log}");
}

#[test]
fn a_device_asks_its_user_again() {
    let mut talk = renewable();
    let again = approved().into_iter().chain([tokens("at2", Some("r2")), Say::Token("u2")]);
    let log = talk.run([no("invalid_grant")].into_iter().chain(again));
    assert_snapshot!(log, @r"
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      refresh_token=r1&grant_type=refresh_token&client_id=keepstone
    POST https://sso.example.org/dev
      content-type: application/x-www-form-urlencoded
      client_id=keepstone&scope=openid+profile
    visit https://sso.example.org/visit code U within 60s?
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      device_code=d3v1c3&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at2
    send u2+-
    ");
    let log = talk.run([tokens("at3", None), Say::Token("u3")]);
    assert!(log.contains("refresh_token=r2"), "{log}");
}

#[test]
fn a_code_that_is_given_renews_until_its_refresh_token_ends() {
    let mut talk = Talk::with(OidcAuthorizationCode::given(provider(), "c0de"));
    talk.run([tokens("at1", Some("r1")), Say::Token("u1")]);
    let log = talk.run([tokens("at2", Some("r2")), Say::Token("u2")]);
    assert!(log.contains("refresh_token=r1"), "{log}");
    assert_snapshot!(talk.run([no("invalid_grant")]), @r"
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      refresh_token=r2&grant_type=refresh_token&client_id=keepstone
    the user's identity has no token: the identity provider `sso` no longer renews the login (invalid_grant: not like this): log in again with a new code, or ask it for refresh tokens that live longer (scope `offline_access`)
    ");
    assert_snapshot!(talk.run([]), @"the user's identity has no token: the credential's uses are spent (a one-time code is good for one login): supply another, or use one that needs nobody's help");
}

#[test]
fn a_code_that_was_asked_for_is_asked_for_again() {
    let method = OidcAuthorizationCode::asked(provider(), "http://localhost/")
        .authorization_endpoint("https://sso.example.org/authorize");
    let mut talk = Talk::with(method);
    talk.run([Say::Told("c1"), tokens("at1", Some("r1")), Say::Token("u1")]);
    let log = talk.run([no("invalid_grant"), Say::Told("c2"), tokens("at2", None), Say::Token("u2")]);
    assert!(log.contains("refresh_token=r1") && log.contains("code=c2&code_verifier="), "{log}");
}

#[test]
fn a_copy_of_a_process_leaves_the_refresh_token_to_the_other_if_it_can() {
    let mut talk = renewable();
    talk.keys.start_afresh(8);
    let log = talk.run([tokens("at2", Some("r2")), Say::Token("u2")]);
    assert!(log.contains("refresh_token=r1"), "{log}");
    let mut talk = Talk::with(OidcClientCredentials::new(provider()));
    talk.run([tokens("at1", Some("r1")), Say::Token("u1")]);
    talk.keys.start_afresh(8);
    let log = talk.run([tokens("at2", None), Say::Token("u2")]);
    assert!(log.contains("grant_type=client_credentials"), "{log}");
}

/// A call while the token is stale: what it sends, and the errand that it brings.
fn stale(talk: &mut Talk) -> Dispatch {
    match talk.call().next(&mut talk.keys, Event::Begin, talk.now) {
        Action::Send(dispatch) => dispatch,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_renews_early_but_an_errand_bothers_nobody() {
    let mut talk = Talk::with(device());
    talk.run_now(approved().into_iter().chain([tokens("at1", Some("r1")), Say::Token("u1")]));
    talk.pass(SECOND * 3500);
    let mut dispatch = stale(&mut talk);
    assert_eq!(carried(&dispatch), "u1+-");
    let mut errand = dispatch.errand.take().unwrap();
    let ErrandStep::Ask(ask) = errand.next(&mut talk.keys, Event::Begin, talk.now) else { panic!() };
    assert!(written(&ask).contains("refresh_token=r1"));
    // It is refused: codes are asked for, but nobody is shown a page while the token lives.
    let refused = answer(400, r#"{"error":"invalid_grant"}"#);
    let step = errand.next(&mut talk.keys, Event::Answered(refused), talk.now);
    let ErrandStep::Ask(ask) = step else { panic!("{step:?}") };
    assert!(written(&ask).starts_with("POST https://sso.example.org/dev"));
    let [Say::Answer(status, body), _] = approved() else { panic!() };
    let step = errand.next(&mut talk.keys, Event::Answered(answer(status, &body)), talk.now);
    assert!(matches!(step, ErrandStep::Done), "{step:?}");
    talk.pass(SECOND * 30);
    let dispatch = stale(&mut talk);
    assert!(dispatch.errand.is_none(), "the token is all there is without somebody's help");
    // By the time somebody is needed, the page is over, and another is asked for.
    talk.pass(HOUR);
    let log = talk.run(approved().into_iter().chain([tokens("at2", None), Say::Token("u2")]));
    assert!(log.starts_with("POST https://sso.example.org/dev"), "{log}");
    assert!(log.ends_with("send u2+-\n"), "{log}");
}
