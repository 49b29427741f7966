//! Answers without a server, for the unit tests of programs that are built on a session.

use std::collections::VecDeque;
use std::fmt;

use http::{HeaderMap, Method, Response, Uri};

use crate::call::{Ask, Dispatch};

/// A cloud that gives the answers it was filled with, one for each request, and remembers what
/// was sent. It grants every login a token for a day, so identities work as usual.
///
/// A transport puts it in the place of its HTTP library.
#[derive(Default)]
pub struct Canned {
    answers: VecDeque<Response<Vec<u8>>>,
    sent: Vec<SentRequest>,
    logins: u32,
}

/// A request that a [`Canned`] cloud received.
#[derive(Clone, PartialEq)]
pub struct SentRequest {
    /// Its method.
    pub method: Method,
    /// Its address.
    pub uri: Uri,
    /// Its headers, tokens included.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Canned {
    /// A cloud with these answers, in this order.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = Response<Vec<u8>>>) -> Self {
        Self { answers: answers.into_iter().collect(), ..Self::default() }
    }

    /// Adds an answer behind those there are.
    pub fn push(&mut self, answer: Response<Vec<u8>>) {
        self.answers.push_back(answer);
    }

    /// What was sent so far.
    #[must_use]
    pub fn sent(&self) -> &[SentRequest] {
        &self.sent
    }

    /// How often somebody logged in.
    #[must_use]
    pub fn logins(&self) -> u32 {
        self.logins
    }

    /// Answers a login, a log-out, or a question for a version document.
    pub fn ask(&mut self, ask: &Ask) -> Response<Vec<u8>> {
        match *ask.request.method() {
            Method::DELETE => return Response::new(Vec::new()),
            // It has no version documents: endpoints are used as they are listed or stated.
            Method::GET if !ask.request.uri().path().ends_with("/auth/tokens") => return nothing(),
            _ => {}
        }
        self.logins += 1;
        let body = r#"{"token":{"methods":["password"],"roles":[{"id":"1","name":"member"},{"id":"2","name":"service"}],
            "issued_at":"2026-01-01T00:00:00.000000Z","expires_at":"2026-01-02T00:00:00.000000Z"}}"#;
        let mut answer = Response::new(body.as_bytes().to_vec());
        *answer.status_mut() = http::StatusCode::CREATED;
        let id = http::HeaderValue::from_str(&format!("canned-token-{}", self.logins));
        if let Ok(id) = id {
            answer.headers_mut().insert(crate::X_SUBJECT_TOKEN, id);
        }
        answer
    }

    /// Answers a request: with the next answer, or with 404 when they are used up.
    pub fn send(&mut self, dispatch: &Dispatch, body: Vec<u8>) -> Response<Vec<u8>> {
        let Dispatch { method, uri, headers, .. } = dispatch;
        self.sent.push(SentRequest {
            method: method.clone(),
            uri: uri.clone(),
            headers: headers.clone(),
            body,
        });
        self.answers.pop_front().unwrap_or_else(nothing)
    }
}

fn nothing() -> Response<Vec<u8>> {
    let mut none = Response::new(b"no answer is left in this canned cloud".to_vec());
    *none.status_mut() = http::StatusCode::NOT_FOUND;
    none
}

impl fmt::Debug for SentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SentRequest({} {}, {} bytes)", self.method, self.uri.path(), self.body.len())
    }
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Canned({} answers left, {:?}, {} logins)", self.answers.len(), self.sent, self.logins)
    }
}
