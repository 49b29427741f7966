//! What a session tells: whose token it sends, and what it exchanged.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use http::{Request, Response};
use keepstone_blocking::{
    Canned, Client, Credential, Endpoint, Failure, LoginError, Outcome, Purpose, UserRef, Who,
};
use keepstone_tests::cloud::Service;

use crate::world::{HOUR, World, get, status};

#[test]
fn a_session_knows_whose_it_is() {
    let world = World::still();
    let session = world.volumes_of(&world.identity("alice"));
    let account = world.cloud.credentials("alice").unwrap();
    assert_eq!(session.user_id().unwrap(), Some(account.user_id));
    assert_eq!(session.project_id().unwrap(), account.project_id);
    let described = session.description().unwrap().unwrap();
    assert_eq!(described.user.as_ref().unwrap().name, "alice");
    assert!(described.catalog.is_some() && !described.roles.is_empty());
    assert_eq!(status(&session), 200);
    assert_eq!(world.token_requests(), 1, "one login for the questions and the call");
    assert_eq!(
        world.cloud.counters().service(Service::Volume).requests,
        1,
        "the questions send nothing there"
    );
    world.pass(HOUR * 2);
    assert_ne!(session.description().unwrap().unwrap().audit_id(), described.audit_id());
    assert_eq!(world.token_requests(), 2, "that token was over");
}

#[test]
fn many_who_ask_make_one_request() {
    let world = World::still();
    world.cloud.set_latency(Service::Identity, Duration::from_millis(50));
    let session = world.volumes_of(&world.identity("alice"));
    thread::scope(|scope| {
        for n in 0..16 {
            let session = &session;
            scope.spawn(move || match n % 2 {
                0 => assert!(session.user_id().unwrap().is_some()),
                _ => assert_eq!(status(session), 200),
            });
        }
    });
    assert_eq!(world.token_requests(), 1);
}

#[test]
fn what_is_not_known_is_not_made_up() {
    let world = World::still();
    assert!(world.client.anonymous().description().unwrap().is_none());
    let (borrowed, _) = world.borrowed(HOUR);
    let session = world.volumes_of(&borrowed);
    assert_eq!((session.user_id().unwrap(), session.project_id().unwrap()), (None, None));
    assert!(session.description().unwrap().unwrap().expires_at.is_some());
    let wrong = Credential::password(&world.cloud.auth_url(), UserRef::name("alice"), "wrong").unwrap();
    match world.client.identity(wrong).unwrap().session().description() {
        Err(Failure::Login { who: Who::User, source: LoginError::Refused { .. } }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_exchange_is_told_without_secrets() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let busy = Response::builder().status(503).header("Set-Cookie", "s3cr3t").body(Vec::new()).unwrap();
    let fine = Response::builder().header("X-OpenStack-Request-Id", "req-9").body(Vec::new()).unwrap();
    let canned = Arc::new(Mutex::new(Canned::new([busy, fine])));
    let sink = Arc::clone(&heard);
    let client = Client::builder().canned(canned).seed(7).on_exchange(move |told| {
        let headers: Vec<_> = told.request_headers().chain(told.answer_headers()).collect();
        let line = format!("{:?} {} {} {:?}", told.purpose(), told.method(), told.url(), told.status());
        assert!(!format!("{told} {told:?} {headers:?}").contains("s3cr3t"));
        assert!(!format!("{told} {told:?} {headers:?}").contains("canned-token"));
        sink.lock().unwrap().push(format!("{line} {:?} {}", told.request_id(), told.attempt()));
        assert!(told.purpose() == Purpose::Call, "a listener that panics takes no login with it");
    });
    let client = client.build().unwrap();
    let alice = Credential::password("http://keystone", UserRef::name("alice"), "s3cr3t").unwrap();
    let alice = client.identity(alice).unwrap();
    let session = alice.session().at(Endpoint::fixed("http://volumes"));
    let request = Request::get("/a?signature=s3cr3t").header("X-Mine", "s3cr3t").body(()).unwrap();
    assert_eq!(session.send(request).unwrap().status(), 200);
    alice.log_out().unwrap();
    let expected = [
        "Token POST http://keystone/v3/auth/tokens Some(201) None 1",
        "Call GET http://volumes/a?signature=… Some(503) None 1",
        "Call GET http://volumes/a?signature=… Some(200) Some(\"req-9\") 2",
        "Token DELETE http://keystone/v3/auth/tokens Some(200) None 1",
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[test]
fn an_exchange_that_broke_is_told_too() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&heard);
    let client = Client::builder().on_exchange(move |told| sink.lock().unwrap().push(told.outcome().clone()));
    let session = client.build().unwrap().anonymous().at(Endpoint::fixed("http://127.0.0.1:9")).retries(0);
    get(&session, "/").unwrap_err();
    assert!(matches!(heard.lock().unwrap()[..], [Outcome::Broke(_)]), "{heard:?}");
}
