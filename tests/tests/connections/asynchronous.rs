//! The cases, over the async transport.

#[path = "cases.rs"]
mod cases;

use std::sync::LazyLock;

use http::Request;
use keepstone_async::{Client, Error, Failure, Proxy, Session, Tls, Trouble};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

fn ask(session: &Session, url: &str) -> Result<u16, Trouble> {
    match RUNTIME.block_on(session.send(Request::get(url).body(()).unwrap())) {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(Error::Failure(Failure::Unreachable(cause) | Failure::Interrupted(cause))) => Err(cause.kind),
        Err(error) => panic!("{error:?}"),
    }
}
