//! Randomness from a seed that the driver gives: for jitter, and for texts that must not be guessed.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::time::Now;

/// SplitMix64 for jitter; for secrets, a hash over the seed and a counter. Neither says anything
/// of the other's next.
pub(crate) struct Random {
    state: u64,
    seed: u64,
    drawn: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, seed, drawn: 0 }
    }

    /// 32 bytes, never the same twice.
    pub(crate) fn secret_bytes(&mut self, now: Now) -> [u8; 32] {
        self.drawn = self.drawn.wrapping_add(1);
        let mut hash = Sha256::new();
        hash.update(b"keepstone");
        hash.update(self.seed.to_be_bytes());
        hash.update(self.drawn.to_be_bytes());
        hash.update(now.tick.as_nanos().to_be_bytes());
        hash.update(now.wall.timestamp_micros().to_be_bytes());
        hash.finalize().into()
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
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

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its seed would give all its secrets away.
        f.write_str("Random(…)")
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
