//! A scenario's time: the cloud's clock, the client's, and what is to happen at an hour.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::scenario::ClockKind;
use crate::cloud;

type Task = Box<dyn FnOnce() + Send>;

/// What a client reads its clocks from, and waits with. A manual one goes forward as far as
/// somebody waits, and does what was planned for the time between.
#[derive(Clone)]
pub struct Time {
    clock: cloud::Clock,
    kind: ClockKind,
    start: DateTime<Utc>,
    ahead: Arc<AtomicI64>,
    agenda: Arc<Mutex<Vec<(Duration, Task)>>>,
}

impl Time {
    /// The time of a cloud whose calendar is so many microseconds `ahead` of the client's.
    pub(super) fn new(clock: cloud::Clock, kind: ClockKind, ahead: Arc<AtomicI64>) -> Self {
        Self { start: clock.now(), clock, kind, ahead, agenda: Arc::default() }
    }

    /// The client's calendar.
    #[must_use]
    pub fn wall(&self) -> DateTime<Utc> {
        self.clock.now() - TimeDelta::microseconds(self.ahead.load(Ordering::SeqCst))
    }

    /// What has passed since the scenario began, and a second.
    #[must_use]
    pub fn tick(&self) -> Duration {
        (self.clock.now() - self.start).to_std().unwrap_or_default() + Duration::from_secs(1)
    }

    /// Time that stands still goes forward to `tick`. Otherwise: how long it takes until then.
    pub fn turn_to(&self, tick: Duration) -> Duration {
        if self.kind == ClockKind::Manual {
            let mut agenda = self.agenda.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some((due, task)) = next_due(&mut agenda, tick) {
                self.advance_to(due);
                task();
            }
            self.advance_to(tick);
        }
        tick.saturating_sub(self.tick())
    }

    /// Plans something.
    pub(super) fn plan(&self, after: Duration, task: Task) {
        let due = self.tick().saturating_add(after);
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner).push((due, task));
    }

    /// Does what is due.
    pub(super) fn keep_up(&self) {
        let mut agenda = self.agenda.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((_, task)) = next_due(&mut agenda, self.tick()) {
            task();
        }
    }

    fn advance_to(&self, tick: Duration) {
        let span = tick.saturating_sub(self.tick());
        if span > Duration::ZERO {
            // The cloud's hands move by microseconds: round up, or the tick would never come.
            self.clock.advance(span + Duration::from_micros(1));
        }
    }
}

fn next_due(agenda: &mut Vec<(Duration, Task)>, tick: Duration) -> Option<(Duration, Task)> {
    let due = agenda.iter().enumerate().filter(|(_, (due, _))| *due <= tick);
    let first = due.min_by_key(|(_, (due, _))| *due).map(|(index, _)| index)?;
    Some(agenda.remove(first))
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Time({:?})", self.tick())
    }
}

/// Seconds, as the files have them; what is no span counts as none.
pub(super) fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

pub(super) fn micros(seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "scenarios do not last as long as that")]
    let micros = (seconds * 1e6) as i64;
    micros
}
