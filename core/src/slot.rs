//! Single flight: something that many need and one fetches.
//!
//! A slot knows who fetches, when the next attempt may be made and what became of the last one.
//! It does not hold what is fetched: callers say by [`Have`] what they hold already.
//!
//! ```text
//!                 turn (nothing, or nearly)            land
//!        Idle ───────────────────────────▶ Flying ─────────────▶ Idle (for a while: no more)
//!         ▲                                 │    │  fail, for now
//!         │  after `until`                  │    └─────────────▶ Cooling ──▶ …
//!         └──────────────── Cooling         │  fail, for good
//!                                           └──────────────────▶ Refused ──▶ for good
//! ```
//! While Flying, `led` says whether somebody is at it. A leader that goes away leaves the work
//! where it is; the next caller in need continues it.

use std::time::Duration;

use crate::keychain::KeyringId;

/// One fetch of a token for an identity, or of a version document, with all its attempts. Flights
/// are never mistaken for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flight {
    /// The identity, or the document: both have their ids from one row.
    pub(crate) keyring: KeyringId,
    pub(crate) number: u64,
}

/// What a caller holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Have {
    /// All that it needs.
    Fresh,
    /// All that it needs, but not for long.
    Alive,
    /// Nothing that it can use.
    Nothing,
}

/// What a caller does next.
#[derive(Debug, PartialEq)]
pub(crate) enum Turn<F> {
    /// Use what it has.
    Use,
    /// Use what it has, and have more fetched beside it.
    Renew(Flight),
    /// Fetch.
    Lead(Flight),
    /// Wait until somebody's fetch lands.
    Park(Flight),
    /// Wait until then, and look again.
    Pause(Duration),
    /// Give up: this is what became of the fetch.
    Fail(F),
}

#[derive(Debug)]
pub(crate) struct Slot<W, F> {
    phase: Phase<W, F>,
    /// Failures in a row, over all flights, and the last of them.
    failures: u32,
    last: Option<F>,
}

#[derive(Debug)]
enum Phase<W, F> {
    Idle { not_before: Duration },
    Flying(Flying<W>),
    Cooling { until: Duration, failure: F, patient: bool },
    Refused { failure: F },
}

#[derive(Debug)]
struct Flying<W> {
    flight: Flight,
    work: W,
    led: bool,
    next_try: Duration,
    /// The latest deadline of all that ever waited for this flight: it is not given up before.
    hope: Duration,
}

impl<W, F: Clone> Slot<W, F> {
    pub(crate) fn new() -> Self {
        Self { phase: Phase::Idle { not_before: Duration::ZERO }, failures: 0, last: None }
    }

    /// What a caller that must be done by `deadline` does at `tick`.
    pub(crate) fn turn(
        &mut self,
        have: Have,
        tick: Duration,
        deadline: Duration,
        begin: impl FnOnce() -> (Flight, W),
    ) -> Turn<F> {
        if have == Have::Fresh {
            return Turn::Use;
        }
        let waiting = match &mut self.phase {
            Phase::Flying(flying) => return flying.turn(have, tick, deadline),
            Phase::Idle { not_before } if tick < *not_before => Turn::Pause(*not_before),
            Phase::Cooling { until, failure, patient } if tick < *until => {
                let worth_waiting = *patient && *until < deadline;
                if worth_waiting { Turn::Pause(*until) } else { Turn::Fail(failure.clone()) }
            }
            Phase::Refused { failure } => Turn::Fail(failure.clone()),
            Phase::Idle { .. } | Phase::Cooling { .. } => {
                let (flight, work) = begin();
                self.phase =
                    Phase::Flying(Flying { flight, work, led: true, next_try: tick, hope: deadline });
                return Turn::lead(have, flight);
            }
        };
        if have == Have::Alive { Turn::Use } else { waiting }
    }

    /// The work of a flight that is still under way.
    pub(crate) fn work(&mut self, flight: Flight) -> Option<&mut W> {
        self.flying(flight).map(|flying| &mut flying.work)
    }

    /// When the next attempt of this flight may be made.
    pub(crate) fn next_try(&mut self, flight: Flight) -> Option<Duration> {
        self.flying(flight).map(|flying| flying.next_try)
    }

    /// How often in a row it has failed, counting one that is about to be told of. The first counts
    /// double while callers still have something to use (`alive`): there is no hurry then.
    pub(crate) fn failures_with_this(&self, alive: bool) -> u32 {
        let first = alive && self.failures == 0;
        self.failures.saturating_add(1 + u32::from(first))
    }

    /// The fetch is done. Nobody begins another before `not_before`.
    pub(crate) fn land(&mut self, flight: Flight, not_before: Duration) {
        if self.flying(flight).is_some() {
            (self.failures, self.last) = (0, None);
            self.phase = Phase::Idle { not_before };
        }
    }

    /// An attempt failed and another may succeed. `alive`: callers still have something to use,
    /// so nobody needs to wait for the next attempt.
    ///
    /// The flight ends if the next attempt comes too late for all that waited: they are told why,
    /// rather than left to wait in vain. Whoever comes with more time waits for it.
    pub(crate) fn stumble(&mut self, flight: Flight, alive: bool, next_try: Duration, failure: F) {
        let failures = self.failures_with_this(alive);
        let Some(flying) = self.flying(flight) else { return };
        flying.next_try = next_try;
        if alive {
            flying.led = false;
        } else if flying.hope <= next_try {
            let failure = failure.clone();
            self.phase = Phase::Cooling { until: next_try, failure, patient: true };
        }
        (self.failures, self.last) = (failures, Some(failure));
    }

    /// It cannot be had, at least until then.
    pub(crate) fn cool(&mut self, flight: Flight, until: Duration, failure: F) {
        if self.flying(flight).is_some() {
            self.failures = self.failures_with_this(false);
            self.phase = Phase::Cooling { until, failure, patient: false };
        }
    }

    /// It cannot be had until something changes.
    pub(crate) fn refuse(&mut self, flight: Flight, failure: F) {
        if self.flying(flight).is_some() {
            self.phase = Phase::Refused { failure };
        }
    }

    /// The leader goes away. The next in need continues, not before `next_try`.
    pub(crate) fn leave(&mut self, flight: Flight, next_try: Duration) {
        if let Some(flying) = self.flying(flight) {
            flying.led = false;
            flying.next_try = flying.next_try.max(next_try);
        }
    }

    /// What went wrong last, if anything has since the last success.
    pub(crate) fn last_failure(&self) -> Option<&F> {
        self.last.as_ref()
    }

    /// The final failure that is shared at this tick, if there is one.
    pub(crate) fn failure(&self, tick: Duration) -> Option<&F> {
        match &self.phase {
            Phase::Cooling { until, failure, .. } => Some(failure).filter(|_| tick < *until),
            Phase::Refused { failure } => Some(failure),
            Phase::Idle { .. } | Phase::Flying(_) => None,
        }
    }

    pub(crate) fn is_flying(&self) -> bool {
        matches!(self.phase, Phase::Flying(_))
    }

    /// Whether somebody is at it.
    pub(crate) fn is_tended(&self) -> bool {
        matches!(&self.phase, Phase::Flying(flying) if flying.led)
    }

    /// Whether this flight is under way and somebody is at it.
    pub(crate) fn is_led(&self, flight: Flight) -> bool {
        matches!(&self.phase, Phase::Flying(flying) if flying.flight == flight && flying.led)
    }

    fn flying(&mut self, flight: Flight) -> Option<&mut Flying<W>> {
        match &mut self.phase {
            Phase::Flying(flying) if flying.flight == flight => Some(flying),
            _ => None,
        }
    }
}

impl<W> Flying<W> {
    fn turn<F>(&mut self, have: Have, tick: Duration, deadline: Duration) -> Turn<F> {
        match have {
            Have::Nothing => self.hope = self.hope.max(deadline),
            _ if self.led || tick < self.next_try => return Turn::Use,
            _ => {}
        }
        if self.led {
            return Turn::Park(self.flight);
        }
        self.led = true;
        Turn::lead(have, self.flight)
    }
}

impl<F> Turn<F> {
    fn lead(have: Have, flight: Flight) -> Self {
        if have == Have::Alive { Self::Renew(flight) } else { Self::Lead(flight) }
    }
}

#[cfg(test)]
mod tests;
