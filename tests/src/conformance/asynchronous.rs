//! The async transport as a driver: a task for each call of a herd, on a runtime of its own.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderName, HeaderValue, Request};
use keepstone_async as ks;
use tokio::runtime::Runtime;

use super::body::Pieces;
use super::driver::{self, Client, Driver, Ended, Place, Planned, Proof, Unable};
use super::scenario::Session;
use super::step::{Body, BodyKind};
use super::time::{Time, span};
use super::{SEED, outcome};

/// How much of a stream comes at once.
const PIECE: usize = 16 << 10;

/// [`keepstone_async`].
#[derive(Debug)]
pub struct Async;

struct Tasks {
    client: ks::Client,
    names: Mutex<Names>,
    runtime: Runtime,
}

#[derive(Default)]
struct Names {
    identities: BTreeMap<String, ks::Identity>,
    sessions: BTreeMap<String, ks::Session>,
}

impl Driver for Async {
    fn name(&self) -> &'static str {
        "async"
    }

    fn open(&self, time: Time) -> Result<Arc<dyn Client>, Unable> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Unable(error.to_string()))?;
        let client = ks::Client::builder().clock(time).seed(SEED).proxy(ks::Proxy::None).build();
        let client = client.map_err(|error| Unable(error.to_string()))?;
        Ok(Arc::new(Tasks { client, names: Mutex::default(), runtime }))
    }
}

impl ks::Clock for Time {
    fn now(&self) -> ks::Now {
        ks::Now { wall: self.wall(), tick: self.tick() }
    }

    fn wait_until(&self, tick: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let time = self.clone();
        Box::pin(async move { tokio::time::sleep(time.turn_to(tick)).await })
    }
}

impl Client for Tasks {
    fn identity(&self, name: &str, proof: Proof) -> Result<(), Unable> {
        let known = self.names().identities.get(name).cloned();
        let identity = match (proof, known) {
            (Proof::Login(login), Some(identity)) => return Ok(identity.supply(login.into_core()?)?),
            (Proof::Login(login), None) => self.client.identity(login.into_core()?)?,
            (Proof::Borrowed { token, expires_at, project_id }, known) => {
                let token = driver::borrowed(token, expires_at, project_id);
                match known {
                    Some(identity) => return Ok(identity.hand_in(token)?),
                    None => self.client.borrow(token)?,
                }
            }
        };
        self.names().identities.insert(name.to_owned(), identity);
        Ok(())
    }

    fn session(&self, name: &str, rules: &Session, place: Place) -> Result<(), Unable> {
        let session = match &rules.identity {
            Some(identity) => self.known(identity)?.session(),
            None => self.client.anonymous(),
        };
        let session = match &rules.vouched_by {
            Some(by) => {
                let service = self.known(&by.identity)?;
                session.vouched_with(&service, |vouching| by.rule(vouching))
            }
            None => session,
        };
        let session = with_rules(session.at(place.into_core()), rules)?;
        self.names().sessions.insert(name.to_owned(), session);
        Ok(())
    }

    fn calls(&self, calls: Vec<Planned>) -> Vec<Ended> {
        self.runtime.block_on(async {
            let tasks: Vec<_> = calls
                .into_iter()
                .map(|call| {
                    let session = self.names().sessions.get(&call.session).cloned();
                    tokio::spawn(run(session, call))
                })
                .collect();
            let mut ends = Vec::new();
            for task in tasks {
                ends.push(task.await.unwrap_or_else(|_| Ended::without_answer("panic".to_owned())));
            }
            ends
        })
    }

    fn log_out(&self, identity: &str) -> String {
        match self.known(identity) {
            Ok(identity) => outcome::logged_out(&self.runtime.block_on(identity.log_out())),
            Err(error) => error.to_string(),
        }
    }
}

impl Tasks {
    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, identity: &str) -> Result<ks::Identity, Unable> {
        let known = self.names().identities.get(identity).cloned();
        known.ok_or_else(|| Unable(format!("there is no identity {identity}")))
    }
}

async fn run(session: Option<ks::Session>, call: Planned) -> Ended {
    tokio::time::sleep(call.after).await;
    let Some(session) = session else {
        return Ended::without_answer(format!("there is no session {}", call.session));
    };
    let request = match request(call).await {
        Ok(request) => request,
        Err(error) => return Ended::without_answer(error.to_string()),
    };
    match session.send(request).await {
        Ok(answer) => {
            let outcome = outcome::answered(answer.status().as_u16(), ks::refusal(&answer));
            let headers = super::texts(answer.headers());
            match answer.bytes().await {
                Ok(body) => Ended { outcome, headers, body: body.to_vec() },
                Err(_) => Ended::without_answer(outcome::answer_failed()),
            }
        }
        Err(ks::Error::Failure(failure)) => Ended::without_answer(outcome::failed(&failure)),
        Err(ks::Error::Body(_)) => Ended::without_answer(outcome::body_failed()),
        Err(error) => Ended::without_answer(error.to_string()),
    }
}

fn with_rules(mut session: ks::Session, rules: &Session) -> Result<ks::Session, Unable> {
    session = session.renewal(rules.renewal).piece(rules.piece).tokens(rules.tokens);
    if let Some(deadline) = rules.deadline {
        session = session.deadline(span(deadline));
    }
    if let Some(retries) = rules.retries {
        session = session.retries(retries);
    }
    if let Some(life) = rules.at_least {
        session = session.at_least(span(life));
    }
    if let Some(id) = &rules.request_id {
        session = session.request_id(id)?;
    }
    for (name, value) in &rules.headers {
        let name = HeaderName::try_from(name).map_err(|error| Unable(error.to_string()))?;
        let value = HeaderValue::try_from(value).map_err(|error| Unable(error.to_string()))?;
        session = session.header(name, value);
    }
    Ok(session)
}

async fn request(call: Planned) -> Result<Request<ks::Body>, Unable> {
    let mut request = Request::builder().method(call.method.as_str()).uri(call.path);
    for (name, value) in call.headers {
        request = request.header(name, value);
    }
    let body = match call.body {
        Some(body) => body_of(body).await.map_err(|error| Unable(error.to_string()))?,
        None => ks::Body::Empty,
    };
    request.body(body).map_err(|error| Unable(error.to_string()))
}

async fn body_of(body: Body) -> io::Result<ks::Body> {
    let length = body.announced();
    Ok(match body.kind {
        BodyKind::Bytes => ks::Body::from(body.bytes()),
        BodyKind::Rewindable => ks::Body::rewindable(length, move || body.pieces()),
        BodyKind::OneShot => ks::Body::once(body.pieces(), length),
        BodyKind::File => ks::Body::file(tokio::fs::File::from_std(body.file()?)).await?,
    })
}

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(match self.next_piece(PIECE) {
            Ok([]) => None,
            Ok(piece) => Some(Ok(Bytes::copy_from_slice(piece))),
            Err(error) => Some(Err(error)),
        })
    }
}
