//! Can this identity get a token?

use http::StatusCode;
use thiserror::Error;

use super::{Cause, ProviderProblem, RequestId};
use crate::identity::{FederationError, Receipt, may_pass};
use crate::token::Unreadable;

/// Why an identity has no token.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LoginError {
    /// Keystone refused the credentials. They are not tried again: that locks accounts.
    #[error(
        "Keystone refused the credentials ({message}): they are not tried again until others are \
         supplied{request_id}"
    )]
    Refused {
        /// Keystone's words.
        message: String,
        /// For Keystone's log.
        request_id: RequestId,
    },
    /// What was given is right, and the user's rules demand more.
    #[error(
        "Keystone accepts {:?} and demands more, by one of the rules {:?}: log in with the missing methods and \
         the receipt, which is good for some minutes{request_id}",
        receipt.methods, receipt.required
    )]
    MoreNeeded {
        /// What to go on with.
        receipt: Box<Receipt>,
        /// For Keystone's log.
        request_id: RequestId,
    },
    /// Somebody's help was needed, and nobody gave it.
    #[error(
        "the login needs an answer that it did not get ({0}): answer the question, or use a method that needs nobody's help"
    )]
    Unanswered(String),
    /// The answer to something that is good for one time got lost.
    #[error("the answer to a one-time code got lost, and the code cannot be used again: supply a new one")]
    OnceLost,
    /// Keystone knows the identity and will not give it this token.
    #[error(
        "Keystone answered {status} to the login ({message}): check the scope, the roles and the auth URL{request_id}"
    )]
    Denied {
        /// What it answered.
        status: StatusCode,
        /// Keystone's words.
        message: String,
        /// For Keystone's log.
        request_id: RequestId,
    },
    /// Keystone is there and cannot answer now.
    #[error(
        "Keystone answered {status}: it is overloaded, being restarted, or at the same for another login"
    )]
    Busy {
        /// What it answered.
        status: StatusCode,
    },
    /// Keystone cannot be reached.
    #[error("Keystone cannot be reached")]
    Unreachable(#[source] Cause),
    /// Somebody else who takes part in the login cannot be reached.
    #[error("`{host}`, which takes part in the login, cannot be reached")]
    PartyUnreachable {
        /// Its host and port.
        host: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// Somebody else who takes part in the login failed.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// An identity provider, which is to vouch for the user at Keystone, did not.
    #[error("the identity provider `{provider}` {problem}")]
    Provider {
        /// Which: as Keystone knows it, or its host.
        provider: String,
        /// Why.
        problem: ProviderProblem,
    },
    /// Something answered that is not Keystone, or not Identity API v3.
    #[error(
        "the answer to the login is not Keystone's ({0}): check the auth URL, and what stands in front of it"
    )]
    Garbled(&'static str),
    /// Keystone's answer describes no token.
    #[error("the answer to the login cannot be read: check the auth URL, and what stands in front of it")]
    Unreadable(#[from] Unreadable),
    /// No version of the Identity API is there that this login can use.
    #[error(
        "the auth URL leads to no version of the Identity API that this login can use: check the auth URL (`/v3` at its end spares the search), and whether the login names domains, which v2.0 has not"
    )]
    NoVersion,
    /// The token ends as it begins.
    #[error("Keystone issues tokens that live less than two seconds: raise `[token] expiration`")]
    DeadOnArrival,
    /// A token was handed in or exchanged, and it cannot be renewed.
    #[error(
        "the token cannot be renewed (an exchanged token keeps the end of the one it came from): supply a new one"
    )]
    NotRenewable,
    /// A credential that may be used a number of times has been.
    #[error(
        "the credential's uses are spent (a one-time code is good for one login): supply another, or use one that \
         needs nobody's help"
    )]
    Spent,
    /// Whoever was to supply the credential did not.
    #[error("no credential was supplied: {0}")]
    NotTold(String),
}

impl LoginError {
    /// The same, with other words of somebody's.
    pub(crate) fn reworded(self, reword: &dyn Fn(String) -> String) -> Self {
        match self {
            Self::Refused { message, request_id } => Self::Refused { message: reword(message), request_id },
            Self::Denied { status, message, request_id } => {
                Self::Denied { status, message: reword(message), request_id }
            }
            Self::Unanswered(words) => Self::Unanswered(reword(words)),
            Self::Federation(error) => Self::Federation(error.reworded(reword)),
            Self::Provider { provider, problem } => {
                Self::Provider { provider, problem: problem.reworded(reword) }
            }
            other => other,
        }
    }

    /// Whether the credentials are wrong: they are never sent again.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::Federation(FederationError::Refused { .. })
                | Self::Provider { problem: ProviderProblem::Refused { .. }, .. }
        )
    }

    /// What somebody answered who is overloaded, or gave up on another.
    pub(crate) fn busy(&self) -> Option<StatusCode> {
        match self {
            Self::Busy { status }
            | Self::Federation(FederationError::Busy { status, .. })
            | Self::Provider { problem: ProviderProblem::Busy { status }, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether it may go away by itself, so that waiting is better than failing.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotTold(_) => true,
            Self::Unreachable(cause) | Self::PartyUnreachable { cause, .. } => may_pass(cause),
            _ => self.busy().is_some(),
        }
    }
}
