//! Randomness for jitter, from a seed that the driver gives.

use std::time::Duration;

/// SplitMix64: eight bytes of state, good enough to spread callers, of no use for secrets.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A span below `limit`.
    pub(crate) fn below(&mut self, limit: Duration) -> Duration {
        // 53 bits are what a double holds exactly.
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        limit.mul_f64(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_and_below_the_limit() {
        let limit = Duration::from_secs(10);
        let mut random = Random::new(1);
        let draws: Vec<Duration> = (0..1000).map(|_| random.below(limit)).collect();
        assert!(draws.iter().all(|draw| *draw < limit));
        let low = draws.iter().filter(|draw| **draw < limit / 2).count();
        assert!((400..600).contains(&low), "{low} of 1000 in the lower half");
        assert_eq!(Random::new(7).below(limit), Random::new(7).below(limit));
    }
}
