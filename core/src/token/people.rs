//! Who and where: users, projects, domains, roles.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Federation, is_default, stamp, told};

/// A user, with the domain that owns the name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct User {
    /// The id; unique in the cloud.
    #[serde(deserialize_with = "told")]
    pub id: String,
    /// The name; unique in its domain.
    #[serde(deserialize_with = "told")]
    pub name: String,
    /// The domain of the user. Identity API v2.0 knows none, and it is empty there.
    #[serde(deserialize_with = "told", skip_serializing_if = "is_default")]
    pub domain: Domain,
    /// When the password ends, if it does.
    #[serde(with = "stamp", skip_serializing_if = "is_default")]
    pub password_expires_at: Option<DateTime<Utc>>,
    /// Where the user came from, if not from this cloud.
    #[serde(rename = "OS-FEDERATION", skip_serializing_if = "is_default")]
    pub federation: Option<Federation>,
}

/// A project, with the domain that owns the name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Project {
    /// The id; unique in the cloud.
    #[serde(deserialize_with = "told")]
    pub id: String,
    /// The name; unique in its domain.
    #[serde(deserialize_with = "told")]
    pub name: String,
    /// The domain of the project. Identity API v2.0 knows none, and it is empty there.
    #[serde(deserialize_with = "told", skip_serializing_if = "is_default")]
    pub domain: Domain,
}

/// A domain.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Domain {
    /// The id.
    #[serde(deserialize_with = "told")]
    pub id: String,
    /// The name.
    #[serde(deserialize_with = "told")]
    pub name: String,
}

/// The scope of a token for the whole deployment.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct System {
    /// Keystone knows no other system scope than "all of it".
    pub all: bool,
}

/// A role that a token carries.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Role {
    /// The id.
    #[serde(deserialize_with = "told")]
    pub id: String,
    /// The name, as policies and `service_token_roles` use it.
    #[serde(deserialize_with = "told")]
    pub name: String,
}
