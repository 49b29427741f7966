//! Limits: so many exchanges at once, so many in a span, whoever is dropped.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{HeaderMap, Request, Response, StatusCode};
use keepstone_async::{
    Adapter, Canned, Client, Clock, Endpoint, Error, Failure, Head, InputError, Lent, Limit, Now, Session,
    SystemClock, Wait,
};
use keepstone_tests::cloud::Service;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::world::{HOUR, SECOND, World, everywhere, get, status};

const MILLI: Duration = Duration::from_millis(1);

/// As many tasks at once, each with a call; all must be well.
async fn herd(sessions: &[Session], tasks: usize) {
    let mut calls = JoinSet::new();
    for n in 0..tasks {
        let session = sessions[n % sessions.len()].clone();
        calls.spawn(async move { status(&session).await });
    }
    assert!(calls.join_all().await.iter().all(|status| *status == 200));
}

fn at_once(world: &World) -> u64 {
    let most = world.cloud.counters().service(Service::Volume).at_once;
    world.cloud.reset_counters();
    most
}

/// Polls once: far enough to stand in a queue.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A request that somebody else sends, and that holds a place until it is judged.
async fn hold(session: &Session) -> Lent<'_> {
    let mut lent = session.lend(Request::get("/volumes/detail").body(()).unwrap());
    lent.request().await.unwrap();
    lent
}

fn judge(mut lent: Lent<'_>) {
    assert!(!lent.judge(Head { status: StatusCode::OK, headers: &HeaderMap::new(), touched: false }));
}

#[test]
fn as_many_are_in_the_service_as_the_limit_says() {
    everywhere(|| async {
        let world = World::running(HOUR);
        world.cloud.set_latency(Service::Volume, MILLI * 40);
        let session = world.volumes_of(&world.identity("alice"));
        for most in [1, 3] {
            herd(&[session.clone().limited(Limit::new().at_once(most))], 16).await;
            assert_eq!(at_once(&world), u64::from(most));
        }
        herd(&[session], 16).await;
        assert!(at_once(&world) > 3, "without a limit there is none");
    });
}

#[test]
fn a_sessions_limit_and_an_adapters_both_hold() {
    everywhere(|| async {
        let world = World::running(HOUR);
        world.cloud.set_latency(Service::Volume, MILLI * 40);
        let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().at_once(4));
        let narrow = Adapter::new(session.clone()).limited(Limit::new().at_once(2)).session().clone();
        herd(std::slice::from_ref(&narrow), 12).await;
        assert_eq!(at_once(&world), 2, "the adapter's");
        herd(&[session, narrow], 24).await;
        assert_eq!(at_once(&world), 4, "the session's");
    });
}

#[test]
fn sessions_of_two_identities_can_share_a_limit() {
    everywhere(|| async {
        let world = World::running(HOUR);
        world.cloud.set_latency(Service::Volume, MILLI * 40);
        let limit = world.client.limit(Limit::new().at_once(2));
        let sessions =
            ["alice", "alice"].map(|user| world.volumes_of(&world.identity(user)).within(&limit).unwrap());
        herd(&sessions, 12).await;
        assert_eq!(at_once(&world), 2);
        let elsewhere = Client::new().unwrap().anonymous().within(&limit);
        assert_eq!(elsewhere.err(), Some(InputError::LimitOfAnotherClient));
    });
}

#[test]
fn a_rate_is_kept_and_idle_time_is_not_saved_up() {
    everywhere(|| async {
        let world = World::still();
        let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().rate(10, SECOND));
        for _ in 0..2 {
            let begun = world.cloud.now();
            for _ in 0..6 {
                assert_eq!(status(&session).await, 200);
            }
            let took = (world.cloud.now() - begun).to_std().unwrap();
            assert!((MILLI * 500..MILLI * 510).contains(&took), "{took:?}");
            world.pass(SECOND * 2);
        }
    });
}

/// The machine's clock, whose pauses last until somebody ends them.
#[derive(Clone)]
struct Held {
    clock: Arc<SystemClock>,
    begun: Arc<Notify>,
    over: Arc<Notify>,
}

impl Clock for Held {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn wait_until(&self, tick: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let Self { clock, begun, over } = self.clone();
        Box::pin(async move {
            begun.notify_one();
            over.notified().await;
            clock.wait_until(tick).await;
        })
    }
}

#[test]
fn a_place_is_not_kept_through_a_pause() {
    everywhere(|| async {
        let busy = Response::builder().status(503).body(b"busy".to_vec()).unwrap();
        let [one, other] = [b"one".to_vec(), b"other".to_vec()].map(Response::new);
        let canned = Arc::new(Mutex::new(Canned::new([busy, one, other])));
        let clock = Held { clock: Arc::new(SystemClock::new()), begun: Arc::default(), over: Arc::default() };
        let client = Client::builder().canned(canned).clock(clock.clone()).build().unwrap();
        let session = client.anonymous().at(Endpoint::fixed("http://h")).limited(Limit::new().at_once(1));
        let pausing = session.clone();
        let pausing = tokio::spawn(async move { get(&pausing, "/").await.unwrap().text().await.unwrap() });
        clock.begun.notified().await;
        assert_eq!(get(&session, "/").await.unwrap().text().await.unwrap(), "one");
        clock.over.notify_one();
        assert_eq!(pausing.await.unwrap(), "other");
    });
}

#[test]
fn who_cannot_be_in_time_is_told_what_for() {
    everywhere(|| async {
        let world = World::running(HOUR);
        let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().at_once(1));
        let mut lent = hold(&session).await;
        lent.request().await.expect("its own place is no obstacle");
        let hurried = session.clone().deadline(MILLI * 50);
        match get(&hurried, "/volumes").await {
            Err(Error::Failure(Failure::Late { waiting_for: Wait::Turn, last: None })) => {}
            other => panic!("{other:?}"),
        }
        judge(lent);
        assert_eq!(status(&session.deadline(SECOND * 20)).await, 200);
    });
}

#[test]
fn whoever_is_dropped_gives_the_place_on() {
    everywhere(|| async {
        let world = World::running(HOUR);
        let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().at_once(1));
        let session = session.deadline(SECOND * 20);
        let lent = hold(&session).await;
        let mut calls: Vec<_> = (0..4).map(|_| Box::pin(status(&session))).collect();
        for call in &mut calls {
            assert!(poll(call.as_mut()).is_pending());
        }
        // One in the middle of the queue, then the holder, then one that was woken and never looked.
        drop(calls.remove(1));
        drop(lent);
        drop(calls.remove(0));
        let late_comer = status(&session);
        for call in calls {
            assert_eq!(call.await, 200);
        }
        assert_eq!(late_comer.await, 200);
    });
}

#[test]
fn a_call_aborted_in_the_service_gives_its_place_back() {
    everywhere(|| async {
        let world = World::running(HOUR);
        let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().at_once(1));
        let session = session.deadline(SECOND * 20);
        world.cloud.set_latency(Service::Volume, SECOND * 30);
        let slow = session.clone();
        let slow = tokio::spawn(async move { status(&slow).await });
        while world.cloud.counters().service(Service::Volume).requests == 0 {
            tokio::time::sleep(MILLI).await;
        }
        let mut next = pin!(status(&session));
        assert!(poll(next.as_mut()).is_pending());
        world.cloud.set_latency(Service::Volume, Duration::ZERO);
        slow.abort();
        assert!(slow.await.unwrap_err().is_cancelled());
        assert_eq!(next.await, 200);
    });
}

#[test]
fn a_token_that_ends_in_the_queue_does_not_go_out() {
    everywhere(|| async {
        let world = World::still();
        let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().at_once(1));
        let session = session.deadline(HOUR * 9);
        let lent = hold(&session).await;
        let mut call = pin!(status(&session));
        assert!(poll(call.as_mut()).is_pending());
        assert_eq!(world.token_requests(), 1);
        world.pass(HOUR * 2);
        judge(lent);
        assert_eq!(call.await, 200);
        assert_eq!(world.token_requests(), 2);
        assert_eq!(world.cloud.counters().service(Service::Volume).refusals, 0, "it never went out");
    });
}

/// Somebody else is at the login then: it is waited for as ever, and not slept through.
#[test]
fn who_finds_a_login_under_way_when_the_turn_comes_waits_for_that() {
    everywhere(|| async {
        let world = World::still();
        let alice = world.identity("alice");
        let session = world.volumes_of(&alice).limited(Limit::new().at_once(1)).deadline(HOUR * 9);
        let lent = hold(&session).await;
        let mut call = pin!(status(&session));
        assert!(poll(call.as_mut()).is_pending());
        world.pass(HOUR * 2);
        // However slow this machine is, the login is not over at the first look.
        world.cloud.set_latency(Service::Identity, std::time::Duration::from_millis(200));
        let unlimited = world.volumes_of(&alice);
        let mut leader = pin!(status(&unlimited));
        assert!(poll(leader.as_mut()).is_pending(), "it logs in");
        judge(lent);
        let begun = world.cloud.now();
        assert_eq!(tokio::join!(call, leader), (200, 200));
        assert_eq!((world.cloud.now(), world.token_requests()), (begun, 2));
    });
}
