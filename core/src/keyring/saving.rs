//! What a keyring gives to the next process, and takes from the one before.

use std::sync::Arc;

use super::{Keyring, Source, Tools};
use crate::identity::{Credential, Kept};
use crate::lease::Lease;
use crate::saved::{RestoreError, SavedLogin};
use crate::slot::Flight;
use crate::time::Now;

impl Keyring {
    /// The credential by which a saved login is told from others. One that is supplied anew for each
    /// login has no name until it is there, and its login is not saved.
    pub(crate) fn known(&self) -> Option<&Arc<Credential>> {
        match &self.source {
            Source::Known(credential) => Some(credential),
            Source::Asked | Source::Nowhere => None,
        }
    }

    pub(crate) fn save(&self, key: &[u8]) -> Option<SavedLogin> {
        self.lease.as_ref()?.saved(self.known()?, self.kept.as_ref().map(|kept| kept.what.clone()), key)
    }

    /// Whether there is something that renews the token without a login.
    pub(crate) fn keeps(&self) -> bool {
        self.kept.is_some()
    }

    /// Whether what renews the token has changed since this was asked last.
    pub(crate) fn take_rotated(&mut self) -> bool {
        std::mem::take(&mut self.rotated)
    }

    /// Takes up a login that an earlier process has left, unless there is a newer one here.
    pub(crate) fn restore(
        &mut self,
        flight: Flight,
        saved: &SavedLogin,
        key: &[u8],
        now: Now,
        tools: Tools<'_>,
    ) -> Result<bool, RestoreError> {
        let credential = self.known().ok_or(RestoreError::NotSaved)?;
        if credential.cache_id(key) != saved.name() {
            return Err(RestoreError::OtherCredential);
        }
        let age = saved.age(now.wall)?;
        if self.lease.as_ref().and_then(|lease| lease.asked_at()) >= Some(saved.asked_at()) {
            return Ok(false);
        }
        let lease = Lease::restored(flight, saved, age, credential, now, tools.pace, tools.random)?;
        let of = Arc::clone(credential);
        self.lease = Some(Arc::new(lease));
        if let Some(kept) = &saved.document.kept {
            self.kept = Some(Kept { what: kept.0.clone(), of });
        }
        Ok(true)
    }
}
