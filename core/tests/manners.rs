//! A session's manners: what it tells of itself, and whose token it sends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod common;

use std::ops::ControlFlow;
use std::time::Duration;

use common::{SECOND, after, borrowed, get, granted, password, refused, start};
use http::{HeaderMap, Method, header};
use keepstone_core::{
    Action, BodyKind, Call, Described, Endpoint, Event, Failure, InputError, Keychain, LoginError, Session,
    USER_AGENT, Vouching, Wait, Who, Whose, X_OPENSTACK_REQUEST_ID, token,
};

fn sent(session: &Session, own: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in own {
        headers.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    let uri = "http://volume:8776/".parse().unwrap();
    let mut call = Call::new(session, Method::GET, uri, headers, BodyKind::Empty);
    match call.next(&mut Keychain::new(1), Event::Begin, start()) {
        Action::Send(dispatch) => dispatch.headers,
        other => panic!("{other:?}"),
    }
}

#[test]
fn agents_compose_and_the_request_wins() {
    let session = Session::anonymous();
    assert_eq!(sent(&session, &[])[header::USER_AGENT], USER_AGENT);
    let session = session.client("cinderclient", "9").unwrap().app("backup", "1.2").unwrap();
    let session = session.additional_agent("osc", "").unwrap();
    let all = format!("backup/1.2 cinderclient/9 osc {USER_AGENT}");
    assert_eq!(sent(&session, &[])[header::USER_AGENT], all.as_str());
    assert_eq!(sent(&session, &[("user-AGENT", "mine")])[header::USER_AGENT], "mine");
    let text = session.clone().user_agent("curl-like thing").unwrap();
    let all = format!("curl-like thing cinderclient/9 osc {USER_AGENT}");
    assert_eq!(sent(&text, &[])[header::USER_AGENT], all.as_str());
    assert_eq!(session.app("a\nb", "1").err(), Some(InputError::NotAHeader("User-Agent")));
}

#[test]
fn where_a_request_came_from_is_told_with_the_agents() {
    let session = Session::anonymous().original_ip("192.0.2.7".parse().unwrap()).unwrap();
    assert_eq!(sent(&session, &[])[header::FORWARDED], format!("for=192.0.2.7;by=\"{USER_AGENT}\"").as_str());
    let session = session.app("nova", "30").unwrap();
    let by = format!("for=192.0.2.7;by=\"nova/30 {USER_AGENT}\"");
    assert_eq!(sent(&session, &[])[header::FORWARDED], by.as_str());
    assert_eq!(sent(&session, &[("Forwarded", "for=unknown")])[header::FORWARDED], "for=unknown");
}

#[test]
fn one_global_request_id_whatever_its_case() {
    let session = Session::anonymous().request_id("req-session").unwrap();
    let ids = |own: &[(&str, &str)]| -> Vec<String> {
        let headers = sent(&session, own);
        headers.get_all(X_OPENSTACK_REQUEST_ID).iter().map(|id| id.to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&[]), ["req-session"]);
    for name in ["X-OpenStack-Request-Id", "x-openstack-request-id", "X-OPENSTACK-REQUEST-ID"] {
        assert_eq!(ids(&[(name, "req-own")]), ["req-own"], "{name}");
    }
}

fn told(step: ControlFlow<Option<Described>, Action>) -> Described {
    match step {
        ControlFlow::Break(Some(described)) => described,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whose_token_it_is_takes_one_login_for_all_who_ask() {
    let mut keys = Keychain::new(1);
    let session = Session::of(keys.add(password("alice")).unwrap()).at(Endpoint::of("no-such-service"));
    let (mut first, mut second) = (Whose::of(&session), Whose::of(&session));
    let ControlFlow::Continue(Action::Ask(_)) = first.next(&mut keys, Event::Begin, start()) else {
        panic!("no login");
    };
    assert!(first.owes());
    let ControlFlow::Continue(Action::Park { .. }) = second.next(&mut keys, Event::Begin, start()) else {
        panic!("a second login");
    };
    let answer = Event::Answered(granted("t1", start(), 3601, &["member"]));
    let described = told(first.next(&mut keys, answer, start()));
    assert_eq!((described.user_id(), described.project_id()), (Some("u1"), Some("p1")));
    assert!(!first.owes());
    assert_eq!(*told(second.next(&mut keys, Event::Landed, start())), *described);
    // And it is the token that calls go out with.
    let Action::Send(dispatch) = get(&session).next(&mut keys, Event::Begin, start()) else { panic!() };
    assert_eq!(common::carried(&dispatch), "t1+-");
    // A renewal that is due is no reason to wait, and nobody is made to run it.
    let stale = after(Duration::from_secs(3590));
    assert_eq!(*told(Whose::of(&session).next(&mut keys, Event::Begin, stale)), *described);
    let ControlFlow::Continue(Action::Ask(_)) =
        Whose::of(&session).next(&mut keys, Event::Begin, after(Duration::from_secs(3600)))
    else {
        panic!("it is over");
    };
}

#[test]
fn a_leader_that_asks_whose_hands_on_when_it_goes() {
    let mut keys = Keychain::new(1);
    let session = Session::of(keys.add(password("alice")).unwrap());
    let (mut first, mut second) = (Whose::of(&session), Whose::of(&session));
    let _ = first.next(&mut keys, Event::Begin, start());
    let _ = second.next(&mut keys, Event::Begin, start());
    first.abandon(&mut keys);
    let soon = after(SECOND * 2);
    let ControlFlow::Continue(Action::Ask(_)) = second.next(&mut keys, Event::Landed, soon) else {
        panic!("nobody leads");
    };
    let refusal = Event::Answered(refused());
    match second.next(&mut keys, refusal, soon) {
        ControlFlow::Continue(Action::Fail(Failure::Login { who: Who::User, source })) => {
            assert!(matches!(source, LoginError::Refused { .. }), "{source:?}");
        }
        other => panic!("{other:?}"),
    }
    assert!(!second.owes());
}

#[test]
fn what_was_handed_in_is_what_is_known() {
    let mut keys = Keychain::new(1);
    let (nova, alice) = (keys.add(password("nova")).unwrap(), keys.borrow(borrowed("a1")).unwrap());
    // The service identity is not needed to know the user.
    let session = Session::of(alice).vouched(Vouching::by(nova)).tokens(false);
    let described = told(Whose::of(&session).next(&mut keys, Event::Begin, start()));
    assert_eq!((described.project_id(), described.user_id()), (Some("p1"), None));
    let nobody = Whose::of(&Session::anonymous()).next(&mut keys, Event::Begin, start());
    assert!(matches!(nobody, ControlFlow::Break(None)), "{nobody:?}");
    keys.forget(alice);
    match Whose::of(&session).next(&mut keys, Event::Begin, start()) {
        ControlFlow::Continue(Action::Fail(Failure::Input(InputError::NoSuchKeyring(Who::User)))) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn whose_ends_with_its_deadline() {
    let mut keys = Keychain::new(1);
    let session = Session::of(keys.add(password("alice")).unwrap()).deadline(SECOND);
    let mut whose = Whose::of(&session);
    let _ = whose.next(&mut keys, Event::Begin, start());
    match whose.next(&mut keys, Event::Woke, after(SECOND)) {
        ControlFlow::Continue(Action::Fail(Failure::Late {
            waiting_for: Wait::Token(Who::User), ..
        })) => {}
        other => panic!("{other:?}"),
    }
    assert!(!whose.owes(), "the lead is handed on");
}

#[test]
fn a_described_token_shows_no_secret() {
    let mut keys = Keychain::new(1);
    let session = Session::of(keys.borrow(borrowed("s3cr3t-t0k3n")).unwrap());
    let described = told(Whose::of(&session).next(&mut keys, Event::Begin, start()));
    let _: &token::Description = &described;
    assert!(!format!("{described:?} {:?}", Whose::of(&session)).contains("s3cr3t"));
}
