//! Where a federated user came from, and where a user may go on to.

use serde::{Deserialize, Serialize};

use super::{is_default, told};

/// What federation told of a user.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Federation {
    /// The groups that the user is in for the life of this token, by the mapping's rules.
    #[serde(deserialize_with = "told")]
    pub groups: Vec<Group>,
    /// Who vouched for the user.
    #[serde(deserialize_with = "told")]
    pub identity_provider: ById,
    /// By which protocol.
    #[serde(deserialize_with = "told")]
    pub protocol: ById,
}

/// A group that a federated user is in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Group {
    /// The id.
    #[serde(deserialize_with = "told")]
    pub id: String,
    /// The name, where it is told.
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
}

/// Something of which only the id is told.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct ById {
    /// The id.
    #[serde(deserialize_with = "told")]
    pub id: String,
}

/// Another cloud that takes this one's word for its users.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct ServiceProvider {
    /// The id.
    #[serde(deserialize_with = "told")]
    pub id: String,
    /// Where a token is had, once logged in.
    #[serde(deserialize_with = "told")]
    pub auth_url: String,
    /// Where the assertion goes.
    #[serde(deserialize_with = "told")]
    pub sp_url: String,
}
