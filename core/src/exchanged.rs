//! What was exchanged with a server, for logs and timings: nothing in it is a secret.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use crate::call::{Ask, Dispatch};
use crate::error::Cause;
use crate::headers::request_id;

/// The headers that are shown. What is not known to be harmless is not: a name on a list of secret
/// ones is forgotten sooner or later.
const HARMLESS: [&str; 26] = [
    "accept",
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expires",
    "forwarded",
    "last-modified",
    "openstack-api-maximum-version",
    "openstack-api-minimum-version",
    "openstack-api-version",
    "range",
    "retry-after",
    "server",
    "user-agent",
    "vary",
    "x-compute-request-id",
    "x-openstack-request-id",
    "x-trans-id",
];

/// What an exchange was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// A caller's request.
    Call,
    /// A question of core's own: a token, its revocation.
    Token,
}

/// What came of an exchange.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The head of an answer.
    Answered(StatusCode),
    /// No answer.
    Broke(Cause),
    /// The request's own body could not be read.
    BodyUnreadable,
}

/// One exchange with a server, from when the request began to leave to the head of its answer (for
/// core's own questions: to its end). A call that is repeated has several. Of addresses and headers
/// it shows only what is harmless.
#[derive(Clone)]
pub struct Exchanged<'a> {
    purpose: Purpose,
    method: &'a Method,
    uri: &'a Uri,
    sent: &'a HeaderMap,
    outcome: Outcome,
    got: Option<&'a HeaderMap>,
    attempt: u32,
    elapsed: Duration,
}

impl<'a> Exchanged<'a> {
    /// A caller's request, tried for the `attempt`th time.
    #[must_use]
    pub fn call(dispatch: &'a Dispatch, attempt: u32, elapsed: Duration) -> Self {
        let Dispatch { method, uri, headers, .. } = dispatch;
        Self::new(Purpose::Call, method, uri, headers, attempt, elapsed)
    }

    /// A question of core's own.
    #[must_use]
    pub fn ask(method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap, elapsed: Duration) -> Self {
        Self::new(Purpose::Token, method, uri, headers, 1, elapsed)
    }

    fn new(
        purpose: Purpose,
        method: &'a Method,
        uri: &'a Uri,
        sent: &'a HeaderMap,
        attempt: u32,
        elapsed: Duration,
    ) -> Self {
        let outcome = Outcome::BodyUnreadable;
        Self { purpose, method, uri, sent, outcome, got: None, attempt, elapsed }
    }

    /// It was answered.
    #[must_use]
    pub fn answered(self, status: StatusCode, headers: &'a HeaderMap) -> Self {
        Self { outcome: Outcome::Answered(status), got: Some(headers), ..self }
    }

    /// It was not.
    #[must_use]
    pub fn broke(self, cause: &Cause) -> Self {
        Self { outcome: Outcome::Broke(cause.clone()), ..self }
    }

    /// What it was for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.method
    }

    /// The address, without user and password, without the values in its query, and without a token
    /// in its path.
    #[must_use]
    pub fn url(&self) -> String {
        let (scheme, authority) = (self.uri.scheme_str(), self.uri.authority());
        let host = authority.map(|authority| {
            let text = authority.as_str();
            text.rsplit_once('@').map_or(text, |(_, host)| host)
        });
        let mut url = match (scheme, host) {
            (Some(scheme), Some(host)) => format!("{scheme}://{host}"),
            _ => String::new(),
        };
        url.push_str(&path(self.uri.path()));
        if let Some(query) = self.uri.query() {
            let names: Vec<String> = query.split('&').map(name_only).collect();
            url.push('?');
            url.push_str(&names.join("&"));
        }
        url
    }

    /// What came of it.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.outcome {
            Outcome::Answered(status) => Some(status),
            _ => None,
        }
    }

    /// The id under which the server logged it.
    #[must_use]
    pub fn request_id(&self) -> Option<&'a str> {
        self.got.and_then(request_id)
    }

    /// The how manieth try of its call it was, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How long it took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The request's headers, as far as they are harmless.
    pub fn request_headers(&self) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> + use<'a> {
        harmless(self.sent)
    }

    /// The answer's headers, as far as they are harmless.
    pub fn answer_headers(&self) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> + use<'a> {
        self.got.into_iter().flat_map(harmless)
    }
}

impl Ask {
    /// What its [`Exchanged`] is told of, for a driver that gives the request away.
    #[must_use]
    pub fn head(&self) -> (Method, Uri, HeaderMap) {
        (self.request.method().clone(), self.request.uri().clone(), self.request.headers().clone())
    }
}

fn harmless(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    headers.iter().filter(|(name, value)| HARMLESS.contains(&name.as_str()) && !value.is_sensitive())
}

/// Identity API v2.0 had tokens in its paths.
fn path(path: &str) -> String {
    let mut after_tokens = false;
    let mut shown: Vec<&str> = Vec::new();
    for part in path.split('/') {
        shown.push(if after_tokens && !part.is_empty() { "…" } else { part });
        after_tokens = part == "tokens";
    }
    shown.join("/")
}

fn name_only(pair: &str) -> String {
    pair.split_once('=').map_or_else(|| "…".to_owned(), |(name, _)| format!("{name}=…"))
}

impl fmt::Display for Exchanged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, attempt, elapsed, .. } = self;
        write!(f, "{method} {} ", self.url())?;
        match &self.outcome {
            Outcome::Answered(status) => write!(f, "{}", status.as_u16())?,
            Outcome::Broke(cause) => write!(f, "{cause}")?,
            Outcome::BodyUnreadable => f.write_str("the request's own body cannot be read")?,
        }
        write!(f, " in {elapsed:.3?}")?;
        if *attempt > 1 {
            write!(f, ", attempt {attempt}")?;
        }
        let sent = self.sent.get(crate::X_OPENSTACK_REQUEST_ID).and_then(|id| id.to_str().ok());
        for id in sent.into_iter().chain(self.request_id()) {
            write!(f, " [{id}]")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Exchanged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.sent.get(header::CONTENT_LENGTH);
        write!(f, "Exchanged({:?}: {self}, length {length:?})", self.purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Broke, TlsId};

    fn dispatch(uri: &str) -> Dispatch {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-auth-token", "s3cr3t"),
            ("x-service-token", "s3cr3t"),
            ("authorization", "Bearer s3cr3t"),
            ("cookie", "s3cr3t"),
            ("openstack-auth-receipt", "s3cr3t"),
            ("x-object-meta-mine", "s3cr3t"),
            ("user-agent", "me/1"),
            ("x-openstack-request-id", "req-global"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Dispatch {
            method: Method::GET,
            uri: uri.parse().unwrap(),
            headers,
            with_body: false,
            expect_continue: false,
            tls: TlsId::default(),
            until: None,
            errand: None,
        }
    }

    #[test]
    fn addresses_show_no_secret() {
        for (uri, shown) in [
            ("http://h:1/a/b", "http://h:1/a/b"),
            ("http://u:s3cr3t@h/a?limit=5&sig=s3cr3t&s3cr3t", "http://h/a?limit=…&sig=…&…"),
            ("http://h/v2.0/tokens/s3cr3t/endpoints", "http://h/v2.0/tokens/…/endpoints"),
            ("http://h/v3/auth/tokens", "http://h/v3/auth/tokens"),
            ("http://h/a?", "http://h/a?…"),
        ] {
            assert_eq!(Exchanged::call(&dispatch(uri), 1, Duration::ZERO).url(), shown);
        }
    }

    #[test]
    fn only_harmless_headers_are_shown() {
        let dispatch = dispatch("http://h/a");
        let mut got = HeaderMap::new();
        got.insert("x-subject-token", HeaderValue::from_static("s3cr3t"));
        got.insert("set-cookie", HeaderValue::from_static("s3cr3t"));
        got.insert("location", HeaderValue::from_static("http://h/?sig=s3cr3t"));
        got.insert("x-compute-request-id", HeaderValue::from_static("req-theirs"));
        let mut etag = HeaderValue::from_static("s3cr3t");
        etag.set_sensitive(true);
        got.insert("etag", etag);
        let told = Exchanged::call(&dispatch, 2, Duration::from_millis(12)).answered(StatusCode::OK, &got);
        let names = |headers: Vec<(&HeaderName, &HeaderValue)>| -> Vec<String> {
            headers.into_iter().map(|(name, _)| name.to_string()).collect()
        };
        assert_eq!(names(told.request_headers().collect()), ["user-agent", "x-openstack-request-id"]);
        assert_eq!(names(told.answer_headers().collect()), ["x-compute-request-id"]);
        assert_eq!(told.request_id(), Some("req-theirs"));
        let shown = format!("{told} {told:?}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
        insta::assert_snapshot!(told, @"GET http://h/a 200 in 12.000ms, attempt 2 [req-global] [req-theirs]");
    }

    #[test]
    fn what_broke_says_how() {
        let dispatch = dispatch("http://h/a");
        let told = Exchanged::call(&dispatch, 1, Duration::from_secs(5)).broke(&Broke::Late.cause());
        assert_eq!(told.status(), None);
        insta::assert_snapshot!(told, @"GET http://h/a timed out: no answer in time in 5.000s [req-global]");
    }
}
