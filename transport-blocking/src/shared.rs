//! What all handles of a client share: the keychain behind its lock, and who waits for it.

use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use keepstone_core::{Errand, Keychain, KeyringId, Notice};
use keepstone_store::Store;

use crate::clock::Clock;
use crate::consult::Consultants;
use crate::turns::Turns;
use crate::watch::Watched;

pub(crate) type Listener = Arc<dyn Fn(&Notice) + Send + Sync>;

pub(crate) struct Shared {
    pub(crate) http: Watched,
    pub(crate) clock: Arc<dyn Clock>,
    keys: Mutex<Keychain>,
    changed: Condvar,
    epoch: AtomicU64,
    pub(crate) consultants: Consultants,
    pub(crate) turns: Turns,
    listener: Listener,
    /// Where logins are kept, if they are.
    store: Option<Arc<Store>>,
    /// Where errands go, if there is a thread for them.
    pub(crate) helper: OnceLock<Sender<Errand>>,
    /// The process that this was made in, or that has started afresh.
    process: AtomicU32,
    forked: AtomicBool,
}

impl Shared {
    pub(crate) fn new(
        keys: Keychain,
        http: Watched,
        clock: Arc<dyn Clock>,
        listener: Listener,
        store: Option<Arc<Store>>,
    ) -> Self {
        Self {
            http,
            clock,
            keys: Mutex::new(keys),
            changed: Condvar::new(),
            epoch: AtomicU64::new(0),
            consultants: Consultants::default(),
            turns: Turns::default(),
            listener,
            store,
            helper: OnceLock::new(),
            process: AtomicU32::new(std::process::id()),
            forked: AtomicBool::new(false),
        }
    }

    /// In the child of a fork: drops what it must not share with its parent, which is its tokens,
    /// its connections and a helper thread that is not there.
    pub(crate) fn after_fork(&self) {
        let process = std::process::id();
        // On the hot path it is only read; the swap picks one thread to start afresh.
        let forked = self.process.load(Ordering::Acquire) != process;
        if forked && self.process.swap(process, Ordering::AcqRel) != process {
            self.forked.store(true, Ordering::Release);
            self.http.start_afresh();
            self.turns.start_afresh();
            self.with(|keys| keys.start_afresh(u64::from(process)));
        }
    }

    /// The helper thread, if there is one in this process.
    pub(crate) fn helper(&self) -> Option<&Sender<Errand>> {
        self.helper.get().filter(|_| !self.forked.load(Ordering::Acquire))
    }

    /// Thinks under the lock: no I/O, no waiting and no code of the user's happens in `think`.
    pub(crate) fn with<T>(&self, think: impl FnOnce(&mut Keychain) -> T) -> T {
        let mut keys = self.lock();
        let thought = think(&mut keys);
        self.unlock(keys);
        thought
    }

    /// Thinks under the lock, again each time something has changed or the span that `think` asks
    /// for has passed, until it comes to an end.
    pub(crate) fn with_waiting<T>(
        &self,
        mut think: impl FnMut(&mut Keychain) -> ControlFlow<T, Duration>,
    ) -> T {
        let mut keys = self.lock();
        loop {
            let span = match think(&mut keys) {
                ControlFlow::Continue(span) => span,
                ControlFlow::Break(thought) => {
                    self.unlock(keys);
                    return thought;
                }
            };
            let epoch = self.wake(&keys);
            let waited = self.changed.wait_timeout_while(keys, span, |keys| keys.epoch() == epoch);
            keys = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Keychain> {
        self.after_fork();
        // Core keeps the keychain whole at every step, so a panic elsewhere does not spoil it.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unlock(&self, mut keys: MutexGuard<'_, Keychain>) {
        self.wake(&keys);
        let notices = keys.take_notices();
        if let Some(store) = &self.store {
            store.note(keys.take_savings());
        }
        drop(keys);
        for notice in &notices {
            // A listener's panic is reported, and takes no call with it.
            let _ = catch_unwind(AssertUnwindSafe(|| (self.listener)(notice)));
        }
        if let Some(store) = self.store.as_ref().filter(|store| store.is_due()) {
            store.settle(self.clock.now().wall);
        }
    }

    /// Whether logins are kept.
    pub(crate) fn keeps_logins(&self) -> bool {
        self.store.is_some()
    }

    /// Takes up the login that was kept of an identity, if one was.
    pub(crate) fn restore(&self, keyring: KeyringId) {
        let Some(store) = &self.store else { return };
        let name = self.with(|keys| keys.login_name(keyring));
        let Some(saved) = name.and_then(|name| store.load(&name)) else { return };
        let now = self.clock.now();
        if let Err(error) = self.with(|keys| keys.restore(keyring, &saved, now)) {
            log::debug!("{error}: logging in anew");
        }
    }

    /// Wakes those who wait, if anything has changed.
    fn wake(&self, keys: &Keychain) -> u64 {
        let epoch = keys.epoch();
        if self.epoch.swap(epoch, Ordering::AcqRel) != epoch {
            self.changed.notify_all();
        }
        epoch
    }

    /// The epoch as of the last unlocking.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn forget(&self, keyring: KeyringId) {
        self.with(|keys| keys.forget(keyring));
        self.consultants.forget(keyring);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("http", &self.http).finish_non_exhaustive()
    }
}
