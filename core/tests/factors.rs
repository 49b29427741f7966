//! Several factors, receipts, and codes that are good for one time: what is asked, of whom, how often.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails may panic")]

mod common;
mod desk;

use std::time::Duration;

use common::{AUTH_URL, HOUR, SECOND, answer, refused, stamp};
use desk::{Desk, End, Fate};
use http::Response;
use keepstone_core::identity::{Method, MultiFactor, Part, Password, Totp};
use keepstone_core::{Credential, Failure, InputError, KeyringId, LoginError, Now, UserRef};

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const COOL_DOWN: Duration = Duration::from_secs(30);

fn alice() -> UserRef {
    UserRef::id("u1")
}

fn password() -> Password {
    Password::new(alice(), "p")
}

/// Keystone's answer to what is right so far: a receipt for five minutes.
fn receipt(now: Now, methods: &[&str], required: &[&[&str]]) -> Response<Vec<u8>> {
    let body = serde_json::json!({
        "receipt": {
            "methods": methods,
            "user": {"id": "u1", "name": "alice", "domain": {"id": "default", "name": "Default"}},
            "issued_at": stamp(now.wall),
            "expires_at": stamp(now.wall + SECOND * 300),
        },
        "required_auth_methods": required,
    });
    let answer = Response::builder().status(401).header("Openstack-Auth-Receipt", "r1");
    answer.body(body.to_string().into_bytes()).unwrap()
}

fn desk(method: impl Method) -> (Desk, KeyringId) {
    let mut desk = Desk::new();
    let user = desk.add(Credential::new(AUTH_URL, method).unwrap());
    (desk, user)
}

fn asks_for_more(desk: &mut Desk) {
    let more = receipt(desk.now, &["password"], &[&["password", "totp"]]);
    desk.fates.push_back(Fate::Answered(more));
}

fn login_error(failure: Failure) -> LoginError {
    match failure {
        Failure::Login { source, .. } | Failure::Ended { source, .. } => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_second_factor_is_said_when_it_is_asked_for() {
    let (mut desk, user) = desk(MultiFactor::new(password()).if_asked(Totp::asked(alice())));
    asks_for_more(&mut desk);
    desk.told.push_back(Ok("123456"));
    assert_eq!(desk.headers(user)["x-auth-token"], "t1");
    insta::assert_snapshot!(desk.story(), @r#"
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}}}}
    Passcode { kind: "totp" }
    POST http://keystone:5000/v3/auth/tokens openstack-auth-receipt=r1 {"auth":{"identity":{"methods":["totp"],"totp":{"user":{"id":"u1","passcode":"123456"}}}}}
    "#);
    // Whose rules do not ask for it is not bothered.
    desk.pass(HOUR * 2);
    assert_eq!(desk.headers(user)["x-auth-token"], "t2");
    insta::assert_snapshot!(desk.story(), @r#"POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}}}}"#);
}

#[test]
fn computed_passcodes_need_nobody() {
    let (mut desk, user) = desk(MultiFactor::new(password()).if_asked(Totp::computed(alice(), SECRET)));
    for hour in 1..4 {
        asks_for_more(&mut desk);
        assert_eq!(desk.headers(user)["x-auth-token"], format!("t{hour}"));
        assert_eq!(desk.asked.len(), 2);
        desk.asked.clear();
        desk.pass(HOUR * 2);
    }
}

#[test]
fn what_is_missing_is_told_and_gone_on_with() {
    let (mut desk, user) = desk(password());
    asks_for_more(&mut desk);
    let LoginError::MoreNeeded { receipt, .. } = login_error(desk.failure(user)) else { panic!() };
    assert_eq!(receipt.missing(), [["totp"]]);
    assert_eq!(receipt.user.as_ref().map(|user| user.name.as_str()), Some("alice"));
    let error = LoginError::MoreNeeded { receipt: receipt.clone(), request_id: Default::default() };
    insta::assert_snapshot!(error, @r#"Keystone accepts ["password"] and demands more, by one of the rules [["password", "totp"]]: log in with the missing methods and the receipt, which is good for some minutes"#);
    assert!(!format!("{error:?}").contains("r1"));
    // Nothing is sent again until there is something else to say.
    desk.asked.clear();
    desk.pass(HOUR);
    assert!(matches!(login_error(desk.failure(user)), LoginError::MoreNeeded { .. }));
    assert_eq!(desk.asked.len(), 0);
    let rest = MultiFactor::new(Totp::passcode(alice(), "123456")).with_receipt(&receipt);
    desk.keys.supply(user, Credential::new(AUTH_URL, rest).unwrap()).unwrap();
    assert_eq!(desk.headers(user)["x-auth-token"], "t1");
    insta::assert_snapshot!(desk.story(), @r#"POST http://keystone:5000/v3/auth/tokens openstack-auth-receipt=r1 {"auth":{"identity":{"methods":["totp"],"totp":{"user":{"id":"u1","passcode":"123456"}}}}}"#);
}

#[test]
fn a_keystone_that_keeps_asking_is_not_asked_for_ever() {
    let (mut desk, user) = desk(MultiFactor::new(password()).if_asked(Totp::computed(alice(), SECRET)));
    (0..10).for_each(|_| asks_for_more(&mut desk));
    assert!(matches!(login_error(desk.failure(user)), LoginError::MoreNeeded { .. }));
    assert_eq!(desk.asked.len(), 2);
}

#[test]
fn receipts_that_end_as_they_begin_are_not_got_for_ever() {
    let (mut desk, user) = desk(MultiFactor::new(password()).if_asked(Totp::computed(alice(), SECRET)));
    let mut dead = receipt(desk.now, &["password"], &[&["password", "totp"]]);
    let body = String::from_utf8(dead.body().clone()).unwrap();
    let end = stamp(desk.now.wall + SECOND * 300);
    *dead.body_mut() = body.replace(&end, &stamp(desk.now.wall)).into_bytes();
    (0..50).for_each(|_| desk.fates.push_back(Fate::Answered(dead.clone())));
    assert!(matches!(login_error(desk.failure(user)), LoginError::MoreNeeded { .. }));
    assert_eq!(desk.asked.len(), 10);
}

#[test]
fn a_receipt_that_ended_in_an_outage_is_got_anew() {
    let (mut desk, user) = desk(MultiFactor::new(password()).if_asked(Totp::computed(alice(), SECRET)));
    asks_for_more(&mut desk);
    (0..12).for_each(|_| desk.fates.push_back(Fate::Unsent));
    let session = keepstone_core::Session::of(user).deadline(HOUR);
    let began = desk.now.tick;
    // Twelve failures take more than the receipt's five minutes.
    (0..2).for_each(|_| desk.fates.push_back(Fate::Unsent));
    asks_for_more(&mut desk);
    assert!(matches!(desk.run(common::get(&session), 200), End::Sent(..)));
    assert!(desk.now.tick - began > SECOND * 300);
    let story = desk.story();
    let last: Vec<&str> = story.lines().rev().take(2).collect();
    assert!(last[1].contains(r#""methods":["password"]"#) && !last[1].contains("receipt"), "{story}");
    assert!(last[0].contains("openstack-auth-receipt=r1"), "{story}");
}

#[test]
fn a_code_whose_answer_got_lost_is_not_sent_again() {
    let gateway = || Fate::Answered(answer(504, ""));
    for lost in [Fate::Lost, Fate::Deserted, gateway()] {
        let (mut desk, user) = desk(Totp::asked(alice()));
        desk.told.extend([Ok("111111"), Ok("222222")]);
        let deserted = matches!(lost, Fate::Deserted);
        desk.fates.push_back(lost);
        match desk.call(user) {
            End::Deserted => assert!(deserted),
            End::Failed(failure) => assert_eq!(login_error(failure), LoginError::OnceLost),
            other => panic!("{other:?}"),
        }
        if deserted {
            assert_eq!(login_error(desk.failure(user)), LoginError::OnceLost, "those who waited are told");
        }
        desk.pass(COOL_DOWN);
        assert_eq!(desk.headers(user)["x-auth-token"], "t1");
        let story = desk.story();
        assert_eq!(story.matches("111111").count(), 1, "{story}");
        assert_eq!(story.matches("222222").count(), 1, "{story}");
    }
}

#[test]
fn a_code_that_never_left_is_sent_when_it_can() {
    for turned_away in [Fate::Unsent, Fate::Answered(answer(503, ""))] {
        let (mut desk, user) = desk(Totp::passcode(alice(), "123456"));
        desk.fates.push_back(turned_away);
        assert_eq!(desk.headers(user)["x-auth-token"], "t1");
        assert_eq!(desk.story().matches("123456").count(), 2);
    }
}

#[test]
fn a_given_code_is_good_for_one_login() {
    let (mut desk, user) = desk(Totp::passcode(alice(), "123456"));
    assert_eq!(desk.headers(user)["x-auth-token"], "t1");
    desk.pass(HOUR * 2);
    let error = login_error(desk.failure(user));
    assert_eq!(error, LoginError::Spent);
    insta::assert_snapshot!(error, @"the credential's uses are spent (a one-time code is good for one login): supply another, or use one that needs nobody's help");
    assert_eq!(desk.asked.len(), 1);
}

#[test]
fn a_given_code_that_got_lost_is_spent() {
    let (mut desk, user) = desk(Totp::passcode(alice(), "123456"));
    desk.fates.push_back(Fate::Lost);
    assert_eq!(login_error(desk.failure(user)), LoginError::OnceLost);
    desk.pass(HOUR);
    assert_eq!(login_error(desk.failure(user)), LoginError::Spent);
    assert_eq!(desk.asked.len(), 1);
}

#[test]
fn a_given_code_that_was_refused_stops_for_good() {
    let (mut desk, user) = desk(Totp::passcode(alice(), "123456"));
    desk.fates.push_back(Fate::Answered(refused()));
    for _ in 0..3 {
        assert!(matches!(login_error(desk.failure(user)), LoginError::Refused { .. }));
        desk.pass(HOUR);
    }
    assert_eq!(desk.asked.len(), 1);
    let another = Credential::new(AUTH_URL, Totp::passcode(alice(), "654321")).unwrap();
    desk.keys.supply(user, another).unwrap();
    assert_eq!(desk.headers(user)["x-auth-token"], "t1");
}

#[test]
fn a_code_that_was_mistyped_is_asked_for_anew_after_a_while() {
    let (mut desk, user) = desk(Totp::asked(alice()));
    desk.told.extend([Ok("000000"), Ok("123456")]);
    desk.fates.push_back(Fate::Answered(refused()));
    for _ in 0..3 {
        assert!(matches!(login_error(desk.failure(user)), LoginError::Refused { .. }));
    }
    assert_eq!(desk.asked.len(), 2, "one question, one request");
    desk.pass(COOL_DOWN);
    assert_eq!(desk.headers(user)["x-auth-token"], "t1");
    assert_eq!(desk.asked.len(), 4);
}

#[test]
fn who_is_not_answered_says_so_and_nothing_is_sent() {
    let (mut desk, user) = desk(Totp::asked(alice()));
    let error = login_error(desk.failure(user));
    insta::assert_snapshot!(error, @"the login needs an answer that it did not get (nobody is there): answer the question, or use a method that needs nobody's help");
    assert_eq!(desk.story(), r#"Passcode { kind: "totp" }"#);
}

#[test]
fn losing_the_first_answer_does_not_spend_the_code_in_reserve() {
    let (mut desk, user) = desk(MultiFactor::new(password()).if_asked(Totp::passcode(alice(), "123456")));
    desk.fates.push_back(Fate::Lost);
    asks_for_more(&mut desk);
    assert_eq!(desk.headers(user)["x-auth-token"], "t1");
    assert_eq!(desk.story().matches("123456").count(), 1);
}

#[test]
fn a_lost_answer_is_a_use_of_a_trust() {
    let mut desk = Desk::new();
    let trust = Credential::new(AUTH_URL, password()).unwrap().limited_to(1);
    let user = desk.add(trust);
    desk.fates.push_back(Fate::Lost);
    assert_eq!(login_error(desk.failure(user)), LoginError::Spent);
}

#[test]
fn a_method_is_said_once() {
    fn twice(part: impl Part) -> Result<Credential, InputError> {
        Credential::new(AUTH_URL, MultiFactor::new(password()).if_asked(part))
    }
    assert_eq!(twice(password()).unwrap_err(), InputError::MethodTwice("password".to_owned()));
    assert!(twice(Totp::asked(alice())).is_ok());
}
