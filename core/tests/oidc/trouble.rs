//! What goes wrong: providers that answer badly or not at all, leaders that go away, bad input.

use insta::assert_snapshot;
use keepstone_core::identity::{
    OidcAccessToken, OidcAuthorizationCode, OidcClientCredentials, OidcDevice, OidcPassword, OidcProvider,
};
use keepstone_core::{Action, Credential, Event, InputError, Scope};

use crate::common::{HOUR, SECOND, http_date};
use crate::talk::{DISCOVERY, Say, TOKEN_URL, Talk, dated, json, no, provider, takes_for_dead, tokens};

fn password() -> OidcPassword {
    OidcPassword::new(provider().client_secret("cl13nt"), "alice", "hunter2")
}

/// What a login ends with.
fn end(talk: &mut Talk, script: impl IntoIterator<Item = Say>) -> String {
    talk.run(script).lines().last().unwrap().to_owned()
}

#[test]
fn credentials_that_are_refused_are_not_sent_again() {
    for answer in [
        no("invalid_grant"),
        no("invalid_client"),
        no("unauthorized_client"),
        no("access_denied"),
        json(401, "<html>"),
    ] {
        let mut talk = Talk::with(password());
        let first = end(&mut talk, [answer]);
        assert!(first.contains("the identity provider `sso` refused the credentials"), "{first}");
        // Two hours later, and for ever: nothing is sent.
        assert_eq!(end(&mut talk, []), first);
    }
    let mut talk = Talk::with(password());
    assert_snapshot!(end(&mut talk, [no("invalid_grant")]), @"the user's identity has no token: the identity provider `sso` refused the credentials (invalid_grant: not like this): they are not tried again until others are supplied; check the user's and the client's, and what the client may do there");
}

#[test]
fn other_errors_are_told_and_tried_again_later() {
    let long = format!(r#"{{"error":"{}","error_description":"{}"}}"#, "e".repeat(99), "long ".repeat(999));
    let table = [
        json(400, r#"{"error":"invalid_scope","error_description":"two\nlines"}"#),
        json(404, "<html>"),
        json(302, ""),
        json(200, "<html>It works!</html>"),
        json(200, r#"{"token_type":"Bearer"}"#),
        json(200, r#"{"access_token":"a\nb"}"#),
        json(400, &long),
    ];
    let mut ends = String::new();
    for answer in table {
        let mut talk = Talk::with(password());
        ends += &end(&mut talk, [answer]);
        ends += "\n";
        assert_eq!(end(&mut talk, [tokens("at", None), Say::Token("u")]), "send u+-");
    }
    assert_snapshot!(ends, @r"
    the user's identity has no token: the identity provider `sso` answered 400 Bad Request (invalid_scope: two lines): check its endpoints, the scope, and what the client may do there
    the user's identity has no token: the identity provider `sso` answered 404 Not Found (404: it gave no reason): check its endpoints, the scope, and what the client may do there
    the user's identity has no token: the identity provider `sso` answered 302 Found and points elsewhere, where secrets are not sent unasked: state the address it leads to
    the user's identity has no token: the identity provider `sso` gave an unusable answer (it is not the answer of a token endpoint): check its endpoints, and what stands in front of them
    the user's identity has no token: the identity provider `sso` answered 200 OK (no token: there is no `access_token` in its answer): check its endpoints, the scope, and what the client may do there
    the user's identity has no token: the identity provider `sso` gave an unusable answer (its token is one that no header can carry): check its endpoints, and what stands in front of them
    the user's identity has no token: the identity provider `sso` answered 400 Bad Request (eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee: long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long ): check its endpoints, the scope, and what the client may do there
    ");
}

#[test]
fn a_provider_that_is_away_is_waited_for_and_not_called_keystone() {
    let mut talk = Talk::with(password());
    let busy = [Say::Down, json(503, ""), json(429, ""), no("temporarily_unavailable"), Say::Lost];
    let log = talk.run(busy.into_iter().chain([tokens("at", None), Say::Token("u")]));
    assert_eq!(log.matches("wait ").count(), 5, "{log}");
    assert!(log.ends_with("send u+-\n"), "{log}");
    // A call whose time is up says whom it waited for.
    let mut call = crate::common::get(&keepstone_core::Session::of(talk.user).deadline(SECOND / 4));
    let action = call.next(&mut talk.keys, Event::Begin, talk.now);
    assert!(matches!(action, Action::Ask(_)), "{action:?}");
    let down = keepstone_core::Cause { kind: keepstone_core::Trouble::Connect, text: "refused".to_owned() };
    let down = Event::Broke(keepstone_core::Broke::Unsent(down));
    let Action::Fail(failure) = call.next(&mut talk.keys, down, talk.now) else { panic!() };
    assert_snapshot!(crate::talk::chain(&failure), @"the user's identity has no token: `sso.example.org`, which takes part in the login, cannot be reached: cannot connect: refused");
}

#[test]
fn discovery_documents_are_judged() {
    let document = |body: &str| {
        let provider = OidcProvider::new("sso", "openid", "c").discovery_endpoint(DISCOVERY);
        end(&mut Talk::with(OidcClientCredentials::new(provider)), [json(200, body)])
    };
    let mut ends = String::new();
    for body in [
        "<html>",
        "{}",
        r#"{"token_endpoint":"/token"}"#,
        r#"{"token_endpoint":"http://sso.example.org/token"}"#,
        r#"{"token_endpoint":"https://u:p@sso.example.org/token"}"#,
        r#"{"token_endpoint":"https://sso.example.org/token","grant_types_supported":["password"]}"#,
    ] {
        ends += &document(body);
        ends += "\n";
    }
    assert_snapshot!(ends, @r"
    the user's identity has no token: the identity provider `sso` gave an unusable answer (it is not a discovery document): check its endpoints, and what stands in front of them
    the user's identity has no token: the identity provider `sso` names no usable `token_endpoint` in its discovery document: state that endpoint yourself
    the user's identity has no token: the identity provider `sso` names no usable `token_endpoint` in its discovery document: state that endpoint yourself
    the user's identity has no token: the identity provider `sso` names no usable `token_endpoint` in its discovery document: state that endpoint yourself
    the user's identity has no token: the identity provider `sso` names no usable `token_endpoint` in its discovery document: state that endpoint yourself
    the user's identity has no token: the identity provider `sso` does not offer the grant `client_credentials` (`grant_types_supported`): allow it for this client, or use another method
    ");
}

#[test]
fn a_device_authorization_is_judged() {
    for body in [
        "<html>",
        r#"{"device_code":"d","user_code":"U","expires_in":60}"#,
        r#"{"device_code":"d","user_code":"U","verification_uri":"https://h/"}"#,
        r#"{"device_code":"d","user_code":"U","expires_in":"soon","verification_uri":"https://h/"}"#,
        r#"{"device_code":"d","user_code":"U","expires_in":60,"verification_uri":"file:///etc/passwd"}"#,
    ] {
        let device = OidcDevice::new(provider()).device_authorization_endpoint("https://h/dev");
        let end = end(&mut Talk::with(device), [json(200, body)]);
        assert!(end.contains("it is not a device authorization"), "{body}: {end}");
    }
}

#[test]
fn keystones_refusal_of_a_fresh_token_is_no_refusal_of_the_credentials() {
    let mut talk = Talk::with(password());
    let refused = json(401, r#"{"error":{"message":"at1 cannot be introspected"}}"#);
    assert_snapshot!(end(&mut talk, [tokens("at1", None), refused]), @"the user's identity has no token: Keystone answered 401 Unauthorized to the login (… cannot be introspected): check the scope, the roles and the auth URL");
    assert_eq!(end(&mut talk, [tokens("at2", None), Say::Token("u2")]), "send u2+-");
}

#[test]
fn a_token_that_died_while_keystone_was_away_is_not_shown() {
    let mut talk = Talk::with(password());
    let short = json(200, r#"{"access_token":"at1","expires_in":1}"#);
    let log = talk.run([short, Say::Down, Say::Down, tokens("at2", None), Say::Token("u2")]);
    assert_eq!(log.matches("Bearer at1").count(), 2, "{log}");
    assert!(log.ends_with("send u2+-\n"), "{log}");
    // Without any life at all, it is shown once, and nothing spins.
    let dead = || json(200, r#"{"access_token":"at3","expires_in":0}"#);
    let log = talk.run([dead(), Say::Down, dead(), Say::Token("u3")]);
    assert_eq!(log.matches("wait ").count(), 1, "{log}");
    assert!(log.ends_with("send u3+-\n"), "{log}");
}

#[test]
fn what_was_good_for_one_time_is_asked_for_again_once_its_token_died() {
    let short = || json(200, r#"{"access_token":"at1","expires_in":1}"#);
    let mut talk = Talk::with(password().otp_asked("totp"));
    let script = [Say::Told("111"), short(), Say::Down, Say::Down, Say::Told("222"), tokens("at2", None)];
    let log = talk.run(script.into_iter().chain([Say::Token("u1")]));
    assert!(log.contains("totp=111") && log.contains("totp=222"), "{log}");
    let mut talk = Talk::with(OidcAuthorizationCode::given(provider(), "c0de"));
    let end = end(&mut talk, [short(), Say::Down, Say::Down]);
    assert!(end.contains("the credential's uses are spent"), "{end}");
}

#[test]
fn tokens_that_are_dead_on_arrival_do_not_spin() {
    let credential = Credential::new("http://keystone:5000", password()).unwrap();
    let mut talk = Talk::of(credential.scope(Scope::project("demo")));
    talk.life = 1;
    let end = end(&mut talk, [tokens("at1", None), Say::Token("u1"), Say::Token("t1")]);
    assert!(end.contains("live less than two seconds"), "{end}");
}

#[test]
fn an_unscoped_token_that_died_while_keystone_was_away_is_not_exchanged() {
    let credential = Credential::new("http://keystone:5000", password()).unwrap();
    let mut talk = Talk::of(credential.scope(Scope::project("demo")));
    talk.life = 3;
    let away = [Say::Down, Say::Down, Say::Down];
    let end = [Say::Token("u2"), Say::Token("t2")];
    let log = talk.run([tokens("at1", None), Say::Token("u1")].into_iter().chain(away).chain(end));
    assert_eq!((log.matches("Bearer at1").count(), log.matches(r#""id":"u1""#).count()), (2, 3), "{log}");
    assert!(log.contains(r#""id":"u2""#) && log.ends_with("send t2+-\n"), "{log}");
}

#[test]
fn a_caller_whose_time_is_up_leaves_the_page_to_the_next() {
    let device = OidcDevice::new(provider()).device_authorization_endpoint("https://h/dev");
    let mut talk = Talk::with(device);
    talk.patience = SECOND * 3;
    let codes = r#"{"device_code":"d","user_code":"U","expires_in":60,"verification_uri":"https://h/"}"#;
    let log = talk.run_now([json(200, codes), Say::Told(""), no("authorization_pending")]);
    assert_snapshot!(log, @r"
    POST https://h/dev
      content-type: application/x-www-form-urlencoded
      client_id=keepstone&scope=openid+profile
    visit https://h/ code U within 60s?
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      device_code=d&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=keepstone
    wait 3s
    the call's deadline passed while waiting for a token of the user's identity: allow more time, or look at what held it up
    ");
    assert_snapshot!(talk.run_now([tokens("at1", None), Say::Token("u1")]), @r"
    wait 2s
    POST https://sso.example.org/token
      content-type: application/x-www-form-urlencoded
      device_code=d&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=keepstone
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    send u1+-
    ");
}

#[test]
fn whoever_takes_over_goes_on() {
    let credential = Credential::new("http://keystone:5000", password()).unwrap();
    let mut talk = Talk::of(credential.scope(Scope::project("demo")));
    let script = [tokens("at1", None), Say::Gone, Say::Token("u1"), Say::Gone, Say::Token("t1")];
    assert_snapshot!(talk.run(script), @r#"
    POST https://sso.example.org/token
      authorization: Basic a2VlcHN0b25lOmNsMTNudA==
      content-type: application/x-www-form-urlencoded
      username=alice&password=hunter2&scope=openid+profile&grant_type=password
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    (the leader goes away)
    wait 500ms
    POST http://keystone:5000/v3/OS-FEDERATION/identity_providers/sso/protocols/openid/auth
      authorization: Bearer at1
    POST http://keystone:5000/v3/auth/tokens
      content-type: application/json
      {"auth":{"identity":{"methods":["token"],"token":{"id":"u1"}},"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}
    (the leader goes away)
    wait 500ms
    POST http://keystone:5000/v3/auth/tokens
      content-type: application/json
      {"auth":{"identity":{"methods":["token"],"token":{"id":"u1"}},"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}
    send t1+-
    "#);
}

#[test]
fn a_leader_lost_in_a_step_for_one_time_ends_the_login() {
    let code = || OidcAuthorizationCode::given(provider(), "c0de");
    let otp = || Talk::with(password().otp("totp", "123456"));
    let talks = [
        (Talk::with(code()), Say::Gone),
        (Talk::with(code()), Say::Lost),
        (otp(), Say::Gone),
        (otp(), Say::Lost),
    ];
    for (mut talk, lost) in talks {
        let end = talk.run_now([lost]);
        let end = end.lines().last().unwrap();
        assert!(end.contains("the answer to a one-time code got lost"), "{end}");
        // The code may be used up.
        talk.pass(HOUR);
        assert!(talk.run([]).contains("uses are spent"), "nothing is sent");
    }
    // Nothing left: it is as good as new. And after it was traded, the login goes on whatever comes.
    let mut talk = Talk::with(code());
    let log = talk.run([Say::Down, tokens("at1", None), Say::Lost, Say::Gone, Say::Token("u1")]);
    assert!(log.ends_with("send u1+-\n"), "{log}");
    assert_eq!(log.matches("code=c0de").count(), 2, "{log}");
}

#[test]
fn a_providers_clock_is_not_keystones() {
    let mut talk = Talk::with(password());
    let mut call = talk.call();
    let action = call.next(&mut talk.keys, Event::Begin, talk.now);
    assert!(matches!(action, Action::Ask(_)), "{action:?}");
    let ahead = http_date(talk.now.wall + HOUR * 24);
    let answer = dated(r#"{"access_token":"at1"}"#, &ahead);
    let action = call.next(&mut talk.keys, Event::Answered(answer), talk.now);
    assert!(matches!(action, Action::Ask(_)), "{action:?}");
    assert!(!takes_for_dead(&mut talk));
    // Keystone's word counts.
    let mut granted = crate::common::granted("u", talk.now, 3600, &[]);
    granted.headers_mut().insert("date", ahead.parse().unwrap());
    let action = call.next(&mut talk.keys, Event::Answered(granted), talk.now);
    assert!(matches!(action, Action::Send(_)), "{action:?}");
    assert!(takes_for_dead(&mut talk));
}

#[test]
fn no_secret_shows() {
    // Neither whole nor in part, where one begins as another does.
    let secrets =
        ["hunter2", "-s3cond", "cl13nt", "at-s3cret", "r-s3cret", "d3v1c3", "c0de", "otp123", "v3r1f13r"];
    let echo = |secret: &str| {
        json(400, &format!(r#"{{"error":"invalid_request","error_description":"bad {secret}"}}"#))
    };
    let mut talks = Vec::new();
    let mut talk = Talk::with(password().otp("totp", "otp123"));
    talk.run([echo("hunter2 otp123 cl13nt")]);
    talks.push(talk);
    let mut talk = Talk::with(OidcAuthorizationCode::given(provider(), "c0de").code_verifier("v3r1f13r"));
    talk.run([echo("c0de v3r1f13r")]);
    talks.push(talk);
    let mut talk = Talk::with(password());
    talk.run([tokens("at-s3cret", Some("r-s3cret")), json(403, r#"{"error":{"message":"at-s3cret?"}}"#)]);
    talk.run([json(400, r#"{"error":"invalid_client","error_description":"r-s3cret"}"#)]);
    talks.push(talk);
    let device = OidcDevice::new(provider()).device_authorization_endpoint("https://h/dev");
    let mut talk = Talk::with(device);
    let codes = r#"{"device_code":"d3v1c3","user_code":"U","expires_in":60,"verification_uri":"https://h/"}"#;
    talk.run([json(200, codes), Say::Told(""), echo("d3v1c3")]);
    talks.push(talk);
    let mut talk = Talk::with(OidcAccessToken::new("sso", "openid", "at-s3cret"));
    talk.run([json(401, r#"{"error":{"message":"at-s3cret"}}"#)]);
    talks.push(talk);
    // Some put their words into the error's code.
    let mut talk = Talk::with(password());
    talk.run([json(400, r#"{"error":"hunter2"}"#)]);
    talks.push(talk);
    let mut talk = Talk::with(password().otp("totp", "hunter2-s3cond"));
    talk.run([echo("hunter2-s3cond")]);
    talks.push(talk);
    for talk in talks {
        assert!(talk.shown.contains("(…") || talk.shown.contains("bad …") || talk.shown.contains("…?"));
        for secret in secrets {
            assert!(!talk.shown.contains(secret), "{secret}: {}", talk.shown);
        }
    }
}

#[test]
fn bad_input_is_found_before_anything_is_sent() {
    let check = |method: OidcClientCredentials| Credential::new("http://keystone:5000", method).err();
    let of = |provider| check(OidcClientCredentials::new(provider));
    let new = || OidcProvider::new("sso", "openid", "c");
    assert_eq!(of(new().access_token_endpoint(TOKEN_URL)), None);
    assert_eq!(of(new()), Some(InputError::NoProviderUrl("access_token_endpoint")));
    for wrong in ["sso.example.org/token", "ftp://h/", "/token", "https://u:p@h/token", "https://h/#x", ""] {
        let found = of(new().access_token_endpoint(wrong));
        assert_eq!(found, Some(InputError::ProviderUrl("access_token_endpoint")), "{wrong}");
        let found = of(new().discovery_endpoint(wrong));
        assert_eq!(found, Some(InputError::ProviderUrl("discovery_endpoint")), "{wrong}");
    }
    let found = of(OidcProvider::new("a/b", "openid", "c").access_token_endpoint(TOKEN_URL));
    assert_eq!(found, Some(InputError::NotAnId("identity_provider", "a/b".to_owned())));
    let found = of(OidcProvider::new("sso", "", "c").access_token_endpoint(TOKEN_URL));
    assert_eq!(found, Some(InputError::NotAnId("protocol", String::new())));
    let url = new().access_token_endpoint(TOKEN_URL);
    let device = Credential::new("http://k", OidcDevice::new(url.clone()));
    assert_eq!(device.err(), Some(InputError::NoProviderUrl("device_authorization_endpoint")));
    let code = Credential::new("http://k", OidcAuthorizationCode::asked(url, "http://localhost/"));
    assert_eq!(code.err(), Some(InputError::NoProviderUrl("authorization_endpoint")));
    let token = Credential::new("http://k", OidcAccessToken::new("sso", "openid", "a\nb"));
    assert_eq!(token.err(), Some(InputError::TokenNotAHeader));
}

#[test]
fn a_code_that_was_used_is_not_sent_again_whatever_keystone_says() {
    let code = OidcAuthorizationCode::given(provider(), "c0de");
    for mut talk in [Talk::with(code), Talk::with(password().otp("totp", "123456"))] {
        let first = end(&mut talk, [tokens("at", None), json(403, "{}")]);
        assert!(first.contains("Keystone answered 403"), "{first}");
        let second = end(&mut talk, []);
        assert!(second.contains("uses are spent"), "{second}");
    }
}

#[test]
fn a_code_that_is_used_leaves_what_renews() {
    let mut talk = Talk::with(OidcAuthorizationCode::given(provider(), "c0de"));
    let first = end(&mut talk, [tokens("at", Some("r1")), json(403, "{}")]);
    assert!(first.contains("Keystone answered 403"), "{first}");
    let log = talk.run([tokens("at2", None), Say::Token("u2")]);
    assert!(log.contains("refresh_token=r1") && log.ends_with("send u2+-\n"), "{log}");
}

#[test]
fn a_code_that_a_provider_broke_on_is_not_sent_again() {
    for (status, again) in [(500, false), (502, false), (504, false), (503, true), (429, true)] {
        let mut talk = Talk::with(OidcAuthorizationCode::given(provider(), "c0de"));
        let script = if again {
            vec![json(status, ""), tokens("at", None), Say::Token("u")]
        } else {
            vec![json(status, "")]
        };
        let log = talk.run(script);
        assert_eq!(log.matches("code=c0de").count(), if again { 2 } else { 1 }, "{status}: {log}");
        assert_eq!(log.contains("the code cannot be used again"), !again, "{status}: {log}");
    }
}
