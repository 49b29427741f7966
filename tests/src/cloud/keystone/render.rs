//! What Keystone says of a token, and its catalog.

use serde_json::{Value, json};

use super::{
    Keystone,
    directory::{Project, domain},
    tokens::{Scope, Standing},
};
use crate::cloud::{clock::stamp, service::Service};

/// The one region of the cloud.
pub(crate) const REGION: &str = "RegionOne";

impl Keystone {
    /// The body of an issued or validated token.
    pub(crate) fn show_token(&self, standing: &Standing<'_>, with_catalog: bool) -> Value {
        let Standing { token, user, .. } = standing;
        let mut body = json!({
            "methods": token.methods,
            "user": {"domain": domain(), "id": user.id, "name": user.name,
                "password_expires_at": null},
            "audit_ids": token.audit_ids,
            "expires_at": stamp(token.expires_at),
            "issued_at": stamp(token.issued_at),
        });
        if let Some(project) = standing.project {
            body["project"] = show_project(project);
        }
        if !self.service_providers.is_empty() {
            body["service_providers"] = json!(self.service_providers);
        }
        match (&token.scope, standing.trust) {
            (_, Some(trust)) => {
                body["OS-TRUST:trust"] = json!({
                    "id": trust.id,
                    "trustor_user": {"id": trust.trustor_id},
                    "trustee_user": {"id": trust.trustee_id},
                    "impersonation": trust.impersonation,
                });
                body["roles"] = json!(self.show_roles(&trust.roles));
            }
            (Scope::Unscoped, _) => return json!({"token": body}),
            (Scope::Project(_), _) => body["is_domain"] = json!(false),
            (Scope::Domain, _) => body["domain"] = domain(),
            (Scope::System, _) => body["system"] = json!({"all": true}),
            (Scope::Trust(_), None) => {}
        }
        if standing.trust.is_none() {
            let roles = standing.roles.iter();
            let roles = roles.map(|role| json!({"id": role.id, "name": role.name}));
            body["roles"] = roles.collect();
        }
        self.show_credential_of(standing, &mut body);
        if with_catalog {
            body["catalog"] = self.catalog(standing.project);
        }
        json!({"token": body})
    }

    fn show_credential_of(&self, standing: &Standing<'_>, body: &mut Value) {
        let Some(credential) = self.credential_of(standing.token) else {
            return;
        };
        let mut shown = json!({"id": credential.id, "name": credential.name,
            "restricted": !credential.unrestricted});
        if !credential.access_rules.is_empty() {
            shown["access_rules"] = json!(credential.access_rules);
        }
        body["application_credential"] = shown;
    }

    /// The endpoints, with the project's id where the real ones have it; a service that needs a
    /// project is there without endpoints when there is none.
    pub(crate) fn catalog(&self, project: Option<&Project>) -> Value {
        let entry = |service: Service| {
            let path = service.catalog_path(project.map(|project| project.id.as_str()));
            let endpoints = path.map(|path| self.endpoints(service, &path)).unwrap_or_default();
            json!({
                "endpoints": endpoints,
                "id": fixed_id(service, "service"),
                "type": service.service_type(),
                "name": service.name(),
            })
        };
        let listed = Service::ALL.into_iter().filter(|it| *it != Service::IdentityProvider);
        listed.map(entry).collect()
    }

    fn endpoints(&self, service: Service, path: &str) -> Vec<Value> {
        let url = format!("{}{path}", self.origin(service));
        let endpoint = |interface: &str| {
            json!({"id": fixed_id(service, interface), "interface": interface,
                "region_id": REGION, "region": REGION, "url": url})
        };
        ["public", "internal", "admin"].map(endpoint).into()
    }
}

fn show_project(project: &Project) -> Value {
    json!({"domain": domain(), "id": project.id, "name": project.name})
}

/// An id that is the same in every token of the cloud: 32 hexadecimal digits of the words (FNV-1a).
fn fixed_id(service: Service, word: &str) -> String {
    let name = service.name();
    let bytes = name.bytes().chain(word.bytes());
    let hash = bytes.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    format!("{hash:032x}")
}
