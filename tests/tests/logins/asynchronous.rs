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

thread_local! {
    // What was begun beside one call, such as keeping a login, goes on beside the next.
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
}

fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
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
    run(sent).status().as_u16()
}

fn user_is_known(identity: &Identity) -> bool {
    run(identity.session().user_id()).unwrap().is_some()
}

fn address(session: &Session) -> String {
    run(session.endpoint_url()).unwrap()
}

fn log_out(identity: &Identity) {
    run(identity.log_out()).unwrap();
}

fn send(session: &Session) -> Result<u16, Failure> {
    let answer = run(session.send(Request::get("/volumes/detail").body(()).unwrap()));
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
