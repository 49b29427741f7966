//! `POST /v3/OS-OAUTH2/token`: access tokens of OAuth 2.0, which are Keystone's own tokens
//! (`keystone/api/os_oauth2.py`).

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::{
    Keystone,
    auth_request::{Auth, AuthBody, Identity},
    authenticate::{Outcome, Wire},
    fault::Fault,
    tokens::{Grant, Scope},
};
use crate::cloud::wire::{self, Reply};

impl Keystone {
    /// An access token for a client that shows an application credential, or a certificate.
    pub(super) fn access_token(&mut self, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Reply {
        let form: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let field = |name| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match field("grant_type") {
            None => {
                return problem(
                    StatusCode::BAD_REQUEST,
                    "invalid_request",
                    "The parameter grant_type is required.",
                );
            }
            Some("client_credentials") => {}
            Some(other) => {
                let words = format!("The parameter grant_type {other} is not supported.");
                return problem(StatusCode::BAD_REQUEST, "unsupported_grant_type", &words);
            }
        }
        let token = match &self.certificate {
            Some(user_id) => self.token_of_certificate(&user_id.clone(), field("client_id"), now),
            None => basic(headers).and_then(|(id, secret)| self.token_of_secret(id, secret, now)),
        };
        let Some(token) = token else {
            return problem(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed.");
        };
        let life = self.token_life.num_seconds();
        wire::json(
            StatusCode::OK,
            &json!({"access_token": token, "token_type": "Bearer", "expires_in": life}),
        )
    }

    fn token_of_secret(&mut self, id: String, secret: String, now: DateTime<Utc>) -> Option<String> {
        let identity = Identity::of_application_credential(id, secret);
        let body = AuthBody { auth: Auth { identity, scope: None } };
        match self.authenticate(&body, &Wire::default(), now) {
            Ok(Outcome::Token(id)) => Some(id),
            Ok(Outcome::More(_)) | Err(_) => None,
        }
    }

    /// The certificate is that of the user whose id the client states; the token is bound to it.
    fn token_of_certificate(
        &mut self,
        user_id: &str,
        client_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let user = self.directory.users.get(user_id).filter(|user| client_id == Some(&user.id))?;
        let grant = Grant {
            holder_id: user_id.to_owned(),
            methods: vec!["oauth2_credential".into()],
            scope: Scope::Project(user.default_project.clone()?),
            application_credential: None,
            parent_audit_id: None,
            expires_at: now.checked_add_signed(self.token_life)?,
        };
        let id = self.issue(grant, now);
        self.bound.insert(id.clone());
        Some(id)
    }

    /// A token that is bound to a certificate is good for nobody who does not show that.
    pub(super) fn check_binding(&self, token: &str) -> Result<(), Fault> {
        let shown = self.certificate.is_some();
        if self.bound.contains(token) && !shown { Err(Fault::unauthorized()) } else { Ok(()) }
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = wire::get(headers, "authorization")?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()?;
    pair.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

fn problem(status: StatusCode, error: &str, words: &str) -> Reply {
    wire::json(status, &json!({"error": error, "error_description": words}))
}
