//! A renewal that is due but not urgent: it rides on a call and nobody waits for it.

use std::time::Duration;

use super::{Ask, Event, Question};
use crate::keychain::{Keychain, Task};
use crate::slot::Flight;
use crate::time::Now;

/// A renewal to be run beside the call that brought it, or before. One that is dropped must be
/// abandoned first, which hands the lead on.
#[derive(Debug, PartialEq)]
#[must_use]
pub struct Errand {
    flight: Flight,
    /// When the call that brought it must be done.
    calls_deadline: Duration,
    until: Duration,
}

/// What the runner of an errand does next.
#[derive(Debug)]
#[must_use]
pub enum ErrandStep {
    /// Send this; then [`Event::Answered`] or [`Event::Broke`].
    Ask(Ask),
    /// Find this out; then [`Event::Told`].
    Consult {
        /// What.
        question: Question,
        /// By which tick, if the driver can cut the search off.
        until: Duration,
    },
    /// The errand is over, well or badly. What failed is tried again by itself.
    Done,
}

impl Errand {
    pub(super) fn new(flight: Flight, calls_deadline: Duration) -> Self {
        Self { flight, calls_deadline, until: Duration::MAX }
    }

    /// For a driver that runs it before its call: it takes at most half of the time that the call
    /// has left, so that a Keystone that hangs does not cost the call its answer.
    pub fn hurried(mut self, now: Now) -> Self {
        let left = self.calls_deadline.saturating_sub(now.tick);
        self.until = now.tick.saturating_add(left / 2);
        self
    }

    /// Takes what happened ([`Event::Begin`] at first), and says what to do next.
    pub fn next(&mut self, keys: &mut Keychain, event: Event, now: Now) -> ErrandStep {
        match event {
            Event::Answered(answer) => keys.hear(self.flight, Ok(&answer), now),
            // If it is our own end that cut the answer off, that is no failure of Keystone's.
            Event::Broke(_) if now.tick >= self.until => self.abandon(keys),
            Event::Broke(broke) => keys.hear(self.flight, Err(broke.into_cause()), now),
            Event::Told(reply) => keys.told(self.flight, reply, now),
            _ => {}
        }
        match keys.lead(self.flight, now, self.until) {
            Some(Task::Ask(ask)) => ErrandStep::Ask(ask),
            // Nobody is bothered for a token while there is another.
            Some(Task::Consult { question, .. }) if question.is_for_a_person() => {
                self.abandon(keys);
                ErrandStep::Done
            }
            Some(Task::Consult { question, until }) => ErrandStep::Consult { question, until },
            // It would have to wait; but nobody waits for it, so the next call in need tries again.
            Some(Task::Wait(_)) => {
                self.abandon(keys);
                ErrandStep::Done
            }
            None => ErrandStep::Done,
        }
    }

    /// The runner vanishes: the lead is handed on.
    pub fn abandon(&self, keys: &mut Keychain) {
        keys.leave(self.flight);
    }
}
