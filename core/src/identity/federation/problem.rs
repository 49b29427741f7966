//! What an identity provider can have against a login.

use http::StatusCode;
use thiserror::Error;

use crate::error::{Cause, Trouble};

/// The most of an error's code that is kept.
const LONGEST_CODE: usize = 40;

/// Why an identity provider, which is to vouch for a user at Keystone, did not. The texts go on from
/// "the identity provider …".
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ProviderProblem {
    /// It refused the credentials. They are not tried again: that locks accounts.
    #[error(
        "refused the credentials ({error}: {message}): they are not tried again until others are supplied; \
         check the user's and the client's, and what the client may do there"
    )]
    Refused {
        /// The error's code (RFC 6749, 5.2), or the status.
        error: String,
        /// The provider's words.
        message: String,
    },
    /// What renewed the login unattended, a refresh token, is over, and the method cannot begin anew.
    #[error(
        "no longer renews the login ({error}: {message}): log in again with a new code, or ask it for \
         refresh tokens that live longer (scope `offline_access`)"
    )]
    Ended {
        /// The error's code, or the status.
        error: String,
        /// The provider's words.
        message: String,
    },
    /// It has something against the request.
    #[error(
        "answered {status} ({error}: {message}): check its endpoints, the scope, and what the client may do there"
    )]
    Denied {
        /// What it answered.
        status: StatusCode,
        /// The error's code, or the status.
        error: String,
        /// The provider's words.
        message: String,
    },
    /// It is there and cannot answer now.
    #[error("answered {status}: it is overloaded or being restarted")]
    Busy {
        /// What it answered.
        status: StatusCode,
    },
    /// It wants the secrets to be sent elsewhere.
    #[error(
        "answered {status} and points elsewhere, where secrets are not sent unasked: state the address it leads to"
    )]
    Redirected {
        /// What it answered.
        status: StatusCode,
    },
    /// Something answered that is not what was expected.
    #[error("gave an unusable answer ({0}): check its endpoints, and what stands in front of them")]
    Garbled(&'static str),
    /// Its page led to something that is no code of this login.
    #[error("led to {0}: begin again, and tell the code, or the whole address, to which its page leads then")]
    NoCode(&'static str),
    /// Its discovery document does not have this endpoint.
    #[error("names no usable `{0}` in its discovery document: state that endpoint yourself")]
    NoEndpoint(&'static str),
    /// Its discovery document does not have this grant.
    #[error(
        "does not offer the grant `{0}` (`grant_types_supported`): allow it for this client, or use another method"
    )]
    NotOffered(&'static str),
    /// Nobody visited its page in time.
    #[error("waited in vain for somebody to visit its page: begin again, and visit it before it expires")]
    Expired,
    /// Somebody visited its page and declined.
    #[error("was told by the user that this login is not wanted: begin again if it is")]
    Declined,
}

impl ProviderProblem {
    /// The same, with other words of the provider's.
    pub(crate) fn reworded(self, reword: &dyn Fn(String) -> String) -> Self {
        // Cut before it is reworded, a secret could go unrecognised.
        let code = |error: String| -> String {
            reword(error).chars().filter(|c| !c.is_control()).take(LONGEST_CODE).collect()
        };
        match self {
            Self::Refused { error, message } => {
                Self::Refused { error: code(error), message: reword(message) }
            }
            Self::Ended { error, message } => Self::Ended { error: code(error), message: reword(message) },
            Self::Denied { status, error, message } => {
                Self::Denied { status, error: code(error), message: reword(message) }
            }
            other => other,
        }
    }
}

/// Whether what kept a request from being answered may be gone by the next.
pub(crate) fn may_pass(cause: &Cause) -> bool {
    !matches!(cause.kind, Trouble::Tls | Trouble::Unreadable | Trouble::Unusable)
}
