//! Logging in: the methods, and what scope a token gets.

use chrono::{DateTime, Utc};
use serde::Deserialize as _;
use serde_json::Value;

use super::{
    Keystone,
    application_credentials::ApplicationCredential,
    auth_request::{
        ApplicationCredentialMethod, AuthBody, Identity, PasswordMethod, Reference, ScopeBody, TokenMethod,
    },
    directory::{Target, User},
    fault::Fault,
    tokens::{Grant, Scope},
};
use crate::cloud::wire::Reply;

/// What the methods of a login proved.
#[derive(Default)]
pub(super) struct Proof {
    user_id: Option<String>,
    /// The project to which a delegation binds the login, whatever scope it asks for.
    pub(super) project: Option<String>,
    methods: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
    parent_audit_id: Option<String>,
    system_token: bool,
    application_credential: Option<String>,
}

impl Proof {
    /// All methods must prove the same user.
    pub(super) fn of(&mut self, user_id: &str) -> Result<(), Fault> {
        match self.user_id.replace(user_id.to_owned()) {
            Some(other) if other != user_id => Err(Fault::unauthorized()),
            _ => Ok(()),
        }
    }

    fn ends_by(&mut self, time: DateTime<Utc>) {
        self.expires_at = Some(self.expires_at.map_or(time, |earlier| earlier.min(time)));
    }
}

/// What else of the request matters to a login.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wire<'a> {
    pub(crate) authorization: Option<&'a str>,
    pub(crate) receipt: Option<&'a str>,
}

/// How a login that is right so far ends.
pub(crate) enum Outcome {
    /// With a token of this id.
    Token(String),
    /// With a receipt: the user's rules demand more.
    More(Reply),
}

impl Keystone {
    /// Logs somebody in.
    pub(crate) fn authenticate(
        &mut self,
        body: &AuthBody,
        wire: &Wire<'_>,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Fault> {
        let mut proof = Proof::default();
        for method in &body.auth.identity.methods {
            proof.methods.push(method.clone());
            self.prove(method, &body.auth.identity, wire, now, &mut proof)?;
        }
        let user_id = proof.user_id.clone().ok_or_else(Fault::unauthorized)?;
        let scope = match proof.project.clone() {
            Some(project) => self.scope_with_roles(&user_id, Target::Project(project))?,
            None => self.scope(body.auth.scope.as_ref(), &user_id, &proof, now)?,
        };
        if !self.satisfies(&user_id, &mut proof.methods, wire.receipt, now)? {
            return Ok(Outcome::More(self.receipt(&user_id, proof.methods, now)));
        }
        if let Scope::Trust(id) = &scope {
            let trust = self.trusts.get_mut(id).ok_or_else(Fault::unauthorized)?;
            trust.use_once();
            if let Some(end) = trust.expires_at {
                proof.ends_by(end);
            }
        }
        let life_ends = now.checked_add_signed(self.token_life).unwrap_or(now);
        proof.methods.dedup();
        let grant = Grant {
            holder_id: user_id,
            methods: proof.methods,
            scope,
            application_credential: proof.application_credential,
            parent_audit_id: proof.parent_audit_id,
            expires_at: proof.expires_at.map_or(life_ends, |end| end.min(life_ends)),
        };
        Ok(Outcome::Token(self.issue(grant, now)))
    }

    /// The name of the user a login claims to be of, for the books.
    pub(crate) fn claimed_user(&self, body: &AuthBody) -> Option<String> {
        let identity = &body.auth.identity;
        let id = if let Some(password) = &identity.password {
            return match self.user(&password.user.who) {
                Some(user) => Some(user.name.clone()),
                None => password.user.who.name.clone(),
            };
        } else if let Some(totp) = &identity.totp {
            &self.user(&totp.user.who)?.id
        } else if let Some(token) = &identity.token {
            &self.tokens.get(&token.id)?.user_id
        } else {
            let method = identity.application_credential.as_ref()?;
            &self.application_credential(method)?.user_id
        };
        Some(self.directory.users.get(id)?.name.clone())
    }

    fn prove(
        &mut self,
        method: &str,
        identity: &Identity,
        wire: &Wire<'_>,
        now: DateTime<Utc>,
        proof: &mut Proof,
    ) -> Result<(), Fault> {
        let missing = || Fault::bad_request(format!("Expecting to find {method} in identity."));
        match method {
            "password" => self.prove_password(identity.password.as_ref().ok_or_else(missing)?, proof),
            "totp" => self.prove_totp(identity.totp.as_ref().ok_or_else(missing)?, now, proof),
            "oauth1" => self.prove_oauth1(wire, now, proof),
            "token" => self.prove_token(identity.token.as_ref().ok_or_else(missing)?, now, proof),
            "application_credential" => {
                let given = identity.application_credential.as_ref().ok_or_else(missing)?;
                self.prove_application_credential(given, now, proof)
            }
            "kerberos" => {
                let user = self.remote_user.take().ok_or_else(Fault::unauthorized)?;
                let user = self.directory.user_named(&user).ok_or_else(Fault::unauthorized)?;
                proof.of(&user.id)
            }
            _ => Err(Fault::unauthorized()),
        }
    }

    fn prove_password(&mut self, given: &PasswordMethod, proof: &mut Proof) -> Result<(), Fault> {
        let user = self.user(&given.user.who).ok_or_else(Fault::unauthorized)?;
        if user.password != given.user.password {
            let name = user.name.clone();
            *self.wrong_passwords.entry(name).or_default() += 1;
            return Err(Fault::unauthorized());
        }
        if !user.enabled {
            return Err(Fault::unauthorized());
        }
        proof.of(&user.id)
    }

    /// A token begets a token that lives no longer, and never one of a delegated login.
    fn prove_token(&self, given: &TokenMethod, now: DateTime<Utc>, proof: &mut Proof) -> Result<(), Fault> {
        let standing = self.validate(&given.id, false, now)?;
        let token = standing.token;
        if standing.trust.is_some() || token.application_credential.is_some() {
            return Err(Fault::forbidden("Using a delegated token to create another token"));
        }
        proof.system_token = token.scope == Scope::System;
        proof.methods.extend(token.methods.iter().filter(|&it| it != "token").cloned());
        proof.parent_audit_id = token.audit_ids.last().cloned();
        proof.ends_by(token.expires_at);
        proof.of(&token.user_id)
    }

    fn prove_application_credential(
        &mut self,
        given: &ApplicationCredentialMethod,
        now: DateTime<Utc>,
        proof: &mut Proof,
    ) -> Result<(), Fault> {
        let credential = self.application_credential(given).ok_or_else(Fault::unauthorized)?;
        let user = self.directory.users.get(&credential.user_id);
        let user = user.ok_or_else(Fault::unauthorized)?;
        if credential.secret != given.secret {
            let name = user.name.clone();
            *self.wrong_passwords.entry(name).or_default() += 1;
            return Err(Fault::unauthorized());
        }
        if !user.enabled || credential.expires_at.is_some_and(|end| now >= end) {
            return Err(Fault::unauthorized());
        }
        if let Some(end) = credential.expires_at {
            proof.ends_by(end);
        }
        proof.application_credential = Some(credential.id.clone());
        proof.of(&user.id)
    }

    fn scope(
        &self,
        asked: Option<&Value>,
        user_id: &str,
        proof: &Proof,
        now: DateTime<Utc>,
    ) -> Result<Scope, Fault> {
        if let Some(id) = &proof.application_credential {
            // Its project goes without saying; asking for a scope is an error.
            let credential = self.application_credentials.get(id).filter(|_| asked.is_none());
            let credential = credential.ok_or_else(Fault::unauthorized)?;
            return self.scope_with_roles(user_id, Target::Project(credential.project_id.clone()));
        }
        let Some(asked) = asked else {
            return Ok(self.default_scope(user_id));
        };
        if asked == "unscoped" {
            return Ok(Scope::Unscoped);
        }
        let nonsense = |_| Fault::bad_request("Invalid input for field 'scope'.");
        let asked = ScopeBody::deserialize(asked).map_err(nonsense)?;
        match asked {
            ScopeBody { project: Some(_), .. } | ScopeBody { domain: Some(_), .. } if proof.system_token => {
                Err(Fault::forbidden("Using a system-scoped token to create a scoped token"))
            }
            ScopeBody { trust: Some(trust), .. } => self.scope_of_trust(&trust.id, user_id, now),
            ScopeBody { project: Some(project), .. } => {
                let id = self.project(&project).ok_or_else(Fault::unauthorized)?;
                self.scope_with_roles(user_id, Target::Project(id))
            }
            ScopeBody { domain: Some(domain), .. } if domain.is_known() => {
                self.scope_with_roles(user_id, Target::Domain)
            }
            ScopeBody { system: Some(system), .. } if system.all => {
                self.scope_with_roles(user_id, Target::System)
            }
            ScopeBody { unscoped: Some(_), .. } => Ok(Scope::Unscoped),
            _ => Err(Fault::unauthorized()),
        }
    }

    fn default_scope(&self, user_id: &str) -> Scope {
        let user = self.directory.users.get(user_id);
        let project = user.and_then(|user| user.default_project.clone());
        let scope = project.map(|id| self.scope_with_roles(user_id, Target::Project(id)));
        scope.and_then(Result::ok).unwrap_or(Scope::Unscoped)
    }

    pub(super) fn scope_with_roles(&self, user_id: &str, target: Target) -> Result<Scope, Fault> {
        if self.directory.roles_on(user_id, &target).is_empty() {
            return Err(Fault::unauthorized());
        }
        match target {
            Target::Project(id) => {
                let project = self.directory.projects.get(&id).filter(|project| project.enabled);
                project.map(|_| Scope::Project(id)).ok_or_else(Fault::unauthorized)
            }
            Target::Domain => Ok(Scope::Domain),
            Target::System => Ok(Scope::System),
        }
    }

    fn scope_of_trust(&self, id: &str, user_id: &str, now: DateTime<Utc>) -> Result<Scope, Fault> {
        let live = self.trusts.get(id).filter(|trust| trust.lives(now) && !trust.is_used_up());
        let trust = live.ok_or_else(Fault::unauthorized)?;
        if trust.trustee_id != user_id {
            return Err(Fault::forbidden("User is not a trustee"));
        }
        self.sound_trust(id, now).map(|_| Scope::Trust(id.to_owned()))
    }

    pub(super) fn user(&self, who: &Reference) -> Option<&User> {
        match (&who.id, &who.name, &who.domain) {
            (Some(id), _, _) => self.directory.users.get(id),
            (None, Some(name), Some(domain)) if domain.is_known() => self.directory.user_named(name),
            _ => None,
        }
    }

    pub(super) fn project(&self, which: &Reference) -> Option<String> {
        let project = match (&which.id, &which.name, &which.domain) {
            (Some(id), _, _) => self.directory.projects.get(id),
            (None, Some(name), Some(domain)) if domain.is_known() => self.directory.project_named(name),
            _ => None,
        };
        Some(project?.id.clone())
    }

    fn application_credential(&self, given: &ApplicationCredentialMethod) -> Option<&ApplicationCredential> {
        if let Some(id) = &given.id {
            return self.application_credentials.get(id);
        }
        let user = self.user(given.user.as_ref()?)?;
        let name = given.name.as_ref()?;
        let mut all = self.application_credentials.values();
        all.find(|it| it.user_id == user.id && &it.name == name)
    }
}
