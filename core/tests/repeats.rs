//! What may be repeated, how often, and what is given up at once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{SECOND, Scripted, get, password};
use http::{HeaderMap, Method};
use keepstone_core::{Action, BodyKind, Broke, Call, Cause, Event, Failure, Keychain, Session, Trouble};

fn driver() -> (Scripted, Session) {
    let mut keys = Keychain::new(3);
    let alice = keys.add(password("alice")).unwrap();
    let mut driver = Scripted::new(keys);
    let session = Session::of(alice);
    driver.run(&mut get(&session), &[]);
    driver.story();
    (driver, session)
}

fn cause(kind: Trouble) -> Cause {
    Cause { kind, text: "so it is".to_owned() }
}

/// How often a call was sent until it failed, if each attempt breaks like this.
fn attempts(
    method: Method,
    body: BodyKind,
    session: impl Fn(Session) -> Session,
    how: &Broke,
) -> (u32, Failure) {
    let (mut driver, alone) = driver();
    let uri = "http://volume:8776/v3/p1/volumes".parse().unwrap();
    let mut call = Call::new(&session(alone), method, uri, HeaderMap::new(), body);
    let (mut event, mut sent) = (Event::Begin, 0);
    loop {
        event = match call.next(&mut driver.keys, event, driver.now) {
            Action::Send(_) => {
                sent += 1;
                Event::Broke(how.clone())
            }
            Action::Pause { until } => {
                driver.pass(until.saturating_sub(driver.now.tick));
                Event::Woke
            }
            Action::Fail(failure) => return (sent, failure),
            other => panic!("{other:?}"),
        };
    }
}

#[test]
fn what_broke_goes_again_if_it_does_no_harm() {
    let connect = Broke::Unsent(cause(Trouble::Connect));
    let waiting = Broke::Waiting(cause(Trouble::Broken));
    let sending = |touched| Broke::Sending { cause: cause(Trouble::Broken), touched };
    let unreachable = Failure::Unreachable(cause(Trouble::Connect));
    let interrupted = Failure::Interrupted(cause(Trouble::Broken));
    use BodyKind::{Bytes, Empty, OneShot, Rewindable};
    for (method, body, how, expected) in [
        (Method::GET, Empty, connect.clone(), (6, unreachable.clone())),
        (Method::POST, Bytes, connect.clone(), (6, unreachable.clone())),
        (Method::PUT, OneShot, connect, (6, unreachable)),
        (Method::GET, Empty, waiting.clone(), (6, interrupted.clone())),
        (Method::PUT, Rewindable, waiting.clone(), (6, interrupted.clone())),
        (Method::POST, Bytes, waiting.clone(), (1, interrupted.clone())),
        (Method::PUT, OneShot, waiting, (1, interrupted.clone())),
        (Method::PUT, OneShot, sending(true), (1, interrupted.clone())),
        (Method::PUT, OneShot, sending(false), (6, interrupted.clone())),
        (Method::PUT, Rewindable, sending(true), (6, interrupted.clone())),
        (Method::POST, Bytes, sending(true), (1, interrupted)),
    ] {
        let got = attempts(method.clone(), body, |session| session, &how);
        assert_eq!(got, expected, "{method} {body:?} {how:?}");
    }
}

#[test]
fn what_does_not_pass_is_not_tried_again() {
    for kind in [Trouble::Tls, Trouble::Resolve, Trouble::Unusable] {
        let got = attempts(Method::GET, BodyKind::Empty, |session| session, &Broke::Unsent(cause(kind)));
        assert_eq!(got, (1, Failure::Unreachable(cause(kind))));
    }
    let late = attempts(Method::GET, BodyKind::Empty, |session| session, &Broke::Late);
    assert!(matches!(late, (1, Failure::Late { .. })), "{late:?}");
}

#[test]
fn repeats_end_with_their_number_and_with_the_deadline() {
    let how = Broke::Unsent(cause(Trouble::Connect));
    assert_eq!(attempts(Method::GET, BodyKind::Empty, |s| s.retries(0), &how).0, 1);
    assert_eq!(attempts(Method::GET, BodyKind::Empty, |s| s.retries(2), &how).0, 3);
    assert_eq!(attempts(Method::GET, BodyKind::Empty, |s| s.deadline(SECOND / 4), &how).0, 1);
}

#[test]
fn a_busy_service_is_asked_again_as_often_as_allowed() {
    let (mut driver, session) = driver();
    driver.run(&mut get(&session), &[503; 20]);
    assert_eq!(driver.story().matches("send").count(), 6);
    driver.run(&mut get(&session.clone().retries(1)), &[429, 503, 503]);
    assert_eq!(driver.story().matches("send").count(), 2);
    let uri = || "http://volume:8776/v3/p1/volumes".parse().unwrap();
    let mut post = Call::new(&session, Method::POST, uri(), HeaderMap::new(), BodyKind::Bytes);
    driver.run(&mut post, &[503]);
    assert_eq!(driver.story(), "POST t1+- with its body; deliver 503 None");
}

#[test]
fn a_streamed_body_has_no_deadline_but_one_of_its_own() {
    let (mut driver, session) = driver();
    let until = |driver: &mut Scripted, session: &Session, body| {
        let uri = "http://volume:8776/x".parse().unwrap();
        let mut call = Call::new(session, Method::PUT, uri, HeaderMap::new(), body);
        match call.next(&mut driver.keys, Event::Begin, driver.now) {
            Action::Send(dispatch) => dispatch.until.map(|until| until - driver.now.tick),
            other => panic!("{other:?}"),
        }
    };
    let minutes = Some(Duration::from_secs(300));
    assert_eq!(until(&mut driver, &session, BodyKind::Bytes), minutes);
    assert_eq!(until(&mut driver, &session, BodyKind::Rewindable), None);
    let own = session.deadline(SECOND * 9);
    assert_eq!(until(&mut driver, &own, BodyKind::Rewindable), Some(SECOND * 9));
}
