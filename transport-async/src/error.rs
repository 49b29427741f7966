//! What a user of this transport has to deal with.

use std::io;

use keepstone_core::{Failure, InputError, ServiceError};
use thiserror::Error;

/// Why a call brought no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// What core says: no token, no endpoint, too late, out of reach, …
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The service refused (from an [`crate::Adapter`] only; elsewhere any status is an answer).
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The request's own body could not be read, or was not as long as announced. The service
    /// has not received a whole request.
    #[error("the body of the request cannot be read; the service has not received all of it")]
    Body(#[source] io::Error),
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Self::Failure(error.into())
    }
}

/// Why a client could not be made, or given another set of connections.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The HTTP library could not be set up.
    #[error("reqwest cannot be set up")]
    Http(#[source] reqwest::Error),
    /// A certificate or key is not PEM, or there is none in the text.
    #[error("the {0} is not PEM with a certificate or key in it")]
    Pem(&'static str),
    /// The address of the proxy.
    #[error("`{0}` is not the address of a proxy")]
    Proxy(String),
    /// A certificate or key cannot be used.
    #[error("the certificates or the key cannot be used")]
    Tls(#[source] rustls::Error),
}
