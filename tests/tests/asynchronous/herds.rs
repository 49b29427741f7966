//! Many callers, one token: across tasks, outages and revocations.

use std::pin::Pin;
use std::time::Duration;

use keepstone_async::{Client, Clock, Notice, Now, Session, refusal};
use keepstone_tests::cloud::{self, Answer, Outage, Service};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::world::{HOUR, SECOND, World, everywhere, get, status};

const MILLI: Duration = Duration::from_millis(1);

/// As many tasks at once; how many of their calls were not answered with 200.
async fn herd(session: &Session, tasks: usize) -> usize {
    let mut herd = JoinSet::new();
    for _ in 0..tasks {
        let session = session.clone();
        herd.spawn(async move {
            get(&session, "/volumes/detail").await.is_ok_and(|answer| answer.status() == 200)
        });
    }
    herd.join_all().await.into_iter().filter(|well| !well).count()
}

#[test]
fn tasks_that_find_the_token_dead_make_one_request() {
    for tasks in [64, 1000] {
        everywhere(|| async {
            let world = World::still();
            world.cloud.set_latency(Service::Identity, MILLI * 50);
            let session = world.volumes_of(&world.identity("alice"));
            assert_eq!(herd(&session, tasks).await, 0);
            assert_eq!(world.token_requests(), 1);
            world.pass(HOUR * 2);
            assert_eq!(herd(&session, tasks).await, 0);
            assert_eq!(world.token_requests(), 2);
            assert_eq!(world.cloud.counters().token_requests_at_once, 1);
        });
    }
}

#[test]
fn tasks_whose_token_was_revoked_make_one_request() {
    everywhere(|| async {
        let world = World::still();
        world.cloud.set_latency(Service::Identity, MILLI * 50);
        let session = world.volumes_of(&world.identity("alice"));
        assert_eq!(herd(&session, 4).await, 0);
        world.pass(SECOND * 60);
        world.cloud.revoke_all_of("alice").unwrap();
        assert_eq!(herd(&session, 64).await, 0);
        assert_eq!(world.token_requests(), 2);
    });
}

#[test]
fn an_outage_of_two_seconds_fails_nobody_with_time_to_wait() {
    for outage in [Outage::Refuse, Outage::Close, Outage::Unavailable { retry_after: None }] {
        everywhere(|| async {
            let world = World::running(HOUR);
            let session = world.volumes_of(&world.identity("alice")).deadline(SECOND * 30);
            world.cloud.set_outage(Service::Identity, outage.clone());
            let over = async {
                // The outage is over after two seconds of real time: that is the story told here.
                sleep(SECOND * 2).await;
                world.cloud.set_outage(Service::Identity, Outage::None);
            };
            let (failed, ()) = tokio::join!(herd(&session, 64), over);
            assert_eq!(failed, 0, "{outage:?}");
            let counters = world.cloud.counters();
            assert_eq!(counters.token_requests_at_once, 1, "{outage:?}");
            assert!((1..=5).contains(&counters.token_requests), "{outage:?}: {}", counters.token_requests);
        });
    }
}

#[test]
fn a_stale_token_carries_two_hundred_calls_a_second_over_an_outage() {
    everywhere(|| async {
        let world = World::running(HOUR);
        let session = world.volumes_of(&world.identity("alice"));
        assert_eq!(status(&session).await, 200);
        world.pass(SECOND * 3400);
        world.cloud.set_outage(Service::Identity, Outage::Unavailable { retry_after: None });
        // The service's own check needs Keystone, so it is asked for something that it does not check.
        world.cloud.answer_next(Service::Volume, 10_000, Answer::status(200));
        let mut callers = JoinSet::new();
        for _ in 0..10 {
            let session = session.clone();
            callers.spawn(async move {
                for _ in 0..40 {
                    sleep(MILLI * 50).await;
                    assert_eq!(status(&session).await, 200);
                }
            });
        }
        callers.join_all().await;
        let notices = world.notices.lock().unwrap();
        let tried = notices.iter().filter(|notice| matches!(notice, Notice::Failed { .. })).count();
        assert!((1..=5).contains(&tried), "{tried} token requests");
    });
}

#[test]
fn a_thousand_sessions_share_one_service_token() {
    everywhere(|| async {
        let world = World::still();
        let nova = world.identity("nova");
        let users: Vec<_> = (0..1000).map(|_| world.borrowed(HOUR)).collect();
        let sessions: Vec<Session> =
            users.iter().map(|(user, _)| world.volumes_of(user).vouched_by(&nova)).collect();
        let mut callers = JoinSet::new();
        for part in sessions.chunks(125).map(<[Session]>::to_vec) {
            callers.spawn(async move {
                for session in &part {
                    assert_eq!(status(session).await, 200);
                }
            });
        }
        callers.join_all().await;
        assert_eq!(world.token_requests(), 1);

        // One of them is revoked and calls in a loop, for a minute; another goes on.
        world.cloud.revoke_token(&users[0].1);
        let before = world.token_requests();
        for _ in 0..120 {
            let refused = get(&sessions[0], "/volumes/detail").await.unwrap();
            assert_eq!(refused.status(), 401);
            assert!(refusal(&refused).is_some(), "a 401 that is delivered comes with its reason");
            assert_eq!(status(&sessions[1]).await, 200);
            world.pass(MILLI * 500);
        }
        let cost = world.token_requests() - before;
        assert!((1..=13).contains(&cost), "{cost} logins in a minute, at a distance of 5 s");
    });
}

/// The cloud's clock; waiting takes real time.
struct Follow(cloud::Clock, chrono::DateTime<chrono::Utc>);

impl Clock for Follow {
    fn now(&self) -> Now {
        let wall = self.0.now();
        Now { wall, tick: (wall - self.1).to_std().unwrap_or_default() }
    }

    fn wait_until(&self, tick: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(sleep(tick.saturating_sub(self.now().tick)))
    }
}

/// A session whose token is due for renewal, with a Keystone that takes its time, and its notices.
async fn due(world: &World, latency: Duration) -> (Session, tokio::sync::mpsc::UnboundedReceiver<Notice>) {
    let clock = world.cloud.clock().clone();
    let start = clock.now();
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let client =
        Client::builder().clock(Follow(clock, start)).on_notice(move |notice| _ = told.send(notice.clone()));
    let client = client.build().unwrap();
    let session = client.identity(world.credential("alice")).unwrap().session().at(world.volumes());
    assert_eq!(status(&session).await, 200);
    hears.recv().await.unwrap();
    world.pass(SECOND * 3400);
    world.cloud.set_latency(Service::Identity, latency);
    (session, hears)
}

#[test]
fn nobody_waits_for_an_early_renewal() {
    everywhere(|| async {
        let world = World::running(HOUR);
        let (session, mut hears) = due(&world, SECOND).await;
        // The service's own check asks Keystone too, which is slow now.
        world.cloud.answer_next(Service::Volume, 1, Answer::status(200));
        assert_eq!(status(&session).await, 200);
        assert!(hears.try_recv().is_err(), "the call did not wait for the renewal");
        let notice = hears.recv().await.unwrap();
        assert!(matches!(notice, Notice::Issued { early: true, .. }), "{notice:?}");
    });
}

#[test]
fn an_errand_ends_with_the_last_session() {
    everywhere(|| async {
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let world = World::running(HOUR);
        let (session, mut hears) = due(&world, HOUR).await;
        world.cloud.answer_next(Service::Volume, 1, Answer::status(200));
        let before = world.token_requests();
        assert_eq!(status(&session).await, 200);
        while world.token_requests() == before {
            sleep(MILLI).await;
        }
        assert!(tasks() > 0, "the errand and its connection");
        drop(session);
        assert!(hears.recv().await.is_none(), "the client is gone");
        while tasks() > 0 {
            sleep(MILLI).await;
        }
    });
}

#[tokio::test]
async fn an_errand_whose_runtime_ends_hands_on_the_lead() {
    let world = World::running(HOUR);
    let (session, mut hears) = due(&world, HOUR).await;
    let other = session.clone();
    world.cloud.answer_next(Service::Volume, 1, Answer::status(200));
    let before = world.token_requests();
    let (done, wait) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { assert_eq!(status(&other).await, 200) });
        runtime.block_on(async { sleep(MILLI * 100).await });
        drop(runtime);
        done.send(()).unwrap();
    });
    while world.token_requests() == before {
        sleep(MILLI).await;
    }
    wait.await.unwrap();
    world.cloud.set_latency(Service::Identity, Duration::ZERO);
    world.pass(SECOND * 10);
    assert_eq!(status(&session).await, 200);
    let notice = tokio::time::timeout(SECOND * 10, hears.recv()).await.unwrap().unwrap();
    assert!(matches!(notice, Notice::Issued { early: true, .. }), "{notice:?}");
}
