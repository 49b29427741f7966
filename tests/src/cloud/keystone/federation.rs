//! Users for whom somebody else vouches: one identity provider, one protocol, and a mapping that
//! takes a user of the provider's for the local one of the same name.

use chrono::{DateTime, Utc};

use super::{
    Keystone,
    fault::Fault,
    tokens::{Grant, Scope},
};
use crate::cloud::identity_provider::{PROTOCOL, PROVIDER};

impl Keystone {
    /// An unscoped token for a user of a provider's.
    pub(crate) fn federate(
        &mut self,
        provider: &str,
        protocol: &str,
        user: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<String, Fault> {
        if (provider, protocol) != (PROVIDER, PROTOCOL) {
            return Err(Fault::not_found(format!("Could not find federated protocol {protocol}.")));
        }
        let user = user.and_then(|name| self.directory.user_named(name)).filter(|user| user.enabled);
        let holder_id = user.ok_or_else(Fault::unauthorized)?.id.clone();
        let grant = Grant {
            holder_id,
            methods: vec![protocol.to_owned()],
            scope: Scope::Unscoped,
            application_credential: None,
            parent_audit_id: None,
            expires_at: now.checked_add_signed(self.token_life).unwrap_or(now),
        };
        Ok(self.issue(grant, now))
    }
}
