//! What time a server thinks it is, learnt from the `Date` of its answers.

use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

use crate::time::{Now, later};

/// A server's clock as far as it is known: at some instant it showed something between two bounds.
///
/// It is needed for tokens that were handed in, whose expiry is a date on that clock. A token
/// that we asked for ourselves needs none: its life counts from when we asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ServerClock {
    reading: Option<Reading>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Reading {
    at: Now,
    shown: Bounds,
    /// When Keystone itself agreed last.
    keystone: Option<Now>,
    /// Whether it is more than one answer's word.
    confirmed: bool,
}

/// Whose `Date` it is. Keystone's counts more: it is the clock that tokens end by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Keystone,
    Service,
}

/// A comparison older than this is repeated when a call depends on it.
pub(crate) const COMPARED_WITHIN: Duration = Duration::from_secs(600);

/// How long the word of two answers stands, if Keystone has said nothing.
const CONFIRMED_STANDS: Duration = Duration::from_secs(3600);

/// How long Keystone's word stands against a service's.
const KEYSTONE_STANDS: Duration = Duration::from_secs(86_400);

/// How far a service's clock may be from ours to be believed without Keystone's.
const BELIEVED_APART: TimeDelta = TimeDelta::minutes(5);

/// The earliest and the latest that it can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) earliest: DateTime<Utc>,
    pub(crate) latest: DateTime<Utc>,
}

impl ServerClock {
    /// Takes in a `Date` header, written by the server at some time between `asked` and `now`.
    ///
    /// Each reading narrows the bounds. One that contradicts them (a clock was set) replaces them,
    /// but a service's does not replace Keystone's.
    pub(crate) fn compare(&mut self, date: DateTime<Utc>, source: Source, asked: Now, now: Now) {
        // `Date` has whole seconds, rounded down.
        let slack = Duration::from_secs(1).saturating_add(now.since(asked));
        let fresh = Bounds { earliest: date, latest: later(date, slack) };
        let overlap = self.read(now).and_then(|known| known.overlap(fresh));
        let keystone = match source {
            Source::Keystone => Some(now),
            Source::Service => self.keystone_agreed(now),
        };
        if overlap.is_none() && source == Source::Service && keystone.is_some() {
            return;
        }
        let confirmed = overlap.is_some();
        self.reading = Some(Reading { at: now, shown: overlap.unwrap_or(fresh), keystone, confirmed });
    }

    fn keystone_agreed(&self, now: Now) -> Option<Now> {
        self.reading?.keystone.filter(|agreed| now.since(*agreed) < KEYSTONE_STANDS)
    }

    /// Whether the clock is known well enough to refuse a call by it: from Keystone, from two answers
    /// that agree, or from one that agrees with our own clock. One wrong clock must not stop us.
    pub(crate) fn is_sure(&self, now: Now) -> bool {
        let near = |server: Bounds| {
            server.earliest - now.wall < BELIEVED_APART && now.wall - server.latest < BELIEVED_APART
        };
        // Two answers may come from one wrong clock: their word lapses, so that another is heard.
        let lately = !self.older_than(CONFIRMED_STANDS, now);
        let confirmed = lately && self.reading.is_some_and(|reading| reading.confirmed);
        confirmed || self.keystone_agreed(now).is_some() || self.read(now).is_some_and(near)
    }

    /// What the server's clock shows now; `None` before the first comparison.
    pub(crate) fn read(&self, now: Now) -> Option<Bounds> {
        self.reading.map(|Reading { at, shown, .. }| Bounds {
            earliest: later(shown.earliest, now.since_at_least(at)),
            latest: later(shown.latest, now.since(at)),
        })
    }

    /// Whether the last comparison is longer ago than `span`, or there was none.
    pub(crate) fn older_than(&self, span: Duration, now: Now) -> bool {
        self.reading.is_none_or(|reading| now.since(reading.at) > span)
    }
}

impl Bounds {
    fn overlap(self, other: Bounds) -> Option<Bounds> {
        let earliest = self.earliest.max(other.earliest);
        let latest = self.latest.min(other.latest);
        (earliest <= latest).then_some(Bounds { earliest, latest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    fn now(millis: i64) -> Now {
        Now { wall: date(millis), tick: Duration::from_millis(millis as u64 + 1_000_000) }
    }

    fn bounds(earliest: i64, latest: i64) -> Option<Bounds> {
        Some(Bounds { earliest: date(earliest), latest: date(latest) })
    }

    #[test]
    fn readings_narrow_the_bounds() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.read(now(0)), None);
        assert!(clock.older_than(Duration::MAX, now(0)));
        // The server is 10 s ahead; its Date is cut to whole seconds.
        clock.compare(date(10_000), Source::Keystone, now(600), now(700));
        assert_eq!(clock.read(now(700)), bounds(10_000, 11_100));
        clock.compare(date(11_000), Source::Keystone, now(1_000), now(1_000));
        // At 1000 the first reading says 10.3 to 11.4 s, the second 11 to 12 s.
        assert_eq!(clock.read(now(1_000)), bounds(11_000, 11_400));
        assert_eq!(clock.read(now(61_000)), bounds(71_000, 71_400));
        assert!(clock.older_than(Duration::from_secs(59), now(61_000)));
        assert!(!clock.older_than(Duration::from_secs(60), now(61_000)));
    }

    #[test]
    fn a_clock_that_was_set_is_believed() {
        let mut clock = ServerClock::default();
        clock.compare(date(10_000), Source::Keystone, now(0), now(0));
        clock.compare(date(-90_000), Source::Keystone, now(1_000), now(1_000));
        assert_eq!(clock.read(now(1_000)), bounds(-90_000, -89_000));
    }

    #[test]
    fn our_own_clock_set_back_widens_the_bounds() {
        let mut clock = ServerClock::default();
        clock.compare(date(0), Source::Keystone, now(0), now(0));
        let set_back = Now { wall: date(-86_400_000), ..now(5_000) };
        assert_eq!(clock.read(set_back), bounds(0, 6_000));
    }

    #[test]
    fn a_services_clock_is_believed_near_ours_and_never_against_keystone() {
        let mut clock = ServerClock::default();
        assert!(!clock.is_sure(now(0)));
        let far = 5 * 86_400_000;
        clock.compare(date(far), Source::Service, now(0), now(0));
        assert!(!clock.is_sure(now(0)), "five days ahead of us, and nobody else says so");
        clock.compare(date(2_000), Source::Service, now(0), now(0));
        assert!(clock.is_sure(now(0)));
        clock.compare(date(far), Source::Keystone, now(1_000), now(1_000));
        assert!(clock.is_sure(now(1_000)), "Keystone's is the clock that counts");
        clock.compare(date(2_000), Source::Service, now(2_000), now(2_000));
        assert_eq!(clock.read(now(2_000)), bounds(far + 1_000, far + 2_000));
        let later = now(1_000 + 86_400_000);
        assert!(!clock.is_sure(later));
        clock.compare(date(86_402_000), Source::Service, later, later);
        assert!(clock.is_sure(later), "after a day, a service's will do again");
        clock.compare(date(86_402_000 - far), Source::Service, later, later);
        assert!(!clock.is_sure(later));
        clock.compare(date(86_402_000 - far), Source::Service, later, later);
        assert!(clock.is_sure(later), "two that agree are believed, wherever they are");
        assert!(!clock.is_sure(now(1_000 + 86_400_000 + 3_600_001)), "for a while");
    }

    #[test]
    fn readings_that_meet_in_one_instant_agree() {
        let mut clock = ServerClock::default();
        clock.compare(date(0), Source::Keystone, now(0), now(0));
        clock.compare(date(1_000), Source::Service, now(0), now(0));
        assert_eq!(clock.read(now(0)), bounds(1_000, 1_000));
    }
}
