//! The clocks that are read, and the waiting that is done, outside of core.

use std::pin::Pin;
use std::time::{Duration, Instant};

use chrono::Utc;
use keepstone_core::Now;

/// Tells the time and waits. Tests put one of their own in its place.
pub trait Clock: Send + Sync {
    /// What the clocks show.
    fn now(&self) -> Now;

    /// Is done when `tick` has come.
    fn wait_until(&self, tick: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let span = tick.saturating_sub(self.now().tick);
        Box::pin(tokio::time::sleep(span))
    }
}

/// The clocks of the machine.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Ticks count from now.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now { wall: Utc::now(), tick: self.start.elapsed() }
    }
}
