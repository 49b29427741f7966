//! The discovery document (OpenID Connect Discovery 1.0, section 3), and the choice of endpoints.

use http::{Request, Response, Uri, header};
use serde::Deserialize;

use super::answer::refused;
use super::provider::{OidcProvider, usable};
use crate::error::{LoginError, ProviderProblem};
use crate::secret::SecretBytes;

/// What a provider says of itself.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Document {
    token_endpoint: Option<String>,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    grant_types_supported: Option<Vec<String>>,
}

impl Document {
    pub(super) fn request(url: &str) -> Result<Request<SecretBytes>, LoginError> {
        let request = Request::get(url).header(header::ACCEPT, "application/json");
        request
            .body(SecretBytes::default())
            .map_err(|_| LoginError::Garbled("the discovery endpoint cannot be asked"))
    }

    pub(super) fn read(answer: &Response<Vec<u8>>) -> Result<Self, ProviderProblem> {
        if let Some(no) = refused(answer)? {
            return Err(no.denied());
        }
        serde_json::from_slice(answer.body())
            .map_err(|_| ProviderProblem::Garbled("it is not a discovery document"))
    }

    /// Refuses a grant that is not on the provider's list, if it has one.
    pub(super) fn check_grant(&self, grant: &'static str) -> Result<(), ProviderProblem> {
        let listed = self.grant_types_supported.as_deref().unwrap_or_default();
        if listed.is_empty() || listed.iter().any(|it| it == grant) {
            Ok(())
        } else {
            Err(ProviderProblem::NotOffered(grant))
        }
    }

    fn endpoint(&self, name: &str) -> Option<&str> {
        match name {
            TOKEN => self.token_endpoint.as_deref(),
            AUTHORIZATION => self.authorization_endpoint.as_deref(),
            DEVICE => self.device_authorization_endpoint.as_deref(),
            _ => None,
        }
    }
}

pub(super) const TOKEN: &str = "token_endpoint";
pub(super) const AUTHORIZATION: &str = "authorization_endpoint";
pub(super) const DEVICE: &str = "device_authorization_endpoint";

/// A provider and what it said of itself.
pub(super) struct Desk<'a> {
    pub(super) provider: &'a OidcProvider,
    pub(super) document: Option<&'a Document>,
}

impl Desk<'_> {
    /// The endpoint that was stated, or else the one that was discovered. What was asked for over TLS
    /// is not sent to a place without.
    pub(super) fn endpoint(&self, name: &'static str, stated: Option<&str>) -> Result<Uri, ProviderProblem> {
        let discovered = || self.document?.endpoint(name).filter(|url| !self.is_weaker(url));
        stated.or_else(discovered).and_then(usable).ok_or(ProviderProblem::NoEndpoint(name))
    }

    fn is_weaker(&self, url: &str) -> bool {
        let tls = |url: &str| usable(url).is_some_and(|uri| uri.scheme_str() == Some("https"));
        self.provider.discovery_endpoint.as_deref().is_some_and(tls) && !tls(url)
    }
}
