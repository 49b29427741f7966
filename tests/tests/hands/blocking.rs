//! A client with the cloud's clock in its hand, and one call.

use std::time::Duration;

use http::Request;
use keepstone_blocking::{Client, Clock, Error, Failure, LoginError, Now, Session};
use keepstone_tests::cloud;

/// The cloud's clock, as the client reads it. Waiting turns it.
struct Hands(cloud::Clock, chrono::DateTime<chrono::Utc>);

impl Clock for Hands {
    fn now(&self) -> Now {
        let wall = self.0.now();
        Now { wall, tick: (wall - self.1).to_std().unwrap() + Duration::from_secs(1) }
    }

    fn wait_until(&self, tick: Duration) {
        self.0.advance(tick.saturating_sub(self.now().tick) + Duration::from_micros(1));
    }
}

pub(super) fn client(clock: cloud::Clock) -> Client {
    let start = clock.now();
    Client::builder().clock(Hands(clock, start)).seed(7).build().unwrap()
}

pub(super) fn call(session: &Session) -> Result<u16, LoginError> {
    match session.send(Request::get("/volumes/detail").body(()).unwrap()) {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(Error::Failure(Failure::Login { source, .. })) => Err(source),
        Err(error) => panic!("{error:?}"),
    }
}
