//! Callers that vanish while others wait for what they fetch.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use keepstone_async::{Notice, Session};
use keepstone_tests::cloud::{Outage, Service};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::world::{HOUR, SECOND, World, everywhere, get, status};

const MILLI: Duration = Duration::from_millis(1);

fn follow(session: &Session, tasks: usize) -> JoinSet<u16> {
    let mut followers = JoinSet::new();
    for _ in 0..tasks {
        let session = session.clone();
        followers.spawn(async move { status(&session).await });
    }
    followers
}

fn lead(session: &Session) -> JoinHandle<u16> {
    let session = session.clone();
    tokio::spawn(async move { status(&session).await })
}

async fn all_well(followers: JoinSet<u16>) {
    assert!(followers.join_all().await.iter().all(|status| *status == 200));
}

#[test]
fn a_leader_aborted_while_it_asks_strands_nobody() {
    everywhere(|| async {
        let world = World::running(HOUR);
        let session = world.volumes_of(&world.identity("alice")).deadline(SECOND * 20);
        world.cloud.set_latency(Service::Identity, SECOND);
        let leader = lead(&session);
        while world.token_requests() == 0 {
            sleep(MILLI).await;
        }
        let followers = follow(&session, 16);
        sleep(MILLI * 20).await;
        world.cloud.set_latency(Service::Identity, MILLI * 20);
        leader.abort();
        assert!(leader.await.unwrap_err().is_cancelled());
        all_well(followers).await;
        assert_eq!(world.token_requests(), 2, "one of them went on");
    });
}

#[test]
fn a_leader_aborted_in_a_pause_strands_nobody() {
    everywhere(|| async {
        let world = World::running(HOUR);
        let session = world.volumes_of(&world.identity("alice")).deadline(SECOND * 20);
        world.cloud.set_outage(Service::Identity, Outage::Unavailable { retry_after: None });
        let leader = lead(&session);
        let failed = || world.notices.lock().unwrap().iter().any(|n| matches!(n, Notice::Failed { .. }));
        while !failed() {
            sleep(MILLI).await;
        }
        let followers = follow(&session, 16);
        sleep(MILLI * 20).await;
        leader.abort();
        world.cloud.set_outage(Service::Identity, Outage::None);
        assert!(leader.await.unwrap_err().is_cancelled());
        all_well(followers).await;
        assert_eq!(world.token_requests(), 2);
    });
}

#[test]
fn a_leader_aborted_while_a_credential_is_supplied_strands_nobody() {
    everywhere(|| async {
        let world = World::running(HOUR);
        let (credential, asked) = (world.credential("alice"), Arc::new(AtomicU64::new(0)));
        let count = Arc::clone(&asked);
        let alice = world.client.identity_from(move |_| {
            let (credential, first) = (credential.clone(), count.fetch_add(1, Ordering::SeqCst) == 0);
            async move {
                if first {
                    std::future::pending::<()>().await;
                }
                Ok::<_, String>(credential)
            }
        });
        let session = world.volumes_of(&alice).deadline(SECOND * 20);
        let leader = lead(&session);
        while asked.load(Ordering::SeqCst) == 0 {
            sleep(MILLI).await;
        }
        let followers = follow(&session, 16);
        sleep(MILLI * 20).await;
        leader.abort();
        all_well(followers).await;
        assert_eq!((world.token_requests(), asked.load(Ordering::SeqCst)), (1, 2));
    });
}

#[test]
fn a_leader_that_panics_strands_nobody() {
    everywhere(|| async {
        let world = World::running(HOUR);
        let (credential, asked) = (world.credential("alice"), Arc::new(AtomicU64::new(0)));
        let count = Arc::clone(&asked);
        let alice = world.client.identity_from(move |_| {
            let (credential, first) = (credential.clone(), count.fetch_add(1, Ordering::SeqCst) == 0);
            async move {
                sleep(MILLI * 50).await;
                assert!(!first, "the vault's client has a bug");
                Ok::<_, String>(credential)
            }
        });
        let mut callers = follow(&world.volumes_of(&alice).deadline(SECOND * 20), 17);
        let mut well = 0;
        while let Some(ended) = callers.join_next().await {
            well += usize::from(ended.is_ok_and(|status| status == 200));
        }
        assert_eq!(well, 16, "only the one that panicked");
        assert_eq!(world.token_requests(), 1);
    });
}

/// A future that is dropped instead of being polled once too often: at each `await`, in turn.
struct Polled<'a, F>(Pin<&'a mut F>, usize);

impl<F: Future> Future for Polled<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.1 == 0 {
            return Poll::Ready(None);
        }
        self.1 -= 1;
        self.0.as_mut().poll(cx).map(Some)
    }
}

/// Drops a call after each number of polls, until it needs no more. Others wait for it meanwhile.
async fn drop_everywhere(prepare: impl AsyncFn(&World, &Session)) {
    for polls in 0.. {
        let world = World::running(HOUR);
        let session = world.volumes_of(&world.identity("alice")).deadline(SECOND * 20);
        prepare(&world, &session).await;
        // Each answer comes apart from what was before it, however slow this machine is.
        world.cloud.set_latency(Service::Identity, MILLI * 30);
        world.cloud.set_latency(Service::Volume, MILLI * 30);
        let mut leader = Box::pin(get(&session, "/volumes/detail"));
        let first = Polled(leader.as_mut(), 1).await;
        assert!(first.is_none());
        let followers = follow(&session, 8);
        let ended = Polled(leader.as_mut(), polls).await;
        drop(leader);
        all_well(followers).await;
        assert_eq!(world.cloud.counters().token_requests_at_once, 1, "{polls} polls");
        if ended.is_some() {
            assert!(polls > 1, "it was dropped before each answer");
            return;
        }
    }
}

#[test]
fn a_call_dropped_at_any_await_strands_nobody() {
    everywhere(|| drop_everywhere(async |_, _| {}));
}

#[test]
fn a_call_dropped_at_any_await_of_a_renewal_strands_nobody() {
    everywhere(|| {
        drop_everywhere(async |world, session| {
            assert_eq!(status(session).await, 200);
            world.pass(SECOND * 60);
            world.cloud.revoke_all_of("alice").unwrap();
            world.cloud.reset_counters();
        })
    });
}

#[test]
fn a_call_dropped_at_any_await_while_keystone_is_busy_strands_nobody() {
    everywhere(|| {
        drop_everywhere(async |world, _| {
            let busy = keepstone_tests::cloud::Answer::status(503);
            world.cloud.fail_token_requests(1, keepstone_tests::cloud::TokenFault::Answer(busy));
        })
    });
}

#[test]
fn a_follower_that_vanishes_is_not_missed() {
    everywhere(|| async {
        let world = World::running(HOUR);
        let session = world.volumes_of(&world.identity("alice"));
        world.cloud.set_latency(Service::Identity, MILLI * 200);
        let leader = lead(&session);
        while world.token_requests() == 0 {
            sleep(MILLI).await;
        }
        let mut followers = follow(&session, 16);
        sleep(MILLI * 50).await;
        followers.abort_all();
        while followers.join_next().await.is_some() {}
        let late = pin!(get(&session, "/volumes/detail"));
        assert_eq!(late.await.unwrap().status(), 200);
        assert_eq!(leader.await.unwrap(), 200);
        assert_eq!(world.token_requests(), 1);
    });
}
