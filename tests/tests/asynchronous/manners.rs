//! A session's manners: what authors of clients expect.

use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode};
use keepstone_async::{Adapter, Canned, Client, Credential, Endpoint, Error, Refusal, UserRef};
use keepstone_tests::cloud::{Answer, Service};

use crate::world::{SECOND, World, everywhere, get, status};

fn refused(result: Result<keepstone_async::Response, Error>) -> keepstone_async::ServiceError {
    match result {
        Err(Error::Service(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_adapter_makes_refusals_errors() {
    everywhere(|| async {
        let world = World::still();
        let volumes = Adapter::new(world.volumes_of(&world.identity("alice")));
        let made = volumes.post("/volumes", r#"{"volume":{"size":1,"name":"v"}}"#).await.unwrap();
        assert!(made.status().is_success());
        assert_eq!(volumes.get("/volumes/detail").await.unwrap().status(), 200);
        let error = refused(volumes.get("/volumes/no-such").await);
        assert_eq!(error.status, StatusCode::NOT_FOUND);
        assert!(error.request_id.0.is_some_and(|id| id.starts_with("req-")));

        let (borrowed, token) = world.borrowed(SECOND * 100);
        world.cloud.revoke_token(&token);
        let error = refused(Adapter::new(world.volumes_of(&borrowed)).get("/volumes/detail").await);
        assert_eq!((error.status, error.refusal), (StatusCode::UNAUTHORIZED, Some(Refusal::Borrowed)));
        assert!(matches!(volumes.get("/a b").await, Err(Error::Failure(_))));
    });
}

#[test]
fn redirects_on_the_same_origin_are_followed_with_their_tokens() {
    everywhere(|| async {
        let world = World::still();
        let session = world.volumes_of(&world.identity("alice"));
        let path = world.cloud.endpoint(Service::Volume, "demo").unwrap();
        let path = path.split_once("/v3").map(|(_, rest)| format!("/v3{rest}/volumes/detail")).unwrap();
        for (code, location) in [(301, path.clone()), (307, "../volumes/detail".to_owned()), (308, path)] {
            world.cloud.answer_next(Service::Volume, 1, Answer::status(code).header("Location", &location));
            assert_eq!(status(&session).await, 200, "{code} {location}");
        }
        world.cloud.answer_next(Service::Volume, 100, Answer::status(302).header("Location", "/loop"));
        assert_eq!(status(&session).await, 302, "a loop ends");
    });
}

#[test]
fn a_post_becomes_a_get_where_the_standard_says_so() {
    everywhere(|| async {
        let canned = async |code: u16| {
            let redirect =
                Response::builder().status(code).header("Location", "/done").body(Vec::new()).unwrap();
            let canned = Arc::new(Mutex::new(Canned::new([redirect, Response::new(b"ok".to_vec())])));
            let client = Client::builder().canned(Arc::clone(&canned)).build().unwrap();
            let session = client.anonymous().at(Endpoint::fixed("http://volumes"));
            let answer = session.send(Request::post("/make").body("{}").unwrap()).await.unwrap();
            assert_eq!(answer.status(), 200);
            let sent = canned.lock().unwrap().sent()[1].clone();
            (sent.method.to_string(), sent.body.len(), sent.uri.to_string())
        };
        for code in [301, 302, 303] {
            assert_eq!(canned(code).await, ("GET".to_owned(), 0, "http://volumes/done".to_owned()), "{code}");
        }
        for code in [307, 308] {
            assert_eq!(
                canned(code).await,
                ("POST".to_owned(), 2, "http://volumes/done".to_owned()),
                "{code}"
            );
        }
    });
}

#[test]
fn headers_of_the_session_go_along_unless_the_request_has_its_own() {
    everywhere(|| async {
        let canned =
            Arc::new(Mutex::new(Canned::new([Response::new(Vec::new()), Response::new(Vec::new())])));
        let client = Client::builder().canned(Arc::clone(&canned)).build().unwrap();
        let alice = Credential::password("http://keystone", UserRef::name("alice"), "s3cr3t").unwrap();
        let session = client.identity(alice).unwrap().session().at(Endpoint::fixed("http://volumes"));
        let session = session.user_agent("backup/1").unwrap().request_id("req-7").unwrap();
        get(&session, "/a").await.unwrap();
        let own = Request::get("/b").header("User-Agent", "mine").header("X-OpenStack-Request-Id", "req-8");
        session.clone().tokens(false).send(own.body(()).unwrap()).await.unwrap();
        let sent = canned.lock().unwrap().sent().to_vec();
        let header =
            |n: usize, name: &str| sent[n].headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(
            header(0, "user-agent").unwrap(),
            format!("backup/1 keepstone/{}", env!("CARGO_PKG_VERSION"))
        );
        assert_eq!(header(0, "x-openstack-request-id").as_deref(), Some("req-7"));
        assert_eq!(header(0, "x-auth-token").as_deref(), Some("canned-token-1"));
        assert_eq!(header(1, "user-agent").as_deref(), Some("mine"));
        assert_eq!(header(1, "x-openstack-request-id").as_deref(), Some("req-8"));
        assert_eq!(header(1, "x-auth-token"), None);
        assert!(session.user_agent("a\nb").is_err());
    });
}

#[test]
fn per_call_switches_are_sessions_of_their_own() {
    everywhere(|| async {
        let world = World::still();
        let session = world.volumes_of(&world.identity("alice"));
        assert_eq!(status(&session).await, 200);
        world.pass(SECOND * 60);
        world.cloud.revoke_all_of("alice").unwrap();
        assert_eq!(status(&session.clone().renewal(false)).await, 401);
        assert_eq!(world.token_requests(), 1);
        assert_eq!(status(&session.clone().tokens(false)).await, 401);
        world.cloud.answer_next(Service::Volume, 1, Answer::status(503));
        assert_eq!(status(&session.clone().retries(0)).await, 503);
        assert_eq!(status(&session).await, 200);
    });
}

#[test]
fn logging_out_revokes_the_token() {
    everywhere(|| async {
        let world = World::still();
        let alice = world.identity("alice");
        let session = world.volumes_of(&alice);
        assert_eq!(status(&session).await, 200);
        let token = world.cloud.arrivals().into_iter().rev().find_map(|arrival| arrival.user_token).unwrap();
        alice.log_out().await.unwrap();
        let with_it = Request::get("/volumes/detail").header("X-Auth-Token", &token).body(()).unwrap();
        assert_eq!(world.client.anonymous().at(world.volumes()).send(with_it).await.unwrap().status(), 401);
        alice.log_out().await.unwrap();
        assert_eq!(status(&session).await, 200, "the next call logs in anew");
        assert_eq!(world.token_requests(), 2);
    });
}

#[test]
fn a_header_that_the_session_would_set_is_refused_before_anything_is_sent() {
    everywhere(|| async {
        let world = World::still();
        let session = world.volumes_of(&world.identity("alice"));
        let own = Request::get("/volumes/detail").header("X-Auth-Token", "mine").body(()).unwrap();
        assert!(matches!(session.send(own).await, Err(Error::Failure(keepstone_async::Failure::Input(_)))));
        assert_eq!(world.cloud.counters().service(Service::Volume).requests, 0);
    });
}

#[test]
fn the_child_of_a_fork_starts_afresh() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = World::still();
    let session = world.volumes_of(&world.identity("alice"));
    let parents = runtime();
    assert_eq!(parents.block_on(status(&session)), 200);
    match fork::fork().unwrap() {
        fork::Fork::Child => {
            let answer = runtime().block_on(get(&session, "/volumes/detail"));
            std::process::exit(answer.map_or(1, |answer| i32::from(answer.status() != 200)));
        }
        fork::Fork::Parent(child) => assert_eq!(fork::waitpid(child).unwrap(), 0),
    }
    assert_eq!(world.token_requests(), 2, "the child logged in by itself");
    assert_eq!(parents.block_on(status(&session)), 200);
    assert_eq!(world.token_requests(), 2, "and the parent goes on with its own");
}
