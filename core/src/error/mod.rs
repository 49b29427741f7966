//! What can go wrong, one enum for each question that can fail.
//!
//! [`InputError`]: is this usable at all? [`LoginError`]: can this identity get a token?
//! [`Failure`]: may this call go ahead? [`Refusal`]: why did the service answer 401?
//! (Where a service is, is [`crate::EndpointError`].) Each message names what happened, to whom,
//! and the remedy; none holds a secret.

mod failure;
mod input;
mod login;
mod refusal;

use std::fmt;

use http::HeaderMap;

pub use failure::{Failure, Wait};
pub use input::InputError;
pub use login::LoginError;
pub use refusal::Refusal;

use crate::headers::request_id;
pub use crate::identity::ProviderProblem;

/// Which of a session's identities is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// The user on whose behalf a call is made.
    User,
    /// The service that makes it, which vouches for the user with `X-Service-Token`.
    Service,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "the user's identity",
            Self::Service => "the service identity",
        })
    }
}

/// Why an exchange was not answered, as a transport tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The kind of trouble.
    pub kind: Trouble,
    /// The transport's own words, without secrets.
    pub text: String,
}

/// The kinds of trouble that matter to a decision or to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The host name has no address.
    Resolve,
    /// Nobody answers at the address.
    Connect,
    /// No secure connection: a certificate, a protocol version. Trying again does not help soon.
    Tls,
    /// It took too long.
    Timeout,
    /// The connection broke.
    Broken,
    /// The answer is larger than was allowed, or is not HTTP.
    Unreadable,
    /// The transport could not even try: its own settings, a bad request.
    Unusable,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Trouble::Resolve => "unknown host",
            Trouble::Connect => "cannot connect",
            Trouble::Tls => "no secure connection",
            Trouble::Timeout => "timed out",
            Trouble::Broken => "the connection broke",
            Trouble::Unreadable => "the answer cannot be read",
            Trouble::Unusable => "the request cannot be sent",
        };
        write!(f, "{kind}: {}", self.text)
    }
}

impl std::error::Error for Cause {}

/// A request id in brackets, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestId(pub Option<String>);

impl RequestId {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self(request_id(headers).map(|id| id.chars().take(64).collect()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |id| write!(f, " [{id}]"))
    }
}
