//! `[tokenless_auth]`: a client certificate in place of a token, with the scope in headers
//! (`keystone/common/tokenless_auth.py`).
//!
//! The cloud speaks no TLS. What a web server before Keystone would tell of a certificate is a knob
//! here: whose it is.

use chrono::{DateTime, Utc};
use http::HeaderMap;

use super::{
    Keystone,
    auth_request::{DomainReference, Reference},
    directory::Target,
    fault::Fault,
    tokens::Grant,
};
use crate::cloud::wire;

impl Keystone {
    /// A token that stands for a request without one, if somebody's certificate came with it.
    pub(super) fn stand_in(
        &mut self,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Fault> {
        let Some(user_id) = self.certificate.clone().filter(|_| !headers.contains_key("x-auth-token")) else {
            return Ok(None);
        };
        let Some(target) = self.scope_of_headers(headers)? else { return Ok(None) };
        let grant = Grant {
            scope: self.scope_with_roles(&user_id, target)?,
            holder_id: user_id,
            methods: vec!["x509".into()],
            application_credential: None,
            parent_audit_id: None,
            expires_at: now.checked_add_signed(self.token_life).unwrap_or(now),
        };
        Ok(Some(self.issue(grant, now)))
    }

    fn scope_of_headers(&self, headers: &HeaderMap) -> Result<Option<Target>, Fault> {
        let text = |name| wire::get(headers, name).map(str::to_owned);
        let domain = |id, name| DomainReference { id: text(id), name: text(name) };
        let project = Reference {
            id: text("x-project-id"),
            name: text("x-project-name"),
            domain: Some(domain("x-project-domain-id", "x-project-domain-name")),
        };
        if project.id.is_some() || project.name.is_some() {
            let id = self.project(&project).ok_or_else(Fault::unauthorized)?;
            return Ok(Some(Target::Project(id)));
        }
        Ok(domain("x-domain-id", "x-domain-name").is_known().then_some(Target::Domain))
    }
}
