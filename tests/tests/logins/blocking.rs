//! The cases, over the blocking transport.

#[path = "cases.rs"]
mod cases;

use std::path::Path;
use std::time::Duration;

use http::Request;
use keepstone_blocking::{Client, Clock, Identity, Notice, Now};

use crate::world::{Hands, World};

impl Clock for Hands {
    fn now(&self) -> Now {
        self.show()
    }

    fn wait_until(&self, tick: Duration) {
        self.turn_to(tick);
    }
}

/// A client in a process that has just begun.
fn client(world: &World, dir: Option<&Path>, listener: impl Fn(&Notice) + Send + Sync + 'static) -> Client {
    let builder = Client::builder().clock(world.new_clock()).on_notice(listener);
    match dir {
        Some(dir) => builder.logins_in(dir).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

fn status(world: &World, identity: &Identity) -> u16 {
    let session = identity.session().at(world.volumes());
    session.send(Request::get("/volumes/detail").body(()).unwrap()).unwrap().status().as_u16()
}

fn log_out(identity: &Identity) {
    identity.log_out().unwrap();
}
