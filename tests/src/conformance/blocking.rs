//! The blocking transport as a driver: a thread for each call of a herd.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request};
use keepstone_blocking as ks;

use super::driver::{self, Client, Driver, Ended, Place, Planned, Proof, Unable};
use super::scenario::Session;
use super::step::{Body, BodyKind};
use super::time::{Time, span};
use super::{ANSWER_LIMIT, SEED, outcome};

/// [`keepstone_blocking`].
#[derive(Debug)]
pub struct Blocking;

struct Threads {
    client: ks::Client,
    names: Mutex<Names>,
}

#[derive(Default)]
struct Names {
    identities: BTreeMap<String, ks::Identity>,
    sessions: BTreeMap<String, ks::Session>,
}

impl Driver for Blocking {
    fn name(&self) -> &'static str {
        "blocking"
    }

    fn open(&self, time: Time) -> Result<Arc<dyn Client>, Unable> {
        let client = ks::Client::builder().clock(time).seed(SEED).proxy(ks::Proxy::None).build();
        let client = client.map_err(|error| Unable(error.to_string()))?;
        Ok(Arc::new(Threads { client, names: Mutex::default() }))
    }
}

impl ks::Clock for Time {
    fn now(&self) -> ks::Now {
        ks::Now { wall: self.wall(), tick: self.tick() }
    }

    fn wait_until(&self, tick: Duration) {
        thread::sleep(self.turn_to(tick));
    }
}

impl Client for Threads {
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
        thread::scope(|scope| {
            let threads: Vec<_> = calls.into_iter().map(|call| scope.spawn(|| self.call(call))).collect();
            let panicked = || Ended::without_answer("panic".to_owned());
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panicked())).collect()
        })
    }

    fn log_out(&self, identity: &str) -> String {
        match self.known(identity) {
            Ok(identity) => outcome::logged_out(&identity.log_out()),
            Err(error) => error.to_string(),
        }
    }
}

impl Threads {
    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, identity: &str) -> Result<ks::Identity, Unable> {
        let known = self.names().identities.get(identity).cloned();
        known.ok_or_else(|| Unable(format!("there is no identity {identity}")))
    }

    fn call(&self, call: Planned) -> Ended {
        thread::sleep(call.after);
        let session = self.names().sessions.get(&call.session).cloned();
        let Some(session) = session else {
            return Ended::without_answer(format!("there is no session {}", call.session));
        };
        let request = match request(call) {
            Ok(request) => request,
            Err(error) => return Ended::without_answer(error.to_string()),
        };
        match session.send(request) {
            Ok(mut answer) => {
                let outcome = outcome::answered(answer.status().as_u16(), ks::refusal(&answer));
                let headers = super::texts(answer.headers());
                match answer.body_mut().with_config().limit(ANSWER_LIMIT).read_to_vec() {
                    Ok(body) => Ended { outcome, headers, body },
                    Err(_) => Ended::without_answer(outcome::answer_failed()),
                }
            }
            Err(ks::Error::Failure(failure)) => Ended::without_answer(outcome::failed(&failure)),
            Err(ks::Error::Body(_)) => Ended::without_answer(outcome::body_failed()),
            Err(error) => Ended::without_answer(error.to_string()),
        }
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

fn request(call: Planned) -> Result<Request<ks::Body>, Unable> {
    let mut request = Request::builder().method(call.method.as_str()).uri(call.path);
    for (name, value) in call.headers {
        request = request.header(name, value);
    }
    let body = call.body.map(body).transpose()?.unwrap_or_default();
    request.body(body).map_err(|error| Unable(error.to_string()))
}

fn body(body: Body) -> Result<ks::Body, Unable> {
    let length = body.announced();
    Ok(match body.kind {
        BodyKind::Bytes => ks::Body::from(body.bytes()),
        BodyKind::Rewindable => ks::Body::rewindable(length, move || Ok(body.pieces())),
        BodyKind::OneShot => ks::Body::once(body.pieces(), length),
        BodyKind::File => body.file().and_then(ks::Body::file).map_err(|error| Unable(error.to_string()))?,
    })
}
