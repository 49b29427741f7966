//! The cases, over the blocking transport.

#[path = "certificates.rs"]
mod certificates;
#[path = "elsewhere.rs"]
mod elsewhere;
#[path = "factors.rs"]
mod factors;
#[path = "logins.rs"]
mod logins;
#[path = "renewal.rs"]
mod renewal;
#[path = "scopes.rs"]
mod scopes;
#[path = "world.rs"]
mod world;

use http::{HeaderMap, Request};
use keepstone_blocking::{
    Client, Credential, Error, Failure, Identity, Inquiry, Notice, Proxy, Secret, Session, Tls,
};

use crate::Answer;

fn send(session: &Session, request: Request<String>) -> Result<Answer, Failure> {
    let mut answer = session.send(request).map_err(|error| match error {
        Error::Failure(failure) => failure,
        other => panic!("{other:?}"),
    })?;
    let body = answer.body_mut().read_to_string().unwrap();
    Ok(Answer { status: answer.status(), body })
}

fn headers_lent(session: &Session) -> HeaderMap {
    session.lend(Request::get("/").body(()).unwrap()).request().unwrap().headers().clone()
}

/// An identity whose questions are answered like this.
fn asking(
    client: &Client,
    credential: Credential,
    answerer: impl Fn(&Inquiry) -> Result<Secret, String> + Send + Sync + 'static,
) -> Identity {
    client.identity_asking(credential, answerer).unwrap()
}
