//! The one way time enters: as an argument.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// What a driver's two clocks show at one instant.
///
/// `wall` is for what Keystone says (dates), `tick` for deadlines, back-off and cool-downs.
/// Neither is trusted alone: the wall clock can be set, and a monotonic clock may stand still
/// while the machine sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Calendar time.
    pub wall: DateTime<Utc>,
    /// Monotonic time, from any start that stays the same for the life of a [`crate::Keychain`].
    pub tick: Duration,
}

impl Now {
    /// How long ago `then` was, at most: the larger of what the two clocks say.
    ///
    /// Right for the age of something that must not be used too long.
    #[must_use]
    pub fn since(self, then: Now) -> Duration {
        self.wall_since(then).max(self.tick_since(then))
    }

    /// How long ago `then` was, at least: the smaller of what the two clocks say.
    #[must_use]
    pub fn since_at_least(self, then: Now) -> Duration {
        self.wall_since(then).min(self.tick_since(then))
    }

    /// Both clocks, a span later.
    pub(crate) fn after(self, span: Duration) -> Now {
        Now { wall: later(self.wall, span), tick: self.tick.saturating_add(span) }
    }

    /// Both clocks, a span earlier.
    pub(crate) fn before(self, span: Duration) -> Now {
        let wall = TimeDelta::from_std(span).ok().and_then(|span| self.wall.checked_sub_signed(span));
        Now { wall: wall.unwrap_or(DateTime::<Utc>::MIN_UTC), tick: self.tick.saturating_sub(span) }
    }

    fn wall_since(self, then: Now) -> Duration {
        (self.wall - then.wall).to_std().unwrap_or_default()
    }

    fn tick_since(self, then: Now) -> Duration {
        self.tick.saturating_sub(then.tick)
    }
}

/// `date + span`, or the end of the calendar where that lies beyond it.
pub(crate) fn later(date: DateTime<Utc>, span: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(span)
        .ok()
        .and_then(|span| date.checked_add_signed(span))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// From `start` to `end`; zero where `end` does not lie after `start`.
pub(crate) fn between(start: DateTime<Utc>, end: DateTime<Utc>) -> Duration {
    end.signed_duration_since(start).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: i64, tick: u64) -> Now {
        Now { wall: DateTime::from_timestamp(wall, 0).unwrap(), tick: Duration::from_secs(tick) }
    }

    #[test]
    fn an_age_is_the_larger_of_two_clocks() {
        let then = at(1_000_000, 50);
        assert_eq!(at(1_000_010, 60).since(then), Duration::from_secs(10));
        // The wall clock was set back by a day: the monotonic one still counts.
        assert_eq!(at(913_600, 60).since(then), Duration::from_secs(10));
        // The machine slept: the monotonic clock stood still.
        assert_eq!(at(1_003_600, 51).since(then), Duration::from_secs(3600));
        assert_eq!(at(1_003_600, 51).since_at_least(then), Duration::from_secs(1));
    }

    #[test]
    fn the_calendar_ends_quietly() {
        let end = later(DateTime::<Utc>::MAX_UTC, Duration::from_secs(1));
        assert_eq!(end, DateTime::<Utc>::MAX_UTC);
        assert_eq!(later(at(0, 0).wall, Duration::MAX), DateTime::<Utc>::MAX_UTC);
        assert_eq!(between(at(5, 0).wall, at(3, 0).wall), Duration::ZERO);
    }
}
