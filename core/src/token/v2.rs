//! What Identity API v2.0 said of a token: the `access` document, which carries the token too.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use super::read::{Unreadable, json};
use super::{Description, Project, Role, Token, Trust, User, UserId, stamp, told};
use crate::{Catalog, Secret};

impl Token {
    /// Reads the answer to `POST /v2.0/tokens`. Identity API v2.0 has no domains, methods or system
    /// scope: those are empty.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_v2(body: &[u8]) -> Result<Self, Unreadable> {
        let document: Document = json(body)?;
        let mut access = document.access.ok_or(Unreadable::Missing("access"))?;
        let id = access.token.id.take().filter(|id| !id.reveal().is_empty());
        let id = id.ok_or(Unreadable::Missing("access.token.id"))?;
        Ok(Self { id, description: access.described() })
    }
}

#[derive(Deserialize)]
struct Document {
    access: Option<Access>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Access {
    #[serde(deserialize_with = "told")]
    token: WireToken,
    user: Option<WireUser>,
    #[serde(rename = "serviceCatalog")]
    catalog: Option<Catalog>,
    trust: Option<WireTrust>,
    #[serde(deserialize_with = "told")]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireToken {
    #[serde(deserialize_with = "secret")]
    id: Option<Secret>,
    #[serde(deserialize_with = "stamp::deserialize")]
    expires: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "stamp::deserialize")]
    issued_at: Option<DateTime<Utc>>,
    tenant: Option<Tenant>,
    /// Before 2013, all that was told of the tenant.
    #[serde(rename = "tenantId")]
    tenant_id: Option<String>,
    #[serde(deserialize_with = "told")]
    audit_ids: Vec<String>,
    #[serde(deserialize_with = "told")]
    bind: BTreeMap<String, String>,
}

fn secret<'de, D: Deserializer<'de>>(de: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(de)?.map(Secret::new))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tenant {
    #[serde(deserialize_with = "told")]
    id: String,
    #[serde(deserialize_with = "told")]
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireUser {
    #[serde(deserialize_with = "told")]
    id: String,
    name: Option<String>,
    username: Option<String>,
    #[serde(deserialize_with = "told")]
    roles: Vec<Role>,
    /// Likewise before 2013.
    #[serde(rename = "tenantId")]
    tenant_id: Option<String>,
    #[serde(rename = "tenantName")]
    tenant_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireTrust {
    #[serde(deserialize_with = "told")]
    id: String,
    #[serde(deserialize_with = "told")]
    impersonation: bool,
    #[serde(deserialize_with = "told")]
    trustor_user_id: String,
    #[serde(deserialize_with = "told")]
    trustee_user_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    /// The ids of the roles that the user has by name, in the same order.
    #[serde(deserialize_with = "told")]
    roles: Vec<String>,
}

impl Access {
    pub(super) fn described(self) -> Description {
        let Self { token, user, catalog, trust, metadata } = self;
        let mut user = user.unwrap_or_default();
        let project = tenant(&token, &user);
        let roles = roles(std::mem::take(&mut user.roles), metadata.roles);
        let name = user.name.filter(|name| !name.is_empty()).or(user.username).unwrap_or_default();
        let user = User { id: user.id, name, ..User::default() };
        Description {
            user: Some(user).filter(|user| *user != User::default()),
            project,
            trust: trust.map(|trust| Trust {
                id: trust.id,
                impersonation: trust.impersonation,
                trustor_user: UserId { id: trust.trustor_user_id },
                trustee_user: UserId { id: trust.trustee_user_id },
                ..Trust::default()
            }),
            roles,
            audit_ids: token.audit_ids,
            bind: token.bind,
            catalog,
            issued_at: token.issued_at,
            expires_at: token.expires,
            ..Description::default()
        }
    }
}

fn tenant(token: &WireToken, user: &WireUser) -> Option<Project> {
    if let Some(tenant) = &token.tenant {
        return Some(Project { id: tenant.id.clone(), name: tenant.name.clone(), ..Project::default() });
    }
    let id = user.tenant_id.as_ref().or(token.tenant_id.as_ref())?;
    let name = user.tenant_name.clone().unwrap_or_default();
    Some(Project { id: id.clone(), name, ..Project::default() })
}

/// Their names stand with the user, their ids with the metadata.
fn roles(mut roles: Vec<Role>, ids: Vec<String>) -> Vec<Role> {
    if roles.len() == ids.len() {
        for (role, id) in roles.iter_mut().zip(ids).filter(|(role, _)| role.id.is_empty()) {
            role.id = id;
        }
    }
    roles
}
