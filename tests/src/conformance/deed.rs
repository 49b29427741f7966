//! What is done to the cloud while a scenario runs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use super::Unable;
use super::scenario::ServiceName;
use super::time::{micros, span};
use crate::cloud::{Answer, BodyRefusal, Cloud, Outage, TokenFault};

/// Something done to the cloud.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Deed {
    /// The token that this identity was given is revoked.
    Revoke(String),
    /// All tokens of this user are.
    RevokeAll(String),
    /// A user gets another password.
    ChangePassword {
        /// The user.
        user: String,
        /// The new password.
        to: String,
    },
    /// A service goes out of order, or back in.
    Outage {
        /// Which.
        service: ServiceName,
        /// How.
        is: OutageKind,
        /// With `unavailable`: the `Retry-After`.
        retry_after: Option<String>,
    },
    /// A service gives the next requests this answer, and does not look at their tokens.
    AnswerNext {
        /// Which.
        #[serde(default)]
        service: ServiceName,
        /// How many requests; one.
        #[serde(default = "one")]
        times: usize,
        /// The answer's status.
        status: u16,
        /// The answer's headers, filled in as those of a [`super::step::Request`].
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// The next token requests go wrong.
    FailTokenRequests {
        /// How many; one.
        #[serde(default = "one")]
        times: usize,
        /// How.
        fault: Fault,
    },
    /// A service takes so long to answer, by the machine's clock.
    Latency {
        /// Which.
        service: ServiceName,
        /// How long.
        seconds: f64,
    },
    /// What the object store does with the body of a request that it refuses.
    BodyRefusal(RefusalKind),
    /// The cloud's calendar is from now on so much ahead of the client's.
    Ahead(f64),
}

/// How a service is out of order.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutageKind {
    /// It works.
    None,
    /// Nobody listens.
    Refuse,
    /// Connections are closed without an answer.
    Close,
    /// The answer is 503.
    Unavailable,
}

/// What goes wrong with a token request.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// This status instead of a token, with a page instead of JSON.
    Status(u16),
    /// 201, and no JSON.
    Garbage,
    /// 201, and a body that ends early.
    Truncated,
    /// No answer.
    Close,
}

/// What becomes of a refused body.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The answer comes at once, the body is thrown away as it comes.
    AnswerThenDrain,
    /// The answer comes when all of the body has.
    DrainThenAnswer,
    /// The answer comes at once and the connection is closed.
    AnswerAndClose,
}

/// A scenario's cloud, and what has to be known of it.
pub(super) struct World {
    pub(super) cloud: Cloud,
    /// By how many microseconds the cloud's calendar is ahead of the client's.
    pub(super) ahead: Arc<AtomicI64>,
    /// The tokens that identities were given.
    pub(super) tokens: Mutex<BTreeMap<String, String>>,
}

impl World {
    pub(super) fn note_token(&self, identity: &str, token: &str) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(identity.to_owned(), token.to_owned());
    }

    /// A text with the cloud's addresses filled in.
    pub(super) fn fill_in(&self, text: &str) -> Result<String, Unable> {
        let mut text = text.to_owned();
        for (name, service) in [
            ("identity", ServiceName::Identity),
            ("volume", ServiceName::Volume),
            ("image", ServiceName::Image),
            ("object-store", ServiceName::ObjectStore),
        ] {
            let origin = self.cloud.origin(service.into());
            let endpoint = self.cloud.endpoint(service.into(), "demo")?;
            let path = endpoint.strip_prefix(&origin).unwrap_or_default();
            text = text.replace(&format!("{{origin:{name}}}"), &origin);
            text = text.replace(&format!("{{path:{name}}}"), path);
        }
        Ok(text)
    }

    pub(super) fn apply(&self, deed: &Deed) -> Result<(), Unable> {
        let cloud = &self.cloud;
        match deed {
            Deed::Revoke(identity) => self.revoke(identity)?,
            Deed::RevokeAll(user) => _ = cloud.revoke_all_of(user)?,
            Deed::ChangePassword { user, to } => cloud.change_password(user, to)?,
            Deed::Outage { service, is, retry_after } => {
                cloud.set_outage((*service).into(), is.with(retry_after.clone()));
            }
            Deed::AnswerNext { service, times, status, headers } => {
                let mut answer = Answer::status(*status);
                for (name, value) in headers {
                    answer = answer.header(name, &self.fill_in(value)?);
                }
                cloud.answer_next((*service).into(), *times, answer);
            }
            Deed::FailTokenRequests { times, fault } => cloud.fail_token_requests(*times, (*fault).into()),
            Deed::Latency { service, seconds } => cloud.set_latency((*service).into(), span(*seconds)),
            Deed::BodyRefusal(kind) => {
                cloud.set_body_refusal(crate::cloud::Service::ObjectStore, (*kind).into());
            }
            Deed::Ahead(seconds) => self.ahead.store(micros(*seconds), Ordering::SeqCst),
        }
        Ok(())
    }

    fn revoke(&self, identity: &str) -> Result<(), Unable> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tokens.get(identity).is_some_and(|token| self.cloud.revoke_token(token));
        if known { Ok(()) } else { Err(Unable(format!("{identity} was given no token"))) }
    }
}

impl OutageKind {
    fn with(self, retry_after: Option<String>) -> Outage {
        match self {
            Self::None => Outage::None,
            Self::Refuse => Outage::Refuse,
            Self::Close => Outage::Close,
            Self::Unavailable => Outage::Unavailable { retry_after },
        }
    }
}

impl From<Fault> for TokenFault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Status(status) => Self::Answer(Answer::status(status).body("<html>")),
            Fault::Garbage => Self::Garbage,
            Fault::Truncated => Self::Truncated,
            Fault::Close => Self::Close,
        }
    }
}

impl From<RefusalKind> for BodyRefusal {
    fn from(kind: RefusalKind) -> Self {
        match kind {
            RefusalKind::AnswerThenDrain => Self::AnswerThenDrain,
            RefusalKind::DrainThenAnswer => Self::DrainThenAnswer,
            RefusalKind::AnswerAndClose => Self::AnswerAndClose,
        }
    }
}

fn one() -> usize {
    1
}
