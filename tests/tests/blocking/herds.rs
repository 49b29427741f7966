//! Many callers, one token: across threads, outages, revocations and panics.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use keepstone_blocking::{Notice, Session, refusal};
use keepstone_tests::cloud::{Outage, Service};

use crate::world::{HOUR, SECOND, World, get, status};

const MILLI: Duration = Duration::from_millis(1);

/// As many threads at once; how many of their calls were not answered with 200.
fn herd(session: &Session, threads: usize) -> u64 {
    let (barrier, failed) = (Barrier::new(threads), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                barrier.wait();
                let answer = get(session, "/volumes/detail");
                if !answer.is_ok_and(|answer| answer.status() == 200) {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    failed.into_inner()
}

#[test]
fn threads_that_find_the_token_dead_make_one_request() {
    let world = World::still();
    world.cloud.set_latency(Service::Identity, MILLI * 50);
    let session = world.volumes_of(&world.identity("alice"));
    assert_eq!(herd(&session, 64), 0);
    assert_eq!(world.token_requests(), 1);
    world.pass(HOUR * 2);
    assert_eq!(herd(&session, 64), 0);
    assert_eq!(world.token_requests(), 2);
    assert_eq!(world.cloud.counters().token_requests_at_once, 1);
}

#[test]
fn threads_whose_token_was_revoked_make_one_request() {
    let world = World::still();
    world.cloud.set_latency(Service::Identity, MILLI * 50);
    let session = world.volumes_of(&world.identity("alice"));
    assert_eq!(herd(&session, 4), 0);
    world.pass(SECOND * 60);
    world.cloud.revoke_all_of("alice").unwrap();
    assert_eq!(herd(&session, 64), 0);
    assert_eq!(world.token_requests(), 2);
}

#[test]
fn an_outage_of_two_seconds_fails_nobody_with_time_to_wait() {
    for outage in [Outage::Refuse, Outage::Close, Outage::Unavailable { retry_after: None }] {
        let world = World::running(HOUR);
        let session = world.volumes_of(&world.identity("alice")).deadline(SECOND * 30);
        world.cloud.set_outage(Service::Identity, outage.clone());
        let failed = thread::scope(|scope| {
            let herd = scope.spawn(|| herd(&session, 64));
            // The outage is over after two seconds of real time: that is the story told here.
            thread::sleep(SECOND * 2);
            world.cloud.set_outage(Service::Identity, Outage::None);
            herd.join().unwrap()
        });
        assert_eq!(failed, 0, "{outage:?}");
        let counters = world.cloud.counters();
        assert_eq!(counters.token_requests_at_once, 1, "{outage:?}");
        assert!((1..=5).contains(&counters.token_requests), "{outage:?}: {}", counters.token_requests);
    }
}

#[test]
fn a_stale_token_carries_two_hundred_calls_a_second_over_an_outage() {
    let world = World::running(HOUR);
    let session = world.volumes_of(&world.identity("alice"));
    assert_eq!(status(&session), 200);
    world.pass(SECOND * 3400);
    world.cloud.set_outage(Service::Identity, Outage::Unavailable { retry_after: None });
    // The service's own check needs Keystone, so it is asked for something that it does not check.
    world.cloud.answer_next(Service::Volume, 10_000, keepstone_tests::cloud::Answer::status(200));
    world.cloud.reset_counters();
    let failed: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..10)
            .map(|_| {
                scope.spawn(|| {
                    let calls = (0..40).map(|_| {
                        thread::sleep(MILLI * 50);
                        u64::from(status(&session) != 200)
                    });
                    calls.sum::<u64>()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let tried = world.notices.lock().unwrap().iter().filter(|n| matches!(n, Notice::Failed { .. })).count();
    assert_eq!(failed, 0);
    assert!((1..=5).contains(&tried), "{tried} token requests");
}

#[test]
fn a_thousand_sessions_share_one_service_token() {
    let world = World::still();
    let nova = world.identity("nova");
    let users: Vec<_> = (0..1000).map(|_| world.borrowed(HOUR)).collect();
    let sessions: Vec<Session> =
        users.iter().map(|(user, _)| world.volumes_of(user).vouched_by(&nova)).collect();
    thread::scope(|scope| {
        for part in sessions.chunks(125) {
            scope.spawn(move || part.iter().for_each(|session| assert_eq!(status(session), 200)));
        }
    });
    assert_eq!(world.token_requests(), 1);

    // One of them is revoked and calls in a loop, for a minute; another goes on.
    world.cloud.revoke_token(&users[0].1);
    let before = world.token_requests();
    for _ in 0..120 {
        let refused = get(&sessions[0], "/volumes/detail").unwrap();
        assert_eq!(refused.status(), 401);
        assert!(refusal(&refused).is_some(), "a 401 that is delivered comes with its reason");
        assert_eq!(status(&sessions[1]), 200);
        world.pass(MILLI * 500);
    }
    let cost = world.token_requests() - before;
    assert!((1..=13).contains(&cost), "{cost} logins in a minute, at a distance of 5 s");
}

#[test]
fn a_leader_that_panics_strands_nobody() {
    let world = World::running(HOUR);
    let credential = world.credential("alice");
    let panics = AtomicU64::new(0);
    let alice = world.client.identity_from(move |_| {
        let first = panics.fetch_add(1, Ordering::SeqCst) == 0;
        assert!(!first, "the vault's client has a bug");
        Ok::<_, String>(credential.clone())
    });
    let session = world.volumes_of(&alice).deadline(SECOND * 20);
    let barrier = Barrier::new(17);
    let ended: Vec<bool> = thread::scope(|scope| {
        let call = || {
            barrier.wait();
            assert_eq!(status(&session), 200);
        };
        let threads: Vec<_> = (0..17).map(|_| scope.spawn(call)).collect();
        threads.into_iter().map(|thread| thread.join().is_ok()).collect()
    });
    assert_eq!(ended.iter().filter(|well| **well).count(), 16, "only the one that panicked");
    assert_eq!(world.token_requests(), 1);
}

#[test]
fn an_early_renewal_is_made_by_the_helper_thread() {
    let world = World::running(HOUR);
    let (cloud, notices) = (&world.cloud, std::sync::mpsc::channel());
    let clock = cloud.clock().clone();
    struct Follow(keepstone_tests::cloud::Clock, chrono::DateTime<chrono::Utc>);
    impl keepstone_blocking::Clock for Follow {
        fn now(&self) -> keepstone_blocking::Now {
            let wall = self.0.now();
            keepstone_blocking::Now { wall, tick: (wall - self.1).to_std().unwrap_or_default() }
        }
    }
    let (told, hears) = notices;
    let client = keepstone_blocking::Client::builder()
        .clock(Follow(clock.clone(), clock.now()))
        .helper_thread()
        .on_notice(move |notice| {
            told.send((notice.clone(), thread::current().name().map(str::to_owned))).unwrap()
        })
        .build()
        .unwrap();
    let session = client.identity(world.credential("alice")).unwrap().session().at(world.volumes());
    assert_eq!(status(&session), 200);
    hears.recv_timeout(SECOND * 10).unwrap();
    world.pass(SECOND * 3400);
    world.cloud.set_latency(Service::Identity, SECOND);
    assert_eq!(status(&session), 200);
    assert!(hears.try_recv().is_err(), "the call did not wait for the renewal");
    let (notice, thread) = hears.recv_timeout(SECOND * 10).unwrap();
    assert!(matches!(notice, Notice::Issued { early: true, .. }), "{notice:?}");
    assert_eq!(thread.as_deref(), Some("keepstone"));
}
