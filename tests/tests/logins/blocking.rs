//! The cases, over the blocking transport.

#[path = "cases.rs"]
mod cases;
#[path = "unattended.rs"]
mod unattended;

use std::path::Path;
use std::time::Duration;

use http::Request;
use keepstone_blocking::{
    Client, Clock, Credential, Error, Failure, Identity, Inquiry, Notice, Now, Session,
};

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

fn send(session: &Session) -> Result<u16, Failure> {
    let answer = session.send(Request::get("/volumes/detail").body(()).unwrap());
    answer.map(|answer| answer.status().as_u16()).map_err(|error| match error {
        Error::Failure(failure) => failure,
        other => panic!("{other:?}"),
    })
}

/// An identity whose logins ask somebody.
fn asking(
    client: &Client,
    credential: Credential,
    answerer: impl Fn(&Inquiry) -> Result<String, String> + Send + Sync + 'static,
) -> Identity {
    client.identity_asking(credential, move |inquiry| answerer(inquiry).map(Into::into)).unwrap()
}
