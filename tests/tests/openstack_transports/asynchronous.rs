//! The cases, over the async transport.

#[path = "cases.rs"]
mod cases;

use std::sync::LazyLock;

use http::{HeaderMap, Request};
use keepstone_async::{
    Borrowed, Catalog, Client, Credential, Endpoint, Error, Failure, Identity, LoginError, Outlook, Proxy,
    Refusal, Scope, Session, UserRef, refusal,
};
use tokio::runtime::Runtime;

use crate::Answer;

const NAME: &str = "asynchronous";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

fn client() -> Client {
    Client::builder().proxy(Proxy::None).build().unwrap()
}

fn send(session: &Session, request: Request<String>) -> Result<Answer, Failure> {
    RUNTIME.block_on(async {
        let answer = session.send(request).await.map_err(|error| match error {
            Error::Failure(failure) => failure,
            other => panic!("{other:?}"),
        })?;
        let (status, refusal) = (answer.status(), refusal(&answer));
        Ok(Answer { status, refusal, body: answer.text().await.unwrap() })
    })
}

fn headers_lent(session: &Session) -> HeaderMap {
    RUNTIME.block_on(async {
        session.lend(Request::get("/").body(()).unwrap()).request().await.unwrap().headers().clone()
    })
}
