//! How many exchanges at once, and how many in a span: whose turn it is.
//!
//! A *gate* lets a limited number through. Who wants to go through several at once (a session's and an
//! adapter's) goes through all of them in one step or through none, so that nobody holds a place in
//! one while waiting for another, and no place in time is taken before its exchange begins.
//!
//! Who came first goes first. Only if they are held up by *another* gate may somebody behind them go.
//!
//! Against bursts after idle times, a gate's clock never lags behind the present by more than its
//! burst: in any span there are at most `burst + span / every` beginnings.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, btree_set};
use std::time::Duration;

use crate::error::{Failure, Wait};

/// What a gate lets through. By default, everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    every: Duration,
    burst: u32,
    at_once: Option<u32>,
}

impl Default for Limit {
    fn default() -> Self {
        Self { every: Duration::ZERO, burst: 1, at_once: None }
    }
}

impl Limit {
    /// No limit, to begin with.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// So many exchanges in a span, evenly spread; 0 counts as 1.
    #[must_use]
    pub fn rate(mut self, exchanges: u32, span: Duration) -> Self {
        self.every = span / exchanges.max(1);
        self
    }

    /// How many exchanges that were not used may be made up for at once. The default is 1, which is
    /// none; 0 counts as 1.
    #[must_use]
    pub fn burst(mut self, exchanges: u32) -> Self {
        self.burst = exchanges.max(1);
        self
    }

    /// So many exchanges at the same time; 0 counts as 1.
    #[must_use]
    pub fn at_once(mut self, exchanges: u32) -> Self {
        self.at_once = Some(exchanges.max(1));
        self
    }
}

/// A gate of a limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateId(u64);

/// A place in the queue, and later the right to be inside. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// What the holder of a ticket does next.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Entry {
    /// Go. When it is over, [`Limiter::leave`].
    Go,
    /// Ask again at this tick: it is not the turn of anybody else until then.
    Wait {
        /// A tick.
        until: Duration,
    },
    /// Ask again when [`Limiter::wake`] names the ticket, and at `until` at the latest.
    Queue {
        /// A tick.
        until: Option<Duration>,
    },
    /// It cannot be in time. Leave.
    Late(Failure),
}

/// The gates of a client and who stands before them. Ticks are monotonic.
///
/// ```
/// use std::time::Duration;
/// use keepstone_core::{Entry, Limit, Limiter};
///
/// let mut limiter = Limiter::default();
/// let gate = limiter.add(Limit::new().rate(10, Duration::from_secs(1)));
/// let now = Duration::from_secs(5);
/// let (first, second) = (limiter.enter(&[gate]), limiter.enter(&[gate]));
/// assert_eq!(limiter.ask(first, now, None), Entry::Go);
/// let soon = now + Duration::from_millis(100);
/// assert_eq!(limiter.ask(second, now, None), Entry::Wait { until: soon });
/// assert_eq!(limiter.ask(second, soon, None), Entry::Go);
/// ```
#[derive(Debug, Default)]
pub struct Limiter {
    gates: BTreeMap<GateId, Gate>,
    waiting: BTreeMap<Ticket, Waiting>,
    /// Those who wait for the same gates, one behind the other: if the first is held up, all are.
    lines: BTreeMap<Vec<GateId>, BTreeSet<Ticket>>,
    inside: BTreeMap<Ticket, Vec<GateId>>,
    last: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gate {
    limit: Limit,
    inside: u32,
    /// When the next would be due, if all came evenly.
    due: Duration,
}

#[derive(Debug)]
struct Waiting {
    gates: Vec<GateId>,
    /// Whether its holder was told to queue, and has not been woken since.
    asleep: bool,
}

impl Gate {
    fn is_full(&self) -> bool {
        self.limit.at_once.is_some_and(|most| self.inside >= most)
    }

    fn opens(&self) -> Duration {
        self.due.saturating_sub(self.limit.every.saturating_mul(self.limit.burst - 1))
    }

    fn pass(&mut self, now: Duration) {
        self.inside = self.inside.saturating_add(1);
        self.due = self.due.max(now).saturating_add(self.limit.every);
    }
}

impl Limiter {
    /// Another gate.
    pub fn add(&mut self, limit: Limit) -> GateId {
        self.last += 1;
        let id = GateId(self.last);
        self.gates.insert(id, Gate { limit, ..Gate::default() });
        id
    }

    /// A gate that nobody goes through any more.
    pub fn remove(&mut self, gate: GateId) {
        self.gates.remove(&gate);
    }

    /// A place in the queue for these gates; each is gone through once, however often it is named.
    pub fn enter(&mut self, gates: &[GateId]) -> Ticket {
        self.last += 1;
        let ticket = Ticket(self.last);
        let gates: BTreeSet<GateId> = gates.iter().copied().collect();
        let gates: Vec<GateId> = gates.into_iter().collect();
        self.lines.entry(gates.clone()).or_default().insert(ticket);
        self.waiting.insert(ticket, Waiting { gates, asleep: false });
        ticket
    }

    /// Is it my turn? `until` is when it would be too late. Afterwards see whom to [`Limiter::wake`].
    pub fn ask(&mut self, ticket: Ticket, now: Duration, until: Option<Duration>) -> Entry {
        let late = Entry::Late(Failure::Late { waiting_for: Wait::Turn, last: None });
        let turn = self.look(now).get(&ticket).copied();
        // Who is inside already may go on; after a fresh start, nobody is held up by what was before.
        let Some(waiting) = self.waiting.get_mut(&ticket) else { return Entry::Go };
        match turn {
            _ if until.is_some_and(|until| now >= until) => late,
            Some(opens) if opens <= now => {
                self.go(ticket, now);
                Entry::Go
            }
            Some(opens) if until.is_some_and(|until| opens >= until) => late,
            Some(opens) => {
                waiting.asleep = false;
                Entry::Wait { until: opens }
            }
            None => {
                waiting.asleep = true;
                Entry::Queue { until }
            }
        }
    }

    fn go(&mut self, ticket: Ticket, now: Duration) {
        let Some(waiting) = self.step_out(ticket) else { return };
        for id in &waiting.gates {
            if let Some(gate) = self.gates.get_mut(id) {
                gate.pass(now);
            }
        }
        self.inside.insert(ticket, waiting.gates);
    }

    fn step_out(&mut self, ticket: Ticket) -> Option<Waiting> {
        let waiting = self.waiting.remove(&ticket)?;
        if let Some(line) = self.lines.get_mut(&waiting.gates) {
            line.remove(&ticket);
            if line.is_empty() {
                self.lines.remove(&waiting.gates);
            }
        }
        Some(waiting)
    }

    /// The holder of a ticket is done, or gives up waiting. Afterwards see whom to wake.
    pub fn leave(&mut self, ticket: Ticket) {
        self.step_out(ticket);
        for id in self.inside.remove(&ticket).unwrap_or_default() {
            if let Some(gate) = self.gates.get_mut(&id) {
                gate.inside = gate.inside.saturating_sub(1);
            }
        }
    }

    /// Whose turn has come, or who is next and should wait for a tick from now on.
    #[must_use]
    pub fn wake(&mut self, now: Duration) -> Vec<Ticket> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let next = self.look(now);
        let mut woken = Vec::new();
        for ticket in next.into_keys() {
            if let Some(waiting) = self.waiting.get_mut(&ticket).filter(|waiting| waiting.asleep) {
                waiting.asleep = false;
                woken.push(ticket);
            }
        }
        woken
    }

    /// For a child process that a fork left with a copy: nobody is inside or waiting there.
    pub fn start_afresh(&mut self) {
        self.waiting.clear();
        self.lines.clear();
        self.inside.clear();
        self.gates.values_mut().for_each(|gate| gate.inside = 0);
    }

    /// Those who do not have to queue, with the tick at which they may go: it is their turn if that
    /// has come. Each gate that is closed for now has one of them at the most, its first.
    fn look(&self, now: Duration) -> BTreeMap<Ticket, Duration> {
        let mut gates: BTreeMap<GateId, Gate> = BTreeMap::new();
        let mut closed: BTreeSet<GateId> = BTreeSet::new();
        let mut next = BTreeMap::new();
        // The lines, by who stands first in them. A line whose first is held up is not looked at further.
        let mut lines: BTreeMap<Ticket, (&[GateId], btree_set::Iter<'_, Ticket>)> = BTreeMap::new();
        for (ids, line) in &self.lines {
            let mut line = line.iter();
            lines.extend(line.next().map(|first| (*first, (ids.as_slice(), line))));
        }
        while let Some((ticket, (ids, mut line))) = lines.pop_first() {
            let known = ids.iter().filter_map(|id| Some((*id, *self.gates.get(id)?)));
            let through: Vec<(GateId, Gate)> =
                known.map(|(id, gate)| (id, *gates.entry(id).or_insert(gate))).collect();
            if through.iter().any(|(_, gate)| gate.is_full()) {
                continue;
            }
            let last = through.iter().max_by_key(|(_, gate)| gate.opens());
            match last.map(|(id, gate)| (*id, gate.opens())) {
                Some((id, opens)) if opens > now => {
                    if closed.insert(id) {
                        next.insert(ticket, opens);
                    }
                }
                _ => {
                    for (id, _) in &through {
                        gates.entry(*id).and_modify(|gate| gate.pass(now));
                    }
                    next.insert(ticket, now);
                    lines.extend(line.next().map(|behind| (*behind, (ids, line))));
                }
            }
        }
        next
    }
}
