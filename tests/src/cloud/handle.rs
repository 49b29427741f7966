//! The handle of a running cloud.

use std::{io, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    clock::Clock,
    counters::{Arrival, Counters, Validation},
    credentials::{Credentials, Unknown},
    keystone::{
        Keystone,
        directory::Target,
        tokens::{Grant, Scope},
    },
    knobs::{Answer, BodyRefusal, Outage, TokenFault},
    server::{Ports, Server},
    service::Service,
    settings::Settings,
    shared::Shared,
};

/// A running cloud. It ends when this is dropped.
#[derive(Debug)]
pub struct Cloud {
    pub(super) shared: Arc<Shared>,
    server: Server,
}

/// Start, addresses, time.
impl Cloud {
    /// Starts a cloud on loopback.
    ///
    /// # Errors
    /// When a port is taken, or no thread can be started.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let ports = Ports::take(settings.port)?;
        let origins = ports.origins()?.into_iter().collect();
        let shared = Arc::new(Shared::new(settings, origins));
        let server = Server::start(ports, &shared)?;
        Ok(Self { shared, server })
    }

    /// Keystone's URL, with the version: what `OS_AUTH_URL` is.
    #[must_use]
    pub fn auth_url(&self) -> String {
        self.shared.keystone().url("")
    }

    /// Where a service is: scheme, host and port.
    #[must_use]
    pub fn origin(&self, service: Service) -> String {
        self.shared.keystone().origin(service).to_owned()
    }

    /// A service's endpoint as the catalog has it for a token of this project.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn endpoint(&self, service: Service, project: &str) -> Result<String, Unknown> {
        let id = self.project_id(project)?;
        let path = service.catalog_path(Some(&id)).unwrap_or_default();
        Ok(format!("{}{path}", self.origin(service)))
    }

    /// The cloud's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.settings.clock
    }

    /// The cloud's time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock().now()
    }

    /// Turns the cloud's clock forward.
    pub fn advance(&self, by: Duration) {
        self.clock().advance(by);
    }

    /// Makes the cloud's clock wrong by this much.
    pub fn set_skew(&self, skew: TimeDelta) {
        self.clock().set_skew(skew);
    }
}

/// Users and tokens, without the wire.
impl Cloud {
    /// What a user logs in with, as of now.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn credentials(&self, user: &str) -> Result<Credentials, Unknown> {
        let keystone = self.shared.keystone();
        let user = keystone.directory.user_named(user).ok_or_else(|| unknown("user", user))?;
        Ok(Credentials::of(user, &keystone))
    }

    /// The id of a project.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn project_id(&self, project: &str) -> Result<String, Unknown> {
        let keystone = self.shared.keystone();
        let found = keystone.directory.project_named(project);
        found.map(|it| it.id.clone()).ok_or_else(|| unknown("project", project))
    }

    /// A token that lives as long as asked (rounded down to a whole second of the clock), as if
    /// the user had logged in; for borrowed tokens. It counts as no token request.
    ///
    /// # Errors
    /// When there is no such user or project.
    pub fn issue_token(&self, user: &str, project: &str, life: Duration) -> Result<String, Unknown> {
        let user_id = self.credentials(user)?.user_id;
        let project_id = self.project_id(project)?;
        let now = self.now();
        let life = TimeDelta::from_std(life).unwrap_or(TimeDelta::MAX);
        let grant = Grant {
            holder_id: user_id,
            methods: vec!["password".into()],
            scope: Scope::Project(project_id),
            application_credential: None,
            parent_audit_id: None,
            expires_at: now.checked_add_signed(life).unwrap_or(DateTime::<Utc>::MAX_UTC),
        };
        Ok(self.shared.keystone().issue(grant, now))
    }

    /// Revokes a token; `false` if there is none such.
    pub fn revoke_token(&self, token: &str) -> bool {
        self.shared.keystone().revoke(token, true)
    }

    /// Revokes every token that a user has so far; says how many.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn revoke_all_of(&self, user: &str) -> Result<usize, Unknown> {
        let user_id = self.credentials(user)?.user_id;
        Ok(self.shared.keystone().revoke_all_of(&user_id))
    }

    /// Changes a password; the tokens so far are revoked. (The real Keystone also takes those of
    /// the rest of that second.)
    ///
    /// # Errors
    /// When there is no such user.
    pub fn change_password(&self, user: &str, password: &str) -> Result<(), Unknown> {
        let user_id = self.credentials(user)?.user_id;
        let mut keystone = self.shared.keystone();
        if let Some(user) = keystone.directory.users.get_mut(&user_id) {
            user.password = password.to_owned();
        }
        keystone.revoke_all_of(&user_id);
        Ok(())
    }

    /// Enables or disables a user; disabling revokes the tokens so far.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_user_enabled(&self, user: &str, enabled: bool) -> Result<(), Unknown> {
        let user_id = self.credentials(user)?.user_id;
        let mut keystone = self.shared.keystone();
        if let Some(user) = keystone.directory.users.get_mut(&user_id) {
            user.enabled = enabled;
        }
        if !enabled {
            keystone.revoke_all_of(&user_id);
        }
        Ok(())
    }

    /// Gives a user a role on a project; tokens show it when next validated.
    ///
    /// # Errors
    /// When there is no such user or project.
    pub fn grant_role(&self, user: &str, role: &str, project: &str) -> Result<(), Unknown> {
        let (user, project) = (self.credentials(user)?.user_id, self.project_id(project)?);
        let Keystone { directory, dice, .. } = &mut *self.shared.keystone();
        directory.grant(&user, role, Target::Project(project), dice);
        Ok(())
    }

    /// Takes a role on a project away from a user.
    ///
    /// # Errors
    /// When there is no such user or project.
    pub fn withdraw_role(&self, user: &str, role: &str, project: &str) -> Result<(), Unknown> {
        let (user, project) = (self.credentials(user)?.user_id, self.project_id(project)?);
        self.shared.keystone().directory.withdraw(&user, role, Target::Project(project));
        Ok(())
    }
}

/// Knobs.
impl Cloud {
    /// How long a service waits before it answers.
    pub fn set_latency(&self, service: Service, latency: Duration) {
        self.shared.knobs().latency.insert(service, latency);
    }

    /// Puts a service out of order, or back in. An outage of Keystone also keeps the services
    /// from checking tokens.
    pub fn set_outage(&self, service: Service, outage: Outage) {
        let open = outage != Outage::Refuse;
        let before = self.shared.knobs().outages.insert(service, outage);
        if open == (before == Some(Outage::Refuse)) {
            self.server.set_open(service, open);
        }
    }

    /// Makes the next token requests fail.
    pub fn fail_token_requests(&self, times: usize, fault: TokenFault) {
        self.shared.knobs().token_faults.extend(std::iter::repeat_n(fault, times));
    }

    /// Answers the next requests to a service (before it looks at their tokens) with this.
    pub fn answer_next(&self, service: Service, times: usize, answer: Answer) {
        let mut knobs = self.shared.knobs();
        knobs.answers.entry(service).or_default().extend(std::iter::repeat_n(answer, times));
    }

    /// What a service does with the body of a request that it answers without looking at it.
    pub fn set_body_refusal(&self, service: Service, refusal: BodyRefusal) {
        self.shared.knobs().body_refusals.insert(service, refusal);
    }
}

/// What the cloud saw.
impl Cloud {
    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let wrong_passwords = self.shared.keystone().wrong_passwords.clone();
        Counters { wrong_passwords, ..self.shared.books().counters.clone() }
    }

    /// The last requests that arrived, with the tokens they carried; the oldest first.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.shared.books().arrivals.iter().cloned().collect()
    }

    /// The last questions about tokens that services asked Keystone; the oldest first.
    #[must_use]
    pub fn validations(&self) -> Vec<Validation> {
        self.shared.books().validations.iter().cloned().collect()
    }

    /// Starts counting anew.
    pub fn reset_counters(&self) {
        self.shared.keystone().wrong_passwords.clear();
        self.shared.books().reset();
    }
}

pub(super) fn unknown(kind: &'static str, name: &str) -> Unknown {
    Unknown { kind, name: name.to_owned() }
}
