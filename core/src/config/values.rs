//! Options and the values that were given for them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::options::{Kind, Opt};
use super::{ConfigError, Given, Origin};

/// Options that were given, by name, each with its value and where that was said. Printing it shows no
/// secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<&'static str, (&'static Opt, Given)>);

/// One line of the effective configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The option, as files spell it.
    pub option: String,
    /// Its value; `…` for a secret.
    pub value: String,
    /// Where it was said.
    pub origin: Origin,
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, value, origin } = self;
        write!(f, "{option} = {value}  # {origin}")
    }
}

impl Options {
    /// Looks each of these options up.
    pub(super) fn gather(
        options: impl IntoIterator<Item = &'static Opt>,
        mut find: impl FnMut(&'static Opt) -> Result<Option<Given>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let mut all = Self::default();
        for option in options {
            if let Some(given) = find(option)? {
                all.set(option, given);
            }
        }
        Ok(all)
    }

    pub(super) fn set(&mut self, option: &'static Opt, given: Given) {
        self.0.insert(option.name, (option, given));
    }

    /// What was given under this name, with hyphens or underscores.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<&Given> {
        let found = self.0.get(name).or_else(|| self.0.values().find(|(option, _)| option.is(name)));
        found.map(|(_, given)| given)
    }

    /// The value of this name, unless it is empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given(name).map(Given::text).filter(|text| !text.is_empty())
    }

    /// The value, or the option's default.
    pub(super) fn or_default(&self, option: &Opt) -> Option<String> {
        self.get(option.name).or(option.default).map(str::to_owned)
    }

    /// What is given and not empty, option by option.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static Opt, &Given)> {
        self.0.values().filter(|(_, given)| !given.is_empty()).map(|(option, given)| (*option, given))
    }

    /// What holds for these options: what was given, else the default.
    pub(super) fn effective(&self, options: impl IntoIterator<Item = &'static Opt>) -> Vec<Effective> {
        let mut lines = Vec::new();
        for option in options {
            let given = self.given(option.name).filter(|given| !given.is_empty());
            let line =
                |value: &str, origin| Effective { option: option.key(), value: shown(option, value), origin };
            match (given, option.default) {
                (Some(given), _) => lines.push(line(given.text(), given.origin.clone())),
                (None, Some(default)) => lines.push(line(default, Origin::Default)),
                (None, None) => {}
            }
        }
        lines
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ConfigError> {
        self.read(name, "yes or no (`true` or `false`)", |text| match text.to_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Some(true),
            "false" | "0" | "off" | "no" => Some(false),
            _ => None,
        })
    }

    pub(super) fn whole(&self, name: &str) -> Result<Option<u32>, ConfigError> {
        self.read(name, "a whole number from 0", |text| text.parse().ok())
    }

    pub(super) fn seconds(&self, name: &str) -> Result<Option<Duration>, ConfigError> {
        self.read(name, "a number of seconds", |text| Duration::try_from_secs_f64(text.parse().ok()?).ok())
    }

    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        list(self.get(name).unwrap_or_default())
    }

    pub(super) fn read<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        match self.given(name).filter(|given| !given.is_empty()) {
            None => Ok(None),
            Some(given) => read(given.text().trim()).map(Some).ok_or_else(|| self.bad(name, given, expected)),
        }
    }

    pub(super) fn bad(&self, name: &str, given: &Given, expected: &'static str) -> ConfigError {
        ConfigError::BadValue {
            option: super::options::underscored(name),
            origin: given.origin.clone(),
            expected,
        }
    }
}

/// The parts of a list as oslo.config writes it.
pub(super) fn list(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A value as it may be shown.
fn shown(option: &Opt, value: &str) -> String {
    if option.secret {
        return "…".to_owned();
    }
    // An address may have a name and a password in it.
    let hidden = match (value.split_once("://"), value.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => value.to_owned(),
    };
    if option.kind == Kind::Text { hidden.replace('\n', "⏎") } else { hidden }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.iter().map(|(option, given)| (option.name, shown(option, given.text())));
        f.debug_map().entries(shown).finish()
    }
}
