//! How early, how often and how patiently tokens are asked for.

use std::time::Duration;

use http::{HeaderMap, header::RETRY_AFTER};

use crate::random::Random;

/// The spans that shape renewal. The defaults suit a cloud with tokens of an hour, and
/// each is capped by the token's own life, so they suit one of three seconds as well. Spans too
/// small to be meant (a cool-down of zero would log in for ever) are raised to a least.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// A token is renewed this long before it expires, or a quarter of its life before, if that
    /// is less. Up to a quarter more is added at random, so that a fleet does not renew at once.
    pub early: Duration,
    /// The least distance of two token requests for an identity even when all goes well
    /// (a quarter of the token's life, if that is less).
    pub distance: Duration,
    /// The pause after the first failed attempt; it doubles with each further one. Up to half
    /// of it is added at random.
    pub first_pause: Duration,
    /// Where the doubling ends.
    pub longest_pause: Duration,
    /// The most that a `Retry-After` may ask of us. A server cannot silence a client for good.
    pub longest_retry_after: Duration,
    /// How long a final failure other than refused credentials (a wrong URL, an answer that is
    /// not Keystone's) is shared before somebody tries again.
    pub cool_down: Duration,
    /// How long one request to Keystone, or for a version document, may take.
    pub ask_timeout: Duration,
    /// How long what a service said of its versions is believed at the most. It is asked for again
    /// when an eighth of that is left; a failure to learn it is shared for [`Pace::cool_down`].
    pub discovery_age: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            early: Duration::from_secs(300),
            distance: Duration::from_secs(5),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(600),
            cool_down: Duration::from_secs(30),
            ask_timeout: Duration::from_secs(30),
            discovery_age: Duration::from_secs(24 * 3600),
        }
    }
}

impl Pace {
    /// The same, with the least that keeps a client from asking for ever.
    pub(crate) fn sane(mut self) -> Self {
        self.distance = self.distance.max(Duration::from_millis(100));
        self.first_pause = self.first_pause.max(Duration::from_millis(50));
        self.longest_pause = self.longest_pause.max(self.first_pause);
        self.cool_down = self.cool_down.max(Duration::from_millis(500));
        self.ask_timeout = self.ask_timeout.max(Duration::from_millis(100));
        self.discovery_age = self.discovery_age.max(self.cool_down);
        self
    }

    /// Least distance between two token requests, for tokens that live `life`.
    pub(crate) fn distance(&self, life: Duration) -> Duration {
        self.distance.min(life / 4)
    }

    /// How old a token that lives `life` may get before it is renewed.
    pub(crate) fn renew_after(&self, life: Duration, random: &mut Random) -> Duration {
        let margin = self.early.min(life / 4);
        life - margin - random.below(margin / 4)
    }

    /// The pause after the `failures`-th failure in a row, no shorter than the server asked for.
    pub(crate) fn pause(
        &self,
        failures: u32,
        retry_after: Option<Duration>,
        random: &mut Random,
    ) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let pause = self.first_pause.saturating_mul(1 << doublings).min(self.longest_pause);
        let asked = retry_after.unwrap_or_default().min(self.longest_retry_after);
        pause.saturating_add(random.below(pause / 2)).max(asked)
    }
}

/// The seconds of a `Retry-After`. The form with a date is not read: it would need the server's
/// clock, and no OpenStack service sends it.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let digits = !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| seconds.parse().map_or(Duration::MAX, Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn margins_are_capped_by_life() {
        let pace = Pace::default();
        let mut random = Random::new(3);
        for life in [0, 1, 2, 60, 600, 3600, 86400, u32::MAX.into()].map(Duration::from_secs) {
            let renew = pace.renew_after(life, &mut random);
            assert!(renew <= life && renew >= life - life / 4 - life / 16, "{life:?} {renew:?}");
            assert!(pace.distance(life) <= life / 4 && pace.distance(life) <= 5 * SECOND);
        }
        let hour = pace.renew_after(3600 * SECOND, &mut random);
        assert!(hour > 3200 * SECOND && hour <= 3300 * SECOND, "{hour:?}");
    }

    #[test]
    fn pauses_double_and_end() {
        let pace = Pace::default();
        let mut random = Random::new(3);
        for (failures, least) in [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (u32::MAX, 30.0)] {
            let pause = pace.pause(failures, None, &mut random).as_secs_f64();
            assert!((least..least * 1.5).contains(&pause), "{failures} {pause}");
        }
    }

    #[test]
    fn a_hostile_retry_after_is_harmless() {
        let pace = Pace::default();
        let mut headers = HeaderMap::new();
        for (value, parsed, pause) in [
            ("7", Some(7), 7),
            (" 7 ", Some(7), 7),
            ("9223372036854775807", Some(i64::MAX as u64), 600),
            ("18446744073709551615", Some(u64::MAX), 600),
            ("-1", None, 0),
            ("", None, 0),
            ("1e9", None, 0),
            ("Fri, 31 Dec 1999 23:59:59 GMT", None, 0),
        ] {
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            let got = retry_after(&headers);
            assert_eq!(got, parsed.map(Duration::from_secs), "{value}");
            let paused = pace.pause(1, got, &mut Random::new(1));
            assert_eq!(paused.max(SECOND).as_secs(), pause.max(1), "{value}");
        }
        headers.insert(RETRY_AFTER, "99999999999999999999999".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::MAX));
    }
}
