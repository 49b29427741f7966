//! Where a setting was said.

use std::fmt;

use crate::Secret;

/// Where a setting was said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nobody said it: it is so unless told otherwise.
    Default,
    /// In a file.
    File {
        /// The file, as it was named to us.
        path: String,
        /// Its line, from 1; `None` for JSON, whose values have no lines.
        line: Option<usize>,
    },
    /// In an environment variable.
    Variable(String),
    /// On the command line, or by the application: the name of the argument.
    Argument(String),
    /// In the profile of a vendor.
    Profile(String),
}

impl Origin {
    /// A line of a file.
    pub fn line(path: &str, line: usize) -> Self {
        Self::File { path: path.to_owned(), line: Some(line) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File { path, line: Some(line) } => write!(f, "{path}:{line}"),
            Self::File { path, line: None } => f.write_str(path),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Argument(name) => write!(f, "the argument {name}"),
            Self::Profile(name) => write!(f, "the profile {name}"),
        }
    }
}

/// A value as it was written, and where. Whether it is a secret is known only when it is known which
/// option it is for, so none is ever shown by `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    value: Secret,
    /// Where it was said.
    pub origin: Origin,
}

impl Given {
    /// A value from there.
    pub fn new(value: impl Into<Secret>, origin: Origin) -> Self {
        Self { value: value.into(), origin }
    }

    /// The value.
    #[must_use]
    pub fn text(&self) -> &str {
        self.value.reveal()
    }

    pub(super) fn secret(&self) -> Secret {
        self.value.clone()
    }

    /// Whether nothing was written; that counts as not given, except for a password.
    pub(super) fn is_empty(&self) -> bool {
        self.text().is_empty()
    }
}
