//! The cases, over the async transport.

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

use std::sync::{Arc, LazyLock};

use http::{HeaderMap, Request};
use keepstone_async::{
    Client, Credential, Error, Failure, Identity, Inquiry, Notice, Proxy, Secret, Session, Tls,
};
use tokio::runtime::Runtime;

use crate::Answer;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

fn send(session: &Session, request: Request<String>) -> Result<Answer, Failure> {
    RUNTIME.block_on(async {
        let answer = session.send(request).await.map_err(|error| match error {
            Error::Failure(failure) => failure,
            other => panic!("{other:?}"),
        })?;
        Ok(Answer { status: answer.status(), body: answer.text().await.unwrap() })
    })
}

fn headers_lent(session: &Session) -> HeaderMap {
    RUNTIME.block_on(async {
        session.lend(Request::get("/").body(()).unwrap()).request().await.unwrap().headers().clone()
    })
}

/// An identity whose questions are answered like this.
fn asking(
    client: &Client,
    credential: Credential,
    answerer: impl Fn(&Inquiry) -> Result<Secret, String> + Send + Sync + 'static,
) -> Identity {
    let answerer = Arc::new(answerer);
    let answer = move |inquiry: Inquiry| {
        let answerer = Arc::clone(&answerer);
        async move { tokio::task::spawn_blocking(move || answerer(&inquiry)).await.unwrap() }
    };
    client.identity_asking(credential, answer).unwrap()
}
