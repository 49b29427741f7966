//! The cases, over the async transport.

#[path = "attended.rs"]
mod attended;
#[path = "unattended.rs"]
mod unattended;
#[path = "without_login.rs"]
mod without_login;

use std::pin::Pin;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use http::Request;
use keepstone_async::{
    Client, Clock, Credential, Error, Failure, Identity, Now, Refusal, Secret, Session, refusal,
};
use keepstone_tests::cloud::{self, Cloud};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// The cloud's clock; waiting turns it.
struct Shared(cloud::Clock);

impl Clock for Shared {
    fn now(&self) -> Now {
        let wall = self.0.now();
        let tick = wall - chrono::DateTime::UNIX_EPOCH;
        Now { wall, tick: tick.to_std().unwrap() }
    }

    fn wait_until(&self, tick: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (clock, span) = (self.0.clone(), tick.saturating_sub(self.now().tick));
        Box::pin(async move {
            // The cloud's hands move by microseconds: round up, or the tick would never come.
            clock.advance(span + Duration::from_micros(1));
            tokio::task::yield_now().await;
        })
    }
}

fn client(cloud: &Cloud) -> Client {
    Client::builder().clock(Shared(cloud.clock().clone())).seed(7).on_notice(|_| {}).build().unwrap()
}

/// An identity whose questions are answered with these, and then by nobody.
fn asking(client: &Client, credential: Credential, told: Vec<String>) -> Identity {
    let told = Mutex::new(told.into_iter());
    let answerer = move |_| {
        let told = told.lock().unwrap().next();
        async move { told.map(Secret::new).ok_or("nobody is there") }
    };
    client.identity_asking(credential, answerer).unwrap()
}

fn answer(session: &Session, path: &str) -> Result<(u16, Option<Refusal>), Failure> {
    match RUNTIME.block_on(session.send(Request::get(path).body(()).unwrap())) {
        Ok(answer) => Ok((answer.status().as_u16(), refusal(&answer))),
        Err(Error::Failure(failure)) => Err(failure),
        Err(error) => panic!("{error:?}"),
    }
}

fn get(session: &Session, path: &str) -> Result<u16, Failure> {
    answer(session, path).map(|(status, _)| status)
}
