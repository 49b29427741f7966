//! Identity API v2.0, as Keystone had it until Queens: `POST /v2.0/tokens`, over the same users,
//! projects (then tenants) and tokens as v3. Served if [`crate::cloud::Settings::identity_v2`] says so.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Keystone,
    auth_request::AuthBody,
    authenticate::{Outcome, Wire},
    fault::Fault,
    render::REGION,
    tokens::Standing,
};
use crate::cloud::{clock::stamp, service::Service};

/// The body of `POST /v2.0/tokens`.
#[derive(Debug, Deserialize)]
pub(crate) struct V2Body {
    auth: V2Auth,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct V2Auth {
    password_credentials: Option<PasswordCredentials>,
    token: Option<TokenId>,
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    #[serde(rename = "trust_id")]
    trust_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PasswordCredentials {
    username: Option<String>,
    user_id: Option<String>,
    password: String,
}

#[derive(Debug, Deserialize)]
struct TokenId {
    id: String,
}

impl V2Body {
    /// The same request as v3 has it; names are in the one domain that v2.0 knows.
    fn as_v3(&self) -> Result<AuthBody, Fault> {
        let domain = json!({"id": "default"});
        let auth = &self.auth;
        let identity = match (&auth.password_credentials, &auth.token) {
            (Some(PasswordCredentials { user_id: Some(id), password, .. }), _) => {
                json!({"methods": ["password"], "password": {"user": {"id": id, "password": password}}})
            }
            (Some(PasswordCredentials { username: Some(name), password, .. }), _) => {
                let user = json!({"name": name, "domain": domain, "password": password});
                json!({"methods": ["password"], "password": {"user": user}})
            }
            (_, Some(token)) => json!({"methods": ["token"], "token": {"id": token.id}}),
            _ => return Err(Fault::bad_request("Expecting to find passwordCredentials or token in auth.")),
        };
        let mut body = json!({"auth": {"identity": identity}});
        let scope = match (&auth.trust_id, &auth.tenant_id, &auth.tenant_name) {
            (Some(id), _, _) => Some(json!({"OS-TRUST:trust": {"id": id}})),
            (None, Some(id), _) => Some(json!({"project": {"id": id}})),
            (None, None, Some(name)) => Some(json!({"project": {"name": name, "domain": domain}})),
            (None, None, None) => None,
        };
        if let Some(scope) = scope {
            body["auth"]["scope"] = scope;
        }
        serde_json::from_value(body).map_err(|error| Fault::bad_request(error.to_string()))
    }
}

impl Keystone {
    /// Logs somebody in; gives the `access` document, which holds the token itself.
    pub(crate) fn authenticate_v2(&mut self, body: &V2Body, now: DateTime<Utc>) -> Result<Value, Fault> {
        // v2.0 has no receipts: a user whose rules demand more than a password cannot log in there.
        let outcome = self.authenticate(&body.as_v3()?, &Wire::default(), now)?;
        let Outcome::Token(id) = outcome else { return Err(Fault::unauthorized()) };
        let standing = self.validate(&id, true, now)?;
        Ok(self.show_access(&standing))
    }

    fn show_access(&self, standing: &Standing<'_>) -> Value {
        let Standing { token, user, project, .. } = standing;
        let mut shown = json!({
            "id": token.id,
            "issued_at": stamp(token.issued_at),
            "expires": stamp(token.expires_at),
            "audit_ids": token.audit_ids,
        });
        if let Some(project) = project {
            shown["tenant"] =
                json!({"id": project.id, "name": project.name, "enabled": true, "description": ""});
        }
        let roles: Vec<_> = standing.roles.iter().map(|role| json!({"name": role.name})).collect();
        let role_ids: Vec<_> = standing.roles.iter().map(|role| role.id.clone()).collect();
        let catalog: Vec<_> = Service::ALL
            .into_iter()
            .filter_map(|service| {
                let path = service.catalog_path(project.map(|project| project.id.as_str()))?;
                let url = format!("{}{path}", self.origin(service));
                let endpoint =
                    json!({"region": REGION, "publicURL": url, "internalURL": url, "adminURL": url});
                let (kind, name) = (service.service_type(), service.name());
                Some(json!({"type": kind, "name": name, "endpoints": [endpoint], "endpoints_links": []}))
            })
            .collect();
        json!({"access": {
            "token": shown,
            "user": {"id": user.id, "name": user.name, "username": user.name, "roles": roles, "roles_links": []},
            "serviceCatalog": catalog,
            "metadata": {"is_admin": 0, "roles": role_ids},
        }})
    }
}
