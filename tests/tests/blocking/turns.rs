//! Limits: so many exchanges at once, so many in a span.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use http::{Request, Response};
use keepstone_blocking::{
    Adapter, Canned, Client, Clock, Endpoint, Error, Failure, Head, InputError, Limit, Now, Pace, Session,
    SystemClock, Wait,
};
use keepstone_tests::cloud::Service;

use crate::world::{HOUR, SECOND, World, get, status};

const MILLI: Duration = Duration::from_millis(1);

/// As many threads at once, each with a call; all must be well.
fn herd(sessions: &[Session], threads: usize) {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        for session in sessions.iter().cycle().take(threads) {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(status(session), 200);
            });
        }
    });
}

fn at_once(world: &World) -> u64 {
    let most = world.cloud.counters().service(Service::Volume).at_once;
    world.cloud.reset_counters();
    most
}

#[test]
fn as_many_are_in_the_service_as_the_limit_says() {
    let world = World::running(HOUR);
    world.cloud.set_latency(Service::Volume, MILLI * 40);
    let session = world.volumes_of(&world.identity("alice"));
    for most in [1, 3] {
        herd(&[session.clone().limited(Limit::new().at_once(most))], 16);
        assert_eq!(at_once(&world), u64::from(most));
    }
    herd(&[session], 16);
    assert!(at_once(&world) > 3, "without a limit there is none");
}

#[test]
fn a_sessions_limit_and_an_adapters_both_hold() {
    let world = World::running(HOUR);
    world.cloud.set_latency(Service::Volume, MILLI * 40);
    let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().at_once(4));
    let narrow = Adapter::new(session.clone()).limited(Limit::new().at_once(2)).session().clone();
    herd(std::slice::from_ref(&narrow), 12);
    assert_eq!(at_once(&world), 2, "the adapter's");
    herd(&[session, narrow], 24);
    assert_eq!(at_once(&world), 4, "the session's");
}

#[test]
fn sessions_of_two_identities_can_share_a_limit() {
    let world = World::running(HOUR);
    world.cloud.set_latency(Service::Volume, MILLI * 40);
    let limit = world.client.limit(Limit::new().at_once(2));
    let sessions =
        ["alice", "alice"].map(|user| world.volumes_of(&world.identity(user)).within(&limit).unwrap());
    herd(&sessions, 12);
    assert_eq!(at_once(&world), 2);
    let elsewhere = Client::new().unwrap().anonymous().within(&limit);
    assert_eq!(elsewhere.err(), Some(InputError::LimitOfAnotherClient));
}

#[test]
fn a_rate_is_kept_and_idle_time_is_not_saved_up() {
    let world = World::still();
    let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().rate(10, SECOND));
    for _ in 0..2 {
        let begun = world.cloud.now();
        for _ in 0..6 {
            assert_eq!(status(&session), 200);
        }
        let took = (world.cloud.now() - begun).to_std().unwrap();
        assert!((MILLI * 500..MILLI * 510).contains(&took), "{took:?}");
        world.pass(SECOND * 2);
    }
}

/// The machine's clock; in its first pause, it does something else.
struct Meanwhile {
    clock: SystemClock,
    deed: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

#[derive(Clone)]
struct Handle(Arc<Meanwhile>);

impl Clock for Handle {
    fn now(&self) -> Now {
        self.0.clock.now()
    }

    fn wait_until(&self, tick: Duration) {
        let deed = self.0.deed.lock().unwrap().take();
        if let Some(deed) = deed {
            deed();
        } else {
            self.0.clock.wait_until(tick);
        }
    }
}

#[test]
fn a_place_is_not_kept_through_a_pause() {
    let busy = Response::builder().status(503).body(b"busy".to_vec()).unwrap();
    let [one, other] = [b"one".to_vec(), b"other".to_vec()].map(Response::new);
    let canned = Arc::new(Mutex::new(Canned::new([busy, one, other])));
    let clock = Handle(Arc::new(Meanwhile { clock: SystemClock::new(), deed: Mutex::default() }));
    let client = Client::builder().canned(canned).clock(clock.clone()).build().unwrap();
    let session = client.anonymous().at(Endpoint::fixed("http://h")).limited(Limit::new().at_once(1));
    let read = |session: &Session| get(session, "/").unwrap().into_body().read_to_string().unwrap();
    let heard = Arc::new(Mutex::new(String::new()));
    let (within, said) = (session.clone(), Arc::clone(&heard));
    *clock.0.deed.lock().unwrap() = Some(Box::new(move || *said.lock().unwrap() = read(&within)));
    assert_eq!(read(&session), "other");
    assert_eq!(*heard.lock().unwrap(), "one", "while the first made its pause");
}

/// Somebody else is at the login then: it is waited for as ever, and not slept through.
#[test]
fn who_finds_a_login_under_way_when_the_turn_comes_waits_for_that() {
    let world = Arc::new(World::running(HOUR));
    let cloud = Arc::clone(&world);
    let clock = Handle(Arc::new(Meanwhile { clock: SystemClock::new(), deed: Mutex::default() }));
    let pace = Pace { distance: Duration::ZERO, ..Pace::default() };
    let client = Client::builder().pace(pace).clock(clock.clone()).build().unwrap();
    // The second login lasts until the call that had to wait has had its turn, and more than that.
    let (logins, under_way) = mpsc::channel();
    let credential = world.credential("alice");
    let asked = AtomicU32::new(0);
    let alice = client.identity_from(move |_| {
        if asked.fetch_add(1, Ordering::SeqCst) == 1 {
            logins.send(()).unwrap();
            thread::sleep(MILLI * 300);
        }
        Ok::<_, String>(credential.clone())
    });
    let unlimited = alice.session().at(world.volumes());
    let session = unlimited.clone().limited(Limit::new().rate(1, MILLI * 50)).deadline(SECOND * 5);
    assert_eq!(status(&session), 200);
    let leader = Arc::new(Mutex::new(None));
    let sent = Arc::clone(&leader);
    *clock.0.deed.lock().unwrap() = Some(Box::new(move || {
        cloud.cloud.revoke_all_of("alice").unwrap();
        *sent.lock().unwrap() = Some(thread::spawn(move || status(&unlimited)));
        under_way.recv().unwrap();
    }));
    assert_eq!(status(&session), 200);
    assert_eq!(leader.lock().unwrap().take().unwrap().join().unwrap(), 200);
}

#[test]
fn who_cannot_be_in_time_is_told_what_for() {
    let world = World::running(HOUR);
    let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().at_once(1));
    assert_eq!(status(&session), 200);
    let mut lent = session.lend(Request::get("/volumes").body(()).unwrap());
    lent.request().unwrap();
    let hurried = session.clone().deadline(MILLI * 50);
    match get(&hurried, "/volumes") {
        Err(Error::Failure(Failure::Late { waiting_for: Wait::Turn, last: None })) => {}
        other => panic!("{other:?}"),
    }
    // A lent request is over when its answer is judged, or when it is dropped.
    lent.judge(Head { status: http::StatusCode::OK, headers: &http::HeaderMap::new(), touched: false });
    assert_eq!(status(&hurried.deadline(SECOND * 20)), 200);
    let mut lent = session.lend(Request::get("/volumes").body(()).unwrap());
    lent.request().unwrap();
    lent.request().expect("its own place is no obstacle");
    drop(lent);
    assert_eq!(status(&session), 200);
}

/// It is called with nothing held: neither a lock nor a place.
#[test]
fn who_is_told_of_an_exchange_may_send_through_the_same_limit() {
    let [one, other] = [b"one".to_vec(), b"other".to_vec()].map(Response::new);
    let canned = Arc::new(Mutex::new(Canned::new([one, other])));
    let within = Arc::new(Mutex::new(None::<Session>));
    let (taken, heard) = (Arc::clone(&within), Arc::new(Mutex::new(None)));
    let said = Arc::clone(&heard);
    let client = Client::builder().canned(canned).on_exchange(move |_| {
        let session = taken.lock().unwrap().take();
        if let Some(session) = session {
            *said.lock().unwrap() = Some(get(&session, "/").map(|answer| answer.status().as_u16()).ok());
        }
    });
    let session = client.build().unwrap().anonymous().at(Endpoint::fixed("http://h"));
    let session = session.limited(Limit::new().at_once(1)).deadline(SECOND);
    *within.lock().unwrap() = Some(session.clone());
    assert_eq!(get(&session, "/").unwrap().status(), 200);
    assert_eq!(*heard.lock().unwrap(), Some(Some(200)));
}

#[test]
fn a_call_that_panics_gives_its_place_back() {
    let world = World::running(HOUR);
    let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().at_once(1));
    struct Bomb;
    impl std::io::Read for Bomb {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("a body's own fault")
        }
    }
    let broken = session.clone();
    let bomb = keepstone_blocking::Body::once(Bomb, Some(7));
    let exploded = thread::spawn(move || crate::world::put(&broken, "/volumes/v", bomb).is_ok()).join();
    assert!(exploded.is_err());
    assert_eq!(status(&session.deadline(SECOND * 20)), 200);
}

#[test]
fn nobody_stands_in_the_way_in_the_child_of_a_fork() {
    let world = World::still();
    let session = world.volumes_of(&world.identity("alice")).limited(Limit::new().at_once(1));
    let mut lent = session.lend(Request::get("/volumes").body(()).unwrap());
    lent.request().unwrap();
    match fork::fork().unwrap() {
        fork::Fork::Child => {
            let answer = get(&session.clone().deadline(SECOND * 20), "/volumes/detail");
            std::process::exit(answer.map_or(1, |answer| i32::from(answer.status() != 200)));
        }
        fork::Fork::Parent(child) => assert_eq!(fork::waitpid(child).unwrap(), 0),
    }
}
