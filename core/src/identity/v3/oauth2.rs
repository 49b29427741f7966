//! OAuth 2.0 client credentials: an application credential, and an access token beside its token.

use std::sync::Arc;

use http::{Request, Response, Uri};

use super::bearer::{self, Bearer};
use super::tokens::TokenRequest;
use super::{ApplicationCredential, Part};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::identity::form::basic;
use crate::identity::{Exchange, Fields, Grant, Method, Moment, Scope, Start, Step};
use crate::secret::SecretBytes;

/// An application credential as a client of OAuth 2.0 (RFC 6749, 4.4). Calls carry Keystone's token
/// and, beside it, an access token as `Authorization: Bearer`: that is for services behind something
/// that knows OAuth 2.0 only. Both are fetched once in their life, not for each call.
///
/// ```
/// use keepstone_core::Credential;
/// use keepstone_core::identity::OAuth2ClientCredential;
/// let method = OAuth2ClientCredential::new("http://keystone:5000/v3/OS-OAUTH2/token", "id", "s3cr3t");
/// let credential = Credential::new("http://keystone:5000", method)?;
/// # let _ = credential;
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug)]
pub struct OAuth2ClientCredential {
    endpoint: String,
    client_id: String,
    client_secret: Secret,
}

impl OAuth2ClientCredential {
    /// The application credential of this id, at this token endpoint.
    pub fn new(
        endpoint: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Self {
        Self { endpoint: endpoint.into(), client_id: client_id.into(), client_secret: client_secret.into() }
    }

    fn application_credential(&self) -> ApplicationCredential {
        ApplicationCredential::new(self.client_id.as_str(), self.client_secret.clone())
    }

    fn request(&self) -> Result<Request<SecretBytes>, LoginError> {
        let basic = basic(&self.client_id, &self.client_secret);
        bearer::request(&self.endpoint, &[("grant_type", "client_credentials")], Some(basic))
    }
}

impl Method for OAuth2ClientCredential {
    fn name(&self) -> &str {
        "v3oauth2clientcredential"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.text("oauth2_endpoint", &self.endpoint);
        fields.text("oauth2_client_id", &self.client_id);
        fields.secret("oauth2_client_secret", &self.client_secret);
    }

    fn check(&self, auth_url: &Uri, scope: &Scope) -> Result<(), InputError> {
        super::check_url(auth_url)?;
        bearer::check_endpoint(&self.endpoint)?;
        Part::check(&self.application_credential(), scope)
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let part: Arc<dyn Part> = Arc::new(self.application_credential());
        Box::new(Client { token: TokenRequest::new(start, vec![part]), method: self, granted: None })
    }
}

/// A login under way: the token first, then what goes beside it.
#[derive(Debug)]
struct Client {
    method: Arc<OAuth2ClientCredential>,
    token: TokenRequest,
    granted: Option<Grant>,
}

impl Exchange for Client {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        match &self.granted {
            None => self.token.need(at),
            Some(_) => self.method.request().map(Step::Ask),
        }
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let Some(grant) = &self.granted else {
            self.granted = self.token.hear(answer, at)?;
            return Ok(None);
        };
        // The lives of both count from when the token was asked for, which was first.
        Bearer::of(answer).map(|bearer| Some(bearer.beside(grant.clone())))
    }
}
