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

mod login;
mod saving;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use login::{Outcome, Step, Tools};

use crate::error::LoginError;
use crate::identity::{Credential, Kept, Login, Remedy, Renewal};
use crate::lease::Lease;
use crate::lifetime::Standing;
use crate::pace::Pace;
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
    /// What the last login kept for the next: a refresh token.
    kept: Option<Kept>,
    /// That has changed in the midst of a login, and nobody has been told to save it.
    rotated: bool,
    /// How many tokens the credential may still bring, if that is limited.
    uses_left: Option<u32>,
    /// The lease that a service may have refused, and that is to be renewed when it can be.
    suspected: Option<Flight>,
    /// The lease of which it was told that it ends.
    told_ending: Option<Flight>,
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
            kept: None,
            rotated: false,
            uses_left,
            suspected: None,
            told_ending: None,
            warned: None,
        }
    }

    pub(crate) fn holding(lease: Lease) -> Self {
        Self { lease: Some(Arc::new(lease)), ..Self::new(Source::Nowhere) }
    }

    pub(crate) fn lease(&self) -> Option<&Arc<Lease>> {
        self.lease.as_ref()
    }

    /// The lease, unless it is to be renewed at the next occasion: then calls must come and see.
    pub(crate) fn unsuspected(&self) -> Option<&Arc<Lease>> {
        self.lease.as_ref().filter(|lease| self.suspected != Some(lease.flight))
    }

    /// Whether tokens can be had as often as needed.
    pub(crate) fn renews_unattended(&self) -> bool {
        match &self.source {
            // A login may have brought something that spares the next one help: a refresh token.
            Source::Known(credential) => {
                let lease = self.lease.as_ref().map(|lease| self.renewal_of(lease));
                lease.unwrap_or_else(|| credential.renewal()) == Renewal::Unattended
            }
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
                // What spent the last use says more, while it is shared.
                return Turn::Fail(self.slot.failure(now.tick).cloned().unwrap_or(LoginError::Spent));
            }
            Source::Known(credential) => Some(Arc::clone(credential)),
            Source::Asked => None,
        };
        let kept = self.kept.clone();
        self.slot.turn(Have::Nothing, now.tick, deadline, || (new_flight(), Login::new(credential, kept)))
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
        let kept = self.kept.clone();
        let begin = || (new_flight(), Login::new(credential, kept));
        match self.slot.turn(Have::Alive, now.tick, now.tick, begin) {
            Turn::Renew(flight) => Some(flight),
            _ => None,
        }
    }

    /// What was kept of the last login is not the credential: it may go on where that cannot.
    fn is_spent(&self) -> bool {
        self.uses_left == Some(0) && self.kept.is_none()
    }

    /// How a token can be renewed: as its login said, for as long as there is what that relied on.
    fn renewal_of(&self, lease: &Lease) -> Renewal {
        match &self.source {
            Source::Known(credential) if self.kept.is_none() && lease.renewal == Renewal::Unattended => {
                credential.renewal()
            }
            _ => lease.renewal,
        }
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
            Standing::Stale if self.renewal_of(lease) != Renewal::Unattended => Have::Fresh,
            Standing::Fresh | Standing::Stale => Have::Alive,
            Standing::Vouchable | Standing::Dead | Standing::Unknown => Have::Nothing,
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
        // Two who use one refresh token may lose it for each other; who can do without, does.
        if matches!(&self.source, Source::Known(credential) if credential.renewal() == Renewal::Unattended) {
            self.kept = None;
        }
    }

    /// The token is given up, whatever it is worth, and so is what would bring another without a login.
    pub(crate) fn drop_lease(&mut self) -> Option<Arc<Lease>> {
        self.kept = None;
        self.lease.take()
    }

    /// The leader goes away: whoever needs the token next continues. An attempt that was under
    /// way is given its due pause, so that impatient leaders in a row are no herd. Whether there
    /// was anything to leave.
    pub(crate) fn leave(&mut self, flight: Flight, pace: &Pace) -> bool {
        if !self.slot.is_led(flight) {
            return false;
        }
        if self.slot.work(flight).is_some_and(|login| login.is_once()) {
            // Whatever became of the answer, nobody can ask again.
            let asked = self.asked(flight).map_or(Duration::ZERO, |asked| asked.tick);
            self.spend_use();
            self.slot.cool(flight, asked.saturating_add(pace.first_pause), LoginError::OnceLost);
            return true;
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

    /// Whether it has been told that this lease ends.
    pub(crate) fn has_told_ending(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| self.told_ending == Some(lease.flight))
    }

    /// What is left of the lease, if it is time to tell that it ends: once for a lease.
    pub(crate) fn tells_ending(&mut self, now: Now, clock: &ServerClock) -> Option<(Duration, &Lease)> {
        let lease = self.lease.as_ref().filter(|lease| self.told_ending != Some(lease.flight))?;
        let left = lease.ending(now, clock)?;
        self.told_ending = Some(lease.flight);
        Some((left, lease))
    }

    /// What would have helped, if its token has ended and the next cannot be had unattended.
    pub(crate) fn ended(&self, now: Now, clock: &ServerClock) -> Option<Remedy> {
        let lease = self.lease.as_ref().filter(|lease| lease.renewal != Renewal::Unattended)?;
        (lease.lifetime.left(now, clock) == Some(Duration::ZERO)).then_some(lease.remedy)
    }

    /// Whether a login can still bring a token, with somebody's help or without.
    pub(crate) fn can_log_in(&self) -> bool {
        match &self.source {
            Source::Asked => true,
            Source::Known(credential) => {
                let once = self.lease.is_none() || credential.renewal() != Renewal::Never;
                once && !self.is_spent()
            }
            Source::Nowhere => false,
        }
    }

    /// A new token was handed in.
    pub(crate) fn hand_in(&mut self, lease: Lease) {
        *self = Self::holding(lease);
    }

    /// When the last question of this flight left.
    pub(crate) fn asked(&mut self, flight: Flight) -> Option<Now> {
        self.slot.work(flight)?.asked()
    }

    /// Whether the last question of this flight went to somebody else than Keystone.
    pub(crate) fn asks_a_stranger(&mut self, flight: Flight) -> bool {
        self.slot.work(flight).is_some_and(|login| login.asks_a_stranger())
    }

    pub(crate) fn is_led(&self, flight: Flight) -> bool {
        self.slot.is_led(flight)
    }

    pub(crate) fn last_failure(&self) -> Option<&LoginError> {
        self.slot.last_failure()
    }
}
