//! The cases, over the blocking transport.

#[path = "cases.rs"]
mod cases;

use http::{HeaderMap, Request};
use keepstone_blocking::{
    Borrowed, Catalog, Client, Credential, Endpoint, Error, Failure, Identity, LoginError, Outlook, Proxy,
    Refusal, Scope, Session, UserRef, refusal,
};

use crate::Answer;

const NAME: &str = "blocking";

fn client() -> Client {
    Client::builder().proxy(Proxy::None).build().unwrap()
}

fn send(session: &Session, request: Request<String>) -> Result<Answer, Failure> {
    let mut answer = session.send(request).map_err(|error| match error {
        Error::Failure(failure) => failure,
        other => panic!("{other:?}"),
    })?;
    let body = answer.body_mut().read_to_string().unwrap();
    Ok(Answer { status: answer.status(), refusal: refusal(&answer), body })
}

fn headers_lent(session: &Session) -> HeaderMap {
    session.lend(Request::get("/").body(()).unwrap()).request().unwrap().headers().clone()
}
