//! The body of a token request, as it comes over the wire.

use serde::Deserialize;
use serde_json::Value;

use super::directory::{DOMAIN_ID, DOMAIN_NAME};

/// The body of `POST /v3/auth/tokens`.
#[derive(Debug, Deserialize)]
pub(crate) struct AuthBody {
    pub(crate) auth: Auth,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Auth {
    pub(crate) identity: Identity,
    #[serde(default)]
    pub(crate) scope: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Identity {
    pub(crate) methods: Vec<String>,
    pub(crate) password: Option<PasswordMethod>,
    pub(crate) token: Option<TokenMethod>,
    pub(crate) application_credential: Option<ApplicationCredentialMethod>,
    pub(crate) totp: Option<TotpMethod>,
}

impl Identity {
    /// What the token endpoint of OAuth 2 makes of a client's id and secret.
    pub(crate) fn of_application_credential(id: String, secret: String) -> Self {
        let method = ApplicationCredentialMethod { id: Some(id), name: None, user: None, secret };
        let methods = vec!["application_credential".to_owned()];
        Self { methods, password: None, token: None, application_credential: Some(method), totp: None }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct PasswordMethod {
    pub(crate) user: PasswordUser,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PasswordUser {
    #[serde(flatten)]
    pub(crate) who: Reference,
    pub(crate) password: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TotpMethod {
    pub(crate) user: TotpUser,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TotpUser {
    #[serde(flatten)]
    pub(crate) who: Reference,
    pub(crate) passcode: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TokenMethod {
    pub(crate) id: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ApplicationCredentialMethod {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) user: Option<Reference>,
    pub(crate) secret: String,
}

/// Something named by id, or by name and domain.
#[derive(Debug, Deserialize)]
pub(crate) struct Reference {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<DomainReference>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DomainReference {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TrustReference {
    pub(crate) id: String,
}

/// The scope asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct ScopeBody {
    pub(crate) project: Option<Reference>,
    pub(crate) domain: Option<DomainReference>,
    pub(crate) system: Option<SystemReference>,
    #[serde(rename = "OS-TRUST:trust")]
    pub(crate) trust: Option<TrustReference>,
    pub(crate) unscoped: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SystemReference {
    pub(crate) all: bool,
}

impl DomainReference {
    pub(crate) fn is_known(&self) -> bool {
        match (&self.id, &self.name) {
            (Some(id), _) => id == DOMAIN_ID,
            (None, Some(name)) => name == DOMAIN_NAME,
            (None, None) => false,
        }
    }
}
