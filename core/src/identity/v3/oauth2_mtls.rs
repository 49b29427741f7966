//! OAuth 2.0 with a client certificate (RFC 8705): the access token *is* Keystone's token.

use std::sync::Arc;

use http::{Request, Response, StatusCode, Uri, header};

use super::bearer::{self, Bearer};
use super::tokens::{busy, described, keystones_words};
use super::v3_url;
use crate::Secret;
use crate::error::{InputError, LoginError, RequestId};
use crate::headers::{X_AUTH_TOKEN, X_SUBJECT_TOKEN};
use crate::identity::{Exchange, Fields, Grant, Method, Moment, Scope, Start, Step};
use crate::secret::SecretBytes;
use crate::time::Now;

/// A client of OAuth 2.0 that proves itself by its certificate: that of the connections on which
/// it logs in ([`crate::Credential::tls`]). The access token is bound to the certificate, so calls
/// use the same connections. It is for the user's default project, and asks for no scope.
///
/// ```
/// use keepstone_core::{Credential, TlsId};
/// use keepstone_core::identity::OAuth2Mtls;
/// let with_certificate = TlsId(1);
/// let method = OAuth2Mtls::new("https://keystone:5000/v3/OS-OAUTH2/token", "the user's id");
/// let credential = Credential::new("https://keystone:5000", method)?.tls(with_certificate);
/// # let _ = credential;
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug)]
pub struct OAuth2Mtls {
    endpoint: String,
    client_id: String,
}

impl OAuth2Mtls {
    /// This client (a user's id, at Keystone), at this token endpoint.
    pub fn new(endpoint: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self { endpoint: endpoint.into(), client_id: client_id.into() }
    }
}

impl Method for OAuth2Mtls {
    fn name(&self) -> &str {
        "v3oauth2mtlsclientcredential"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.text("oauth2_endpoint", &self.endpoint);
        fields.text("oauth2_client_id", &self.client_id);
    }

    fn check(&self, auth_url: &Uri, scope: &Scope) -> Result<(), InputError> {
        super::check_url(auth_url)?;
        bearer::check_endpoint(&self.endpoint)?;
        match scope {
            Scope::Default => Ok(()),
            _ => Err(InputError::ScopeIsFixed("an access token for a client certificate")),
        }
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        Box::new(Client { method: self, start, asked: None, bearer: None })
    }
}

/// A login under way: the access token first, then what Keystone says of it.
#[derive(Debug)]
struct Client {
    method: Arc<OAuth2Mtls>,
    start: Start,
    asked: Option<Now>,
    bearer: Option<Bearer>,
}

impl Client {
    /// The question what the token stands for, asked with the token itself.
    fn question(&self, token: &Secret) -> Result<Request<SecretBytes>, LoginError> {
        let query = if self.start.catalog { "" } else { "?nocatalog" };
        let url = format!("{}/auth/tokens{query}", v3_url(&self.start.auth_url));
        let value = token.header().map_err(|_| LoginError::Garbled("the access token is no header value"))?;
        Request::get(url)
            .header(header::ACCEPT, "application/json")
            .header(X_AUTH_TOKEN, value.clone())
            .header(X_SUBJECT_TOKEN, value)
            .body(SecretBytes::default())
            .map_err(|_| LoginError::Garbled("the auth URL cannot be asked about tokens"))
    }
}

impl Exchange for Client {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        if let Some(bearer) = &self.bearer {
            return self.question(&bearer.token).map(Step::Ask);
        }
        self.asked = Some(at.now());
        let fields = [("grant_type", "client_credentials"), ("client_id", self.method.client_id.as_str())];
        bearer::request(&self.method.endpoint, &fields, None).map(Step::Ask)
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let Some(bearer) = &self.bearer else {
            self.bearer = Some(Bearer::of(answer)?);
            return Ok(None);
        };
        match answer.status() {
            status if status.is_success() => {}
            status if busy(status) => return Err(LoginError::Busy { status }),
            status => return Err(denied(status, answer)),
        }
        let token = described(bearer.token.clone(), answer)?;
        let grant = Grant::new(token).asked_at(self.asked.unwrap_or(at.now())).bound_to_connections();
        let grant = match v3_url(&self.start.auth_url).parse() {
            Ok(issuer) => grant.issued_by(issuer),
            Err(_) => grant,
        };
        Ok(Some(bearer.clone().beside(grant)))
    }
}

/// Keystone gave the access token and does not know it: the certificate went along with one
/// request and not with the other, perhaps. The client itself was not refused.
fn denied(status: StatusCode, answer: &Response<Vec<u8>>) -> LoginError {
    let request_id = RequestId::of(answer.headers());
    LoginError::Denied { status, message: keystones_words(answer), request_id }
}
