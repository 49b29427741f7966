//! Processes that keep their logins in one place, all at once. The test is alone here: a fork beside
//! others would copy whatever locks their threads hold at that instant.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "a part of the world is for other tests")]

#[path = "logins/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use http::Request;
use world::World;

fn blocking(world: &World) -> u16 {
    let client = keepstone_blocking::Client::builder().logins_in(world.dir()).build().unwrap();
    let session = client.identity(world.credential("alice")).unwrap().session().at(world.volumes());
    session.send(Request::get("/volumes/detail").body(()).unwrap()).unwrap().status().as_u16()
}

fn asynchronous(world: &World) -> u16 {
    let client = keepstone_async::Client::builder().logins_in(world.dir()).build().unwrap();
    let session = client.identity(world.credential("alice")).unwrap().session().at(world.volumes());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sent = runtime.block_on(session.send(Request::get("/volumes/detail").body(()).unwrap()));
    sent.unwrap().status().as_u16()
}

/// The life of a process: some clients, one after another. Its status is 0 if all went well.
fn live(world: &World, ask: fn(&World) -> u16) -> ! {
    // One that hangs fails the test, instead of holding it up for ever.
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(60));
        std::process::abort();
    });
    let fine = catch_unwind(AssertUnwindSafe(|| (0..5).all(|_| ask(world) == 200)));
    std::process::exit(i32::from(!fine.unwrap_or(false)))
}

#[test]
fn processes_that_start_at_once_spoil_nothing() {
    for _ in 0..4 {
        // The clients' clock is the machine's, as it would be.
        let world = World::running();
        let children =
            [blocking, asynchronous, blocking, asynchronous].map(|ask| match fork::fork().unwrap() {
                fork::Fork::Child => live(&world, ask),
                fork::Fork::Parent(child) => child,
            });
        for child in children {
            assert_eq!(fork::waitpid(child).unwrap(), 0);
        }
        let requests = world.token_requests();
        assert!((1..=4).contains(&requests), "{requests}");
        assert_eq!((blocking(&world), asynchronous(&world), world.token_requests()), (200, 200, requests));
        let _ = world.login();
    }
}
