//! Identity API v2.0: `POST {auth_url}/tokens`, for clouds that have nothing newer.

use std::sync::Arc;

use http::{Request, Response, Uri, header};
use serde::Serialize;

use super::v3::{keystones_words, refused_or_busy, to_json};
use super::{DomainRef, Exchange, Fields, Grant, Method, Moment, ProjectRef, Renewal, Scope, Start, Step};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::headers::X_AUTH_TOKEN;
use crate::secret::SecretBytes;
use crate::time::Now;
use crate::token::Token;

/// A login at Identity API v2.0. Its scope is a tenant, which is what a project was called then: by id,
/// or by a name in the domain `default`, since v2.0 knows no domains.
#[derive(Clone, Debug)]
pub struct V2 {
    proof: Proof,
    trust: Option<String>,
}

#[derive(Clone, Debug)]
enum Proof {
    ById { id: String, password: Secret },
    ByName { name: String, password: Secret },
    Token(Secret),
}

impl V2 {
    /// A user by name, and the password.
    pub fn password(name: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::new(Proof::ByName { name: name.into(), password: password.into() })
    }

    /// A user by id, and the password.
    pub fn password_of_id(id: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::new(Proof::ById { id: id.into(), password: password.into() })
    }

    /// A token, exchanged for one of another tenant.
    pub fn token(token: impl Into<Secret>) -> Self {
        Self::new(Proof::Token(token.into()))
    }

    /// With a trust beside the tenant, which v2.0 wants both.
    #[must_use]
    pub fn trust(mut self, id: impl Into<String>) -> Self {
        self.trust = Some(id.into());
        self
    }

    fn new(proof: Proof) -> Self {
        Self { proof, trust: None }
    }

    fn json(&self, scope: &Scope) -> SecretBytes {
        let (mut user, mut token) = (None, None);
        match &self.proof {
            Proof::ById { id, password } => {
                user = Some(User { username: None, user_id: Some(id), password: password.reveal() });
            }
            Proof::ByName { name, password } => {
                user = Some(User { username: Some(name), user_id: None, password: password.reveal() });
            }
            Proof::Token(id) => token = Some(TokenId { id: id.reveal() }),
        }
        let (tenant_id, tenant_name) = match scope {
            Scope::Project(ProjectRef::Id { id }) => (Some(id.as_str()), None),
            Scope::Project(ProjectRef::Name { name, .. }) => (None, Some(name.as_str())),
            _ => (None, None),
        };
        let trust_id = self.trust.as_deref().or(match scope {
            Scope::Trust(id) => Some(id),
            _ => None,
        });
        to_json(&Body { auth: Auth { user, token, tenant_id, tenant_name, trust_id } })
    }
}

impl Method for V2 {
    fn name(&self) -> &str {
        match self.proof {
            Proof::ById { .. } | Proof::ByName { .. } => "v2password",
            Proof::Token(_) => "v2token",
        }
    }

    fn fields(&self, fields: &mut Fields) {
        match &self.proof {
            Proof::ById { id, password } => {
                fields.text("user_id", id);
                fields.secret("password", password);
            }
            Proof::ByName { name, password } => {
                fields.text("username", name);
                fields.secret("password", password);
            }
            Proof::Token(token) => fields.secret("token", token),
        }
        fields.maybe("trust_id", self.trust.as_deref());
    }

    fn renewal(&self) -> Renewal {
        match self.proof {
            Proof::ById { .. } | Proof::ByName { .. } => Renewal::Unattended,
            Proof::Token(_) => Renewal::Never,
        }
    }

    fn check(&self, _: &Uri, scope: &Scope) -> Result<(), InputError> {
        if let Proof::Token(token) = &self.proof {
            token.header()?;
        }
        if fits(scope) { Ok(()) } else { Err(InputError::ScopeNeedsV3) }
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        Box::new(V2Request { method: self, start, asked: None })
    }
}

/// Whether v2.0 has such a scope.
pub(super) fn fits(scope: &Scope) -> bool {
    match scope {
        Scope::Default | Scope::Trust(_) | Scope::Project(ProjectRef::Id { .. }) => true,
        Scope::Project(ProjectRef::Name { domain, .. }) => is_default(domain),
        Scope::Domain(_) | Scope::System | Scope::Unscoped => false,
    }
}

/// Whether this is the domain in which v2.0 has all its names.
pub(super) fn is_default(domain: &DomainRef) -> bool {
    match domain {
        DomainRef::Id(id) => id == "default",
        DomainRef::Name(name) => name == "Default",
    }
}

#[derive(Debug)]
struct V2Request {
    method: Arc<V2>,
    start: Start,
    asked: Option<Now>,
}

impl Exchange for V2Request {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        let mut request =
            Request::post(format!("{}/tokens", self.start.auth_url.to_string().trim_end_matches('/')))
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::ACCEPT, "application/json")
                .body(self.method.json(&self.start.scope))
                .map_err(|_| LoginError::Garbled("the auth URL cannot be asked for tokens"))?;
        if let Proof::Token(token) = &self.method.proof {
            let token = token.header().map_err(|_| LoginError::Garbled("the token is no header value"))?;
            request.headers_mut().insert(X_AUTH_TOKEN, token);
        }
        self.asked = Some(at.now());
        Ok(Step::Ask(request))
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, _: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        if !answer.status().is_success() {
            return Err(refused_or_busy(answer, keystones_words(answer)));
        }
        let token = Token::from_v2(answer.body())?;
        let mut grant = Grant::new(token);
        grant.asked = self.asked;
        Ok(Some(grant))
    }
}

#[derive(Serialize)]
struct Body<'a> {
    auth: Auth<'a>,
}

#[derive(Serialize)]
struct Auth<'a> {
    #[serde(rename = "passwordCredentials", skip_serializing_if = "Option::is_none")]
    user: Option<User<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<TokenId<'a>>,
    #[serde(rename = "tenantId", skip_serializing_if = "Option::is_none")]
    tenant_id: Option<&'a str>,
    #[serde(rename = "tenantName", skip_serializing_if = "Option::is_none")]
    tenant_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust_id: Option<&'a str>,
}

#[derive(Serialize)]
struct User<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(rename = "userId", skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    password: &'a str,
}

#[derive(Serialize)]
struct TokenId<'a> {
    id: &'a str,
}
