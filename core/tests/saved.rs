//! Logins that outlive their process, in virtual time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use common::{AUTH_URL, End, HOUR, SECOND, Scripted, after, borrowed, get, granted, password, start};
use http::{HeaderMap, Response, StatusCode};
use keepstone_core::identity::{Exchange, Fields, Grant, Method, Moment, Start, Step, Totp};
use keepstone_core::{
    Action, Credential, Event, Fixed, Head, Keychain, KeyringId, LoginError, Notice, Now, Outlook, Renewal,
    RestoreError, SavedLogin, Saving, Secret, SecretBytes, Session, Token, UserRef, Verdict,
};

fn key() -> SecretBytes {
    SecretBytes::new(b"a key of 32 bytes, for the tests".to_vec())
}

/// A process with one identity.
fn process(seed: u64, credential: Credential) -> (Scripted, KeyringId) {
    let mut keys = Keychain::new(seed);
    keys.save_logins(key());
    let id = keys.add(credential).unwrap();
    (Scripted::new(keys), id)
}

fn call(process: &mut Scripted, id: KeyringId) -> String {
    process.run(&mut get(&Session::of(id)), &[]);
    process.story()
}

/// The login that a process has left at the start, as it lies in a file.
fn left_behind(credential: Credential) -> SecretBytes {
    let (mut first, id) = process(1, credential);
    call(&mut first, id);
    first.keys.save(id).unwrap().seal(key().reveal())
}

fn open(bytes: &SecretBytes) -> SavedLogin {
    SavedLogin::open(bytes.reveal(), key().reveal()).unwrap()
}

/// A second process, which finds that, with clocks that show this.
fn second(
    credential: Credential,
    bytes: &SecretBytes,
    now: Now,
) -> (Scripted, KeyringId, Result<bool, RestoreError>) {
    let (mut process, id) = process(2, credential);
    process.now = now;
    let restored = process.keys.restore(id, &open(bytes), now);
    (process, id, restored)
}

/// This much later by the wall clock, in a process that has just begun.
fn new_process(later: Duration) -> Now {
    Now { wall: start().wall + later, tick: SECOND }
}

#[test]
fn half_way_through_its_life_a_token_is_taken_up() {
    let saved = left_behind(password("alice"));
    let (mut second, id, restored) = second(password("alice"), &saved, new_process(HOUR / 2));
    assert_eq!(restored, Ok(true));
    assert_eq!(second.keys.take_notices(), [Notice::Restored { keyring: id, left: HOUR / 2 }]);
    assert_eq!(call(&mut second, id), "send t1+-; deliver 200 None");
    let left = second.keys.outlook(&Session::of(id), second.now).unwrap();
    assert_eq!(left, Outlook::Renewable { left: Some(HOUR / 2) });
    // It is renewed when it is due, and dead when its time is up.
    second.pass(HOUR / 2 - SECOND * 10);
    assert_eq!(call(&mut second, id), "send t1+-; ask for t1; deliver 200 None");
    let (mut third, id, _) = self::second(password("alice"), &saved, new_process(HOUR / 2));
    third.pass(HOUR / 2);
    assert_eq!(call(&mut third, id), "ask for t1; send t1+-; deliver 200 None");
}

/// By its own clock alone a new process would think that the token is as young as itself.
#[test]
fn a_clock_that_is_set_back_afterwards_makes_it_no_younger() {
    let saved = left_behind(password("alice"));
    let (mut process, id, _) = second(password("alice"), &saved, new_process(HOUR / 2));
    process.now = Now { wall: process.now.wall - HOUR, tick: process.now.tick + HOUR / 2 };
    assert_eq!(call(&mut process, id), "ask for t1; send t1+-; deliver 200 None");
}

#[test]
fn saved_again_it_is_as_old_as_it_was() {
    let saved = left_behind(password("alice"));
    let (mut process, id, _) = second(password("alice"), &saved, new_process(HOUR / 2));
    process.pass(SECOND * 60);
    let again = process.keys.save(id).unwrap();
    assert_eq!(again.seal(key().reveal()).reveal(), saved.reveal());
}

#[test]
fn what_is_of_no_use_is_left_alone() {
    let saved = left_behind(password("alice"));
    let at = |wall: DateTime<Utc>| Now { wall, tick: SECOND };
    let early = at(start().wall - HOUR);
    let cases = [
        (password("alice"), at(start().wall + HOUR), RestoreError::Dead),
        (password("alice"), early, RestoreError::FromTheFuture { by: HOUR }),
        (password("bob"), start(), RestoreError::OtherCredential),
        (password("alice").scope(keepstone_core::Scope::System), start(), RestoreError::OtherCredential),
        (
            Credential::password(AUTH_URL, UserRef::name("alice"), "another")
                .unwrap()
                .scope(keepstone_core::Scope::project("demo")),
            start(),
            RestoreError::OtherCredential,
        ),
    ];
    for (credential, now, expected) in cases {
        let (mut process, id, restored) = second(credential, &saved, now);
        assert_eq!(restored, Err(expected));
        assert_eq!(call(&mut process, id), "ask for t1; send t1+-; deliver 200 None");
    }
}

#[test]
fn a_newer_token_stays() {
    let saved = left_behind(password("alice"));
    let (mut process, id) = process(2, password("alice"));
    process.asked = 1;
    process.pass(SECOND * 30);
    call(&mut process, id);
    assert_eq!(process.keys.restore(id, &open(&saved), process.now), Ok(false));
    assert_eq!(call(&mut process, id), "send t2+-; deliver 200 None");
    assert_eq!(process.keys.restore(id, &process.keys.save(id).unwrap(), process.now), Ok(false), "the same");
}

#[test]
fn refused_by_a_service_it_is_renewed_and_removed() {
    let saved = left_behind(password("alice"));
    let (mut process, id, _) = second(password("alice"), &saved, new_process(SECOND * 60));
    process.asked = 1;
    process.run(&mut get(&Session::of(id)), &[401]);
    assert_eq!(process.story(), "send t1+-; 401, again; ask for t2; send t2+-; deliver 200 None");
    let savings = process.keys.take_savings();
    let [Saving::Remove { name, up_to }, Saving::Keep(kept)] = &savings[..] else { panic!("{savings:?}") };
    assert_eq!((name.as_str(), *up_to), (open(&saved).name(), start().wall));
    assert_eq!((kept.name(), kept.asked_at()), (open(&saved).name(), process.now.wall));
}

#[test]
fn logging_out_and_refused_credentials_remove_it() {
    let saved = left_behind(password("alice"));
    let (mut process, id, _) = second(password("alice"), &saved, new_process(SECOND * 60));
    let ask = process.keys.log_out(id, process.now).unwrap();
    assert_eq!(ask.request.headers()["x-subject-token"], "t1");
    assert!(
        matches!(&process.keys.take_savings()[..], [Saving::Remove { up_to, .. }] if *up_to == start().wall)
    );

    let mut refused = get(&Session::of(id));
    assert!(matches!(refused.next(&mut process.keys, Event::Begin, process.now), Action::Ask(_)));
    let end = refused.next(&mut process.keys, Event::Answered(common::refused()), process.now);
    assert!(matches!(end, Action::Fail(_)), "{end:?}");
    assert!(matches!(&process.keys.take_savings()[..], [Saving::Remove { .. }]));

    process.keys.supply(id, password("bob")).unwrap();
    let savings = process.keys.take_savings();
    assert!(
        matches!(&savings[..], [Saving::Remove { name, .. }] if name == open(&saved).name()),
        "{savings:?}"
    );
}

#[test]
fn what_is_not_a_login_of_ours_is_not_saved() {
    let (mut process, _) = process(1, password("alice"));
    let end = start().wall + HOUR;
    let handed_in = process.keys.borrow(borrowed("b1").expires_at(end)).unwrap();
    let fixed = process.keys.fixed(Fixed::basic("u", "p").endpoint("http://x").unwrap()).unwrap();
    let asked = process.keys.add_asked();
    for id in [handed_in, fixed, asked] {
        assert!(process.keys.save(id).is_none());
        assert_eq!(process.keys.login_name(id), None);
        let saved = open(&left_behind(password("alice")));
        assert_eq!(process.keys.restore(id, &saved, start()), Err(RestoreError::NotSaved));
    }
    assert!(process.keys.take_savings().is_empty());
    let mut off = Keychain::new(1);
    let id = off.add(password("alice")).unwrap();
    let mut off = Scripted::new(off);
    call(&mut off, id);
    assert!(off.keys.save(id).is_none() && off.keys.take_savings().is_empty(), "it is off by default");
}

#[test]
fn neither_passwords_nor_passcodes_are_in_it() {
    let totp = |code: &str| Credential::new(AUTH_URL, Totp::passcode(UserRef::name("u"), code)).unwrap();
    for (credential, secret) in [(password("alice"), "s3cr3t"), (totp("836194"), "836194")] {
        let bytes = left_behind(credential);
        let text = String::from_utf8(bytes.reveal().to_vec()).unwrap();
        assert!(text.contains("\"t1\"") && !text.contains(secret), "{text}");
    }
    // Another passcode is the same login: the next one need not be used up.
    let (mut process, id, restored) = second(totp("111111"), &left_behind(totp("222222")), after(SECOND));
    assert_eq!(restored, Ok(true));
    assert_eq!(call(&mut process, id), "send t1+-; deliver 200 None");
    process.pass(HOUR);
    assert_eq!(call(&mut process, id), "ask for t1; send t1+-; deliver 200 None");
}

/// Somebody has to help with its first login; after that a refresh token does.
#[derive(Debug)]
struct Device;

#[derive(Debug)]
struct Flow(Start);

impl Method for Device {
    fn name(&self) -> &str {
        "device"
    }
    fn fields(&self, _: &mut Fields) {}
    fn renewal(&self) -> Renewal {
        Renewal::Attended
    }
    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        Box::new(Flow(start))
    }
}

impl Exchange for Flow {
    fn need(&mut self, _: &mut Moment<'_>) -> Result<Step, LoginError> {
        let refresh = self.0.kept.as_ref().ok_or(LoginError::Unanswered("nobody is here".to_owned()))?;
        let request = http::Request::post(format!("{}/auth/tokens", self.0.auth_url));
        let request = request.header("refresh", refresh.reveal()).body(SecretBytes::default());
        request.map(Step::Ask).map_err(|_| LoginError::Garbled("no request"))
    }
    fn hear(&mut self, answer: &Response<Vec<u8>>, _: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let document: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        let description = serde_json::from_value(document["token"].clone()).unwrap();
        let id = Secret::new(answer.headers()["x-subject-token"].to_str().unwrap());
        let grant = Grant::new(Token { id, description }).beside(http::header::AUTHORIZATION, "Bearer b");
        Ok(Some(grant.keeping("refresh-2").renewed(Renewal::Unattended).at_most(HOUR / 2)))
    }
}

fn device() -> Credential {
    Credential::new(AUTH_URL, Device).unwrap()
}

/// A login of that device, as a file, sealed by hand: here is nobody who would log in.
fn device_login() -> SecretBytes {
    let (first, id) = process(1, device());
    let text = String::from_utf8(left_behind(password("alice")).reveal().to_vec()).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
    document["login"] = first.keys.login_name(id).unwrap().into();
    document["kept"] = "refresh-1".into();
    document["renewal"] = "unattended".into();
    seal(&document.to_string())
}

fn seal(json: &str) -> SecretBytes {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key().reveal()).unwrap();
    mac.update(b"keepstone login\n");
    mac.update(json.as_bytes());
    let seal = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    SecretBytes::new(format!("{seal}\n{json}").into_bytes())
}

#[test]
fn what_renews_a_token_survives_it_and_its_refusal() {
    let saved = device_login();
    // The token died meanwhile, and nobody is asked.
    let (mut process, id, restored) = second(device(), &saved, new_process(HOUR * 5));
    assert_eq!(restored, Ok(true));
    assert_eq!(process.keys.take_notices(), [Notice::Restored { keyring: id, left: Duration::ZERO }]);
    let mut call = get(&Session::of(id));
    let Action::Ask(ask) = call.next(&mut process.keys, Event::Begin, process.now) else {
        panic!("no question")
    };
    assert_eq!(ask.request.headers()["refresh"], "refresh-1");
    let answer = granted("t2", process.now, 3601, &["member"]);
    let Action::Send(dispatch) = call.next(&mut process.keys, Event::Answered(answer), process.now) else {
        panic!("not sent")
    };
    assert_eq!(dispatch.headers["authorization"], "Bearer b");
    // What it had beside, and how long that lives, is saved with it.
    let again = process.keys.save(id).unwrap().seal(key().reveal());
    let (mut third, id, _) = second(device(), &again, process.now);
    assert_eq!(third.keys.take_notices(), [Notice::Restored { keyring: id, left: HOUR / 2 }]);
    let Action::Send(dispatch) = get(&Session::of(id)).next(&mut third.keys, Event::Begin, third.now) else {
        panic!("not sent")
    };
    assert_eq!(dispatch.headers["authorization"], "Bearer b");
    // A service refuses the token: what renews it is not thrown away.
    let (mut process, id, _) = second(device(), &saved, new_process(SECOND));
    let end = process.run(&mut get(&Session::of(id)), &[401]);
    assert_eq!(end, End::Delivered(200, None));
    assert!(matches!(&process.keys.take_savings()[..], [Saving::Keep(_)]), "and only the new one is kept");
}

/// The token may be gone before it is given up: a service refused it, and nobody has renewed it since.
#[test]
fn logging_out_gives_up_what_renews_a_token_that_is_gone() {
    let (mut process, id, _) = second(device(), &device_login(), new_process(SECOND));
    let session = Session::of(id);
    let mut call = get(&session);
    let Action::Send(_) = call.next(&mut process.keys, Event::Begin, process.now) else { panic!("not sent") };
    let head = Head { status: StatusCode::UNAUTHORIZED, headers: &HeaderMap::new(), touched: false };
    assert_eq!(call.judge(head, process.now), Verdict::Again);
    call.abandon(&mut process.keys);
    process.keys.take_savings();

    assert!(process.keys.log_out(id, process.now).is_none(), "there is nothing to revoke");
    let savings = process.keys.take_savings();
    assert!(matches!(&savings[..], [Saving::Remove { up_to, .. }] if *up_to >= start().wall), "{savings:?}");
    let next = get(&session).next(&mut process.keys, Event::Begin, process.now);
    assert!(!matches!(next, Action::Ask(_)), "the next login begins anew: {next:?}");
}

#[test]
fn a_code_of_somebody_else_is_another_login() {
    use keepstone_core::identity::{OidcAuthorizationCode, OidcProvider};
    let name = |code: &str| {
        let provider =
            OidcProvider::new("idp", "openid", "client").access_token_endpoint("https://idp.example/token");
        let (mut process, _) = process(1, password("alice"));
        let code = Credential::new(AUTH_URL, OidcAuthorizationCode::given(provider, code)).unwrap();
        let id = process.keys.add(code).unwrap();
        process.keys.login_name(id).unwrap()
    };
    assert_eq!(name("alices"), name("alices"));
    assert_ne!(name("alices"), name("bobs"), "nothing else says whose login it is");
}

/// What renews a login is replaced with each token, and the old one is good for nothing then.
#[test]
fn what_was_replaced_in_the_midst_of_a_login_is_saved_at_once() {
    use keepstone_core::identity::{OidcAuthorizationCode, OidcProvider};
    let provider =
        OidcProvider::new("idp", "openid", "client").access_token_endpoint("https://idp.example/token");
    let code = Credential::new(AUTH_URL, OidcAuthorizationCode::given(provider, "c0de")).unwrap();
    let (mut process, id) = process(1, code.scope(keepstone_core::Scope::Unscoped));
    let tokens = |refresh: &str| {
        common::answer(200, &format!(r#"{{"access_token":"at","refresh_token":"{refresh}"}}"#))
    };
    let log_in = |process: &mut Scripted, refresh: &str, keystone: Response<Vec<u8>>| {
        let mut call = get(&Session::of(id));
        let Action::Ask(_) = call.next(&mut process.keys, Event::Begin, process.now) else {
            panic!("no question")
        };
        let then = call.next(&mut process.keys, Event::Answered(tokens(refresh)), process.now);
        assert!(matches!(then, Action::Ask(_)), "{then:?}");
        let midway = process.keys.take_savings();
        let _ = call.next(&mut process.keys, Event::Answered(keystone), process.now);
        call.abandon(&mut process.keys);
        let end = process.keys.take_savings();
        let text =
            |saved: &SavedLogin| String::from_utf8(saved.seal(key().reveal()).reveal().to_vec()).unwrap();
        let keeps = |savings: Vec<Saving>| -> Vec<String> {
            savings
                .iter()
                .map(|saving| match saving {
                    Saving::Keep(saved) => text(saved),
                    Saving::Remove { .. } => panic!("{saving:?}"),
                })
                .collect()
        };
        (keeps(midway), keeps(end))
    };
    let issued = granted("t1", process.now, 3601, &[]);
    let (midway, end) = log_in(&mut process, "first", issued);
    assert!(midway.is_empty(), "there is no token yet to save it with");
    assert!(end[0].contains("\"first\""), "{end:?}");
    process.pass(HOUR * 2);
    let (midway, end) = log_in(&mut process, "second", common::answer(403, "{}"));
    assert!(midway[0].contains("\"second\"") && !midway[0].contains("\"first\""), "{midway:?}");
    assert!(end.is_empty(), "{end:?}");
}
