//! What a scenario came to with one driver.

use std::time::Duration;

/// One thing that the data expects, and what came.
#[derive(Clone, Debug)]
pub struct Check {
    /// Of which step, and what of it.
    pub what: String,
    /// What the data says.
    pub expected: String,
    /// What came.
    pub got: String,
    /// Whether that fits.
    pub fits: bool,
    /// Whether the data leaves a choice, so that two drivers may differ.
    pub choice: bool,
}

/// A scenario with one driver, from top to bottom.
#[derive(Clone, Debug)]
pub struct Column {
    /// The driver.
    pub driver: &'static str,
    /// What was looked at, in order.
    pub checks: Vec<Check>,
    /// Why it did not come to its end.
    pub broken: Option<String>,
    /// How long it took, by the machine's clock.
    pub took: Duration,
}

impl Check {
    /// For something that must be just so.
    pub(super) fn exactly(what: String, expected: &str, got: &str) -> Self {
        let fits = expected == got;
        Self { what, expected: expected.to_owned(), got: got.to_owned(), fits, choice: false }
    }
}

impl Column {
    /// Whether all came as the data says.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.broken.is_none() && self.checks.iter().all(|check| check.fits)
    }

    /// Where the data was not met, line by line.
    #[must_use]
    pub fn deviations(&self) -> Vec<String> {
        let line = |check: &Check| {
            format!("{}: {}: expected {}, got {}", self.driver, check.what, check.expected, check.got)
        };
        let broken = self.broken.iter().map(|why| format!("{}: {why}", self.driver));
        self.checks.iter().filter(|check| !check.fits).map(line).chain(broken).collect()
    }

    /// Where two columns came out differently although the data leaves no choice.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for (mine, theirs) in self.checks.iter().zip(&other.checks) {
            if mine.what != theirs.what || (mine.got != theirs.got && !mine.choice) {
                let (a, b) = (self.driver, other.driver);
                lines.push(format!("{}: {a} {}, {b} {}", mine.what, mine.got, theirs.got));
            }
        }
        if self.checks.len() != other.checks.len() {
            lines.push(format!("{} and {} did not come equally far", self.driver, other.driver));
        }
        lines
    }
}
