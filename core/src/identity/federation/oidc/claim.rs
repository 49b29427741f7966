//! The second half of a login: Keystone takes the provider's token for one of its own.

use http::{Request, Response, StatusCode, header};

use super::provider::OidcProvider;
use crate::Secret;
use crate::error::LoginError;
use crate::identity::federation::Rescope;
use crate::identity::{Grant, Moment, Start, Step};
use crate::secret::SecretBytes;
use crate::time::Now;

#[derive(Debug)]
pub(super) struct Claim {
    ending: Rescope,
    url: String,
    asked: Option<Now>,
}

impl Claim {
    pub(super) fn new(start: Start, provider: &str, protocol: &str) -> Self {
        let ending = Rescope::new(start);
        Self { url: ending.federated_url(provider, protocol), ending, asked: None }
    }

    pub(super) fn of(start: Start, provider: &OidcProvider) -> Self {
        Self::new(start, &provider.identity_provider, &provider.protocol)
    }

    /// Whether Keystone has taken the token, so that it is needed no more.
    pub(super) fn is_taken(&mut self, now: Now) -> bool {
        self.ending.forget_if_over(now);
        self.ending.is_due()
    }

    pub(super) fn need(&mut self, shown: &Secret, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        if self.is_taken(at.now()) {
            return self.ending.need(at);
        }
        let bearer = Secret::new(["Bearer ", shown.reveal()].concat());
        let bearer =
            bearer.header().map_err(|_| LoginError::Garbled("the provider's token is no header value"))?;
        let mut request = Request::post(&self.url)
            .header(header::ACCEPT, "application/json")
            .body(SecretBytes::default())
            .map_err(|_| LoginError::Garbled("the auth URL cannot be asked for tokens"))?;
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        self.asked = Some(at.now());
        Ok(Step::Ask(request))
    }

    /// Takes in Keystone's answer. `given`: the token was handed in, and there is no other.
    pub(super) fn hear(
        &mut self,
        answer: &Response<Vec<u8>>,
        given: bool,
        at: &mut Moment<'_>,
    ) -> Result<Option<Grant>, LoginError> {
        if self.ending.is_due() {
            return self.ending.hear(answer, at);
        }
        let asked = self.asked.unwrap_or_else(|| at.now());
        self.ending.unscoped(answer, asked).map_err(|error| match error {
            // What the provider has just given is not wrong: Keystone, or what stands in front of it,
            // cannot check it, or knows no such user. That may be mended, and locks no account.
            LoginError::Refused { message, request_id } if !given => {
                LoginError::Denied { status: StatusCode::UNAUTHORIZED, message, request_id }
            }
            other => other,
        })
    }
}
