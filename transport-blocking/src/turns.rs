//! Waiting for a turn where limits let only so many through.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keepstone_core::{Entry, Failure, GateId, Limit, Limiter, Ticket};

use crate::shared::Shared;

/// A limit on the exchanges of all sessions that are [`crate::Session::within`] it. Cheap to clone.
#[derive(Clone)]
pub struct SharedLimit {
    held: Arc<Held>,
}

struct Held {
    shared: Arc<Shared>,
    gate: GateId,
}

impl SharedLimit {
    pub(crate) fn new(shared: &Arc<Shared>, limit: Limit) -> Self {
        let gate = shared.turns.state().limiter.add(limit);
        Self { held: Arc::new(Held { shared: Arc::clone(shared), gate }) }
    }

    pub(crate) fn is_of(&self, shared: &Arc<Shared>) -> bool {
        Arc::ptr_eq(&self.held.shared, shared)
    }

    pub(crate) fn gate(&self) -> GateId {
        self.held.gate
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.turns.state().limiter.remove(self.gate);
    }
}

impl fmt::Debug for SharedLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedLimit({:?})", self.held.gate)
    }
}

/// The gates of a client, and those who wait before them.
#[derive(Default)]
pub(crate) struct Turns {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    limiter: Limiter,
    /// How to wake those who queue. Each has a bell of its own: one that leaves wakes one.
    asleep: HashMap<Ticket, Arc<Condvar>>,
}

/// The right to exchange, given back when it is dropped; before it is granted, a place in the queue.
pub(crate) struct Turn<'a> {
    shared: &'a Shared,
    ticket: Option<Ticket>,
}

impl Turns {
    /// In the child of a fork, nobody else is there.
    pub(crate) fn start_afresh(&self) {
        let mut state = self.state();
        state.limiter.start_afresh();
        state.asleep.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The limiter is whole at every step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake(&mut self, now: Duration) {
        for ticket in self.limiter.wake(now) {
            if let Some(bell) = self.asleep.get(&ticket) {
                bell.notify_one();
            }
        }
    }
}

impl<'a> Turn<'a> {
    /// Waits for the turn, and tells whether it had to. `until` is when it would be too late.
    pub(crate) fn take(
        shared: &'a Shared,
        gates: &[GateId],
        until: Option<Duration>,
    ) -> Result<(Self, bool), Failure> {
        if gates.is_empty() {
            return Ok((Self { shared, ticket: None }, false));
        }
        let ticket = shared.turns.state().limiter.enter(gates);
        let turn = Self { shared, ticket: Some(ticket) };
        let mut waited = false;
        loop {
            match turn.ask(ticket, until) {
                Entry::Go => return Ok((turn, waited)),
                Entry::Late(failure) => return Err(failure),
                Entry::Wait { until } => shared.clock.wait_until(until),
                // That was the wait.
                Entry::Queue { .. } => {}
            }
            waited = true;
        }
    }

    /// Asks, and if it has to queue, waits there.
    fn ask(&self, ticket: Ticket, until: Option<Duration>) -> Entry {
        let mut state = self.shared.turns.state();
        let now = self.shared.clock.now().tick;
        let entry = state.limiter.ask(ticket, now, until);
        state.wake(now);
        if let Entry::Queue { until } = entry {
            let bell = Arc::clone(state.asleep.entry(ticket).or_default());
            let state = match until {
                Some(until) => {
                    let woken = bell.wait_timeout(state, until.saturating_sub(now));
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => bell.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            drop(state);
        }
        entry
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let now = self.shared.clock.now().tick;
        let mut state = self.shared.turns.state();
        state.asleep.remove(&ticket);
        state.limiter.leave(ticket);
        state.wake(now);
    }
}
