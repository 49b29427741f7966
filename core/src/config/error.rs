//! What can be wrong with settings. No message shows a value that may be a secret.

use std::fmt;

use thiserror::Error;

use super::Origin;
use crate::error::InputError;

/// What is wrong with settings, where, and what would mend it.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A text that is not in the format of its kind of file.
    #[error("{path}:{line}: {fault}")]
    Syntax {
        /// The file.
        path: String,
        /// Its line, from 1.
        line: usize,
        /// What is wrong there, without the text itself.
        fault: String,
    },
    /// A file of clouds that has another shape than such files have.
    #[error("{at}: {fault}")]
    Shape {
        /// Where.
        at: Origin,
        /// What was expected.
        fault: String,
    },
    /// A value refers to another (`$name`), and that fails.
    #[error("{origin}: the value refers to `${name}`, and {fault}; write `$$` where a dollar sign is meant")]
    Reference {
        /// Where the value is.
        origin: Origin,
        /// What it refers to.
        name: String,
        /// What is wrong with that.
        fault: &'static str,
    },
    /// A login method that does not exist.
    #[error("{origin}: there is no login method `{name}`{}", meant(.nearest))]
    NoSuchMethod {
        /// What was given as `auth_type`.
        name: String,
        /// Where.
        origin: Origin,
        /// The method whose name is nearest.
        nearest: Option<&'static str>,
    },
    /// A login method for which the library has no code.
    #[error("the login method `{0}` is not among those that can be used here")]
    Unsupported(&'static str),
    /// No login method, where there must be one.
    #[error("no login method is given: set `auth_type`")]
    NoMethod,
    /// An option that the login method does not have.
    #[error("the login method `{method}` has no option `{name}`{}", meant(.nearest))]
    NoSuchOption {
        /// The option.
        name: String,
        /// The method.
        method: &'static str,
        /// The option whose name is nearest.
        nearest: Option<String>,
    },
    /// Options that the method cannot do without.
    #[error("the login method `{method}` needs {}{}", listed(.missing, " and "), almost(.nearly))]
    Missing {
        /// The method.
        method: &'static str,
        /// The options that are missing.
        missing: Vec<&'static str>,
        /// What may have been meant for one of them, and where it is.
        nearly: Option<(String, Origin)>,
    },
    /// Options of which the method needs one.
    #[error("the login method `{method}` needs {}{}", listed(.options, " or "), almost(.nearly))]
    OneOf {
        /// The method.
        method: &'static str,
        /// The options.
        options: Vec<&'static str>,
        /// What may have been meant for one of them, and where it is.
        nearly: Option<(String, Origin)>,
    },
    /// A value that its option cannot have. It is not shown.
    #[error("{origin}: `{option}` is to be {expected}")]
    BadValue {
        /// The option.
        option: String,
        /// Where the value is.
        origin: Origin,
        /// What it should be.
        expected: &'static str,
    },
    /// Two options of which there may be one.
    #[error("{origin}: `{one}` and `{other}` exclude each other; leave one of them out")]
    Exclusive {
        /// One of them.
        one: &'static str,
        /// The other one.
        other: &'static str,
        /// Where the one is.
        origin: Origin,
    },
    /// A cloud that is in none of the files.
    #[error("there is no cloud `{name}`: {}{}", known(.known_names), meant(.nearest))]
    NoSuchCloud {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known_names: Vec<String>,
        /// The one whose name is nearest.
        nearest: Option<String>,
    },
    /// A region that the cloud does not list.
    #[error("the cloud `{cloud}` has no region `{name}`: {}{}", known(.known_names), meant(.nearest))]
    NoSuchRegion {
        /// The cloud.
        cloud: String,
        /// What was asked for.
        name: String,
        /// Those that there are.
        known_names: Vec<String>,
        /// The one whose name is nearest.
        nearest: Option<String>,
    },
    /// `OS_CLOUD_NAME` names a cloud that is in a file, too.
    #[error(
        "`{0}` is the name of a cloud in a file and of the one in the environment (OS_CLOUD_NAME): rename one"
    )]
    TwoClouds(String),
    /// The profile is of a cloud that no longer exists.
    #[error("{origin}: the cloud of the profile `{name}` no longer exists ({message})")]
    Shutdown {
        /// The profile.
        name: String,
        /// What is said about it.
        message: String,
        /// Where it was asked for.
        origin: Origin,
    },
    /// The profile is published at an address, and has not been fetched yet.
    #[error("{origin}: the profile `{name}` is to be fetched from {address} first")]
    Remote {
        /// The profile.
        name: String,
        /// Where its vendor publishes it.
        address: String,
        /// Where it was asked for.
        origin: Origin,
    },
    /// The credential that they say is none.
    #[error(transparent)]
    Input(#[from] InputError),
}

/// Something that is probably not what was meant, although it can be worked with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// An option that nobody knows, and is not used.
    Unknown {
        /// Its name, as it was written.
        name: String,
        /// Where.
        origin: Origin,
        /// The option whose name is nearest.
        nearest: Option<String>,
    },
    /// An option of other login methods, which is not used.
    OtherMethods {
        /// Its name.
        name: String,
        /// Where.
        origin: Origin,
        /// The method that is used.
        method: &'static str,
    },
    /// Another name is now preferred, or it has no effect any more.
    Deprecated {
        /// What was written.
        name: String,
        /// Where.
        origin: Origin,
        /// What to write instead.
        instead: String,
    },
    /// Whatever else the files say about themselves.
    Note {
        /// Where.
        origin: Origin,
        /// What there is to know.
        text: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, origin, nearest } => {
                write!(f, "{origin}: the option `{name}` is not known, and is not used{}", meant(nearest))
            }
            Self::OtherMethods { name, origin, method } => {
                write!(f, "{origin}: the login method `{method}` does not use `{name}`")
            }
            Self::Deprecated { name, origin, instead } => {
                write!(f, "{origin}: `{name}` is an old name; write `{instead}`")
            }
            Self::Note { origin, text } => write!(f, "{origin}: {text}"),
        }
    }
}

fn meant(nearest: &Option<impl fmt::Display>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn almost(nearly: &Option<(String, Origin)>) -> String {
    nearly.as_ref().map(|(name, origin)| format!("; is `{name}` ({origin}) misspelt?")).unwrap_or_default()
}

fn listed(names: &[&str], between: &str) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", name.replace('-', "_"))).collect();
    quoted.join(between)
}

fn known(names: &[String]) -> String {
    if names.is_empty() { "there are none".to_owned() } else { format!("there are {}", names.join(", ")) }
}
