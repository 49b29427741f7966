//! What a session tells: whose token it sends, and what it exchanged.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use keepstone_async::{
    Canned, Client, Credential, Endpoint, Failure, LoginError, Outcome, Purpose, UserRef, Who,
};
use keepstone_tests::cloud::Service;
use tokio::task::JoinSet;

use crate::world::{HOUR, World, everywhere, get, status};

#[test]
fn a_session_knows_whose_it_is() {
    everywhere(|| async {
        let world = World::still();
        let session = world.volumes_of(&world.identity("alice"));
        let account = world.cloud.credentials("alice").unwrap();
        assert_eq!(session.user_id().await.unwrap(), Some(account.user_id));
        assert_eq!(session.project_id().await.unwrap(), account.project_id);
        let described = session.description().await.unwrap().unwrap();
        assert_eq!(described.user.as_ref().unwrap().name, "alice");
        assert!(described.catalog.is_some() && !described.roles.is_empty());
        assert_eq!(status(&session).await, 200);
        assert_eq!(world.token_requests(), 1, "one login for the questions and the call");
        assert_eq!(
            world.cloud.counters().service(Service::Volume).requests,
            1,
            "the questions send nothing there"
        );
        world.pass(HOUR * 2);
        assert_ne!(session.description().await.unwrap().unwrap().audit_id(), described.audit_id());
        assert_eq!(world.token_requests(), 2, "that token was over");
    });
}

#[test]
fn many_who_ask_make_one_request() {
    everywhere(|| async {
        let world = World::still();
        world.cloud.set_latency(Service::Identity, Duration::from_millis(50));
        let session = world.volumes_of(&world.identity("alice"));
        let mut asking = JoinSet::new();
        for n in 0..16 {
            let session = session.clone();
            asking.spawn(async move {
                match n % 2 {
                    0 => session.user_id().await.unwrap().is_some(),
                    _ => status(&session).await == 200,
                }
            });
        }
        assert!(asking.join_all().await.iter().all(|well| *well));
        assert_eq!(world.token_requests(), 1);
    });
}

#[test]
fn what_is_not_known_is_not_made_up() {
    everywhere(|| async {
        let world = World::still();
        assert!(world.client.anonymous().description().await.unwrap().is_none());
        let (borrowed, _) = world.borrowed(HOUR);
        let session = world.volumes_of(&borrowed);
        assert_eq!((session.user_id().await.unwrap(), session.project_id().await.unwrap()), (None, None));
        assert!(session.description().await.unwrap().unwrap().expires_at.is_some());
        let wrong = Credential::password(&world.cloud.auth_url(), UserRef::name("alice"), "wrong").unwrap();
        match world.client.identity(wrong).unwrap().session().description().await {
            Err(Failure::Login { who: Who::User, source: LoginError::Refused { .. } }) => {}
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn each_exchange_is_told_without_secrets() {
    everywhere(|| async {
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
        assert_eq!(session.send(request).await.unwrap().status(), 200);
        alice.log_out().await.unwrap();
        let expected = [
            "Token POST http://keystone/v3/auth/tokens Some(201) None 1",
            "Call GET http://volumes/a?signature=… Some(503) None 1",
            "Call GET http://volumes/a?signature=… Some(200) Some(\"req-9\") 2",
            "Token DELETE http://keystone/v3/auth/tokens Some(200) None 1",
        ];
        assert_eq!(*heard.lock().unwrap(), expected);
    });
}

#[test]
fn an_exchange_that_broke_is_told_too() {
    everywhere(|| async {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        let client =
            Client::builder().on_exchange(move |told| sink.lock().unwrap().push(told.outcome().clone()));
        let session =
            client.build().unwrap().anonymous().at(Endpoint::fixed("http://127.0.0.1:9")).retries(0);
        get(&session, "/").await.unwrap_err();
        assert!(matches!(heard.lock().unwrap()[..], [Outcome::Broke(_)]), "{heard:?}");
    });
}

#[test]
fn a_question_that_is_dropped_hands_on() {
    everywhere(|| async {
        let world = World::running(HOUR);
        world.cloud.set_latency(Service::Identity, Duration::from_secs(1));
        let session = world.volumes_of(&world.identity("alice")).deadline(Duration::from_secs(20));
        let asking = session.clone();
        let asking = tokio::spawn(async move { asking.user_id().await });
        while world.token_requests() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world.cloud.set_latency(Service::Identity, Duration::ZERO);
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
        assert!(session.user_id().await.unwrap().is_some());
    });
}
