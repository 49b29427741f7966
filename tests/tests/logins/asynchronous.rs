//! The cases, over the async transport.

#[path = "cases.rs"]
mod cases;
#[path = "unattended.rs"]
mod unattended;

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use http::Request;
use keepstone_async::{Client, Clock, Credential, Error, Failure, Identity, Inquiry, Notice, Now, Session};
use tokio::runtime::{Builder, Runtime};

use crate::world::{Hands, World};

impl Clock for Hands {
    fn now(&self) -> Now {
        self.show()
    }

    fn wait_until(&self, tick: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.turn_to(tick);
        Box::pin(tokio::task::yield_now())
    }
}

/// One for each thread and process: what they do at once is not put in a row here.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
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
    let sent = async { session.send(Request::get("/volumes/detail").body(()).unwrap()).await.unwrap() };
    runtime().block_on(sent).status().as_u16()
}

fn log_out(identity: &Identity) {
    runtime().block_on(identity.log_out()).unwrap();
}

fn send(session: &Session) -> Result<u16, Failure> {
    let answer = runtime().block_on(session.send(Request::get("/volumes/detail").body(()).unwrap()));
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
    let answer = move |inquiry| std::future::ready(answerer(&inquiry).map(Into::into));
    client.identity_asking(credential, answer).unwrap()
}
