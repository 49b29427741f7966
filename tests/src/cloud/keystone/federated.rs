//! Tokens for users that somebody in front of Keystone vouches for.

use chrono::{DateTime, Utc};
use http::StatusCode;

use super::{
    Keystone,
    fault::Fault,
    tokens::{Grant, Scope},
};
use crate::cloud::wire::{self, Reply};

impl Keystone {
    /// An unscoped token, as the `auth` of a federation protocol gives it.
    pub(crate) fn federated(&mut self, user: &str, method: &str, now: DateTime<Utc>) -> Reply {
        let fault = |fault: Fault| wire::json(fault.status, &fault.body());
        let Some(user_id) = self.directory.user_named(user).map(|user| user.id.clone()) else {
            return fault(Fault::unauthorized());
        };
        let grant = Grant {
            holder_id: user_id,
            methods: vec![method.into()],
            scope: Scope::Unscoped,
            application_credential: None,
            parent_audit_id: None,
            expires_at: now.checked_add_signed(self.token_life).unwrap_or(now),
        };
        let id = self.issue(grant, now);
        match self.validate(&id, true, now) {
            Ok(standing) => {
                let mut reply = wire::json(StatusCode::CREATED, &self.show_token(&standing, true));
                wire::set(reply.headers_mut(), "x-subject-token", &id);
                reply
            }
            Err(refusal) => fault(refusal),
        }
    }
}
