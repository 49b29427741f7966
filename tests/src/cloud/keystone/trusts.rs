//! Trusts: one user lets another act for it.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Keystone,
    caller::Caller,
    directory::{Role, Target},
    fault::Fault,
};
use crate::cloud::clock::{parse_stamp, stamp};

/// The most redelegations a trust may allow.
const MAX_REDELEGATIONS: u64 = 3;

#[derive(Clone, Debug)]
pub(crate) struct Trust {
    pub(crate) id: String,
    pub(crate) trustor_id: String,
    pub(crate) trustee_id: String,
    pub(crate) impersonation: bool,
    pub(crate) project_id: String,
    /// Role names.
    pub(crate) roles: Vec<String>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    remaining_uses: Option<u64>,
    redelegation_count: u64,
}

impl Trust {
    /// Who a token of this trust acts as.
    pub(crate) fn acting_user(&self) -> &str {
        if self.impersonation { &self.trustor_id } else { &self.trustee_id }
    }

    pub(crate) fn lives(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|end| now <= end)
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.remaining_uses == Some(0)
    }

    pub(crate) fn use_once(&mut self) {
        self.remaining_uses = self.remaining_uses.map(|uses| uses.saturating_sub(1));
    }
}

/// The body of `POST /v3/OS-TRUST/trusts`.
#[derive(Debug, Deserialize)]
pub(crate) struct TrustBody {
    trust: TrustRequest,
}

#[derive(Debug, Deserialize)]
struct TrustRequest {
    trustor_user_id: String,
    trustee_user_id: String,
    impersonation: bool,
    project_id: Option<String>,
    #[serde(default)]
    roles: Vec<RoleReference>,
    expires_at: Option<String>,
    remaining_uses: Option<u64>,
    #[serde(default)]
    allow_redelegation: bool,
    redelegation_count: Option<u64>,
}

impl TrustRequest {
    /// How often the trust may be passed on, if what it says of uses makes sense.
    fn redelegations(&self) -> Result<u64, Fault> {
        let used_up = self.remaining_uses == Some(0);
        if used_up || (self.remaining_uses.is_some() && self.allow_redelegation) {
            return Err(Fault::bad_request("remaining_uses must be positive, or null."));
        }
        match (self.allow_redelegation, self.redelegation_count.unwrap_or(MAX_REDELEGATIONS)) {
            (false, _) => Ok(0),
            (true, count) if count <= MAX_REDELEGATIONS => Ok(count),
            (true, _) => Err(Fault::forbidden("redelegation depth is beyond the maximum")),
        }
    }
}

/// A role named by id or by name.
#[derive(Debug, Deserialize)]
pub(crate) struct RoleReference {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
}

impl Keystone {
    /// A trust whose tokens are good: there, not expired, its trustor enabled and still with all
    /// roles it gave. A trust that is used up still carries the tokens it gave, as it does where
    /// Keystone has a shared cache.
    pub(crate) fn sound_trust(&self, id: &str, now: DateTime<Utc>) -> Result<&Trust, Fault> {
        let gone = || Fault::not_found(format!("Could not find trust: {id}."));
        let trust = self.trusts.get(id).filter(|trust| trust.lives(now)).ok_or_else(gone)?;
        let enabled = |id: &str| self.directory.users.get(id).is_some_and(|user| user.enabled);
        let still = self.roles_in_project(&trust.trustor_id, &trust.project_id);
        let keeps_roles = trust.roles.iter().all(|role| still.contains(role));
        if !enabled(&trust.trustor_id) || !enabled(&trust.trustee_id) || !keeps_roles {
            return Err(Fault::forbidden_trust());
        }
        Ok(trust)
    }

    pub(crate) fn create_trust(
        &mut self,
        body: TrustBody,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Value, Fault> {
        let asked = body.trust;
        caller.may_delegate("identity:create_trust")?;
        if asked.trustor_user_id != caller.user_id {
            return Err(Fault::forbidden("identity:create_trust"));
        }
        let expires_at = future(asked.expires_at.as_deref(), now)?;
        let redelegation_count = asked.redelegations()?;
        if !self.directory.users.contains_key(&asked.trustee_user_id) {
            return Err(Fault::not_found("Could not find the trustee."));
        }
        let project_id = asked.project_id.unwrap_or_default();
        let roles = self.delegable_roles(&asked.roles, &caller.user_id, &project_id)?;
        let trust = Trust {
            id: self.dice.id(),
            trustor_id: asked.trustor_user_id,
            trustee_id: asked.trustee_user_id,
            impersonation: asked.impersonation,
            project_id,
            roles,
            expires_at,
            remaining_uses: asked.remaining_uses,
            redelegation_count,
        };
        if self.trusts.values().any(|other| same_terms(other, &trust)) {
            return Err(Fault::conflict("Conflict occurred attempting to store trust."));
        }
        let shown = json!({"trust": self.show_trust(&trust)});
        self.trusts.insert(trust.id.clone(), trust);
        Ok(shown)
    }

    /// The trusts the caller is part of (all, for an administrator).
    pub(crate) fn list_trusts(&self, caller: &Caller, now: DateTime<Utc>) -> Value {
        let visible = |trust: &&Trust| trust.lives(now) && caller.is_part_of(trust);
        let trusts = self.trusts.values().filter(visible).map(|trust| self.show_trust(trust));
        json!({"trusts": trusts.collect::<Vec<_>>(), "links": self.links("/OS-TRUST/trusts")})
    }

    pub(crate) fn get_trust(&self, id: &str, caller: &Caller, now: DateTime<Utc>) -> Result<Value, Fault> {
        let trust = self.trusts.get(id).filter(|trust| trust.lives(now) && !trust.is_used_up());
        let trust = trust.ok_or_else(|| no_trust(id))?;
        if !caller.is_part_of(trust) {
            return Err(Fault::forbidden("identity:get_trust"));
        }
        Ok(json!({"trust": self.show_trust(trust)}))
    }

    pub(crate) fn delete_trust(&mut self, id: &str, caller: &Caller) -> Result<(), Fault> {
        let trust = self.trusts.get(id).ok_or_else(|| no_trust(id))?;
        if trust.trustor_id != caller.user_id && !caller.is_admin {
            return Err(Fault::forbidden("identity:delete_trust"));
        }
        caller.may_delegate("identity:delete_trust")?;
        self.trusts.remove(id);
        Ok(())
    }

    /// The names of roles that a user has and may pass on.
    pub(crate) fn delegable_roles(
        &self,
        asked: &[RoleReference],
        user_id: &str,
        project_id: &str,
    ) -> Result<Vec<String>, Fault> {
        if asked.is_empty() {
            return Err(Fault::forbidden("At least one role should be specified"));
        }
        let owned = self.roles_in_project(user_id, project_id);
        let find = |reference: &RoleReference| {
            let key = reference.id.as_ref().or(reference.name.as_ref())?;
            let name = self.directory.role(key)?.name.clone();
            owned.contains(&name).then_some(name)
        };
        let names: Option<Vec<_>> = asked.iter().map(find).collect();
        names.ok_or_else(|| Fault::not_found("Could not find role."))
    }

    pub(crate) fn roles_in_project(&self, user_id: &str, project_id: &str) -> Vec<String> {
        let roles = self.directory.roles_on(user_id, &Target::Project(project_id.to_owned()));
        roles.into_iter().map(|role| role.name.clone()).collect()
    }

    pub(crate) fn show_roles(&self, names: &[String]) -> Vec<Value> {
        let roles = names.iter().filter_map(|name| self.directory.role(name));
        let show = |role: &Role| {
            json!({"id": role.id, "name": role.name,
                "domain_id": null, "description": null, "options": {}})
        };
        roles.map(show).collect()
    }

    fn show_trust(&self, trust: &Trust) -> Value {
        json!({
            "id": trust.id,
            "trustor_user_id": trust.trustor_id,
            "trustee_user_id": trust.trustee_id,
            "impersonation": trust.impersonation,
            "project_id": trust.project_id,
            "roles": self.show_roles(&trust.roles),
            "expires_at": trust.expires_at.map(stamp),
            "remaining_uses": trust.remaining_uses,
            "deleted_at": null,
            "redelegated_trust_id": null,
            "redelegation_count": trust.redelegation_count,
            "roles_links": self.links(&format!("/{}/roles", trust.id)),
            "links": {"self": self.url(&format!("/OS-TRUST/trusts/{}", trust.id))},
        })
    }
}

/// An expiry asked for: absent, or a time to come.
pub(crate) fn future(text: Option<&str>, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let time = parse_stamp(text).filter(|&time| time > now);
    time.map(Some).ok_or_else(|| Fault::bad_request("expires_at must be a time in the future."))
}

fn no_trust(id: &str) -> Fault {
    Fault::not_found(format!("Could not find trust: {id}."))
}

/// What Keystone's unique constraint compares.
fn same_terms(one: &Trust, other: &Trust) -> bool {
    one.trustor_id == other.trustor_id
        && one.trustee_id == other.trustee_id
        && one.project_id == other.project_id
        && one.impersonation == other.impersonation
        && one.expires_at.is_some()
        && one.expires_at == other.expires_at
}
