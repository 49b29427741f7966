//! Somebody that a client can act as, and every way to log in.

use std::fmt;
use std::sync::Arc;

pub use keepstone_core::identity::*;
use keepstone_core::{InputError, Keychain, KeyringId, LoginError};
use tokio::sync::OnceCell;

use crate::session::Session;
use crate::shared::Shared;

/// An identity of a client. It lives as long as a handle of it or a session over it does. Cheap to
/// clone.
#[derive(Clone)]
pub struct Identity {
    held: Arc<Held>,
}

struct Held {
    shared: Arc<Shared>,
    id: KeyringId,
    /// Whether it has been looked for in the store.
    restored: OnceCell<()>,
}

impl Identity {
    pub(crate) fn new(shared: Arc<Shared>, id: KeyringId) -> Self {
        Self { held: Arc::new(Held { shared, id, restored: OnceCell::new() }) }
    }

    /// Its number, by which [`crate::Notice`]s name it.
    #[must_use]
    pub fn id(&self) -> KeyringId {
        self.held.id
    }

    /// Calls of this identity.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::of(self.clone())
    }

    /// Gives it other credentials: after a rotation, or when Keystone refused the ones it had.
    ///
    /// # Errors
    /// [`InputError`], if the credential contradicts itself.
    pub fn supply(&self, credential: Credential) -> Result<(), InputError> {
        self.held.shared.with(|keys| keys.supply(self.held.id, credential))
    }

    /// Gives it another token that was handed in.
    ///
    /// # Errors
    /// [`InputError::TokenNotAHeader`].
    pub fn hand_in(&self, token: Borrowed) -> Result<(), InputError> {
        self.held.shared.with(|keys| keys.hand_in(self.held.id, token))
    }

    /// Logs out: the token is dropped, and revoked at Keystone if it came from there. The next call
    /// logs in anew.
    ///
    /// # Errors
    /// [`LoginError`]: Keystone could not be told, so the token lives on there until it expires.
    pub async fn log_out(&self) -> Result<(), LoginError> {
        let shared = self.shared();
        self.restore().await;
        let now = shared.clock.now();
        let ask = shared.with(|keys| keys.log_out(self.held.id, now));
        shared.settle().await;
        let Some(ask) = ask else { return Ok(()) };
        let answer = shared.http.tell(ask, now.tick).await;
        Keychain::logged_out(answer.as_ref().map_err(Clone::clone))
    }

    /// Takes up what an earlier process has left of its login, before its first use.
    pub(crate) async fn restore(&self) {
        if self.held.shared.keeps_logins() {
            self.held.restored.get_or_init(|| self.held.shared.restore(self.held.id)).await;
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.held.shared
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.forget(self.id);
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:?})", self.held.id)
    }
}
