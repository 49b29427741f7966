//! One identity: what it proves itself with, the token it holds, and the flight that fetches the next.
//!
//! ```text
//! phase    │ lease fresh │ stale but alive               │ none, or dead
//! ─────────┼─────────────┼───────────────────────────────┼──────────────────────────────────────
//! Idle     │ use         │ use; first after the minimum  │ lead, or pause until the minimum
//!          │             │ distance leads                │ distance is kept
//! Flying   │ use         │ use; if nobody leads, the     │ park; if nobody leads, take the lead
//!          │             │ first after `next_try` leads  │ (which pauses until `next_try`)
//! Cooling  │ use         │ use; first after `until`      │ share the failure (or, if it may pass,
//!          │             │ leads                         │ wait until `until`); after that: lead
//! Refused  │ use         │ use                           │ share it until new credentials come
//! ```
//! The phases are [`crate::slot`]'s; the columns are worked out here.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};

use crate::error::{Cause, InputError, LoginError, RequestId, Trouble};
use crate::identity::{Credential, Heard, Login, Next, Renewal};
use crate::lease::Lease;
use crate::lifetime::Standing;
use crate::pace::{Pace, retry_after};
use crate::random::Random;
use crate::secret::SecretBytes;
use crate::skew::ServerClock;
use crate::slot::{Flight, Have, Slot, Turn};
use crate::time::Now;

#[derive(Debug)]
pub(crate) struct Keyring {
    source: Source,
    lease: Option<Arc<Lease>>,
    slot: Slot<Login, LoginError>,
    /// The credential that Keystone refused last: it is never sent again.
    refused: Option<Arc<Credential>>,
    /// How many tokens the credential may still bring, if that is limited.
    uses_left: Option<u32>,
    /// The lease that a service may have refused, and that is to be renewed when it can be.
    suspected: Option<Flight>,
    /// When it was last told that calls go without this identity's token.
    warned: Option<Duration>,
}

/// Where an identity's credential comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// It is known.
    Known(Arc<Credential>),
    /// It is asked for when a login begins (a file, a vault).
    Asked,
    /// There is none: the token was handed in.
    Nowhere,
}

/// What a call needs of a token.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Want {
    /// Any but the lease of this flight, which is suspected.
    pub(crate) other_than: Option<Flight>,
    /// It must live this much longer.
    pub(crate) at_least: Duration,
    /// It is to vouch for another token.
    pub(crate) vouching: bool,
}

/// What the leader of a flight does next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Wait until then.
    Wait(Duration),
    /// Ask for the credential. `refused`: the last one was.
    Credential { refused: bool },
    /// Ask Keystone.
    Ask(Request<SecretBytes>, Arc<Credential>),
}

/// What an answer brought, for the record.
#[derive(Debug)]
pub(crate) enum Outcome {
    Issued { life: Duration, early: bool },
    Failed { error: LoginError, next_try_in: Option<Duration> },
}

/// What a keyring borrows of its keychain.
pub(crate) struct Tools<'a> {
    pub(crate) pace: &'a Pace,
    pub(crate) random: &'a mut Random,
    pub(crate) clock: &'a ServerClock,
}

impl Keyring {
    pub(crate) fn new(source: Source) -> Self {
        let uses_left = match &source {
            Source::Known(credential) => credential.uses(),
            Source::Asked | Source::Nowhere => None,
        };
        Self {
            source,
            lease: None,
            slot: Slot::new(),
            refused: None,
            uses_left,
            suspected: None,
            warned: None,
        }
    }

    pub(crate) fn holding(lease: Lease) -> Self {
        Self { lease: Some(Arc::new(lease)), ..Self::new(Source::Nowhere) }
    }

    pub(crate) fn lease(&self) -> Option<&Arc<Lease>> {
        self.lease.as_ref()
    }

    /// Whether tokens can be had as often as needed.
    pub(crate) fn renews_unattended(&self) -> bool {
        match &self.source {
            Source::Known(credential) => credential.renewal() == Renewal::Unattended,
            Source::Asked => true,
            Source::Nowhere => false,
        }
    }

    /// What a call that must be done by `deadline` does next.
    pub(crate) fn turn(
        &mut self,
        want: &Want,
        now: Now,
        deadline: Duration,
        clock: &ServerClock,
        new_flight: impl FnOnce() -> Flight,
    ) -> Turn<LoginError> {
        let credential = match &self.source {
            _ if self.have(want, now, clock) != Have::Nothing => return Turn::Use,
            Source::Nowhere => return Turn::Fail(LoginError::NotRenewable),
            Source::Known(_) if self.is_spent() && !self.slot.is_flying() => {
                return Turn::Fail(LoginError::Spent);
            }
            Source::Known(credential) => Some(Arc::clone(credential)),
            Source::Asked => None,
        };
        self.slot.turn(Have::Nothing, now.tick, deadline, || (new_flight(), Login::new(credential)))
    }

    pub(crate) fn is_usable(&self, want: &Want, now: Now, clock: &ServerClock) -> bool {
        self.have(want, now, clock) != Have::Nothing
    }

    /// The lead of a renewal, if one is due and nobody has it. The caller does not wait for it: it
    /// has a token that is alive, or does without.
    pub(crate) fn renewal_due(
        &mut self,
        now: Now,
        clock: &ServerClock,
        new_flight: impl FnOnce() -> Flight,
    ) -> Option<Flight> {
        let credential = match &self.source {
            _ if self.have(&Want::default(), now, clock) == Have::Fresh => return None,
            Source::Known(_) if self.is_spent() => return None,
            Source::Known(credential) => Some(Arc::clone(credential)),
            Source::Asked => None,
            Source::Nowhere => return None,
        };
        match self.slot.turn(Have::Alive, now.tick, now.tick, || (new_flight(), Login::new(credential))) {
            Turn::Renew(flight) => Some(flight),
            _ => None,
        }
    }

    fn is_spent(&self) -> bool {
        self.uses_left == Some(0)
    }

    /// The column of the table.
    fn have(&self, want: &Want, now: Now, clock: &ServerClock) -> Have {
        let Some(lease) = &self.lease else { return Have::Nothing };
        let renewable = lease.renewal != Renewal::Never;
        let too_short = lease.falls_short(want.at_least, now);
        let unfit = want.other_than == Some(lease.flight)
            || too_short
            || (want.vouching && !lease.may_vouch(now, clock));
        match lease.standing(now, clock, Duration::ZERO) {
            // It is all that there will ever be; what it is worth is the call's to judge.
            _ if !renewable => Have::Fresh,
            _ if unfit => Have::Nothing,
            Standing::Fresh if self.suspected != Some(lease.flight) => Have::Fresh,
            Standing::Stale if lease.renewal == Renewal::Limited => Have::Fresh,
            Standing::Fresh | Standing::Stale => Have::Alive,
            Standing::Vouchable | Standing::Dead | Standing::Unknown => Have::Nothing,
        }
    }

    /// What the leader of `flight` does next; `None` if that flight is over.
    pub(crate) fn lead(&mut self, flight: Flight, now: Now) -> Option<Result<Step, InputError>> {
        if self.is_spent() {
            self.slot.refuse(flight, LoginError::Spent);
        }
        let next_try = self.slot.next_try(flight)?;
        if now.tick < next_try {
            return Some(Ok(Step::Wait(next_try)));
        }
        Some(self.slot.work(flight)?.next(now).map(|next| match next {
            Next::Credential => Step::Credential { refused: self.refused.is_some() },
            Next::Answer(request, credential) => Step::Ask(request, credential),
        }))
    }

    /// Takes in the credential that was asked for.
    pub(crate) fn told(
        &mut self,
        flight: Flight,
        credential: Result<Credential, String>,
        now: Now,
        tools: Tools<'_>,
    ) -> Option<Outcome> {
        let login = self.slot.work(flight)?;
        let error = match credential {
            Err(reason) => LoginError::NotTold(reason),
            Ok(credential) if self.refused.as_deref() == Some(&credential) => LoginError::Refused {
                message: "the credential supplied is the one it refused before".to_owned(),
                request_id: RequestId::default(),
            },
            Ok(credential) => match credential.check() {
                Err(error) => LoginError::NotTold(error.to_string()),
                Ok(()) => {
                    login.told(Arc::new(credential));
                    return None;
                }
            },
        };
        Some(self.failed(flight, error, None, now, tools))
    }

    /// Takes in an answer of Keystone, or why there is none.
    pub(crate) fn hear(
        &mut self,
        flight: Flight,
        answer: Result<&Response<Vec<u8>>, Cause>,
        now: Now,
        tools: Tools<'_>,
    ) -> Option<Outcome> {
        let retry_after = answer.as_ref().ok().and_then(|answer| retry_after(answer.headers()));
        let Heard { credential, asked, outcome } = self.slot.work(flight)?.hear(answer)?;
        self.count_use(outcome.as_ref().err());
        let renewal = match &self.source {
            // Whoever supplied this one is asked for the next, whatever it is.
            Source::Asked => Renewal::Unattended,
            Source::Known(_) | Source::Nowhere => credential.renewal(),
        };
        let lease = outcome.and_then(|token| {
            Lease::granted(flight, token, &credential, renewal, asked, tools.pace, tools.random)
        });
        match lease {
            Ok(lease) => Some(self.granted(lease, now, tools.clock)),
            Err(error) => {
                if matches!(error, LoginError::Refused { .. }) {
                    self.refused = Some(credential);
                }
                Some(self.failed(flight, error, retry_after, now, tools))
            }
        }
    }

    fn granted(&mut self, lease: Lease, now: Now, clock: &ServerClock) -> Outcome {
        let early = self.is_alive(now, clock);
        let life = lease.lifetime.left(now, clock).unwrap_or_default();
        self.slot.land(lease.flight, now.tick.saturating_add(lease.distance));
        self.refused = None;
        self.lease = Some(Arc::new(lease));
        Outcome::Issued { life, early }
    }

    fn failed(
        &mut self,
        flight: Flight,
        error: LoginError,
        retry_after: Option<Duration>,
        now: Now,
        tools: Tools<'_>,
    ) -> Outcome {
        let asked_again = matches!(self.source, Source::Asked);
        let next_try_in = if error.is_transient() {
            let alive = self.is_alive(now, tools.clock);
            let failures = self.slot.failures_with_this(alive);
            let pause = tools.pace.pause(failures, retry_after, tools.random);
            self.slot.stumble(flight, alive, now.tick.saturating_add(pause), error.clone());
            Some(pause)
        } else if matches!(error, LoginError::Refused { .. }) && !asked_again {
            self.slot.refuse(flight, error.clone());
            None
        } else {
            self.slot.cool(flight, now.tick.saturating_add(tools.pace.cool_down), error.clone());
            Some(tools.pace.cool_down)
        };
        Outcome::Failed { error, next_try_in }
    }

    /// A use is spent when a token was issued, or may have been.
    fn count_use(&mut self, error: Option<&LoginError>) {
        let spent = match error {
            None => true,
            Some(LoginError::Unreachable(cause)) => {
                matches!(cause.kind, Trouble::Timeout | Trouble::Broken | Trouble::Unreadable)
            }
            Some(_) => false,
        };
        if let (true, Some(left)) = (spent, &mut self.uses_left) {
            *left = left.saturating_sub(1);
        }
    }

    fn is_alive(&self, now: Now, clock: &ServerClock) -> bool {
        self.lease.as_ref().is_some_and(|lease| {
            matches!(lease.standing(now, clock, Duration::ZERO), Standing::Fresh | Standing::Stale)
        })
    }

    /// A service refused this lease. A newer one is not touched. Whether one was dropped.
    pub(crate) fn refuse(&mut self, flight: Flight) -> bool {
        self.lease.take_if(|lease| lease.flight == flight).is_some()
    }

    /// A copy of this keyring is used elsewhere: what can be had anew is.
    pub(crate) fn start_afresh(&mut self) {
        self.slot = Slot::new();
        if self.renews_unattended() {
            self.lease = None;
        }
    }

    /// The token is given up, whatever it is worth.
    pub(crate) fn drop_lease(&mut self) -> Option<Arc<Lease>> {
        self.lease.take()
    }

    /// The leader goes away: whoever needs the token next continues. An attempt that was under
    /// way is given its due pause, so that impatient leaders in a row are no herd. Whether there
    /// was anything to leave.
    pub(crate) fn leave(&mut self, flight: Flight, pace: &Pace) -> bool {
        if !self.slot.is_led(flight) {
            return false;
        }
        let asked = self.asked(flight);
        let next_try = asked.map_or(Duration::ZERO, |asked| asked.tick.saturating_add(pace.first_pause));
        self.slot.leave(flight, next_try);
        true
    }

    /// New credentials: what was known of the old ones is void, the token included. Those that
    /// Keystone has refused are not new.
    pub(crate) fn supply(&mut self, credential: Credential) {
        if self.refused.as_deref() != Some(&credential) {
            *self = Self::new(Source::Known(Arc::new(credential)));
        }
    }

    /// A service may have refused this lease, and the call that found out cannot renew it.
    pub(crate) fn suspect(&mut self, flight: Flight) {
        self.suspected = Some(flight);
    }

    /// Whether it is time to tell (again) that calls go without this identity's token.
    pub(crate) fn warns(&mut self, tick: Duration, pace: &Pace) -> bool {
        let due = self.warned.is_none_or(|warned| tick.saturating_sub(warned) >= pace.cool_down);
        if due {
            self.warned = Some(tick);
        }
        due
    }

    /// A new token was handed in.
    pub(crate) fn hand_in(&mut self, lease: Lease) {
        *self = Self::holding(lease);
    }

    /// When the last question of this flight left.
    pub(crate) fn asked(&mut self, flight: Flight) -> Option<Now> {
        self.slot.work(flight)?.asked()
    }

    pub(crate) fn is_led(&self, flight: Flight) -> bool {
        self.slot.is_led(flight)
    }

    pub(crate) fn last_failure(&self) -> Option<&LoginError> {
        self.slot.last_failure()
    }
}
