//! The cases, over the blocking transport.

#[path = "cases.rs"]
mod cases;

use http::Request;
use keepstone_blocking::{Client, Error, Failure, Proxy, Session, Tls, Trouble};

fn ask(session: &Session, url: &str) -> Result<u16, Trouble> {
    match session.send(Request::get(url).body(()).unwrap()) {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(Error::Failure(Failure::Unreachable(cause) | Failure::Interrupted(cause))) => Err(cause.kind),
        Err(error) => panic!("{error:?}"),
    }
}
