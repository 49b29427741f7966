//! The `access` document of Identity API v2.0: what a token is, as v3 would describe it.

use serde::Deserialize;

use crate::token::{Description, Domain, Project, Role, Token, Trust, User, UserId, parse_stamp};
use crate::{Catalog, Secret};

/// The answer to `POST /v2.0/tokens`.
#[derive(Deserialize)]
pub(super) struct Document {
    access: Access,
}

#[derive(Deserialize)]
struct Access {
    token: Issued,
    #[serde(default)]
    user: Holder,
    #[serde(default, rename = "serviceCatalog")]
    catalog: Option<Catalog>,
    #[serde(default)]
    trust: Option<Delegation>,
}

#[derive(Deserialize)]
struct Issued {
    id: String,
    #[serde(default)]
    issued_at: Option<String>,
    #[serde(default)]
    expires: Option<String>,
    #[serde(default)]
    tenant: Option<Tenant>,
    #[serde(default)]
    audit_ids: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tenant {
    id: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Holder {
    id: String,
    name: String,
    roles: Vec<Role>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delegation {
    id: String,
    trustor_user_id: String,
    trustee_user_id: String,
    impersonation: bool,
}

impl Document {
    pub(super) fn into_token(self) -> Token {
        let Access { token, user, catalog, trust } = self.access;
        // v2.0 knows one domain, and does not speak of it.
        let domain = || Domain { id: "default".to_owned(), name: "Default".to_owned() };
        let stamp = |text: Option<String>| text.as_deref().and_then(parse_stamp);
        let description = Description {
            user: Some(User { id: user.id, name: user.name, domain: domain() }),
            project: token.tenant.map(|Tenant { id, name }| Project { id, name, domain: domain() }),
            roles: user.roles,
            catalog,
            trust: trust.map(|trust| Trust {
                id: trust.id,
                impersonation: trust.impersonation,
                trustor_user: UserId { id: trust.trustor_user_id },
                trustee_user: UserId { id: trust.trustee_user_id },
            }),
            audit_ids: token.audit_ids,
            issued_at: stamp(token.issued_at),
            expires_at: stamp(token.expires),
            ..Description::default()
        };
        Token { id: Secret::new(token.id), description }
    }
}
