//! Tokens: issued, validated, revoked.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use super::{
    Keystone,
    directory::{Project, Role, Target, User},
    fault::Fault,
    trusts::Trust,
};

/// A token as Keystone remembers it. Names and roles are looked up when it is validated.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) id: String,
    /// Whose token it is; the trustor for a trust that impersonates.
    pub(crate) user_id: String,
    /// Who logged in.
    pub(crate) holder_id: String,
    pub(crate) methods: Vec<String>,
    pub(crate) audit_ids: Vec<String>,
    pub(crate) scope: Scope,
    pub(crate) application_credential: Option<String>,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) revoked: bool,
}

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Unscoped,
    /// A project, by id.
    Project(String),
    Domain,
    System,
    /// A trust, by id.
    Trust(String),
}

/// What a new token is made of.
pub(crate) struct Grant {
    pub(crate) holder_id: String,
    pub(crate) methods: Vec<String>,
    pub(crate) scope: Scope,
    pub(crate) application_credential: Option<String>,
    /// The token this one was exchanged for: the audit id it passes on.
    pub(crate) parent_audit_id: Option<String>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A token that is good, and what it stands for now.
#[derive(Debug)]
pub(crate) struct Standing<'a> {
    pub(crate) token: &'a Token,
    pub(crate) user: &'a User,
    pub(crate) project: Option<&'a Project>,
    pub(crate) trust: Option<&'a Trust>,
    pub(crate) roles: Vec<&'a Role>,
}

impl Standing<'_> {
    pub(crate) fn has_role(&self, name: &str) -> bool {
        self.roles.iter().any(|role| role.name == name)
    }
}

impl Keystone {
    /// Makes a token; both stamps are whole seconds, rounded down.
    pub(crate) fn issue(&mut self, grant: Grant, now: DateTime<Utc>) -> String {
        let user_id = match &grant.scope {
            Scope::Trust(id) => self.trusts.get(id).map(|trust| trust.acting_user().to_owned()),
            _ => None,
        };
        let mut audit_ids = vec![self.dice.audit_id()];
        audit_ids.extend(grant.parent_audit_id);
        let token = Token {
            id: self.dice.token(),
            user_id: user_id.unwrap_or_else(|| grant.holder_id.clone()),
            holder_id: grant.holder_id,
            methods: grant.methods,
            audit_ids,
            scope: grant.scope,
            application_credential: grant.application_credential,
            issued_at: now.trunc_subsecs(0),
            expires_at: grant.expires_at.trunc_subsecs(0),
            revoked: false,
        };
        let id = token.id.clone();
        self.tokens.insert(id.clone(), token);
        id
    }

    /// Says what a token stands for, if it is good: exactly while `now < expires_at + window`.
    pub(crate) fn validate(
        &self,
        id: &str,
        allow_expired: bool,
        now: DateTime<Utc>,
    ) -> Result<Standing<'_>, Fault> {
        let unknown = || Fault::not_found(format!("Could not find token: {id}."));
        let bad = || Fault::not_found("Failed to validate token");
        let token = self.tokens.get(id).ok_or_else(unknown)?;
        let window = if allow_expired { self.window } else { TimeDelta::zero() };
        let end = token.expires_at.checked_add_signed(window);
        if token.revoked || end.is_some_and(|end| now >= end) {
            return Err(bad());
        }
        let user = self.directory.users.get(&token.user_id).ok_or_else(bad)?;
        let trust = match &token.scope {
            Scope::Trust(id) => Some(self.sound_trust(id, now)?),
            _ => None,
        };
        let project = self.project_of(&token.scope);
        let roles = self.roles_of(token, trust);
        let homeless = token.scope != Scope::Unscoped && roles.is_empty();
        let shut = project.is_some_and(|project| !project.enabled);
        if !user.enabled || homeless || shut {
            return Err(bad());
        }
        Ok(Standing { token, user, project, trust, roles })
    }

    /// Ends a token, and with `cascade` those that it was exchanged for.
    pub(crate) fn revoke(&mut self, id: &str, cascade: bool) -> bool {
        let Some(token) = self.tokens.get_mut(id) else {
            return false;
        };
        token.revoked = true;
        let audit_id = token.audit_ids.first().cloned();
        if cascade {
            let children = self.tokens.values_mut();
            children
                .filter(|token| token.audit_ids.get(1) == audit_id.as_ref())
                .for_each(|token| token.revoked = true);
        }
        true
    }

    /// Ends the tokens that a user has so far, or that act for it; says how many.
    pub(crate) fn revoke_all_of(&mut self, user_id: &str) -> usize {
        let theirs = |token: &&mut Token| token.user_id == user_id || token.holder_id == user_id;
        let live = self.tokens.values_mut().filter(theirs).filter(|token| !token.revoked);
        live.map(|token| token.revoked = true).count()
    }

    fn project_of(&self, scope: &Scope) -> Option<&Project> {
        match scope {
            Scope::Project(id) => self.directory.projects.get(id),
            Scope::Trust(id) => self.directory.projects.get(&self.trusts.get(id)?.project_id),
            Scope::Unscoped | Scope::Domain | Scope::System => None,
        }
    }

    /// The roles a token carries now; an application credential's only as far as its owner has
    /// them.
    fn roles_of(&self, token: &Token, trust: Option<&Trust>) -> Vec<&Role> {
        let target = match &token.scope {
            Scope::Unscoped => return Vec::new(),
            Scope::Trust(_) => {
                let names = trust.map(|trust| trust.roles.as_slice()).unwrap_or_default();
                return names.iter().filter_map(|name| self.directory.role(name)).collect();
            }
            Scope::Project(id) => Target::Project(id.clone()),
            Scope::Domain => Target::Domain,
            Scope::System => Target::System,
        };
        let mut roles = self.directory.roles_on(&token.user_id, &target);
        if let Some(id) = &token.application_credential {
            let credential = self.application_credentials.get(id);
            roles.retain(|role| credential.is_some_and(|it| it.roles.contains(&role.name)));
        }
        roles
    }
}
