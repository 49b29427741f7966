//! Whom and what a login names: users, projects, domains and scopes, as Identity API v3 writes them.

use serde::Serialize;

use super::Fields;

/// A domain, by id or by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum DomainRef {
    /// By id. The first domain of every cloud has the id `default`.
    #[serde(rename = "id")]
    Id(String),
    /// By name.
    #[serde(rename = "name")]
    Name(String),
}

impl DomainRef {
    pub(super) fn fields(&self, prefix: &str, fields: &mut Fields) {
        match self {
            Self::Id(id) => fields.text(&format!("{prefix}domain_id"), id),
            Self::Name(name) => fields.text(&format!("{prefix}domain_name"), name),
        }
    }
}

/// A user, by id or by name and domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum UserRef {
    /// By id.
    Id {
        /// The id.
        id: String,
    },
    /// By name, which is unique in its domain only.
    Name {
        /// The name.
        name: String,
        /// The domain that owns the name.
        domain: DomainRef,
    },
}

impl UserRef {
    /// A user by id.
    pub fn id(id: impl Into<String>) -> Self {
        Self::Id { id: id.into() }
    }

    /// A user by name, in the domain whose id is `default`.
    pub fn name(name: impl Into<String>) -> Self {
        Self::named(name, DomainRef::Id("default".to_owned()))
    }

    /// Its parts, as configuration files name them.
    pub(super) fn fields(&self, fields: &mut Fields) {
        match self {
            Self::Id { id } => fields.text("user_id", id),
            Self::Name { name, domain } => {
                fields.text("username", name);
                domain.fields("user_", fields);
            }
        }
    }

    /// A user by name, in this domain.
    pub fn named(name: impl Into<String>, domain: DomainRef) -> Self {
        Self::Name { name: name.into(), domain }
    }
}

/// A project, by id or by name and domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ProjectRef {
    /// By id.
    Id {
        /// The id.
        id: String,
    },
    /// By name, which is unique in its domain only.
    Name {
        /// The name.
        name: String,
        /// The domain that owns the name.
        domain: DomainRef,
    },
}

/// What a token is to be good for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Whatever Keystone gives: the user's default project, or the project that an application
    /// credential is bound to.
    #[default]
    Default,
    /// Nothing but the user's own affairs, default project or not.
    Unscoped,
    /// A project.
    Project(ProjectRef),
    /// A domain.
    Domain(DomainRef),
    /// The whole deployment.
    System,
    /// What a trustor delegated, by the id of the trust.
    Trust(String),
}

impl Scope {
    /// A project by id.
    pub fn project_id(id: impl Into<String>) -> Self {
        Self::Project(ProjectRef::Id { id: id.into() })
    }

    /// A project by name, in the domain whose id is `default`.
    pub fn project(name: impl Into<String>) -> Self {
        Self::project_in(name, DomainRef::Id("default".to_owned()))
    }

    /// A project by name, in this domain.
    pub fn project_in(name: impl Into<String>, domain: DomainRef) -> Self {
        Self::Project(ProjectRef::Name { name: name.into(), domain })
    }

    /// Its parts, as configuration files name them.
    pub(super) fn fields(&self, fields: &mut Fields) {
        match self {
            Self::Default => {}
            Self::Unscoped => fields.text("unscoped", "true"),
            Self::Project(ProjectRef::Id { id }) => fields.text("project_id", id),
            Self::Project(ProjectRef::Name { name, domain }) => {
                fields.text("project_name", name);
                domain.fields("project_", fields);
            }
            Self::Domain(domain) => domain.fields("", fields),
            Self::System => fields.text("system_scope", "all"),
            Self::Trust(id) => fields.text("trust_id", id),
        }
    }

    /// How a request writes it; `None` where it leaves the scope out.
    pub(super) fn wire(&self) -> Option<WireScope<'_>> {
        match self {
            Self::Default => None,
            Self::Unscoped => Some(WireScope::Unscoped),
            Self::Project(project) => Some(WireScope::Project(project)),
            Self::Domain(domain) => Some(WireScope::Domain(domain)),
            Self::System => Some(WireScope::System { all: true }),
            Self::Trust(id) => Some(WireScope::Trust { id }),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WireScope<'a> {
    Unscoped,
    Project(&'a ProjectRef),
    Domain(&'a DomainRef),
    System {
        all: bool,
    },
    #[serde(rename = "OS-TRUST:trust")]
    Trust {
        id: &'a str,
    },
}
