//! Tokens that were handed in.

use chrono::{DateTime, Utc};

use crate::token::{Description, Project, Token};
use crate::{Catalog, Secret};

/// A token that was handed in, by a request context or by a user: it cannot be renewed.
///
/// ```
/// use keepstone_core::{Borrowed, Catalog};
/// let context = Borrowed::new("gAAAAAB…").project_id("3b1f");
/// # let _ = context;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Borrowed {
    id: Secret,
    description: Description,
    trust_ends: Option<DateTime<Utc>>,
}

impl Borrowed {
    /// A token of which nothing else is known. When it ends is then the servers' to judge.
    pub fn new(id: impl Into<Secret>) -> Self {
        Self { id: id.into(), description: Description::default(), trust_ends: None }
    }

    /// A token with Keystone's description of it (`keystone.token_info` of a request).
    #[must_use]
    pub fn described(mut self, description: Description) -> Self {
        let Description { expires_at, catalog, project, .. } = std::mem::take(&mut self.description);
        self.description = Description {
            expires_at: description.expires_at.or(expires_at),
            catalog: description.catalog.or(catalog),
            project: description.project.or(project),
            ..description
        };
        self
    }

    /// When it ends, by the cloud's clock.
    #[must_use]
    pub fn expires_at(mut self, end: DateTime<Utc>) -> Self {
        self.description.expires_at = Some(end);
        self
    }

    /// When the trust behind it ends, if it came of one: no service token helps beyond.
    #[must_use]
    pub fn trust_ends_at(mut self, end: DateTime<Utc>) -> Self {
        self.trust_ends = Some(end);
        self
    }

    /// Where its services are (`X-Service-Catalog` of a request).
    #[must_use]
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.description.catalog = Some(catalog);
        self
    }

    /// The project it is scoped to (`X-Project-Id` of a request), for endpoints that name it.
    #[must_use]
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.description.project = Some(Project { id: id.into(), ..Project::default() });
        self
    }

    pub(crate) fn into_parts(self) -> (Token, Option<DateTime<Utc>>) {
        (Token { id: self.id, description: self.description }, self.trust_ends)
    }
}
