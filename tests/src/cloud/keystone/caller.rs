//! Who asks Keystone for something.

use super::{
    fault::Fault,
    tokens::{Scope, Standing},
    trusts::Trust,
};

/// Who asks, taken off the caller's own token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) user_id: String,
    pub(crate) project_id: Option<String>,
    pub(crate) is_admin: bool,
    /// The token came of a trust or of a restricted application credential.
    pub(crate) delegated: bool,
    pub(crate) restricted: bool,
}

impl Caller {
    pub(crate) fn new(standing: &Standing<'_>, unrestricted: bool) -> Self {
        let token = standing.token;
        let by_credential = token.application_credential.is_some();
        Self {
            user_id: token.user_id.clone(),
            project_id: standing.project.map(|project| project.id.clone()),
            is_admin: standing.has_role("admin"),
            delegated: matches!(token.scope, Scope::Trust(_)),
            restricted: by_credential && !unrestricted,
        }
    }

    /// Delegated logins do not delegate any further.
    pub(crate) fn may_delegate(&self, action: &str) -> Result<(), Fault> {
        if self.delegated || self.restricted {
            return Err(Fault::forbidden(action));
        }
        Ok(())
    }

    pub(crate) fn is_part_of(&self, trust: &Trust) -> bool {
        self.is_admin || [&trust.trustor_id, &trust.trustee_id].contains(&&self.user_id)
    }
}
