//! `POST /v3/auth/tokens`: what is asked, and what the answers mean.
//!
//! Bodies: Identity API v3, "Authentication and token management". Whom an answer is from is
//! told by its shape, since anything may stand in front of Keystone.

use http::{Request, Response, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::credential::{ApplicationCredentialRef, Credential, Method};
use super::scope::{UserRef, WireScope};
use crate::Secret;
use crate::error::{InputError, LoginError, RequestId};
use crate::headers::{X_AUTH_TOKEN, X_SUBJECT_TOKEN};
use crate::secret::SecretBytes;
use crate::token::{Description, Token};

/// The request that asks for a token.
pub(super) fn ask(credential: &Credential) -> Result<Request<SecretBytes>, InputError> {
    let url = format!("{}/auth/tokens", credential.auth_url);
    let mut request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(SecretBytes::new(body(credential)))
        .map_err(|_| InputError::AuthUrl(credential.auth_url.to_string()))?;
    if let Method::Token { token } = &credential.method {
        request.headers_mut().insert(X_AUTH_TOKEN, token.header()?);
    }
    Ok(request)
}

/// The token in an answer, or why there is none.
pub(super) fn read(credential: &Credential, answer: &Response<Vec<u8>>) -> Result<Token, LoginError> {
    match answer.status() {
        status if status.is_success() => granted(answer),
        StatusCode::UNAUTHORIZED => Err(LoginError::Refused {
            message: message(credential, answer),
            request_id: RequestId::of(answer.headers()),
        }),
        status
            if status.is_server_error()
                || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) =>
        {
            Err(LoginError::Busy { status })
        }
        status => Err(LoginError::Denied {
            status,
            message: message(credential, answer),
            request_id: RequestId::of(answer.headers()),
        }),
    }
}

fn granted(answer: &Response<Vec<u8>>) -> Result<Token, LoginError> {
    let id = answer.headers().get(X_SUBJECT_TOKEN).ok_or(LoginError::Garbled("it has no X-Subject-Token"))?;
    let id = id.to_str().map_err(|_| LoginError::Garbled("its X-Subject-Token is not text"))?;
    let body: Granted = serde_json::from_slice(answer.body())
        .map_err(|_| LoginError::Garbled("its body is not the description of a token"))?;
    Ok(Token { id: Secret::new(id), description: body.token })
}

#[derive(Deserialize)]
struct Granted {
    token: Description,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorDetail {
    message: String,
}

/// Keystone's words, shortened, without the secret that it may have repeated in them.
fn message(credential: &Credential, answer: &Response<Vec<u8>>) -> String {
    let body: ErrorBody = serde_json::from_slice(answer.body()).unwrap_or_default();
    let (words, secret) = (body.error.message, credential.secret().reveal());
    let words = if secret.is_empty() { words } else { words.replace(secret, "…") };
    if words.is_empty() { "it gave no reason".to_owned() } else { words.chars().take(300).collect() }
}

impl Credential {
    fn secret(&self) -> &Secret {
        match &self.method {
            Method::Password { password, .. } => password,
            Method::Token { token } => token,
            Method::ApplicationCredential { secret, .. } => secret,
        }
    }
}

fn body(credential: &Credential) -> Vec<u8> {
    let mut identity = Identity::default();
    match &credential.method {
        Method::Password { user, password } => {
            identity.methods = ["password"];
            identity.password = Some(Password { user: PasswordUser { user, password: password.reveal() } });
        }
        Method::Token { token } => {
            identity.methods = ["token"];
            identity.token = Some(TokenId { id: token.reveal() });
        }
        Method::ApplicationCredential { credential, secret } => {
            identity.methods = ["application_credential"];
            identity.application_credential = Some(AppCredential::new(credential, secret.reveal()));
        }
    }
    let body = Body { auth: Auth { identity, scope: credential.scope.wire() } };
    // Large enough not to be moved, which would leave copies of the secret behind.
    let mut bytes = Vec::with_capacity(2048 + 6 * credential.secret().reveal().len());
    // Writing plain structs to memory cannot fail: no map has keys other than text.
    let _ = serde_json::to_writer(&mut bytes, &body);
    bytes
}

#[derive(Serialize)]
struct Body<'a> {
    auth: Auth<'a>,
}

#[derive(Serialize)]
struct Auth<'a> {
    identity: Identity<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<WireScope<'a>>,
}

#[derive(Default, Serialize)]
struct Identity<'a> {
    methods: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<Password<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<TokenId<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_credential: Option<AppCredential<'a>>,
}

#[derive(Serialize)]
struct Password<'a> {
    user: PasswordUser<'a>,
}

#[derive(Serialize)]
struct PasswordUser<'a> {
    #[serde(flatten)]
    user: &'a UserRef,
    password: &'a str,
}

#[derive(Serialize)]
struct TokenId<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct AppCredential<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a UserRef>,
    secret: &'a str,
}

impl<'a> AppCredential<'a> {
    fn new(credential: &'a ApplicationCredentialRef, secret: &'a str) -> Self {
        match credential {
            ApplicationCredentialRef::Id(id) => Self { id: Some(id), name: None, user: None, secret },
            ApplicationCredentialRef::Name { name, user } => {
                Self { id: None, name: Some(name), user: Some(user), secret }
            }
        }
    }
}
