//! All the identities that a process can act as: what a driver keeps behind its lock.

mod documents;
mod flights;
mod logout;
mod saving;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use documents::Documents;
pub(crate) use documents::{Reader, Reading};
pub(crate) use flights::{Task, date};

use crate::call::Published;
use crate::error::{InputError, LoginError, Who};
use crate::identity::{Borrowed, Credential, Fixed};
use crate::keyring::{Keyring, Source};
use crate::lease::Lease;
use crate::lifetime::Lifetime;
use crate::notice::Notice;
use crate::pace::Pace;
use crate::random::Random;
use crate::service::{Endpoint, Found, Search, Step};
use crate::session::{Outlook, Session};
use crate::skew::{self, ServerClock};
use crate::slot::Flight;
use crate::time::Now;
use saving::Savings;

/// An identity in a keychain. Ids are never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyringId(pub(crate) u64);

/// More notices than this are dropped, oldest first, if nobody takes them.
const KEPT_NOTICES: usize = 256;

/// The identities of a process, the clock of its cloud, and a seeded generator.
///
/// It is not `Clone`, since two copies would each log in. All waiting is the driver's.
#[derive(Debug)]
pub struct Keychain {
    keyrings: BTreeMap<KeyringId, Keyring>,
    documents: Documents,
    last_id: u64,
    last_flight: u64,
    epoch: u64,
    clock: ServerClock,
    pace: Pace,
    random: Random,
    notices: VecDeque<Notice>,
    savings: Option<Savings>,
}

impl Keychain {
    /// An empty keychain. `seed` spreads renewals and pauses: take it from the system's randomness.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_pace(seed, Pace::default())
    }

    /// An empty keychain with spans of your own.
    #[must_use]
    pub fn with_pace(seed: u64, pace: Pace) -> Self {
        Self {
            keyrings: BTreeMap::new(),
            documents: Documents::default(),
            // Ids of two keychains do not meet, so that one used with the wrong keychain is found out.
            last_id: seed.rotate_left(32),
            last_flight: 0,
            epoch: 0,
            clock: ServerClock::default(),
            pace: pace.sane(),
            random: Random::new(seed),
            notices: VecDeque::new(),
            savings: None,
        }
    }

    /// Adds an identity that can log in.
    ///
    /// # Errors
    /// Whatever its method finds contradictory, such as [`InputError::ScopeWithApplicationCredential`].
    pub fn add(&mut self, credential: Credential) -> Result<KeyringId, InputError> {
        credential.check()?;
        Ok(self.insert(Keyring::new(Source::Known(Arc::new(credential)))))
    }

    /// Adds an identity whose credential is asked for with [`crate::Question::Credential`] whenever a
    /// login begins: from a file or a vault, where it may have changed.
    pub fn add_asked(&mut self) -> KeyringId {
        self.insert(Keyring::new(Source::Asked))
    }

    /// Adds a token that was handed in.
    ///
    /// # Errors
    /// [`InputError::TokenNotAHeader`].
    pub fn borrow(&mut self, token: Borrowed) -> Result<KeyringId, InputError> {
        let id = self.new_id();
        let lease = self.handed_in(id, token)?;
        self.keyrings.insert(id, Keyring::holding(lease));
        Ok(id)
    }

    /// Adds an identity that needs no login.
    ///
    /// # Errors
    /// [`InputError::TokenNotAHeader`].
    pub fn fixed(&mut self, fixed: Fixed) -> Result<KeyringId, InputError> {
        let id = self.new_id();
        self.last_flight += 1;
        let lease = Lease::fixed(Flight { keyring: id, number: self.last_flight }, fixed)?;
        self.keyrings.insert(id, Keyring::holding(lease));
        Ok(id)
    }

    /// Gives an identity other credentials. The token of the old ones is dropped, and a login
    /// with them that is under way comes to nothing.
    ///
    /// # Errors
    /// [`InputError::NoSuchKeyring`], [`InputError::ScopeWithApplicationCredential`].
    pub fn supply(&mut self, id: KeyringId, credential: Credential) -> Result<(), InputError> {
        credential.check()?;
        self.epoch += 1;
        let before = self.login_name(id);
        self.keyring(id, Who::User)?.supply(credential);
        if before != self.login_name(id) {
            self.unsave(before, DateTime::<Utc>::MAX_UTC);
        }
        Ok(())
    }

    /// Gives an identity another token that was handed in, in place of what it had.
    ///
    /// # Errors
    /// [`InputError::NoSuchKeyring`], [`InputError::TokenNotAHeader`].
    pub fn hand_in(&mut self, id: KeyringId, token: Borrowed) -> Result<(), InputError> {
        let lease = self.handed_in(id, token)?;
        self.epoch += 1;
        self.keyring(id, Who::User)?.hand_in(lease);
        Ok(())
    }

    /// For a child process that a fork left with a copy of its parent's keychain: every identity
    /// that can log in does so anew, and nothing that was under way is waited for.
    pub fn start_afresh(&mut self, seed: u64) {
        self.random = Random::new(seed);
        self.keyrings.values_mut().for_each(Keyring::start_afresh);
        self.documents.start_afresh();
        self.epoch += 1;
    }

    /// Forgets an identity: a borrowed token's goes when its last session goes.
    pub fn forget(&mut self, id: KeyringId) {
        // Who holds no session of it cannot wait for it, so nobody needs to be woken.
        self.keyrings.remove(&id);
        self.documents.forget(id);
    }

    /// How many identities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keyrings.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keyrings.is_empty()
    }

    /// A number that changes whenever something happened that a parked caller may wait for, or
    /// that makes a [`Published`] out of date. A driver wakes its waiters when it has changed.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether a flight is over, or nobody is at it: the condition that a parked caller waits for.
    #[must_use]
    pub fn has_landed(&self, flight: Flight) -> bool {
        !self.is_led(flight)
    }

    /// What has happened since the last time this was asked.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.notices.drain(..).collect()
    }

    /// How long an operation of this session can live, before it starts.
    ///
    /// # Errors
    /// [`InputError::NoSuchKeyring`].
    pub fn outlook(&self, session: &Session, now: Now) -> Result<Outlook, InputError> {
        let Some(user) = session.user else { return Ok(Outlook::Unauthenticated) };
        let keyring = self.keyrings.get(&user).ok_or(InputError::NoSuchKeyring(Who::User))?;
        let service = session.vouching.as_ref().and_then(|vouching| self.keyrings.get(&vouching.service));
        Ok(Outlook::of(keyring, service, session, now, &self.clock))
    }

    /// A snapshot from which calls of this session can be sent without this keychain.
    pub fn publish(&mut self, session: &Session) -> Published {
        let lease = |id: KeyringId| self.keyrings.get(&id).and_then(Keyring::unsuspected).cloned();
        let user = session.user.and_then(lease);
        let service = session.vouching.as_ref().and_then(|vouching| lease(vouching.service));
        let told = |id: Option<KeyringId>| {
            id.and_then(|id| self.keyrings.get(&id)).is_some_and(Keyring::has_told_ending)
        };
        // Callers leave a snapshot at different instants, each a little before it is due.
        let spread = user.iter().chain(&service).map(|lease| lease.distance).min().unwrap_or_default();
        let found = self.endpoint_of(session, user.as_deref());
        Published {
            epoch: self.epoch,
            found,
            told_ending: [told(session.user), told(session.vouching.as_ref().map(|v| v.service))],
            user,
            service,
            clock: self.clock,
            ahead: self.random.below(spread / 4),
            pause: self.pause(1, None),
        }
    }

    /// Where a session's endpoint is by what is known, if that is enough.
    fn endpoint_of(&self, session: &Session, user: Option<&Lease>) -> Option<(Arc<Endpoint>, Arc<Found>)> {
        let endpoint = session.endpoint.as_ref()?;
        let reader = session.reader();
        let step = session.searcher(endpoint, user, Search::Address);
        match step.go(|url| self.known(reader, url, None)).ok()? {
            Step::Done(found) => Some((Arc::clone(endpoint), found.into())),
            Step::Ask { .. } => None,
        }
    }

    pub(crate) fn lease(&self, id: KeyringId) -> Option<Arc<Lease>> {
        self.keyrings.get(&id).and_then(Keyring::lease).cloned()
    }

    pub(crate) fn clock(&self) -> &ServerClock {
        &self.clock
    }

    pub(crate) fn notify(&mut self, notice: Notice) {
        self.notices.push_back(notice);
        if self.notices.len() > KEPT_NOTICES {
            self.notices.pop_front();
        }
    }

    pub(crate) fn last_failure(&self, id: KeyringId) -> Option<LoginError> {
        self.keyrings.get(&id).and_then(Keyring::last_failure).cloned()
    }

    /// A service's answer shows what time it is there.
    pub(crate) fn compare_clock(&mut self, shown: DateTime<Utc>, asked: Now, now: Now) {
        self.clock.compare(shown, skew::Source::Service, asked, now);
        self.epoch += 1;
    }

    /// The pause after this many failures in a row.
    pub(crate) fn pause(&mut self, failures: u32, retry_after: Option<Duration>) -> Duration {
        self.pace.pause(failures, retry_after, &mut self.random)
    }

    /// The lease of a token that was handed in for the identity `keyring`.
    fn handed_in(&mut self, keyring: KeyringId, token: Borrowed) -> Result<Lease, InputError> {
        let (token, trust_ends) = token.into_parts();
        let lifetime = match token.description.expires_at {
            Some(expires) => Lifetime::Stated { expires, trust_ends },
            None => Lifetime::Unknown,
        };
        self.last_flight += 1;
        Lease::borrowed(Flight { keyring, number: self.last_flight }, token, lifetime)
    }

    fn insert(&mut self, keyring: Keyring) -> KeyringId {
        let id = self.new_id();
        self.keyrings.insert(id, keyring);
        id
    }

    fn new_id(&mut self) -> KeyringId {
        self.last_id = self.last_id.wrapping_add(1);
        KeyringId(self.last_id)
    }

    fn keyring(&mut self, id: KeyringId, who: Who) -> Result<&mut Keyring, InputError> {
        self.keyrings.get_mut(&id).ok_or(InputError::NoSuchKeyring(who))
    }
}
