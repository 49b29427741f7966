//! What all handles of a client share: the keychain behind its lock, and who waits for it.

use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keepstone_core::{Keychain, KeyringId, Notice, Question, Reply};
use keepstone_store::Store;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::consult::Consultants;
use crate::turns::Turns;
use crate::watch::Watched;

pub(crate) type Listener = Arc<dyn Fn(&Notice) + Send + Sync>;

pub(crate) struct Shared {
    pub(crate) http: Arc<Watched>,
    pub(crate) clock: Arc<dyn Clock>,
    keys: Mutex<Keychain>,
    changed: Notify,
    epoch: AtomicU64,
    pub(crate) consultants: Consultants,
    pub(crate) turns: Turns,
    listener: Listener,
    /// Where logins are kept, if they are.
    store: Option<Arc<Store>>,
    /// The errands under way. They end with this.
    errands: Mutex<JoinSet<()>>,
    /// The process that this was made in, or that has started afresh.
    process: AtomicU32,
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
            http: Arc::new(http),
            clock,
            keys: Mutex::new(keys),
            changed: Notify::new(),
            epoch: AtomicU64::new(0),
            consultants: Consultants::default(),
            turns: Turns::default(),
            listener,
            store,
            errands: Mutex::default(),
            process: AtomicU32::new(std::process::id()),
        }
    }

    /// In the child of a fork: drops what it must not share with its parent, which is its tokens,
    /// its connections and its tasks.
    pub(crate) fn after_fork(&self) {
        let process = std::process::id();
        // On the hot path it is only read; the swap picks one thread to start afresh.
        let forked = self.process.load(Ordering::Acquire) != process;
        if forked && self.process.swap(process, Ordering::AcqRel) != process {
            self.http.start_afresh();
            self.turns.start_afresh();
            std::mem::forget(std::mem::take(&mut *self.errands()));
            self.with(|keys| keys.start_afresh(u64::from(process)));
        }
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
    pub(crate) async fn with_waiting<T>(
        &self,
        mut think: impl FnMut(&mut Keychain) -> ControlFlow<T, Duration>,
    ) -> T {
        loop {
            match self.with_ear(&mut think) {
                (ControlFlow::Break(thought), _) => return thought,
                // It makes no difference which of the two it is.
                (ControlFlow::Continue(span), changed) => _ = timeout(span, changed).await,
            }
        }
    }

    /// Thinks under the lock; with it comes the next change, which cannot be missed, since its
    /// waiting begins before the lock is given up.
    fn with_ear<T>(&self, think: impl FnOnce(&mut Keychain) -> T) -> (T, Notified<'_>) {
        let mut keys = self.lock();
        let thought = think(&mut keys);
        self.wake(&keys);
        let changed = self.changed.notified();
        self.unlock(keys);
        (thought, changed)
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
    }

    /// Whether logins are kept.
    pub(crate) fn keeps_logins(&self) -> bool {
        self.store.is_some()
    }

    /// Takes up the login that was kept of an identity, if one was.
    pub(crate) async fn restore(&self, keyring: KeyringId) {
        let Some(store) = self.store.clone() else { return };
        let Some(name) = self.with(|keys| keys.login_name(keyring)) else { return };
        let Ok(Some(saved)) = spawn_blocking(move || store.load(&name)).await else { return };
        let now = self.clock.now();
        if let Err(error) = self.with(|keys| keys.restore(keyring, &saved, now)) {
            log::debug!("{error}: logging in anew");
        }
    }

    /// Keeps and removes what logins are due, where files may be waited for. It is done even if nobody
    /// waits for it, and without this client, if it goes meanwhile.
    pub(crate) fn settle(&self) -> impl Future<Output = ()> + Send + use<> {
        let store = self.store.clone().filter(|store| store.is_due());
        let wall = self.clock.now().wall;
        let settling = store.map(|store| spawn_blocking(move || store.settle(wall)));
        async move {
            if let Some(settling) = settling {
                let _ = settling.await;
            }
        }
    }

    /// Wakes those who wait, if anything has changed.
    fn wake(&self, keys: &Keychain) {
        let epoch = keys.epoch();
        if self.epoch.swap(epoch, Ordering::AcqRel) != epoch {
            self.changed.notify_waiters();
        }
    }

    /// The epoch as of the last unlocking.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Runs an errand beside everything else.
    pub(crate) fn spawn(&self, errand: impl Future<Output = ()> + Send + 'static) {
        let mut errands = self.errands();
        while errands.try_join_next().is_some() {}
        errands.spawn(errand);
    }

    fn errands(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.errands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn forget(&self, keyring: KeyringId) {
        self.with(|keys| keys.forget(keyring));
        self.consultants.forget(keyring);
    }

    /// Finds out what core asks for, with no lock held; without this client, if it goes meanwhile.
    pub(crate) fn consult(
        &self,
        question: Question,
        until: Duration,
    ) -> impl Future<Output = Reply> + Send + use<> {
        self.consultants.ask(question, until.saturating_sub(self.clock.now().tick))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("http", &self.http).finish_non_exhaustive()
    }
}
