//! Application credentials: a name and a secret that stand for a user on one project.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Keystone,
    caller::Caller,
    fault::Fault,
    tokens::Token,
    trusts::{RoleReference, future},
};

#[derive(Clone, Debug)]
pub(crate) struct ApplicationCredential {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) user_id: String,
    pub(crate) project_id: String,
    pub(crate) secret: String,
    /// Role names.
    pub(crate) roles: Vec<String>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) unrestricted: bool,
    /// What its tokens may do; empty: everything.
    pub(crate) access_rules: Vec<Value>,
    description: Option<String>,
}

/// The body of `POST /v3/users/{id}/application_credentials`.
#[derive(Debug, Deserialize)]
pub(crate) struct ApplicationCredentialBody {
    application_credential: ApplicationCredentialRequest,
}

#[derive(Debug, Deserialize)]
struct ApplicationCredentialRequest {
    name: String,
    secret: Option<String>,
    description: Option<String>,
    #[serde(default)]
    roles: Vec<RoleReference>,
    expires_at: Option<String>,
    #[serde(default)]
    unrestricted: bool,
    #[serde(default)]
    access_rules: Vec<AccessRule>,
}

#[derive(Debug, Deserialize)]
struct AccessRule {
    service: String,
    method: String,
    path: String,
}

impl Keystone {
    pub(crate) fn create_application_credential(
        &mut self,
        body: ApplicationCredentialBody,
        user_id: &str,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Value, Fault> {
        let asked = body.application_credential;
        let action = "identity:create_application_credential";
        caller.may_delegate(action)?;
        let project_id = caller.project_id.clone().ok_or_else(|| Fault::forbidden(action))?;
        if caller.user_id != user_id {
            return Err(Fault::forbidden(action));
        }
        let mut theirs = self.application_credentials.values();
        if theirs.any(|it| it.user_id == user_id && it.name == asked.name) {
            return Err(Fault::conflict("Conflict occurred: Duplicate entry found."));
        }
        let roles = if asked.roles.is_empty() {
            self.roles_in_project(user_id, &project_id)
        } else {
            self.delegable_roles(&asked.roles, user_id, &project_id)?
        };
        let credential = ApplicationCredential {
            id: self.dice.id(),
            name: asked.name,
            user_id: user_id.to_owned(),
            project_id,
            secret: asked.secret.unwrap_or_else(|| self.dice.secret()),
            roles,
            expires_at: future(asked.expires_at.as_deref(), now)?,
            unrestricted: asked.unrestricted,
            access_rules: asked.access_rules.iter().map(|rule| self.access_rule(rule)).collect(),
            description: asked.description,
        };
        let mut shown = self.show_application_credential(&credential);
        shown["secret"] = json!(credential.secret);
        self.application_credentials.insert(credential.id.clone(), credential);
        Ok(json!({"application_credential": shown}))
    }

    pub(crate) fn list_application_credentials(
        &self,
        user_id: &str,
        caller: &Caller,
    ) -> Result<Value, Fault> {
        own(user_id, caller, "identity:list_application_credentials")?;
        let all = self.application_credentials.values().filter(|it| it.user_id == user_id);
        let all: Vec<_> = all.map(|it| self.show_application_credential(it)).collect();
        let links = self.links(&format!("/users/{user_id}/application_credentials"));
        Ok(json!({"application_credentials": all, "links": links}))
    }

    pub(crate) fn get_application_credential(
        &self,
        user_id: &str,
        id: &str,
        caller: &Caller,
    ) -> Result<Value, Fault> {
        own(user_id, caller, "identity:get_application_credential")?;
        let credential = self.application_credentials.get(id).filter(|it| it.user_id == user_id);
        let credential = credential.ok_or_else(|| unknown(id))?;
        Ok(json!({"application_credential": self.show_application_credential(credential)}))
    }

    /// Deletes it; its tokens die with it.
    pub(crate) fn delete_application_credential(
        &mut self,
        user_id: &str,
        id: &str,
        caller: &Caller,
    ) -> Result<(), Fault> {
        let action = "identity:delete_application_credential";
        own(user_id, caller, action)?;
        caller.may_delegate(action)?;
        let there = self.application_credentials.get(id).is_some_and(|it| it.user_id == user_id);
        if !there {
            return Err(unknown(id));
        }
        self.application_credentials.remove(id);
        Ok(())
    }

    /// The token came of a credential that says what it may do.
    pub(crate) fn has_access_rules(&self, token: &Token) -> bool {
        self.credential_of(token).is_some_and(|it| !it.access_rules.is_empty())
    }

    /// The token came of a credential that may make more of its kind.
    pub(crate) fn is_unrestricted(&self, token: &Token) -> bool {
        self.credential_of(token).is_some_and(|it| it.unrestricted)
    }

    pub(crate) fn credential_of(&self, token: &Token) -> Option<&ApplicationCredential> {
        self.application_credentials.get(token.application_credential.as_ref()?)
    }

    fn access_rule(&mut self, rule: &AccessRule) -> Value {
        let AccessRule { service, method, path } = rule;
        json!({"id": self.dice.id(), "service": service, "method": method, "path": path})
    }

    fn show_application_credential(&self, credential: &ApplicationCredential) -> Value {
        // Unlike a token's, this expiry has no zone.
        let expires_at = credential.expires_at;
        let expires_at = expires_at.map(|time| time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string());
        let path = format!("/users/{}/application_credentials/{}", credential.user_id, credential.id);
        let mut shown = json!({
            "id": credential.id,
            "name": credential.name,
            "description": credential.description,
            "user_id": credential.user_id,
            "project_id": credential.project_id,
            "system": null,
            "roles": self.show_roles(&credential.roles),
            "expires_at": expires_at,
            "unrestricted": credential.unrestricted,
            "links": {"self": self.url(&path)},
        });
        if !credential.access_rules.is_empty() {
            shown["access_rules"] = json!(credential.access_rules);
        }
        shown
    }
}

fn own(user_id: &str, caller: &Caller, action: &str) -> Result<(), Fault> {
    if caller.user_id == user_id || caller.is_admin {
        return Ok(());
    }
    Err(Fault::forbidden(action))
}

fn unknown(id: &str) -> Fault {
    Fault::not_found(format!("Could not find Application Credential: {id}."))
}
