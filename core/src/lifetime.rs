//! How long a token is good, and how good it is at an instant.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::pace::Pace;
use crate::random::Random;
use crate::skew::ServerClock;
use crate::time::{Now, between, later};

/// What a token is worth at an instant. All intervals are half-open: a token is dead *at* its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// `now < renew_at`: use it.
    Fresh,
    /// `now < expires`: use it, and let somebody renew it.
    Stale,
    /// `now < expires + window`: expired, but still accepted beside a live service token.
    Vouchable,
    /// Of no use to anybody.
    Dead,
    /// The expiry is not known, or no server's clock has been seen that it could be compared with.
    Unknown,
}

/// When a token ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lifetime {
    /// We asked for it: it lives from then on, whatever anybody's calendar says.
    Granted(Granted),
    /// It was handed in with the date of its end, which is a date on the cloud's clock.
    Stated { expires: DateTime<Utc>, trust_ends: Option<DateTime<Utc>> },
    /// It was handed in without.
    Unknown,
    /// It has no end.
    Endless,
}

/// A life that counts from when we asked. Spans are ages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Granted {
    asked: Now,
    /// How old it was then already: it was restored, and asked for by an earlier process.
    before: Duration,
    renew_after: Duration,
    pub(crate) life: Duration,
}

impl Granted {
    /// The life of a token that Keystone issued for `issued..expires`, asked for at `asked`.
    ///
    /// Both stamps are whole seconds, rounded down, so the true life may be up to a second
    /// shorter than their distance: that second is taken off. Something that goes with it may live
    /// shorter (`at_most`). `None` if nothing is left.
    pub(crate) fn new(
        issued: DateTime<Utc>,
        expires: DateTime<Utc>,
        asked: Now,
        at_most: Option<Duration>,
        pace: &Pace,
        random: &mut Random,
    ) -> Option<Self> {
        let life = between(issued, expires).checked_sub(Duration::from_secs(1))?;
        let life = at_most.map_or(life, |most| most.min(life));
        let life = Some(life).filter(|life| !life.is_zero())?;
        Some(Self { asked, before: Duration::ZERO, renew_after: pace.renew_after(life, random), life })
    }

    /// The rest of a life that began under an earlier process, `age` ago.
    pub(crate) fn restored(
        age: Duration,
        life: Duration,
        now: Now,
        pace: &Pace,
        random: &mut Random,
    ) -> Self {
        Self { asked: now, before: age, renew_after: pace.renew_after(life, random), life }
    }

    pub(crate) fn age(&self, now: Now) -> Duration {
        self.before.saturating_add(now.since(self.asked))
    }

    /// When it was asked for, by the wall clock.
    pub(crate) fn asked_at(&self) -> DateTime<Utc> {
        self.asked.before(self.before).wall
    }

    fn standing(&self, now: Now, window: Duration) -> Standing {
        let age = self.age(now);
        if age < self.renew_after {
            Standing::Fresh
        } else if age < self.life {
            Standing::Stale
        } else if age < self.life.saturating_add(window) {
            Standing::Vouchable
        } else {
            Standing::Dead
        }
    }
}

impl Lifetime {
    /// The standing at `now`, where a live service token is accepted for `window` after expiry.
    ///
    /// A stated end is held against the *earliest* that the cloud's clock can show: a call
    /// must not be refused here that the cloud would have served.
    pub(crate) fn standing(&self, now: Now, clock: &ServerClock, window: Duration) -> Standing {
        let (expires, trust_ends) = match self {
            Self::Granted(granted) => return granted.standing(now, window),
            Self::Unknown => return Standing::Unknown,
            Self::Endless => return Standing::Fresh,
            Self::Stated { expires, trust_ends } => (*expires, *trust_ends),
        };
        let Some(server) = clock.read(now) else { return Standing::Unknown };
        if server.earliest < expires {
            Standing::Fresh
        } else if !clock.is_sure(now) {
            Standing::Unknown
        } else if server.earliest < window_end(expires, trust_ends, window) {
            Standing::Vouchable
        } else {
            Standing::Dead
        }
    }

    /// What is left of the token's own life, at least. `None` where that cannot be known.
    pub(crate) fn left(&self, now: Now, clock: &ServerClock) -> Option<Duration> {
        match self {
            Self::Granted(granted) => Some(granted.life.saturating_sub(granted.age(now))),
            Self::Stated { expires, .. } => Some(between(clock.read(now)?.latest, *expires)),
            Self::Unknown | Self::Endless => None,
        }
    }

    /// How long ago it ended, at least.
    pub(crate) fn expired_for(&self, now: Now, clock: &ServerClock) -> Duration {
        match self {
            Self::Granted(granted) => granted.age(now).saturating_sub(granted.life),
            Self::Stated { expires, .. } => {
                clock.read(now).map_or(Duration::ZERO, |server| between(*expires, server.earliest))
            }
            Self::Unknown | Self::Endless => Duration::ZERO,
        }
    }

    /// What is left until a service token helps no more, at least.
    pub(crate) fn left_in_window(&self, now: Now, clock: &ServerClock, window: Duration) -> Option<Duration> {
        match self {
            Self::Granted(granted) => {
                Some(granted.life.saturating_add(window).saturating_sub(granted.age(now)))
            }
            Self::Stated { expires, trust_ends } => {
                Some(between(clock.read(now)?.latest, window_end(*expires, *trust_ends, window)))
            }
            Self::Unknown | Self::Endless => None,
        }
    }
}

/// The window ends no later than the trust behind the token: an expired trust is validated for
/// nobody, service token or not.
fn window_end(expires: DateTime<Utc>, trust_ends: Option<DateTime<Utc>>, window: Duration) -> DateTime<Utc> {
    let end = later(expires, window);
    trust_ends.map_or(end, |trust| end.min(trust))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skew::Source;

    const HOUR: Duration = Duration::from_secs(3600);
    const WINDOW: Duration = Duration::from_secs(48 * 3600);
    const NANO: Duration = Duration::from_nanos(1);

    fn start() -> Now {
        Now { wall: DateTime::from_timestamp(1_800_000_000, 0).unwrap(), tick: Duration::from_secs(10) }
    }

    fn after(span: Duration) -> Now {
        Now { wall: later(start().wall, span), tick: start().tick + span }
    }

    fn granted(life: u64) -> Option<Granted> {
        let issued = start().wall;
        let expires = later(issued, Duration::from_secs(life));
        Granted::new(issued, expires, start(), None, &Pace::default(), &mut Random::new(1))
    }

    #[test]
    fn intervals_are_half_open() {
        let token = granted(3601).unwrap();
        assert_eq!(token.life, HOUR);
        let (renew, lifetime) = (token.renew_after, Lifetime::Granted(token));
        for (age, expected) in [
            (Duration::ZERO, Standing::Fresh),
            (renew - NANO, Standing::Fresh),
            (renew, Standing::Stale),
            (HOUR - NANO, Standing::Stale),
            (HOUR, Standing::Vouchable),
            (HOUR + WINDOW - NANO, Standing::Vouchable),
            (HOUR + WINDOW, Standing::Dead),
        ] {
            let got = lifetime.standing(after(age), &ServerClock::default(), WINDOW);
            assert_eq!(got, expected, "at an age of {age:?}");
        }
        let clock = ServerClock::default();
        assert_eq!(lifetime.left(after(HOUR - NANO), &clock), Some(NANO));
        assert_eq!(lifetime.left(after(HOUR + NANO), &clock), Some(Duration::ZERO));
        assert_eq!(lifetime.left_in_window(after(HOUR), &clock, WINDOW), Some(WINDOW));
    }

    #[test]
    fn a_second_is_taken_off_for_the_rounding() {
        assert_eq!(granted(3).unwrap().life, Duration::from_secs(2));
        assert_eq!(granted(1), None);
        assert_eq!(granted(0), None);
    }

    #[test]
    fn a_stated_end_is_a_date_on_the_clouds_clock() {
        let expires = later(start().wall, HOUR);
        let token = Lifetime::Stated { expires, trust_ends: None };
        let mut clock = ServerClock::default();
        assert_eq!(token.standing(after(WINDOW * 2), &clock, WINDOW), Standing::Unknown);
        assert_eq!(token.left(start(), &clock), None);

        // The cloud is three minutes ahead of us.
        clock.compare(later(start().wall, HOUR / 20), Source::Keystone, start(), start());
        let left = HOUR - HOUR / 20;
        for (age, expected) in [
            (left - NANO, Standing::Fresh),
            (left, Standing::Vouchable),
            (left + WINDOW - NANO, Standing::Vouchable),
            (left + WINDOW, Standing::Dead),
        ] {
            assert_eq!(token.standing(after(age), &clock, WINDOW), expected, "at {age:?}");
        }
        // What is left is told from the other bound: a second less.
        assert_eq!(token.left(start(), &clock), Some(left - Duration::from_secs(1)));
    }

    #[test]
    fn the_window_ends_with_the_trust() {
        let expires = later(start().wall, HOUR);
        let token = Lifetime::Stated { expires, trust_ends: Some(later(expires, HOUR)) };
        let mut clock = ServerClock::default();
        clock.compare(start().wall, Source::Keystone, start(), start());
        assert_eq!(token.standing(after(HOUR * 2 - NANO), &clock, WINDOW), Standing::Vouchable);
        assert_eq!(token.standing(after(HOUR * 2), &clock, WINDOW), Standing::Dead);
    }
}
