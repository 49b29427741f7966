//! Identities whose credential is supplied anew for each login.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails may panic")]

mod common;
mod desk;

use common::{HOUR, answer};
use desk::{Desk, End, Fate};
use keepstone_core::identity::{AnyVersion, OidcAuthorizationCode, OidcProvider};
use keepstone_core::{Credential, KeyringId, Scope, UserRef};

/// Two logins of one identity with these, an hour apart, beyond the first token's end.
fn two_logins(first: Credential, second: Credential, fates: Vec<Fate>) -> String {
    let mut desk = Desk::new();
    let user = desk.keys.add_asked();
    desk.supplied.extend([first, second]);
    desk.fates.extend(fates);
    log_in(&mut desk, user);
    desk.asked.clear();
    desk.pass(HOUR * 2);
    log_in(&mut desk, user);
    desk.story()
}

fn log_in(desk: &mut Desk, user: KeyringId) {
    let end = desk.call(user);
    assert!(matches!(end, End::Sent(..)), "{end:?}\n{}", desk.story());
}

fn versions(at: &str) -> Fate {
    let document = serde_json::json!({"versions": {"values": [
        {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": format!("{at}/v3/")}]}]}});
    Fate::Answered(answer(300, &document.to_string()))
}

fn granted_once() -> Fate {
    Fate::Answered(common::granted("first", common::start(), 3601, &[]))
}

#[test]
fn a_credential_for_another_cloud_goes_to_that_cloud() {
    let at = |url: &str| Credential::new(url, AnyVersion::password(UserRef::name("a"), "s3cr3t")).unwrap();
    let (here, there) = ("http://keystone:5000", "http://other:5000");
    let story = two_logins(at(here), at(there), vec![versions(here), granted_once(), versions(there)]);
    let asked: Vec<&str> = story.lines().map(|line| line.split(" {").next().unwrap()).collect();
    assert_eq!(asked, ["GET http://other:5000/", "POST http://other:5000/v3/auth/tokens"], "{story}");
    // The same credential goes on with what its last login found out.
    let story = two_logins(at(here), at(here), vec![versions(here), granted_once()]);
    assert!(story.starts_with("POST http://keystone:5000/v3/auth/tokens"), "{story}");
}

#[test]
fn nobody_is_logged_in_with_the_refresh_token_of_another() {
    let with = |code: &str| {
        let provider = OidcProvider::new("idp", "openid", "client")
            .client_secret("cl13nt")
            .access_token_endpoint("https://idp.example/token");
        let code = OidcAuthorizationCode::given(provider, code);
        Credential::new("http://keystone:5000/v3", code).unwrap().scope(Scope::Unscoped)
    };
    let tokens = || Fate::Answered(answer(200, r#"{"access_token":"at","refresh_token":"of the first"}"#));
    let story = two_logins(with("alices"), with("bobs"), vec![tokens(), granted_once(), tokens()]);
    assert!(story.contains("code=bobs") && !story.contains("refresh_token"), "{story}");
    let story = two_logins(with("alices"), with("alices"), vec![tokens(), granted_once(), tokens()]);
    assert!(story.contains("refresh_token=of+the+first"), "{story}");
}

#[test]
fn a_token_to_exchange_is_asked_for_again() {
    let mut desk = Desk::new();
    let user = desk.keys.add_asked();
    desk.life = 601;
    let vault = |token: &str| Credential::token("http://keystone:5000/v3", token).unwrap();
    desk.supplied.extend([vault("vault1"), vault("vault2")]);
    for token in ["vault1", "vault2"] {
        log_in(&mut desk, user);
        let story = desk.story();
        assert!(story.contains(token), "{story}");
        desk.pass(HOUR);
    }
    assert!(desk.supplied.is_empty());
}
