//! All the identities that a process can act as: what a driver keeps behind its lock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, Response, StatusCode, header};

use crate::call::{Ask, Published, Question};
use crate::error::{Cause, InputError, LoginError, Who};
use crate::headers::{X_AUTH_TOKEN, X_SUBJECT_TOKEN};
use crate::identity::{Borrowed, Credential};
use crate::keyring::{Keyring, Outcome, Source, Step, Tools, Want};
use crate::lease::Lease;
use crate::lifetime::Lifetime;
use crate::notice::Notice;
use crate::pace::Pace;
use crate::random::Random;
use crate::secret::SecretBytes;
use crate::session::{Outlook, Session};
use crate::skew::ServerClock;
use crate::slot::{Flight, Turn};
use crate::time::Now;

/// An identity in a keychain. Ids are never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyringId(pub(crate) u64);

/// More notices than this are dropped, oldest first, if nobody takes them.
const KEPT_NOTICES: usize = 256;

/// The most bytes of Keystone's answer to a login that are read: a large catalog has some 100 KiB.
const LARGEST_ANSWER: usize = 4 << 20;

/// The identities of a process, the clock of its cloud, and a seeded generator.
///
/// It is not `Clone`, since two copies would each log in. All waiting is the driver's.
#[derive(Debug)]
pub struct Keychain {
    keyrings: BTreeMap<KeyringId, Keyring>,
    last_id: u64,
    last_flight: u64,
    epoch: u64,
    clock: ServerClock,
    pace: Pace,
    random: Random,
    notices: VecDeque<Notice>,
}

/// What the leader does next.
#[derive(Debug)]
pub(crate) enum Task {
    Wait(Duration),
    Ask(Ask),
    Consult(Question),
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
            // Ids of two keychains do not meet, so that one used with the wrong keychain is found out.
            last_id: seed.rotate_left(32),
            last_flight: 0,
            epoch: 0,
            clock: ServerClock::default(),
            pace,
            random: Random::new(seed),
            notices: VecDeque::new(),
        }
    }

    /// Adds an identity that can log in.
    ///
    /// # Errors
    /// [`InputError::ScopeWithApplicationCredential`].
    pub fn add(&mut self, credential: Credential) -> Result<KeyringId, InputError> {
        credential.check()?;
        Ok(self.insert(Keyring::new(Source::Known(Arc::new(credential)))))
    }

    /// Adds an identity whose credential is asked for with [`Question::Credential`] whenever a
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

    /// Gives an identity other credentials. The token of the old ones is dropped, and a login
    /// with them that is under way comes to nothing.
    ///
    /// # Errors
    /// [`InputError::NoSuchKeyring`], [`InputError::ScopeWithApplicationCredential`].
    pub fn supply(&mut self, id: KeyringId, credential: Credential) -> Result<(), InputError> {
        credential.check()?;
        self.epoch += 1;
        self.keyring(id, Who::User)?.supply(credential);
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

    /// Logs an identity out: its token is dropped here, and the request that is returned revokes it
    /// at Keystone (which answers 204, or 404 if it was gone already). `None` if there is no token,
    /// or it is not known which Keystone issued it. The next call logs in anew.
    pub fn log_out(&mut self, id: KeyringId, now: Now) -> Option<Ask> {
        let lease = self.keyrings.get_mut(&id)?.drop_lease()?;
        self.epoch += 1;
        let url = format!("{}/auth/tokens", lease.issuer.as_ref()?);
        let mut request = Request::delete(url).body(SecretBytes::default()).ok()?;
        request.headers_mut().insert(X_AUTH_TOKEN, lease.header.clone());
        request.headers_mut().insert(X_SUBJECT_TOKEN, lease.header.clone());
        let until = now.tick.saturating_add(self.pace.ask_timeout);
        Some(Ask { request, tls: lease.tls, at_most: LARGEST_ANSWER, until })
    }

    /// Whether a request of [`Keychain::log_out`] did what it was sent for.
    ///
    /// # Errors
    /// [`LoginError`]: the token may still be good at Keystone.
    pub fn logged_out(answer: Result<&Response<Vec<u8>>, Cause>) -> Result<(), LoginError> {
        let answer = answer.map_err(LoginError::Unreachable)?;
        match answer.status() {
            StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED => Ok(()),
            status if status.is_success() => Ok(()),
            status => Err(LoginError::Busy { status }),
        }
    }

    /// For a child process that a fork left with a copy of its parent's keychain: every identity
    /// that can log in does so anew, and nothing that was under way is waited for.
    pub fn start_afresh(&mut self, seed: u64) {
        self.random = Random::new(seed);
        self.keyrings.values_mut().for_each(Keyring::start_afresh);
        self.epoch += 1;
    }

    /// Forgets an identity: a borrowed token's goes when its last session goes.
    pub fn forget(&mut self, id: KeyringId) {
        // Who holds no session of it cannot wait for it, so nobody needs to be woken.
        self.keyrings.remove(&id);
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
        Ok(Outlook::of(keyring, session, now, &self.clock))
    }

    /// A snapshot from which calls of this session can be sent without this keychain.
    pub fn publish(&mut self, session: &Session) -> Published {
        let lease = |id: KeyringId| self.keyrings.get(&id).and_then(Keyring::lease).cloned();
        let user = session.user.and_then(lease);
        let service = session.vouching.as_ref().and_then(|vouching| lease(vouching.service));
        // Callers leave a snapshot at different instants, each a little before it is due.
        let spread = user.iter().chain(&service).map(|lease| lease.distance).min().unwrap_or_default();
        Published {
            epoch: self.epoch,
            user,
            service,
            clock: self.clock,
            ahead: self.random.below(spread / 4),
            pause: self.pause(1, None),
        }
    }

    pub(crate) fn lease(&self, id: KeyringId) -> Option<Arc<Lease>> {
        self.keyrings.get(&id).and_then(Keyring::lease).cloned()
    }

    pub(crate) fn clock(&self) -> &ServerClock {
        &self.clock
    }

    pub(crate) fn turn(
        &mut self,
        id: KeyringId,
        who: Who,
        want: &Want,
        now: Now,
        deadline: Duration,
    ) -> Result<Turn<LoginError>, InputError> {
        let Self { keyrings, clock, last_flight, .. } = self;
        let keyring = keyrings.get_mut(&id).ok_or(InputError::NoSuchKeyring(who))?;
        let new_flight = || {
            *last_flight += 1;
            Flight { keyring: id, number: *last_flight }
        };
        Ok(keyring.turn(want, now, deadline, clock, new_flight))
    }

    /// What the leader of a flight does next; `None` if there is nothing left to lead.
    pub(crate) fn lead(
        &mut self,
        flight: Flight,
        now: Now,
        deadline: Duration,
    ) -> Option<Result<Task, InputError>> {
        let keyring = self.keyrings.get_mut(&flight.keyring).filter(|keyring| keyring.is_led(flight))?;
        let until = now.tick.saturating_add(self.pace.ask_timeout).min(deadline);
        Some(keyring.lead(flight, now)?.map(|step| match step {
            Step::Wait(until) => Task::Wait(until),
            Step::Credential { refused } => {
                Task::Consult(Question::Credential { keyring: flight.keyring, refused })
            }
            Step::Ask(request, credential) => {
                Task::Ask(Ask { request, tls: credential.tls_id(), at_most: LARGEST_ANSWER, until })
            }
        }))
    }

    pub(crate) fn told(&mut self, flight: Flight, credential: Result<Credential, String>, now: Now) {
        self.report(flight, |keyring, tools| keyring.told(flight, credential, now, tools));
    }

    pub(crate) fn hear(&mut self, flight: Flight, answer: Result<&Response<Vec<u8>>, Cause>, now: Now) {
        let asked = self.keyrings.get_mut(&flight.keyring).and_then(|keyring| keyring.asked(flight));
        let date = answer.as_ref().ok().and_then(|answer| date(answer.headers()));
        if let (Some(date), Some(asked)) = (date, asked) {
            self.clock.compare(date, asked, now);
        }
        self.report(flight, |keyring, tools| keyring.hear(flight, answer, now, tools));
    }

    fn report(&mut self, flight: Flight, told: impl FnOnce(&mut Keyring, Tools<'_>) -> Option<Outcome>) {
        let Self { keyrings, clock, pace, random, .. } = self;
        let Some(keyring) = keyrings.get_mut(&flight.keyring) else { return };
        let Some(outcome) = told(keyring, Tools { pace, random, clock }) else { return };
        self.epoch += 1;
        self.notify(match outcome {
            Outcome::Issued { life, early } => Notice::Issued { keyring: flight.keyring, life, early },
            Outcome::Failed { error, next_try_in } => {
                Notice::Failed { keyring: flight.keyring, error, next_try_in }
            }
        });
    }

    /// The leader of a flight steps down.
    pub(crate) fn leave(&mut self, flight: Flight) {
        if let Some(keyring) = self.keyrings.get_mut(&flight.keyring) {
            keyring.leave(flight, &self.pace);
            self.epoch += 1;
        }
    }

    fn is_led(&self, flight: Flight) -> bool {
        self.keyrings.get(&flight.keyring).is_some_and(|keyring| keyring.is_led(flight))
    }

    /// A service refused the token that this flight had brought.
    pub(crate) fn refuse(&mut self, flight: Flight) {
        if self.keyrings.get_mut(&flight.keyring).is_some_and(|keyring| keyring.refuse(flight)) {
            self.epoch += 1;
            self.notify(Notice::Refused { keyring: flight.keyring });
        }
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
        self.clock.compare(shown, asked, now);
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

/// The `Date` of an answer: when the server wrote it, by its own clock (RFC 9110, 6.6.1).
pub(crate) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc())
}
