//! A token of the provider's that somebody else got.

use std::sync::Arc;

use http::{Response, Uri};

use super::claim::Claim;
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::identity::federation::check_id;
use crate::identity::{Exchange, Fields, Grant, Method, Moment, Remedy, Renewal, Scope, Start, Step};

/// A login with an access token of the provider's that is at hand: for as long as that lives.
#[derive(Clone, Debug)]
pub struct OidcAccessToken {
    identity_provider: String,
    protocol: String,
    access_token: Secret,
}

impl OidcAccessToken {
    /// The provider and the protocol, by the names that Keystone has for them, and the token.
    pub fn new(
        identity_provider: impl Into<String>,
        protocol: impl Into<String>,
        access_token: impl Into<Secret>,
    ) -> Self {
        Self {
            identity_provider: identity_provider.into(),
            protocol: protocol.into(),
            access_token: access_token.into(),
        }
    }
}

impl Method for OidcAccessToken {
    fn name(&self) -> &str {
        "v3oidcaccesstoken"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.text("identity_provider", &self.identity_provider);
        fields.text("protocol", &self.protocol);
        fields.secret("access_token", &self.access_token);
    }

    /// It has an end that nobody knows here.
    fn renewal(&self) -> Renewal {
        Renewal::Limited
    }

    fn remedy(&self) -> Remedy {
        Remedy::RefreshToken
    }

    fn check(&self, _: &Uri, _: &Scope) -> Result<(), InputError> {
        check_id("identity_provider", &self.identity_provider)?;
        check_id("protocol", &self.protocol)?;
        self.access_token.header().map(|_| ())
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let claim = Claim::new(start, &self.identity_provider, &self.protocol);
        Box::new(Shown { claim, token: self.access_token.clone() })
    }
}

#[derive(Debug)]
struct Shown {
    claim: Claim,
    token: Secret,
}

impl Exchange for Shown {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        self.claim.need(&self.token, at)
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        self.claim.hear(answer, true, at)
    }
}
