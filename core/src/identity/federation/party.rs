//! What can go wrong at the others who take part in a federated login.

use std::fmt;

use http::{Response, StatusCode};
use thiserror::Error;

use crate::error::LoginError;
use crate::identity::v3::busy;

/// The most service providers that are listed to somebody who asked for another.
const MOST_KNOWN: usize = 20;

/// Who takes part in a federated login, beside Keystone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Who knows the user and the password.
    IdentityProvider,
    /// Who stands in front of Keystone, and believes the identity provider (Shibboleth, Mellon).
    ServiceProvider,
    /// The Keystone that vouches for its users at another.
    BaseKeystone,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdentityProvider => "the identity provider",
            Self::ServiceProvider => "the service provider",
            Self::BaseKeystone => "the Keystone at home",
        })
    }
}

/// Why a federated login failed before Keystone had a say.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum FederationError {
    /// Wrong credentials. They are not tried again: that locks accounts.
    #[error(
        "{party} refused the credentials ({message}): they are not tried again until others are supplied"
    )]
    Refused {
        /// Who refused them.
        party: Party,
        /// Its words.
        message: String,
    },
    /// It will not go on, for another reason than the credentials.
    #[error(
        "{party} answered {status} to the login ({message}): check the addresses, the names of the \
         provider and the protocol, and what {party} says in its log"
    )]
    Denied {
        /// Who will not.
        party: Party,
        /// What it answered.
        status: StatusCode,
        /// Its words.
        message: String,
    },
    /// It is there and cannot answer now.
    #[error("{party} answered {status}: it is overloaded or being restarted")]
    Busy {
        /// Who is busy.
        party: Party,
        /// What it answered.
        status: StatusCode,
    },
    /// Something answered that does not speak the protocol.
    #[error("the answer is not one of {party} ({why}): check its address, and what stands in front of it")]
    Garbled {
        /// Who was asked.
        party: Party,
        /// What is wrong with the answer.
        why: &'static str,
    },
    /// The service provider and the identity provider do not mean the same.
    #[error(
        "the service provider wants the answer at `{service_provider}`, the identity provider would send it to \
         `{identity_provider}`: one of them has old metadata of the other, or somebody is in between"
    )]
    ConsumerMismatch {
        /// Where the service provider wants it.
        service_provider: String,
        /// Where the identity provider would have it.
        identity_provider: String,
    },
    /// The way leads to another host than Keystone's.
    #[error(
        "the service provider sends the login on to `{to}`, which is not Keystone's: check its `RelayState` \
         and its handler"
    )]
    Elsewhere {
        /// Where to.
        to: String,
    },
    /// There is no session to go on with.
    #[error(
        "the service provider took what the identity provider says and gave no cookie: is its address \
         that of the consumer, and does it accept this identity provider?"
    )]
    NoSession,
    /// The Keystone at home does not know the service provider.
    #[error(
        "the Keystone at home knows no service provider `{wanted}` (it knows {known:?}): register it, or \
         enable it"
    )]
    NoSuchServiceProvider {
        /// Which was asked for.
        wanted: String,
        /// Which there are, or the first of them.
        known: Vec<String>,
    },
}

impl FederationError {
    /// The same, with other words of somebody's.
    pub(crate) fn reworded(self, reword: &dyn Fn(String) -> String) -> Self {
        match self {
            Self::Refused { party, message } => Self::Refused { party, message: reword(message) },
            Self::Denied { party, status, message } => {
                Self::Denied { party, status, message: reword(message) }
            }
            Self::ConsumerMismatch { service_provider, identity_provider } => Self::ConsumerMismatch {
                service_provider: reword(service_provider),
                identity_provider: reword(identity_provider),
            },
            Self::Elsewhere { to } => Self::Elsewhere { to: reword(to) },
            Self::NoSuchServiceProvider { wanted, known } => {
                let known = known.into_iter().take(MOST_KNOWN).map(reword).collect();
                Self::NoSuchServiceProvider { wanted, known }
            }
            other @ (Self::Busy { .. } | Self::Garbled { .. } | Self::NoSession) => other,
        }
    }
}

impl Party {
    pub(crate) fn garbled(self, why: &'static str) -> LoginError {
        FederationError::Garbled { party: self, why }.into()
    }

    pub(crate) fn refused(self, message: impl Into<String>) -> LoginError {
        FederationError::Refused { party: self, message: message.into() }.into()
    }

    pub(crate) fn denied(self, status: StatusCode, message: impl Into<String>) -> LoginError {
        FederationError::Denied { party: self, status, message: message.into() }.into()
    }

    /// Why an answer that is not the one hoped for is none.
    pub(crate) fn failed(self, answer: &Response<Vec<u8>>) -> LoginError {
        let status = answer.status();
        if busy(status) {
            return FederationError::Busy { party: self, status }.into();
        }
        self.denied(status, words(answer))
    }
}

/// What an answer says for a reader: a short text, never a page.
pub(crate) fn words(answer: &Response<Vec<u8>>) -> String {
    let error = crate::ServiceError::read(answer.status(), answer.headers(), answer.body(), None);
    error.message
}
