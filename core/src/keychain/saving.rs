//! Logins that outlive their process: what is to be kept, and what becomes of it afterwards.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::{KEPT_NOTICES, Keychain, KeyringId};
use crate::error::{InputError, Who};
use crate::keyring::{Keyring, Outcome, Tools};
use crate::notice::Notice;
use crate::saved::{RestoreError, SavedLogin, Saving};
use crate::secret::SecretBytes;
use crate::slot::Flight;
use crate::time::Now;

/// The key of whoever keeps the logins, and what there is to do for him.
#[derive(Debug)]
pub(super) struct Savings {
    key: SecretBytes,
    due: VecDeque<Saving>,
}

impl Keychain {
    /// Switches it on that logins are saved: from now on, [`Keychain::take_savings`] tells what is to
    /// be kept. `key` names and seals them: random, private, and the same for all processes that
    /// share them.
    pub fn save_logins(&mut self, key: SecretBytes) {
        self.savings = Some(Savings { key, due: VecDeque::new() });
    }

    /// What is to be kept or removed since the last time this was asked. It is for a driver to do, with
    /// no lock held; a failure there must fail no call.
    pub fn take_savings(&mut self) -> Vec<Saving> {
        self.savings.as_mut().map(|savings| savings.due.drain(..).collect()).unwrap_or_default()
    }

    /// The name under which the login of an identity is kept ([`SavedLogin::name`]); `None` for one
    /// without a credential of its own, or if saving is not switched on.
    #[must_use]
    pub fn login_name(&self, id: KeyringId) -> Option<String> {
        let key = &self.savings.as_ref()?.key;
        Some(self.keyrings.get(&id)?.known()?.cache_id(key.reveal()))
    }

    /// The login of an identity, as another process can take it up. `None` if there is nothing to
    /// save: no login yet, a token that was handed in, an identity that needs no login or whose
    /// credential is supplied when it is needed, or saving is not switched on.
    #[must_use]
    pub fn save(&self, id: KeyringId) -> Option<SavedLogin> {
        self.keyrings.get(&id)?.save(self.savings.as_ref()?.key.reveal())
    }

    /// Takes up a login that an earlier process has saved, if it is that of the same credential. Its
    /// life counts from when it was asked for, by the wall clock. Whether it was of use: not where
    /// there is a newer one already.
    ///
    /// ```
    /// use keepstone_core::{Credential, Keychain, Now, SavedLogin, SecretBytes, UserRef};
    /// # fn restore(file: &[u8], key: SecretBytes, now: Now) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut keys = Keychain::new(7);
    /// keys.save_logins(key.clone());
    /// let alice = keys.add(Credential::password("http://keystone:5000", UserRef::name("alice"), "s3cr3t")?)?;
    /// match SavedLogin::open(file, key.reveal()).and_then(|saved| keys.restore(alice, &saved, now)) {
    ///     Ok(used) => println!("used: {used}"),
    ///     Err(error) => println!("logging in anew, since {error}"),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`RestoreError`]: it is of no use here. The identity is as it was.
    pub fn restore(&mut self, id: KeyringId, saved: &SavedLogin, now: Now) -> Result<bool, RestoreError> {
        let Self { keyrings, clock, pace, random, savings, last_flight, .. } = self;
        let keyring = keyrings.get_mut(&id).ok_or(InputError::NoSuchKeyring(Who::User))?;
        let key = &savings.as_ref().ok_or(RestoreError::NotSaved)?.key;
        *last_flight += 1;
        let flight = Flight { keyring: id, number: *last_flight };
        if !keyring.restore(flight, saved, key.reveal(), now, Tools { pace, random, clock })? {
            return Ok(false);
        }
        let left = keyring.lease().and_then(|lease| lease.lifetime.left(now, clock)).unwrap_or_default();
        self.epoch += 1;
        self.notify(Notice::Restored { keyring: id, left });
        Ok(true)
    }

    /// A step of a login is taken. `rotated`: what renews the token was replaced. The one that was
    /// saved with the last token is good for nothing now, however long the next token takes.
    pub(super) fn note_saving(&mut self, id: KeyringId, outcome: Option<&Outcome>, rotated: bool) {
        match outcome {
            Some(Outcome::Failed { error, .. }) if error.is_refusal() => {
                self.unsave(self.login_name(id), DateTime::<Utc>::MAX_UTC);
            }
            Some(Outcome::Failed { .. }) | None if !rotated => {}
            Some(_) | None => {
                if let Some(saved) = self.save(id) {
                    self.due(Saving::Keep(Box::new(saved)));
                }
            }
        }
    }

    /// A service refuses a token: whoever starts next need not find that out again. With something
    /// that renews it without a login it is worth keeping all the same.
    pub(super) fn note_refusal(&mut self, flight: Flight) {
        let refused = |keyring: &&Keyring| keyring.lease().is_some_and(|lease| lease.flight == flight);
        let keyring = self.keyrings.get(&flight.keyring).filter(refused).filter(|keyring| !keyring.keeps());
        if let Some(asked) = keyring.and_then(Keyring::lease).and_then(|lease| lease.asked_at()) {
            self.unsave(self.login_name(flight.keyring), asked);
        }
    }

    pub(super) fn unsave(&mut self, name: Option<String>, up_to: DateTime<Utc>) {
        if let Some(name) = name {
            self.due(Saving::Remove { name, up_to });
        }
    }

    fn due(&mut self, saving: Saving) {
        let Some(savings) = &mut self.savings else { return };
        savings.due.push_back(saving);
        if savings.due.len() > KEPT_NOTICES {
            savings.due.pop_front();
        }
    }
}
