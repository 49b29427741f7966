//! A token, and what Keystone said of it.
//!
//! The shape is the body of `POST /v3/auth/tokens` and `GET /v3/auth/tokens` (Identity API v3).
//! Fields that Keystone leaves out are empty here; nothing is made up.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Catalog, Secret};

/// A token id with Keystone's description of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What goes into `X-Auth-Token`.
    pub id: Secret,
    /// Whose token it is and what it allows.
    pub description: Description,
}

/// The `token` object of Keystone's answer.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
pub struct Description {
    /// The user the token acts as. With an impersonating trust this is the trustor.
    pub user: Option<User>,
    /// The project the token is scoped to.
    pub project: Option<Project>,
    /// The domain the token is scoped to.
    pub domain: Option<Domain>,
    /// The system scope; present for a token scoped to the whole deployment.
    pub system: Option<System>,
    /// The trust by which the token acts for somebody else.
    #[serde(rename = "OS-TRUST:trust")]
    pub trust: Option<Trust>,
    /// The application credential that the token was made with.
    pub application_credential: Option<ApplicationCredential>,
    /// The roles the token carries, implied ones included. An unscoped token has none.
    pub roles: Vec<Role>,
    /// How the user proved who they are; a rescoped token has `token` among them.
    pub methods: Vec<String>,
    /// The token's own audit id, then that of the first token in the chain it came from.
    pub audit_ids: Vec<String>,
    /// The services of this cloud, as far as this token may see them. `None` where the answer
    /// had no catalog (an unscoped token, `?nocatalog`).
    pub catalog: Option<Catalog>,
    /// When Keystone issued the token, by its own clock.
    #[serde(deserialize_with = "stamp")]
    pub issued_at: Option<DateTime<Utc>>,
    /// When the token ends, by Keystone's clock.
    #[serde(deserialize_with = "stamp")]
    pub expires_at: Option<DateTime<Utc>>,
}

impl Description {
    /// Whether the token carries one of these roles. Names are compared as
    /// `keystonemiddleware.auth_token` does it: exactly, with upper and lower case apart.
    pub fn has_any_role<S: AsRef<str>>(&self, names: &[S]) -> bool {
        names.iter().any(|name| self.roles.iter().any(|role| role.name == name.as_ref()))
    }
}

/// A user, with the domain that owns the name.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
pub struct User {
    /// The id; unique in the cloud.
    pub id: String,
    /// The name; unique in its domain.
    pub name: String,
    /// The domain of the user.
    pub domain: Domain,
}

/// A project, with the domain that owns the name.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
pub struct Project {
    /// The id; unique in the cloud.
    pub id: String,
    /// The name; unique in its domain.
    pub name: String,
    /// The domain of the project.
    pub domain: Domain,
}

/// A domain.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
pub struct Domain {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
}

/// The scope of a token for the whole deployment.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
pub struct System {
    /// Keystone knows no other system scope than "all of it".
    pub all: bool,
}

/// A delegation that a token was made with.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
pub struct Trust {
    /// The id of the trust.
    pub id: String,
    /// Whether the token acts under the trustor's name.
    pub impersonation: bool,
    /// Who delegated.
    pub trustor_user: UserId,
    /// To whom.
    pub trustee_user: UserId,
}

/// A user of whom only the id is told.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
pub struct UserId {
    /// The id.
    pub id: String,
}

/// The application credential behind a token.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
pub struct ApplicationCredential {
    /// The id.
    pub id: String,
    /// The name; unique for its user.
    pub name: String,
    /// Whether it is kept from making further credentials and trusts.
    pub restricted: bool,
}

/// A role that a token carries.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
pub struct Role {
    /// The id.
    pub id: String,
    /// The name, as policies and `service_token_roles` use it.
    pub name: String,
}

/// Reads a stamp of Keystone's: with or without `Z`, with or without microseconds.
///
/// Stamps without a zone are UTC (`utils.isotime` in Keystone; `password_expires_at` has none).
pub(crate) fn parse_stamp(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|stamp| stamp.to_utc())
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|stamp| stamp.and_utc()))
        .ok()
}

fn stamp<'de, D: Deserializer<'de>>(de: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(de)? else { return Ok(None) };
    // The text is not repeated: what stands where a date should be may be anything.
    parse_stamp(&text).map(Some).ok_or_else(|| serde::de::Error::custom("a stamp that is not a date"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_come_in_four_shapes() {
        let expected = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        for text in [
            "2026-09-21T14:13:20.000000Z",
            "2026-09-21T14:13:20Z",
            "2026-09-21T14:13:20.000000",
            "2026-09-21T14:13:20",
            "2026-09-21T16:13:20+02:00",
        ] {
            assert_eq!(parse_stamp(text), Some(expected), "{text}");
        }
        for text in ["", "soon", "2026-09-21", "1790000000", "2026-13-21T14:13:20Z"] {
            assert_eq!(parse_stamp(text), None, "{text}");
        }
    }

    #[test]
    fn absent_is_absent() {
        let told: Description = serde_json::from_str(r#"{"methods":["password"],"novel":{}}"#).unwrap();
        assert_eq!(told.project, None);
        assert_eq!(told.catalog, None);
        assert_eq!(told.expires_at, None);
        let null: Description = serde_json::from_str(r#"{"expires_at":null}"#).unwrap();
        assert_eq!(null.expires_at, None);
        assert!(serde_json::from_str::<Description>(r#"{"expires_at":"never"}"#).is_err());
    }

    #[test]
    fn roles_are_compared_exactly() {
        let told: Description = serde_json::from_str(r#"{"roles":[{"id":"1","name":"service"}]}"#).unwrap();
        assert!(told.has_any_role(&["admin", "service"]));
        assert!(!told.has_any_role(&["Service"]));
        assert!(!told.has_any_role::<&str>(&[]));
    }
}
