//! One asks for many; what was learnt lasts, and what failed does not.

use std::time::Duration;

use keepstone_core::{Action, Call, Endpoint, Event, Failure, Session, Wait};

use crate::common::{HOUR, SECOND};
use crate::world::{Page, World, get, listed, page};

const IMAGES: [(&str, &str, &str); 1] = [("v2.9", "CURRENT", "v2/")];

fn cloud() -> World {
    World::new("image", "http://i:9292/").with("http://i:9292/", page(&IMAGES))
}

fn images() -> Endpoint {
    Endpoint::of("image").version("2")
}

#[test]
fn a_herd_asks_once() {
    let mut world = cloud();
    let session = Session::of(world.borrow("b1")).at(images());
    let mut calls: Vec<Call> = (0..50).map(|_| get(&session)).collect();
    let mut asks = Vec::new();
    let mut parked = 0;
    for call in &mut calls {
        match call.next(&mut world.keys, Event::Begin, world.now) {
            Action::Ask(ask) => asks.push(ask),
            Action::Park { flight, .. } => {
                assert!(!world.keys.has_landed(flight));
                parked += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((asks.len(), parked), (1, 49));
    let epoch = world.keys.epoch();
    let answer = world.answer(&asks[0]);
    let mut event = answer;
    for call in &mut calls {
        let action = call.next(&mut world.keys, event, world.now);
        assert!(matches!(action, Action::Send(_)), "{action:?}");
        assert!(world.keys.epoch() > epoch, "those who are parked are woken");
        event = Event::Landed;
    }
    assert_eq!(world.asked(), "http://i:9292/");
}

#[test]
fn a_leader_that_vanishes_hands_on() {
    let mut world = cloud();
    let session = Session::of(world.borrow("b1")).at(images());
    let (mut first, mut second) = (get(&session), get(&session));
    let Action::Ask(_) = first.next(&mut world.keys, Event::Begin, world.now) else { panic!() };
    let Action::Park { flight, .. } = second.next(&mut world.keys, Event::Begin, world.now) else { panic!() };
    assert!(first.owes());
    first.abandon(&mut world.keys);
    assert!(world.keys.has_landed(flight) && !first.owes());
    let dispatch = world.go_on(&mut second, Event::Landed).unwrap();
    assert_eq!(dispatch.uri, "http://i:9292/v2/things");
}

#[test]
fn a_leaders_own_deadline_is_no_failure_of_the_service() {
    let mut world = cloud().with("http://i:9292/", Page::Hangs);
    let session = Session::of(world.borrow("b1")).at(images());
    let failure = world.send(&mut get(&session.clone().deadline(SECOND))).unwrap_err();
    assert_eq!(failure, Failure::Late { waiting_for: Wait::Versions, last: None });
    assert!(world.keys.take_notices().is_empty());
    world.documents.insert("http://i:9292/".to_owned(), page(&IMAGES));
    assert_eq!(world.whereto(&session), "http://i:9292/v2/things");
}

#[test]
fn a_service_that_hangs_costs_one_caller_a_while() {
    let mut world = cloud().with("http://i:9292/", Page::Hangs);
    let session = Session::of(world.borrow("b1")).at(images());
    let began = world.now.tick;
    assert_eq!(world.whereto(&session), "http://i:9292/things");
    assert_eq!(world.now.tick - began, SECOND * 30, "the time for one question");
    let began = world.now.tick;
    for _ in 0..10 {
        assert_eq!(world.whereto(&session), "http://i:9292/things");
    }
    assert_eq!(world.now.tick, began, "the failure is shared");
}

#[test]
fn while_somebody_tries_again_others_go_as_before() {
    let mut world = cloud().with("http://i:9292/", Page::Answer(503, String::new()));
    let session = Session::of(world.borrow("b1")).at(images());
    world.whereto(&session);
    world.pass(SECOND * 30);
    let mut first = get(&session);
    let Action::Ask(_) = first.next(&mut world.keys, Event::Begin, world.now) else { panic!() };
    assert_eq!(world.whereto(&session), "http://i:9292/things");
    first.abandon(&mut world.keys);
}

#[test]
fn a_document_outlives_tokens_and_ends_with_its_day() {
    let mut world = cloud();
    let session = Session::of(world.user("alice")).at(images());
    for _ in 0..40 {
        assert_eq!(world.whereto(&session), "http://i:9292/v2/things");
        world.pass(HOUR / 2);
    }
    assert!(world.logins >= 20, "{}", world.logins);
    assert_eq!(world.asked(), "http://i:9292/", "once for all those tokens");

    // In its last hours one call has it fetched anew, and the others do not wait.
    world.pass(HOUR * 2);
    let (mut first, mut second) = (get(&session), get(&session));
    let mut event = Event::Begin;
    let ask = loop {
        match first.next(&mut world.keys, event, world.now) {
            Action::Ask(ask) if ask.request.uri().path() == "/" => break ask,
            Action::Ask(ask) => event = world.answer(&ask),
            other => panic!("{other:?}"),
        }
    };
    let action = second.next(&mut world.keys, Event::Begin, world.now);
    assert!(matches!(action, Action::Send(_)), "{action:?}");
    let event = world.answer(&ask);
    world.go_on(&mut first, event).unwrap();
    world.asked();
    world.whereto(&session);
    assert_eq!(world.asked(), "");

    // A service that tells no more is believed to the end of the day.
    world.documents.clear();
    world.pass(HOUR * 23);
    assert_eq!(world.whereto(&session), "http://i:9292/v2/things");
    assert_eq!(world.asked(), "http://i:9292/");
    world.pass(HOUR);
    assert_eq!(world.whereto(&session), "http://i:9292/things");
}

#[test]
fn the_hot_path_goes_where_the_cold_one_went() {
    let mut world = cloud();
    let session = Session::of(world.user("alice")).at(images());
    let warm = |world: &mut World, session: &Session| {
        let published = world.keys.publish(session);
        get(session).warm(&published, world.now).map(|dispatch| dispatch.uri.to_string())
    };
    assert_eq!(warm(&mut world, &session), None);
    world.whereto(&session);
    assert_eq!(warm(&mut world, &session).as_deref(), Some("http://i:9292/v2/things"));
    assert_eq!(world.asked(), "http://i:9292/");
    // A snapshot is for one endpoint.
    let published = world.keys.publish(&session);
    let other = session.clone().at(Endpoint::of("image").version("1"));
    assert!(get(&other).warm(&published, world.now).is_none());
    // It ends when the document is to be asked for again.
    let life = |span: Duration| {
        let mut world = cloud();
        let token = world.borrow("b1");
        let session = Session::of(token).tokens(false).at(images());
        world.whereto(&session);
        let published = world.keys.publish(&session);
        world.pass(span);
        get(&session).warm(&published, world.now).is_some()
    };
    assert!(life(HOUR * 21 - SECOND));
    assert!(!life(HOUR * 21));
}

/// Many services have a document at one address and none at the one that is tried before.
#[test]
fn what_failed_on_the_way_is_not_tried_again() {
    let mut world =
        World::new("volumev3", "http://v/v2").with("http://v/v2", page(&[("v3.0", "CURRENT", "/v3/")]));
    let session = Session::of(world.user("alice")).at(Endpoint::of("block-storage").version("3"));
    assert_eq!(world.whereto(&session), "http://v/v3/things");
    assert_eq!(world.asked(), "http://v/, http://v/v2");
    let published = world.keys.publish(&session);
    world.pass(SECOND * 60);
    assert_eq!(world.whereto(&session), "http://v/v3/things");
    assert!(get(&session).warm(&published, world.now).is_some());
    assert_eq!(world.asked(), "");
}

#[test]
fn a_failure_to_learn_is_not_warm_for_ever() {
    let mut world = cloud().with("http://i:9292/", Page::Answer(503, String::new()));
    let session = Session::of(world.user("alice")).at(images());
    world.whereto(&session);
    let published = world.keys.publish(&session);
    assert!(get(&session).warm(&published, world.now).is_some());
    world.pass(SECOND * 30);
    assert!(get(&session).warm(&published, world.now).is_none());
}

#[test]
fn a_call_goes_by_the_catalog_of_its_own_token() {
    let mut world = cloud().with("http://j:9292/", page(&IMAGES));
    let alice = world.user("alice");
    let session = Session::of(alice).at(images());
    assert_eq!(world.whereto(&session), "http://i:9292/v2/things");
    // The service moves; the token in hand still says the old place, and the next one the new.
    world.catalog = listed("image", "http://j:9292/");
    assert_eq!(world.whereto(&session), "http://i:9292/v2/things");
    let old = world.keys.publish(&session);
    let mut call = get(&session);
    let sent = world.send(&mut call).unwrap();
    assert_eq!(sent.headers["x-auth-token"], "t1");
    let head = keepstone_core::Head {
        status: http::StatusCode::UNAUTHORIZED,
        headers: &http::HeaderMap::new(),
        touched: false,
    };
    world.pass(SECOND * 10);
    assert_eq!(call.judge(head, world.now), keepstone_core::Verdict::Again);
    let sent = world.go_on(&mut call, Event::Again).unwrap();
    assert_eq!((sent.headers["x-auth-token"].to_str().unwrap(), sent.uri.host()), ("t2", Some("j")));
    // A snapshot holds a token and the address by that token's catalog.
    let warm = |published| get(&session).warm(published, world.now).unwrap();
    let (then, now) = (warm(&old), warm(&world.keys.publish(&session)));
    assert_eq!((then.headers["x-auth-token"].to_str().unwrap(), then.uri.host()), ("t1", Some("i")));
    assert_eq!((now.headers["x-auth-token"].to_str().unwrap(), now.uri.host()), ("t2", Some("j")));
}

#[test]
fn a_child_process_asks_for_itself() {
    let mut world = cloud();
    let session = Session::of(world.borrow("b1")).at(images());
    let mut parents = get(&session);
    let Action::Ask(_) = parents.next(&mut world.keys, Event::Begin, world.now) else { panic!() };
    world.keys.start_afresh(9);
    assert_eq!(world.whereto(&session), "http://i:9292/v2/things");
    std::mem::forget(parents);
}

#[test]
fn no_number_of_addresses_fills_the_memory() {
    let mut world = cloud();
    let borrowed = world.borrow("b1");
    for n in 0..1000 {
        let fixed = Endpoint::fixed(format!("http://h{n}/")).version("2");
        world.whereto(&Session::of(borrowed).at(fixed));
        world.pass(SECOND);
    }
    let text = format!("{:?}", world.keys);
    assert!(text.matches("http://h").count() < 1000, "documents are let go");
    assert!(!text.contains("\"http://h0\"") && text.contains("\"http://h999\""));
}
