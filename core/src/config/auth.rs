//! Who logs in, how, and for what.

use super::options::Opt;
use super::plugins::{Plugin, plugin};
use super::values::Effective;
use super::{ConfigError, Given, Options, Origin, Warning};
use crate::{Credential, Fixed};

/// Who logs in, how, and for what: a login method and its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthSettings {
    method: &'static Plugin,
    /// Where the method was said.
    origin: Origin,
    options: Options,
    /// What may have been meant for an option of this method, and is none.
    misspelt: Vec<(String, Origin, String)>,
}

/// An identity, ready to be added to a keychain.
#[derive(Clone, Debug, PartialEq)]
pub enum IdentitySettings {
    /// One that logs in.
    Credential(Box<Credential>),
    /// One that goes along with each call as it is.
    Fixed(Fixed),
}

impl AuthSettings {
    /// The method that `named` says, and whatever `find` finds for its options.
    pub(super) fn gather(
        named: &Given,
        mut find: impl FnMut(&'static Opt) -> Result<Option<Given>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let method = method_of(named)?;
        let mut options = Options::gather(method.options(), &mut find)?;
        if method.name == "v3multifactor" {
            let parts: Vec<_> = options.list("auth_methods").into_iter().map(part).collect();
            for part in parts.into_iter().flatten() {
                let more = Options::gather(part.options(), &mut find)?;
                more.iter().for_each(|(option, given)| options.set(option, given.clone()));
            }
        }
        Ok(Self { method, origin: named.origin.clone(), options, misspelt: Vec::new() })
    }

    /// Remembers what was probably meant for its options, for a better word when one is missing.
    pub(super) fn remember(&mut self, warnings: &[Warning]) {
        for warning in warnings {
            if let Warning::Unknown { name, origin, nearest: Some(nearest) } = warning {
                self.misspelt.push((name.clone(), origin.clone(), nearest.clone()));
            }
        }
    }

    /// The login method: `auth_type`.
    #[must_use]
    pub fn method(&self) -> &'static Plugin {
        self.method
    }

    /// Every option that this method has.
    #[must_use]
    pub fn possible(&self) -> Vec<&'static Opt> {
        let mut all: Vec<&'static Opt> = self.method.options().collect();
        for part in self.options.list("auth_methods").into_iter().filter_map(part) {
            for option in part.options() {
                if !all.iter().any(|known| known.name == option.name) {
                    all.push(option);
                }
            }
        }
        all
    }

    /// What was said, and where.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The value of an option, or its default.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.possible()
            .into_iter()
            .find(|option| option.is(name))
            .and_then(|option| self.options.or_default(option))
    }

    /// Sets an option, over whatever was said.
    ///
    /// # Errors
    /// [`ConfigError::NoSuchOption`].
    pub fn set(&mut self, name: &str, given: Given) -> Result<(), ConfigError> {
        match self.possible().into_iter().find(|option| option.is(name)) {
            Some(option) => {
                self.options.set(option, given);
                Ok(())
            }
            None => {
                let keys: Vec<String> = self.possible().into_iter().flat_map(Opt::keys).collect();
                let nearest = super::nearest::nearest(name, keys.iter().map(String::as_str));
                let nearest = nearest.map(str::to_owned);
                Err(ConfigError::NoSuchOption { name: name.to_owned(), method: self.method.name, nearest })
            }
        }
    }

    /// What a person is to be asked for: options that come with a question, and were not given.
    #[must_use]
    pub fn to_ask(&self) -> Vec<&'static Opt> {
        let answered = |option: &&Opt| self.options.given(option.name).is_some();
        let computed = self.options.get("totp-secret").is_some();
        let asked = self.possible().into_iter().filter(|option| option.prompt.is_some() && !answered(option));
        asked.filter(|option| !(computed && option.name == "passcode")).collect()
    }

    /// The options that are missing.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let needed = self.possible().into_iter().filter(|option| option.required).map(|option| option.name);
        // A code can be asked for, where it is known how the browser comes back.
        let asked = self.options.get("redirect-uri").is_some();
        needed.filter(|name| self.options.get(name).is_none() && !(asked && *name == "code")).collect()
    }

    /// The error that these are missing, with what may have been meant.
    pub(super) fn lacks(&self, missing: Vec<&'static str>) -> ConfigError {
        let nearly = self.nearly(&missing);
        ConfigError::Missing { method: self.method.name, missing, nearly }
    }

    /// The error that one of these is missing.
    pub(super) fn lacks_one_of(&self, options: Vec<&'static str>) -> ConfigError {
        let nearly = self.nearly(&options);
        ConfigError::OneOf { method: self.method.name, options, nearly }
    }

    fn nearly(&self, missing: &[&'static str]) -> Option<(String, Origin)> {
        let meant = |name: &&str| {
            let near =
                self.misspelt.iter().find(|(_, _, nearest)| nearest == &super::options::underscored(name));
            near.map(|(name, origin, _)| (name.clone(), origin.clone()))
        };
        missing.iter().find_map(meant)
    }

    /// What holds, with secrets hidden and where each value was said.
    #[must_use]
    pub fn effective(&self) -> Vec<Effective> {
        let value = self.method.name.to_owned();
        let method = Effective { option: "auth_type".to_owned(), value, origin: self.origin.clone() };
        std::iter::once(method).chain(self.options.effective(self.possible())).collect()
    }
}

/// A method that can be part of a login with several.
fn part(name: &str) -> Option<&'static Plugin> {
    plugin(name).filter(|plugin| plugin.name != "v3multifactor")
}

fn method_of(named: &Given) -> Result<&'static Plugin, ConfigError> {
    let known = || super::plugins::plugins().iter().map(|plugin| plugin.name);
    plugin(named.text()).ok_or_else(|| ConfigError::NoSuchMethod {
        name: named.text().chars().take(64).collect(),
        origin: named.origin.clone(),
        nearest: super::nearest::nearest(named.text(), known()),
    })
}
