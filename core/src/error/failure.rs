//! May this call go ahead?

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::{Cause, InputError, LoginError, Who};
use crate::EndpointError;
use crate::identity::Remedy;

/// Why a call ended without an answer. Unless it says otherwise, nothing was sent to the service.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// Bad input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// No endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// One of the identities has no token.
    #[error("{who} has no token")]
    Login {
        /// Whose token it is.
        who: Who,
        /// Why.
        #[source]
        source: LoginError,
    },
    /// The deadline came first.
    #[error(
        "the call's deadline passed while waiting for {waiting_for}: allow more time, or look at what held it up"
    )]
    Late {
        /// What the call was waiting for.
        waiting_for: Wait,
        /// What had gone wrong until then, if anything had.
        #[source]
        last: Option<LoginError>,
    },
    /// The user's token is expired and nobody vouches for it.
    #[error(
        "the user's token expired {} s ago and no live service token goes with it: vouch with a service \
         identity that has the role, start from a trust or an application credential, or hand in a new token",
        ago.as_secs()
    )]
    UserExpired {
        /// How long ago, at least.
        ago: Duration,
    },
    /// The user's token is past the allow-expired window.
    #[error(
        "the user's token expired {} s ago and the allow-expired window has ended: hand in a new token; \
         work that takes longer than the window needs a trust or an application credential",
        ago.as_secs()
    )]
    WindowOver {
        /// How long ago it expired, at least.
        ago: Duration,
    },
    /// Keystone's own API takes no expired token, whoever vouches.
    #[error(
        "the user's token has expired, and Keystone's own API accepts no expired token, service token or not: hand in a new token"
    )]
    ExpiredForKeystone,
    /// The service identity cannot vouch.
    #[error(
        "the service identity has none of the roles {wanted:?} (it has {has:?}): services would refuse \
         its token, so assign the role on the service project"
    )]
    ServiceRoleMissing {
        /// What receivers ask for (`service_token_roles`).
        wanted: Vec<String>,
        /// What the token has.
        has: Vec<String>,
    },
    /// A token with a longer life was demanded than there is.
    #[error(
        "the call asks for a token with at least {} s left, and there are {} s: raise `[token] \
         expiration`, or ask for less",
        wanted.as_secs(), left.as_secs()
    )]
    TooShort {
        /// What was asked for.
        wanted: Duration,
        /// What there is at best.
        left: Duration,
    },
    /// The token has ended, and there is no other without somebody's help.
    #[error(
        "the token of {who} has ended, and the next was not to be had without help: answer when asked, or {remedy}"
    )]
    Ended {
        /// Whose token it was.
        who: Who,
        /// What became of the login.
        #[source]
        source: LoginError,
        /// What would have made it renew by itself.
        remedy: Remedy,
    },
    /// The operation outlasts what the token can be used for.
    #[error(
        "the operation is to last another {} s, and the token of {who} {} s: {remedy}",
        wanted.as_secs(), left.as_secs()
    )]
    WontLast {
        /// Whose token ends first.
        who: Who,
        /// How much longer it can be used, at least; beside a service token, if one vouches for it.
        left: Duration,
        /// How much longer the operation is to last.
        wanted: Duration,
        /// What would let it last.
        remedy: Remedy,
    },
    /// The token was refused after the body had been used up.
    #[error(
        "the service refused the token after part of the body was read, and this body cannot be read \
         again: what can be renewed will be, so open the body anew and send it once more"
    )]
    Consumed,
    /// The service could not be reached; nothing happened there.
    #[error("the service cannot be reached")]
    Unreachable(#[source] Cause),
    /// The exchange broke off. The request **may** have been carried out.
    #[error(
        "the exchange broke off after the request began to leave; it may have been carried out: look before sending it again"
    )]
    Interrupted(#[source] Cause),
}

/// What a call can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A token of one of its identities.
    Token(Who),
    /// What the service says of its versions.
    Versions,
    /// The answer of the service.
    Answer,
    /// Its turn, where a limit lets only so many through.
    Turn,
    /// The end of a pause, after the service had been busy or unreachable.
    Retry,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(who) => write!(f, "a token of {who}"),
            Self::Versions => f.write_str("the service's version document"),
            Self::Answer => f.write_str("the service's answer"),
            Self::Turn => f.write_str("its turn under the session's own limit"),
            Self::Retry => f.write_str("the service to be ready again"),
        }
    }
}
