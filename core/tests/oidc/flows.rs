//! Each grant, step by step.

use insta::assert_snapshot;
use keepstone_core::identity::{
    CodeChallenge, OidcAccessToken, OidcAuthorizationCode, OidcClientCredentials, OidcDevice, OidcPassword,
    OidcTokenType,
};
use keepstone_core::{Credential, ProjectRef, Scope};

use crate::talk::{DISCOVERY, Say, Talk, json, no, provider, tokens};

const DOCUMENT: &str = r#"{"issuer":"https://sso.example.org","token_endpoint":"https://sso.example.org/t?p=1",
  "authorization_endpoint":"https://sso.example.org/authorize",
  "device_authorization_endpoint":"https://sso.example.org/device",
  "grant_types_supported":["authorization_code","client_credentials","password",
  "urn:ietf:params:oauth:grant-type:device_code"]}"#;

const DEVICE: &str = r#"{"device_code":"d3v1c3","user_code":"WDJB-MJHT","expires_in":600,
  "verification_uri":"https://sso.example.org/visit",
  "verification_uri_complete":"https://sso.example.org/visit?user_code=WDJB-MJHT"}"#;

#[test]
fn client_credentials_of_a_discovered_provider() {
    let provider = keepstone_core::identity::OidcProvider::new("sso", "openid", "batch")
        .client_secret("s3cr3t")
        .discovery_endpoint(DISCOVERY)
        .scope("openid email");
    let credential = Credential::new("http://keystone:5000", OidcClientCredentials::new(provider)).unwrap();
    let mut talk = Talk::of(credential.scope(Scope::Project(ProjectRef::Id { id: "p1".to_owned() })));
    let log = talk.run([json(200, DOCUMENT), tokens("at1", None), Say::Token("u1"), Say::Token("t1")]);
    assert_snapshot!(log, @r#"
    GET https://sso.example.org/.well-known/openid-configuration
    POST https://sso.example.org/t?p=1
      authorization: Basic YmF0Y2g6czNjcjN0
      content-type: application/x-www-form-urlencoded
      scope=openid+email&grant_type=client_credentials
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    POST http://keystone:5000/v3/auth/tokens
      content-type: application/json
      {"auth":{"identity":{"methods":["token"],"token":{"id":"u1"}},"scope":{"project":{"id":"p1"}}}}
    send t1+-
    "#);
}

#[test]
fn the_password_of_a_public_client() {
    let mut talk = Talk::with(OidcPassword::new(provider(), "alice@example.org", "p&ss wörd"));
    let log = talk.run([tokens("at1", None), Say::Token("u1")]);
    assert_snapshot!(log, @r"
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      username=alice%40example.org&password=p%26ss+w%C3%B6rd&scope=openid+profile&grant_type=password&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    send u1+-
    ");
}

#[test]
fn the_id_token_can_be_what_keystone_is_shown() {
    let provider = provider().access_token_type(OidcTokenType::IdToken).client_secret("s3cr3t").scope("");
    let mut talk = Talk::with(OidcClientCredentials::new(provider));
    let both = json(200, r#"{"access_token":"at1","id_token":"id1"}"#);
    assert_snapshot!(talk.run([both, Say::Token("u1")]), @r"
    POST https://sso.example.org/token
      authorization: Basic a2VlcHN0b25lOnMzY3IzdA==
      content-type: application/x-www-form-urlencoded
      grant_type=client_credentials
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer id1
    send u1+-
    ");
}

#[test]
fn a_one_time_code_is_asked_for_each_time() {
    let mut talk = Talk::with(OidcPassword::new(provider(), "alice", "p").otp_asked("totp"));
    let log = talk.run([Say::Told(" 123456\n"), tokens("at1", None), Say::Token("u1")]);
    assert_snapshot!(log, @r"
    passcode totp?
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      username=alice&password=p&scope=openid+profile&totp=123456&grant_type=password&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    send u1+-
    ");
    let log = talk.run([Say::Told("654321"), tokens("at2", None), Say::Token("u2")]);
    assert!(log.contains("totp=654321"), "{log}");
}

#[test]
fn a_one_time_code_that_is_given_is_used_once() {
    let mut talk = Talk::with(OidcPassword::new(provider(), "alice", "p").otp("mfa", "123456"));
    let log = talk.run([tokens("at1", None), Say::Token("u1")]);
    assert!(log.contains("mfa=123456"), "{log}");
    assert_snapshot!(talk.run([]), @"the token of the user's identity has ended, and the next was not to be had without help: answer when asked, or have the provider give a refresh token (scope `offline_access`), or log in with an application credential: the credential's uses are spent (a one-time code is good for one login): supply another, or use one that needs nobody's help");
}

#[test]
fn a_code_that_is_given() {
    let method = OidcAuthorizationCode::given(provider().client_secret("s3cr3t"), "c0de")
        .redirect_uri("http://localhost:8080/back");
    let mut talk = Talk::with(method);
    assert_snapshot!(talk.run([tokens("at1", None), Say::Token("u1")]), @r"
    POST https://sso.example.org/token
      authorization: Basic a2VlcHN0b25lOnMzY3IzdA==
      content-type: application/x-www-form-urlencoded
      redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fback&code=c0de&grant_type=authorization_code
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    send u1+-
    ");
    assert_snapshot!(talk.run([]), @"the token of the user's identity has ended, and the next was not to be had without help: answer when asked, or have the provider give a refresh token (scope `offline_access`), or log in with an application credential: the credential's uses are spent (a one-time code is good for one login): supply another, or use one that needs nobody's help");
}

#[test]
fn a_code_to_which_a_page_leads() {
    let provider = provider().discovery_endpoint(DISCOVERY);
    let method = OidcAuthorizationCode::asked(provider, "http://localhost:8080/back");
    let mut talk = Talk::with(method);
    let log = talk.run([json(200, DOCUMENT), Say::Told("c0de"), tokens("at1", None), Say::Token("u1")]);
    assert_snapshot!(log, @r"
    GET https://sso.example.org/.well-known/openid-configuration
    visit https://sso.example.org/authorize?response_type=code&client_id=keepstone&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fback&scope=openid+profile&state=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&code_challenge_method=S256&code_challenge=UYaq06IgQ2H9D_FJ6KaLvBauzp688aCotATftuf2y7M and tell its code?
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fback&code=c0de&code_verifier=xkY-9YXVcMt4c3rbhYIfekQnknYY8WuhYApb_bo_oL0&grant_type=authorization_code&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    send u1+-
    ");
}

#[test]
fn an_address_with_the_code_must_be_of_this_login() {
    let method = || {
        OidcAuthorizationCode::asked(provider(), "http://localhost/")
            .authorization_endpoint("https://sso.example.org/authorize?prompt=login")
    };
    let mut talk = Talk::with(method());
    assert_snapshot!(talk.run([Say::Told("http://localhost/?code=c0de&state=guessed")]), @r"
    visit https://sso.example.org/authorize?prompt=login&response_type=code&client_id=keepstone&redirect_uri=http%3A%2F%2Flocalhost%2F&scope=openid+profile&state=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&code_challenge_method=S256&code_challenge=UYaq06IgQ2H9D_FJ6KaLvBauzp688aCotATftuf2y7M and tell its code?
    the user's identity has no token: the identity provider `sso` led to an address that is not of this login: begin again, and tell the code, or the whole address, to which its page leads then
    ");
    let mut talk = Talk::with(method());
    let back = "http://localhost/?state=STATE&code=c%2B1#";
    assert_snapshot!(talk.run([Say::Back(back), tokens("at1", None), Say::Token("u1")]), @r"
    visit https://sso.example.org/authorize?prompt=login&response_type=code&client_id=keepstone&redirect_uri=http%3A%2F%2Flocalhost%2F&scope=openid+profile&state=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&code_challenge_method=S256&code_challenge=UYaq06IgQ2H9D_FJ6KaLvBauzp688aCotATftuf2y7M and tell its code?
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      redirect_uri=http%3A%2F%2Flocalhost%2F&code=c%2B1&code_verifier=xkY-9YXVcMt4c3rbhYIfekQnknYY8WuhYApb_bo_oL0&grant_type=authorization_code&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    send u1+-
    ");
    let mut talk = Talk::with(method());
    assert_snapshot!(talk.run([Say::Back("http://localhost/?state=STATE&error=access_denied")]), @r"
    visit https://sso.example.org/authorize?prompt=login&response_type=code&client_id=keepstone&redirect_uri=http%3A%2F%2Flocalhost%2F&scope=openid+profile&state=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&code_challenge_method=S256&code_challenge=UYaq06IgQ2H9D_FJ6KaLvBauzp688aCotATftuf2y7M and tell its code?
    the user's identity has no token: the identity provider `sso` was told by the user that this login is not wanted: begin again if it is
    ");
}

#[test]
fn a_device_waits_for_its_user() {
    let provider = provider().client_secret("s3cr3t").discovery_endpoint(DISCOVERY);
    let mut talk = Talk::with(OidcDevice::new(provider).code_challenge_method(CodeChallenge::S256));
    let log = talk.run([
        json(200, DOCUMENT),
        json(200, DEVICE),
        Say::Told(""),
        no("authorization_pending"),
        no("slow_down"),
        no("authorization_pending"),
        json(503, ""),
        tokens("at1", None),
        Say::Token("u1"),
    ]);
    assert_snapshot!(log, @r"
    GET https://sso.example.org/.well-known/openid-configuration
    POST https://sso.example.org/device
      authorization: Basic a2VlcHN0b25lOnMzY3IzdA==
      content-type: application/x-www-form-urlencoded
      client_id=keepstone&scope=openid+profile&code_challenge_method=S256&code_challenge=IFiXzbzQmIFBkUcPJG1d-NmWazdhD3bkAcS2qFsbqPE
    visit https://sso.example.org/visit or https://sso.example.org/visit?user_code=WDJB-MJHT code WDJB-MJHT within 600s?
    POST https://sso.example.org/token
      authorization: Basic a2VlcHN0b25lOnMzY3IzdA==
      content-type: application/x-www-form-urlencoded
      device_code=d3v1c3&code_verifier=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=keepstone
    wait 5s
    POST https://sso.example.org/token
      authorization: Basic a2VlcHN0b25lOnMzY3IzdA==
      content-type: application/x-www-form-urlencoded
      device_code=d3v1c3&code_verifier=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=keepstone
    wait 10s
    POST https://sso.example.org/token
      authorization: Basic a2VlcHN0b25lOnMzY3IzdA==
      content-type: application/x-www-form-urlencoded
      device_code=d3v1c3&code_verifier=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=keepstone
    wait 10s
    POST https://sso.example.org/token
      authorization: Basic a2VlcHN0b25lOnMzY3IzdA==
      content-type: application/x-www-form-urlencoded
      device_code=d3v1c3&code_verifier=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=keepstone
    wait 504.197074ms
    wait 9.495802926s
    POST https://sso.example.org/token
      authorization: Basic a2VlcHN0b25lOnMzY3IzdA==
      content-type: application/x-www-form-urlencoded
      device_code=d3v1c3&code_verifier=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    send u1+-
    ");
}

#[test]
fn a_device_heeds_the_interval_and_the_plain_challenge() {
    let method = OidcDevice::new(provider())
        .device_authorization_endpoint("https://sso.example.org/dev")
        .code_challenge_method(CodeChallenge::Plain);
    let mut talk = Talk::with(method);
    let device = r#"{"device_code":"d","user_code":"U","expires_in":"60","interval":7,
        "verification_url":"https://sso.example.org/visit"}"#;
    let pending = || no("authorization_pending");
    let log = talk.run([json(200, device), Say::Told(""), pending(), tokens("at1", None), Say::Token("u1")]);
    assert_snapshot!(log, @r"
    POST https://sso.example.org/dev
      content-type: application/x-www-form-urlencoded
      client_id=keepstone&scope=openid+profile&code_challenge_method=plain&code_challenge=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA
    visit https://sso.example.org/visit code U within 60s?
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      device_code=d&code_verifier=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=keepstone
    wait 7s
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      device_code=d&code_verifier=hl2T7dIAtT_dEXGdXgx3xsonthjkPylYOUNTbTw5GlA&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    send u1+-
    ");
}

#[test]
fn a_device_gives_up_in_the_end() {
    let device = |talk: &mut Talk, end: Vec<Say>| {
        let begin = [json(200, &DEVICE.replace("600", "12")), Say::Told("")];
        talk.run(begin.into_iter().chain(end)).lines().last().unwrap().to_owned()
    };
    let new = || {
        let url = "https://sso.example.org/dev";
        Talk::with(OidcDevice::new(provider()).device_authorization_endpoint(url))
    };
    let pending = || no("authorization_pending");
    assert_snapshot!(device(&mut new(), vec![no("access_denied")]), @"the user's identity has no token: the identity provider `sso` was told by the user that this login is not wanted: begin again if it is");
    assert_snapshot!(device(&mut new(), vec![no("expired_token")]), @"the user's identity has no token: the identity provider `sso` waited in vain for somebody to visit its page: begin again, and visit it before it expires");
    let mut talk = new();
    assert_snapshot!(device(&mut talk, vec![pending(), pending(), pending()]), @"the user's identity has no token: the identity provider `sso` waited in vain for somebody to visit its page: begin again, and visit it before it expires");
    // The next in need begins anew.
    let log = device(&mut talk, vec![tokens("at1", None), Say::Token("u1")]);
    assert_eq!(log, "send u1+-");
}

#[test]
fn a_token_that_is_given_lives_as_long_as_it_lives() {
    let mut talk = Talk::with(OidcAccessToken::new("sso", "openid", "at1"));
    assert_snapshot!(talk.run([Say::Token("u1")]), @r"
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    send u1+-
    ");
    assert_snapshot!(talk.run([Say::Token("u2")]), @r"
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    send u2+-
    ");
    let refused = json(401, r#"{"error":{"message":"token at1 is over"}}"#);
    assert_snapshot!(talk.run([refused]), @r"
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    the user's identity has no token: Keystone refused the credentials (token … is over): they are not tried again until others are supplied
    ");
    assert_snapshot!(talk.run([]), @"the user's identity has no token: Keystone refused the credentials (token … is over): they are not tried again until others are supplied");
}
