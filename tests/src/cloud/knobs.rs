//! What a test turns while the cloud runs: latency, outages, faults.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use super::service::Service;

/// How a service is out of order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outage {
    /// It works.
    #[default]
    None,
    /// Nobody listens: new connections are refused, old ones end at their next request.
    Refuse,
    /// The request is read and the connection closed without an answer.
    Close,
    /// The answer is 503.
    Unavailable {
        /// A `Retry-After` header, sent as given: hostile values are welcome. What cannot stand
        /// in a header at all (a line break) is left out.
        retry_after: Option<String>,
    },
}

/// An answer made up by a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers, sent as given where they can be.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// An answer with this status and nothing else.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Adds a header, such as `Retry-After` or `Location`.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }
}

/// What goes wrong with one token request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// This answer instead of a token.
    Answer(Answer),
    /// 201 with a token header, and a body that is no JSON.
    Garbage,
    /// 201 with a body that ends before its announced length.
    Truncated,
    /// The connection is closed without an answer.
    Close,
}

/// What a service does with the body of a request that it refuses with 401.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyRefusal {
    /// It answers at once and throws the body away as it comes, as eventlet (Swift) does. A
    /// request with `Expect: 100-continue` is answered without asking for the body.
    #[default]
    AnswerThenDrain,
    /// It takes the whole body, then answers.
    DrainThenAnswer,
    /// It answers and closes, the body unread: a client in the middle of sending sees a reset and
    /// may never see the answer.
    AnswerAndClose,
}

/// All the knobs, in their present position.
#[derive(Debug, Default)]
pub(crate) struct Knobs {
    pub(crate) latency: BTreeMap<Service, Duration>,
    pub(crate) outages: BTreeMap<Service, Outage>,
    pub(crate) body_refusals: BTreeMap<Service, BodyRefusal>,
    pub(crate) answers: BTreeMap<Service, VecDeque<Answer>>,
    pub(crate) token_faults: VecDeque<TokenFault>,
}

impl Knobs {
    pub(crate) fn latency(&self, service: Service) -> Duration {
        self.latency.get(&service).copied().unwrap_or_default()
    }

    pub(crate) fn outage(&self, service: Service) -> Outage {
        self.outages.get(&service).cloned().unwrap_or_default()
    }

    pub(crate) fn body_refusal(&self, service: Service) -> BodyRefusal {
        self.body_refusals.get(&service).copied().unwrap_or_default()
    }

    pub(crate) fn next_answer(&mut self, service: Service) -> Option<Answer> {
        self.answers.get_mut(&service)?.pop_front()
    }
}
