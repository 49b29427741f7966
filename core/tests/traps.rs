//! Traps that this code has fallen into once, or nearly: each is a test so that it stays out of them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

mod common;
mod sim;
use common::*;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use keepstone_core::*;
use sim::{Outcome, Sim};
use std::time::Duration;

fn call(session: &Session, method: Method, body: BodyKind) -> Call {
    Call::new(session, method, "http://volume:8776/v3/p1/volumes".parse().unwrap(), HeaderMap::new(), body)
}
fn user() -> (Keychain, KeyringId) {
    let mut keys = Keychain::new(1);
    let u = keys.add(password("alice")).unwrap();
    (keys, u)
}
fn head<'a>(s: u16, h: &'a HeaderMap, touched: bool) -> Head<'a> {
    Head { status: StatusCode::from_u16(s).unwrap(), headers: h, touched }
}

#[test]
fn a_consumed_body_is_never_sent_again() {
    let (keys, u) = user();
    let mut d = Scripted::new(keys);
    let s = Session::of(u);
    d.run(&mut get(&s), &[]);
    let mut c = call(&s, Method::PUT, BodyKind::OneShot);
    let Action::Send(_) = c.next(&mut d.keys, Event::Begin, d.now) else { panic!() };
    let cause = Cause { kind: Trouble::Broken, text: "reset".into() };
    let a = c.next(&mut d.keys, Event::Broke(Broke::Waiting(cause)), d.now);
    assert!(matches!(a, Action::Fail(Failure::Interrupted(_))), "{a:?}");
}

#[test]
fn a_streamed_piece_ends() {
    let (keys, u) = user();
    let mut d = Scripted::new(keys);
    let s = Session::of(u).piece(true);
    let mut c = call(&s, Method::PUT, BodyKind::Rewindable);
    let mut event = Event::Begin;
    let began = d.now.tick;
    let mut sends = 0;
    for _ in 0..20_000 {
        event = match c.next(&mut d.keys, event, d.now) {
            Action::Ask(_) => Event::Answered(granted("t", d.now, 3601, &["member"])),
            Action::Pause { until } => {
                let x = until - d.now.tick;
                d.pass(x);
                Event::Woke
            }
            Action::Send(mut x) => {
                sends += 1;
                if let Some(e) = x.errand.take() {
                    e.abandon(&mut d.keys);
                }
                d.pass(SECOND);
                match c.judge(head(401, &HeaderMap::new(), true), d.now) {
                    Verdict::Again => Event::Again,
                    Verdict::Deliver(_) => return,
                }
            }
            Action::Fail(_) => return,
            a => panic!("{a:?}"),
        };
        if d.now.tick - began > HOUR * 24 {
            break;
        }
    }
    panic!("sent {sends} times in {:?}, no end", d.now.tick - began);
}

#[test]
fn one_keyring_on_both_sides_does_not_wait_for_itself() {
    let (keys, u) = user();
    let mut d = Scripted::new(keys);
    let s = Session::of(u).vouched(Vouching::by(u));
    assert_eq!(d.run(&mut get(&s), &[]), End::Delivered(200, None));
    d.pass(SECOND * 3595);
    let mut c = get(&s);
    let a = c.next(&mut d.keys, Event::Begin, d.now);
    if let Action::Park { flight, .. } = a {
        panic!("parked on {flight:?}; landed or led by nobody: {}", d.keys.has_landed(flight));
    }
}

#[test]
fn parked_callers_do_not_wake_each_other() {
    let (mut keys, u) = user();
    let nova = keys.add(password("nova")).unwrap();
    let mut d = Scripted::new(keys);
    d.run(&mut get(&Session::of(u)), &[]);
    d.pass(SECOND * 3400);
    let s = Session::of(u).vouched(Vouching::by(nova));
    let mut calls = [get(&s), get(&s), get(&s)];
    let first = calls[0].next(&mut d.keys, Event::Begin, d.now);
    assert!(matches!(first, Action::Ask(_)), "{first:?}");
    // 1 and 2 park; nothing else happens, so the epoch should come to rest.
    let mut moved = 0;
    for round in 0..100 {
        for c in &mut calls[1..] {
            let before = d.keys.epoch();
            let a = c.next(&mut d.keys, if round == 0 { Event::Begin } else { Event::Woke }, d.now);
            assert!(matches!(a, Action::Park { .. }), "{a:?}");
            moved += usize::from(d.keys.epoch() != before);
        }
    }
    assert!(moved <= 2, "epoch moved {moved} times in 200 looks of parked callers: they wake each other");
}

#[test]
fn what_is_only_preferred_is_gone_without_in_an_outage() {
    let mut keys = Keychain::new(42);
    let nova = keys.add(password("nova")).unwrap();
    let alice = keys.borrow(borrowed("b1").expires_at(start().wall + HOUR)).unwrap();
    let mut sim = Sim::new(keys);
    sim.hand_in("b1", HOUR);
    let plain = Session::of(alice);
    sim.call_in(Duration::ZERO, get(&plain));
    sim.keystone.latency = HOUR; // it accepts and does not answer
    let s = plain.clone().vouched(Vouching::by(nova).need(Need::Preferred)).deadline(SECOND * 20);
    for n in 0..5u32 {
        sim.call_in(SECOND + MILLI * n, get(&s));
    }
    sim.run();
    assert_eq!(sim.failed(), Vec::<&Outcome>::new());
}

#[test]
fn a_dead_service_token_is_not_attached() {
    let mut keys = Keychain::new(42);
    let nova = keys.add(Credential::token(AUTH_URL, "old").unwrap()).unwrap();
    let alice = keys.borrow(borrowed("b1").expires_at(start().wall + HOUR)).unwrap();
    let mut d = Scripted::new(keys);
    d.life = 601;
    let s = Session::of(alice).vouched(Vouching::by(nova));
    assert_eq!(d.run(&mut get(&s), &[]), End::Delivered(200, None));
    d.pass(HOUR * 2);
    let mut c = get(&s);
    let a = c.next(&mut d.keys, Event::Begin, d.now);
    if let Action::Send(x) = a {
        panic!("sent {}: service token dead for {:?}", carried(&x), HOUR * 2 - SECOND * 600)
    }
}

#[test]
fn after_consumed_the_next_call_has_a_new_token() {
    let mut keys = Keychain::new(42);
    let nova = keys.add(password("nova")).unwrap();
    let alice = keys.borrow(borrowed("b1")).unwrap();
    let mut d = Scripted::new(keys);
    let s = Session::of(alice).vouched(Vouching::by(nova));
    d.run(&mut get(&s), &[]);
    d.pass(SECOND * 60);
    let mut ends = vec![];
    for _ in 0..5 {
        ends.push(d.run(&mut call(&s, Method::PUT, BodyKind::OneShot), &[401]));
        d.pass(SECOND * 60);
    }
    assert!(d.asked > 1, "five uploads, {ends:?}, and the service token was never renewed: {}", d.story());
}

#[test]
fn one_bad_date_is_outlived() {
    let mut keys = Keychain::new(42);
    let b = |n: &str, end: Duration| borrowed(n).expires_at(start().wall + end);
    let a1 = keys.borrow(b("b1", HOUR * 24)).unwrap();
    let mut d = Scripted::new(keys);
    let s = Session::of(a1);
    let mut c = get(&s);
    let Action::Send(_) = c.next(&mut d.keys, Event::Begin, d.now) else { panic!() };
    let mut h = HeaderMap::new();
    // one service whose clock is five days ahead
    h.insert("date", http_date(d.now.wall + HOUR * 120).parse().unwrap());
    assert_eq!(c.judge(head(200, &h, false), d.now), Verdict::Deliver(None));
    c.abandon(&mut d.keys);
    let mut failed = 0;
    for hour in 1..20u32 {
        d.pass(HOUR);
        // each hour a new request with a new token, another service
        let id = d.keys.borrow(b(&format!("n{hour}"), HOUR * (hour + 24))).unwrap();
        failed += u32::from(!matches!(d.run(&mut get(&Session::of(id)), &[]), End::Delivered(200, _)));
    }
    assert_eq!(failed, 0, "of 19 calls with good tokens");
}

#[test]
fn limited_uses_are_neither_exceeded_nor_given_up_early() {
    let mut keys = Keychain::new(42);
    let u = keys.add(password("alice").limited_to(1)).unwrap();
    let mut sim = Sim::new(keys);
    sim.keystone.latency = SECOND * 40; // longer than ask_timeout
    for n in 0..3u32 {
        sim.call_in(MILLI * n, get(&Session::of(u)));
    }
    sim.run_for(SECOND * 35);
    sim.keystone.latency = MILLI;
    sim.run();
    assert_eq!(sim.keystone.requests.len(), 1, "limited to one use; {:?}", sim.results);
}

#[test]
fn no_debug_and_no_error_shows_a_secret() {
    let mut shown = String::new();
    let (mut keys, u) = user();
    let mut h = HeaderMap::new();
    h.insert("x-subject-token", HeaderValue::from_static("HIDDEN1"));
    let s = Session::of(u).header(http::header::AUTHORIZATION, HeaderValue::from_static("HIDDEN2"));
    let c = Call::new(&s, Method::GET, "http://h/".parse().unwrap(), h, BodyKind::Empty);
    shown += &format!("Call: {c:?}\n\nSession: {s:?}\n\n");
    shown += &format!("Event: {:?}\n\n", Event::Answered(granted("HIDDEN3", start(), 9, &[])));
    shown += &format!(
        "Error: {}\n",
        Credential::password("http://u:HIDDEN4@h/v3", UserRef::name("x"), "p").unwrap_err()
    );
    let found: Vec<_> =
        ["HIDDEN1", "HIDDEN2", "HIDDEN3", "HIDDEN4"].into_iter().filter(|x| shown.contains(x)).collect();
    let _ = &mut keys;
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn keystone_is_known_with_its_port_written_out() {
    let mut keys = Keychain::new(1);
    let nova =
        keys.add(Credential::password("https://keystone/v3", UserRef::name("nova"), "p").unwrap()).unwrap();
    let alice = keys.borrow(Borrowed::new("b1").expires_at(start().wall + HOUR)).unwrap();
    let mut d = Scripted::new(keys);
    let s = Session::of(alice).vouched(Vouching::by(nova));
    let mut c = Call::new(
        &s,
        Method::GET,
        "https://keystone:443/v3/users".parse().unwrap(),
        HeaderMap::new(),
        BodyKind::Empty,
    );
    d.run(&mut c, &[]);
    assert!(!d.story().contains("+t1"), "the service token went to Keystone");
}

#[test]
fn the_hot_path_keeps_the_margin_of_a_one_shot() {
    let (keys, u) = user();
    let mut d = Scripted::new(keys);
    d.life = 25; // 24 usable: stale from ~17, so fresh at 15 with 9 s left
    let s = Session::of(u);
    d.run(&mut get(&s), &[]);
    d.pass(SECOND * 15);
    let p = d.keys.publish(&s);
    let mut cold = call(&s, Method::PUT, BodyKind::OneShot);
    let a = cold.next(&mut d.keys, Event::Begin, d.now);
    let mut hot = call(&s, Method::PUT, BodyKind::OneShot);
    let w = hot.warm(&p, d.now);
    assert!(w.is_none(), "next says {a:?}, warm sends");
}

#[test]
fn a_path_without_a_slash_is_refused() {
    let (mut keys, u) = user();
    let s = Session::of(u).at(Endpoint::fixed("http://swift/v1/AUTH_p1"));
    let mut c =
        Call::new(&s, Method::DELETE, "container".parse().unwrap(), HeaderMap::new(), BodyKind::Empty);
    let mut e = Event::Begin;
    loop {
        e = match c.next(&mut keys, e, start()) {
            Action::Ask(_) => Event::Answered(granted("t", start(), 601, &[])),
            Action::Send(x) => {
                assert_eq!(x.uri.to_string(), "http://swift/v1/AUTH_p1/container");
                return;
            }
            Action::Fail(_) => return, // also good
            a => panic!("{a:?}"),
        }
    }
}

#[test]
fn supplying_the_refused_credential_is_no_change() {
    let (keys, u) = user();
    let mut sim = Sim::new(keys);
    sim.keystone.broken = Some(refused);
    for n in 0..10 {
        sim.call_in(SECOND * n, get(&Session::of(u)));
        sim.run();
        sim.keys.supply(u, password("alice")).unwrap();
    }
    assert_eq!(sim.keystone.requests.len(), 1, "{:?}", sim.keystone.requests);
}

#[test]
fn a_one_shot_leaves_on_what_there_is() {
    let mut keys = Keychain::new(42);
    let u = keys.add(password("alice").limited_to(1)).unwrap();
    let mut d = Scripted::new(keys);
    let s = Session::of(u);
    d.run(&mut get(&s), &[]);
    d.pass(SECOND * 3591);
    let e = d.run(&mut call(&s, Method::PUT, BodyKind::OneShot), &[]);
    assert_eq!(e, End::Delivered(200, None));
}

#[test]
fn resets_while_sending_cast_doubt_on_the_token() {
    let (keys, u) = user();
    let mut d = Scripted::new(keys);
    let s = Session::of(u);
    d.run(&mut get(&s), &[]);
    d.pass(SECOND * 60);
    let mut c = call(&s, Method::PUT, BodyKind::Rewindable);
    let mut e = Event::Begin;
    for _ in 0..40 {
        e = match c.next(&mut d.keys, e, d.now) {
            Action::Send(dispatch) if dispatch.with_body => {
                let cause = Cause { kind: Trouble::Broken, text: String::new() };
                Event::Broke(Broke::Sending { cause, touched: true })
            }
            Action::Send(_) => match c.judge(head(401, &HeaderMap::new(), false), d.now) {
                Verdict::Again => Event::Again,
                verdict => panic!("{verdict:?}"),
            },
            Action::Pause { until } => {
                let x = until - d.now.tick;
                d.pass(x);
                Event::Woke
            }
            Action::Ask(_) => return,
            Action::Fail(f) => panic!("the token was never doubted: {f:?}"),
            a => panic!("{a:?}"),
        }
    }
}

#[test]
fn a_description_keeps_what_was_said_before() {
    let a = Borrowed::new("b")
        .expires_at(start().wall)
        .project_id("p")
        .described(keepstone_core::token::Description::default());
    let b = Borrowed::new("b")
        .described(keepstone_core::token::Description::default())
        .expires_at(start().wall)
        .project_id("p");
    assert_eq!(a, b);
}

#[test]
fn a_relative_redirect_may_have_an_address_in_its_query() {
    let (keys, u) = user();
    let mut d = Scripted::new(keys);
    let s = Session::of(u);
    d.run(&mut get(&s), &[]);
    let mut c = get(&s);
    let Action::Send(_) = c.next(&mut d.keys, Event::Begin, d.now) else { panic!() };
    let mut h = HeaderMap::new();
    h.insert("location", "/v3/p1/other?next=http://volume:8776/x".parse().unwrap());
    assert_eq!(c.judge(head(307, &h, false), d.now), Verdict::Again);
}

#[test]
fn a_dispatch_has_no_framing_headers() {
    let (keys, u) = user();
    let mut d = Scripted::new(keys);
    let s = Session::of(u);
    d.run(&mut get(&s), &[]);
    let mut h = HeaderMap::new();
    h.insert("content-length", "1000".parse().unwrap());
    h.insert("transfer-encoding", "chunked".parse().unwrap());
    let mut c =
        Call::new(&s, Method::PUT, "http://volume/x".parse().unwrap(), h, BodyKind::OneShot).asking_first();
    let Action::Send(x) = c.next(&mut d.keys, Event::Begin, d.now) else { panic!() };
    assert!(!x.headers.contains_key("content-length"), "{} {:?}", x.method, x.headers);
}

#[test]
fn hostile_numbers_and_clocks_are_harmless() {
    for (issued, expires) in [
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"),
        ("2027-01-15T08:00:00Z", "9999-12-31T23:59:59Z"),
    ] {
        for far in [Duration::ZERO, Duration::from_secs(1u64 << 40)] {
            let (mut keys, u) = user();
            let s = Session::of(u).deadline(Duration::MAX).at_least(Duration::MAX);
            for s in [s.clone(), s.at_least(Duration::ZERO)] {
                let mut c = get(&s);
                let now = Now { wall: start().wall, tick: far };
                let mut e = Event::Begin;
                for _ in 0..5 {
                    e = match c.next(&mut keys, e, now) {
                        Action::Ask(_) => {
                            let mut r = granted("t", start(), 9, &[]);
                            *r.body_mut() =
                                format!(r#"{{"token":{{"issued_at":"{issued}","expires_at":"{expires}"}}}}"#)
                                    .into_bytes();
                            r.headers_mut().insert("date", "Fri, 31 Dec 9999 23:59:59 GMT".parse().unwrap());
                            Event::Answered(r)
                        }
                        _ => break,
                    };
                }
                c.abandon(&mut keys);
                let far_now = Now { wall: chrono::DateTime::<chrono::Utc>::MAX_UTC, tick: Duration::MAX };
                let back = Now { wall: chrono::DateTime::<chrono::Utc>::MIN_UTC, tick: Duration::ZERO };
                for n in [far_now, back] {
                    let mut c = get(&s);
                    let _ = c.next(&mut keys, Event::Begin, n);
                    c.abandon(&mut keys);
                    let p = keys.publish(&s);
                    let _ = get(&s).warm(&p, n);
                    let _ = keys.outlook(&s, n);
                }
            }
        }
    }
}

#[test]
fn a_late_401_leaves_the_newer_token_alone() {
    let (keys, u) = user();
    let mut d = Scripted::new(keys);
    let s = Session::of(u);
    d.run(&mut get(&s), &[]);
    d.pass(SECOND * 60);
    let mut slow = get(&s);
    let Action::Send(_) = slow.next(&mut d.keys, Event::Begin, d.now) else { panic!() };
    assert_eq!(d.run(&mut get(&s), &[401]), End::Delivered(200, None)); // t1 refused, t2 had
    d.pass(SECOND * 10);
    assert_eq!(slow.judge(head(401, &HeaderMap::new(), false), d.now), Verdict::Again);
    let Action::Send(x) = slow.next(&mut d.keys, Event::Again, d.now) else { panic!("t2 was thrown away") };
    assert_eq!(carried(&x), "t2+-");
}
