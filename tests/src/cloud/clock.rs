//! The cloud's own clock: real time with a skew, or a clock that only a test moves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

/// What time the cloud believes it is. Clones share the same hands.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Where a manual clock was set first; `None` follows the real time.
    start: Option<DateTime<Utc>>,
    /// Microseconds on top of that.
    offset: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that runs with the real one.
    #[must_use]
    pub fn real() -> Self {
        Self { start: None, offset: Arc::default() }
    }

    /// A clock that stands still until it is turned.
    #[must_use]
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self { start: Some(start.trunc_subsecs(6)), offset: Arc::default() }
    }

    /// The cloud's time, to the microsecond (as Keystone keeps it).
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let base = self.base();
        let offset = TimeDelta::microseconds(self.offset.load(Ordering::SeqCst));
        base.checked_add_signed(offset).unwrap_or(base)
    }

    /// Turns the clock forward.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.offset.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the clock; a real one runs on from there.
    pub fn set(&self, now: DateTime<Utc>) {
        self.set_skew(now - self.base());
    }

    /// How far the clock is from the real time (or from a manual clock's start).
    pub fn set_skew(&self, skew: TimeDelta) {
        let micros = skew.num_microseconds().unwrap_or(0);
        self.offset.store(micros, Ordering::SeqCst);
    }

    fn base(&self) -> DateTime<Utc> {
        self.start.unwrap_or_else(|| Utc::now().trunc_subsecs(6))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::real()
    }
}

/// A time as Keystone writes it: whole seconds, rounded down, with six zeros.
pub(crate) fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

/// A time as Keystone reads it, with or without a zone.
pub(crate) fn parse_stamp(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.with_timezone(&Utc));
    }
    let naive = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    Some(naive.and_utc())
}
