//! Loader options, by name. Hyphens and underscores are the same; what is empty is not there.

use std::collections::BTreeMap;

use keepstone_blocking::identity::ScopeOptions;
use keepstone_blocking::{DomainRef, InputError, Scope, UserRef};
use serde::Deserialize;

use crate::outcome::Problem;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "BTreeMap<String, String>")]
pub(crate) struct Options(BTreeMap<String, String>);

impl From<BTreeMap<String, String>> for Options {
    fn from(given: BTreeMap<String, String>) -> Self {
        Self(given.into_iter().map(|(name, value)| (name.replace('_', "-"), value)).collect())
    }
}

impl Options {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value, empty or not.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn need(&self, name: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| format!("the option `{name}` is missing").into())
    }

    /// The value of the first of these names that is given: options that were renamed.
    pub(crate) fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    pub(crate) fn scope(&self, unscoped: bool) -> Result<Scope, InputError> {
        let text = |name: &str| self.get(name).unwrap_or_default().to_owned();
        let options = ScopeOptions {
            project_id: self.any(&["project-id", "tenant-id"]).unwrap_or_default().to_owned(),
            project_name: self.any(&["project-name", "tenant-name"]).unwrap_or_default().to_owned(),
            project_domain_id: text("project-domain-id"),
            project_domain_name: text("project-domain-name"),
            domain_id: text("domain-id"),
            domain_name: text("domain-name"),
            system_scope: text("system-scope"),
            trust_id: text("trust-id"),
            unscoped,
        };
        options.scope()
    }

    /// A user by id, or by name and domain.
    pub(crate) fn user(&self) -> Result<UserRef, Problem> {
        if let Some(id) = self.get("user-id") {
            return Ok(UserRef::id(id));
        }
        let name = self.any(&["username", "user-name"]).ok_or("neither `user-id` nor `username` is given")?;
        let domain = self.domain("user-").ok_or("the user is named without a domain")?;
        Ok(UserRef::named(name, domain))
    }

    pub(crate) fn domain(&self, prefix: &str) -> Option<DomainRef> {
        let id = self.get(&format!("{prefix}domain-id")).map(|id| DomainRef::Id(id.to_owned()));
        id.or_else(|| self.get(&format!("{prefix}domain-name")).map(|name| DomainRef::Name(name.to_owned())))
    }
}
