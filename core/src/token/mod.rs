//! A token, and what Keystone said of it.
//!
//! The shape is the body of `POST /v3/auth/tokens` and `GET /v3/auth/tokens` (Identity API v3, as
//! `keystone/common/render_token.py` writes it). Fields that Keystone leaves out, or that are null,
//! are empty here; nothing is made up. Written out, a description has the same shape again.

mod delegation;
mod federation;
mod people;
mod read;
mod saved;
mod stamp;
#[cfg(test)]
mod tests;
mod v2;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

pub use delegation::{AccessRule, ApplicationCredential, Oauth1, Oauth2Credential, Trust, UserId};
pub use federation::{ById, Federation, Group, ServiceProvider};
pub use people::{Domain, Project, Role, System, User};
pub use read::Unreadable;
pub(crate) use stamp::parse as parse_stamp;

use crate::{Catalog, LoginError, Secret};

/// A token id with Keystone's description of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What goes into `X-Auth-Token`.
    pub id: Secret,
    /// Whose token it is and what it allows.
    pub description: Description,
}

/// The `token` object of Keystone's answer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Description {
    /// The user the token acts as. With an impersonating trust this is the trustor.
    #[serde(skip_serializing_if = "is_default")]
    pub user: Option<User>,
    /// The project the token is scoped to.
    #[serde(skip_serializing_if = "is_default")]
    pub project: Option<Project>,
    /// Whether that project acts as a domain.
    #[serde(rename = "is_domain", skip_serializing_if = "is_default")]
    pub project_is_domain: Option<bool>,
    /// The domain the token is scoped to.
    #[serde(skip_serializing_if = "is_default")]
    pub domain: Option<Domain>,
    /// The system scope; present for a token scoped to the whole deployment.
    #[serde(skip_serializing_if = "is_default")]
    pub system: Option<System>,
    /// The trust by which the token acts for somebody else.
    #[serde(rename = "OS-TRUST:trust", skip_serializing_if = "is_default")]
    pub trust: Option<Trust>,
    /// The application credential that the token was made with.
    #[serde(skip_serializing_if = "is_default")]
    pub application_credential: Option<ApplicationCredential>,
    /// The OAuth 1 access that the token was made with.
    #[serde(rename = "OS-OAUTH1", skip_serializing_if = "is_default")]
    pub oauth1: Option<Oauth1>,
    /// The client certificate that the token is bound to, if it is an OAuth 2 one.
    #[serde(skip_serializing_if = "is_default")]
    pub oauth2_credential: Option<Oauth2Credential>,
    /// The roles the token carries, implied ones included. An unscoped token has none.
    #[serde(deserialize_with = "told", skip_serializing_if = "is_default")]
    pub roles: Vec<Role>,
    /// How the user proved who they are; a rescoped token has `token` among them.
    #[serde(deserialize_with = "told", skip_serializing_if = "is_default")]
    pub methods: Vec<String>,
    /// The token's own audit id, then that of the first token in the chain it came from.
    #[serde(deserialize_with = "told", skip_serializing_if = "is_default")]
    pub audit_ids: Vec<String>,
    /// Whether the scope is the cloud's admin project. `None` where Keystone does not say, which
    /// is everywhere but in clouds that have named one; it is no yes.
    #[serde(skip_serializing_if = "is_default")]
    pub is_admin_project: Option<bool>,
    /// The other clouds that this one lets its users log in to.
    #[serde(deserialize_with = "told", skip_serializing_if = "is_default")]
    pub service_providers: Vec<ServiceProvider>,
    /// What a bearer must also prove, by mechanism, such as a Kerberos principal. Only old
    /// Keystones bind tokens like that.
    #[serde(deserialize_with = "told", skip_serializing_if = "is_default")]
    pub bind: BTreeMap<String, String>,
    /// The services of this cloud, as far as this token may see them. `None` where the answer
    /// had no catalog (an unscoped token, `?nocatalog`).
    #[serde(skip_serializing_if = "is_default")]
    pub catalog: Option<Catalog>,
    /// When Keystone issued the token, by its own clock.
    #[serde(with = "stamp", skip_serializing_if = "is_default")]
    pub issued_at: Option<DateTime<Utc>>,
    /// When the token ends, by Keystone's clock.
    #[serde(with = "stamp", skip_serializing_if = "is_default")]
    pub expires_at: Option<DateTime<Utc>>,
}

impl Token {
    /// The token in an answer of Keystone's, or why there is none.
    ///
    /// # Errors
    /// [`LoginError::Refused`] for 401, [`LoginError::Busy`], [`LoginError::Denied`],
    /// [`LoginError::Garbled`] or [`LoginError::Unreadable`].
    pub fn read(answer: &http::Response<Vec<u8>>) -> Result<Self, LoginError> {
        crate::identity::v3::read(answer)
    }
}

impl Description {
    /// Reads what describes a token: the whole answer of Identity API v3 (`{"token": …}`, which is
    /// also what `keystone.token_info` of a request holds), or of v2.0 (`{"access": …}`).
    ///
    /// ```
    /// use keepstone_core::token::Description;
    /// let told = Description::from_json(br#"{"token":{"audit_ids":["a","b"]}}"#)?;
    /// assert_eq!((told.audit_id(), told.audit_chain_id()), (Some("a"), Some("b")));
    /// # Ok::<(), keepstone_core::token::Unreadable>(())
    /// ```
    ///
    /// # Errors
    /// [`Unreadable`]. Whatever the bytes are, it takes no more than some tens of megabytes.
    pub fn from_json(body: &[u8]) -> Result<Self, Unreadable> {
        read::either(body)
    }

    /// Whether the token carries one of these roles. Names are compared as
    /// `keystonemiddleware.auth_token` does it: exactly, with upper and lower case apart.
    pub fn has_any_role<S: AsRef<str>>(&self, names: &[S]) -> bool {
        names.iter().any(|name| self.roles.iter().any(|role| role.name == name.as_ref()))
    }

    /// The id of the user it acts as.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user.as_ref().map(|user| user.id.as_str()).filter(|id| !id.is_empty())
    }

    /// The id of the project it is scoped to.
    #[must_use]
    pub fn project_id(&self) -> Option<&str> {
        self.project.as_ref().map(|project| project.id.as_str()).filter(|id| !id.is_empty())
    }

    /// The token's own audit id, by which logs name it.
    #[must_use]
    pub fn audit_id(&self) -> Option<&str> {
        self.audit_ids.first().map(String::as_str)
    }

    /// The audit id of the first token of the chain. `None` if this is the first itself.
    #[must_use]
    pub fn audit_chain_id(&self) -> Option<&str> {
        self.audit_ids.get(1).map(String::as_str)
    }

    /// What federation told of the user.
    #[must_use]
    pub fn federation(&self) -> Option<&Federation> {
        self.user.as_ref().and_then(|user| user.federation.as_ref())
    }

    /// Whether the user came from an identity provider.
    #[must_use]
    pub fn is_federated(&self) -> bool {
        self.federation().is_some()
    }

    /// The cloud of this name, if its users may log in there.
    #[must_use]
    pub fn service_provider(&self, id: &str) -> Option<&ServiceProvider> {
        self.service_providers.iter().find(|provider| provider.id == id)
    }
}

/// Null is as good as absent.
fn told<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(de: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(de)?.unwrap_or_default())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
