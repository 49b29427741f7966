//! What the data expects: exactly this, or one of these.

use std::fmt;

use serde::Deserialize;

/// How a call ends; the words are [`super::outcome`]'s.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    /// Like this.
    Exactly(String),
    /// With this status.
    Status(u16),
    /// Like one of these, since it hangs on what an HTTP library can do.
    OneOf {
        /// The choice.
        one_of: Vec<String>,
    },
}

/// How many.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub enum Count {
    /// So many.
    Exactly(u64),
    /// From and to.
    Between([u64; 2]),
}

/// A length of time in seconds, from and to.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Span([f64; 2]);

impl Outcome {
    pub(super) fn fits(&self, got: &str) -> bool {
        match self {
            Self::Exactly(text) => text == got,
            Self::Status(status) => status.to_string() == got,
            Self::OneOf { one_of } => one_of.iter().any(|text| text == got),
        }
    }
}

impl Count {
    pub(super) fn fits(self, got: u64) -> bool {
        match self {
            Self::Exactly(count) => got == count,
            Self::Between([least, most]) => (least..=most).contains(&got),
        }
    }

    pub(super) fn is_choice(self) -> bool {
        matches!(self, Self::Between(_))
    }
}

impl Span {
    pub(super) fn fits(self, seconds: f64) -> bool {
        let Self([least, most]) = self;
        (least..=most).contains(&seconds)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(text) => f.write_str(text),
            Self::Status(status) => write!(f, "{status}"),
            Self::OneOf { one_of } => f.write_str(&one_of.join(" or ")),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(count) => write!(f, "{count}"),
            Self::Between([least, most]) => write!(f, "{least} to {most}"),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([least, most]) = self;
        write!(f, "{least} to {most} s")
    }
}
