//! What a client needs to log in.

use serde_json::{Value, json};

use super::keystone::{
    Keystone, REGION,
    directory::{DOMAIN_ID, DOMAIN_NAME, User},
};

/// A user's credentials, as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Keystone's URL, with the version.
    pub auth_url: String,
    /// The user's id.
    pub user_id: String,
    /// The user's name.
    pub user_name: String,
    /// The password.
    pub password: String,
    /// The id of the user's domain.
    pub user_domain_id: String,
    /// The name of the user's domain.
    pub user_domain_name: String,
    /// The id of the default project.
    pub project_id: Option<String>,
    /// The name of the default project.
    pub project_name: Option<String>,
    /// The region of all endpoints.
    pub region_name: String,
}

impl Credentials {
    pub(crate) fn of(user: &User, keystone: &Keystone) -> Self {
        let project = user.default_project.as_ref();
        let project = project.and_then(|id| keystone.directory.projects.get(id));
        Self {
            auth_url: keystone.url(""),
            user_id: user.id.clone(),
            user_name: user.name.clone(),
            password: user.password.clone(),
            user_domain_id: DOMAIN_ID.into(),
            user_domain_name: DOMAIN_NAME.into(),
            project_id: project.map(|project| project.id.clone()),
            project_name: project.map(|project| project.name.clone()),
            region_name: REGION.into(),
        }
    }

    /// The body of a token request by password, scoped to the default project.
    #[must_use]
    pub fn token_request(&self) -> Value {
        let user = json!({"id": self.user_id, "password": self.password});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let scope = match &self.project_id {
            Some(id) => json!({"project": {"id": id}}),
            None => json!("unscoped"),
        };
        json!({"auth": {"identity": identity, "scope": scope}})
    }

    /// The `OS_*` variables that OpenStack's command-line tools read.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("OS_AUTH_TYPE", "password".to_owned()),
            ("OS_AUTH_URL", self.auth_url.clone()),
            ("OS_IDENTITY_API_VERSION", "3".to_owned()),
            ("OS_USERNAME", self.user_name.clone()),
            ("OS_PASSWORD", self.password.clone()),
            ("OS_USER_DOMAIN_NAME", self.user_domain_name.clone()),
            ("OS_REGION_NAME", self.region_name.clone()),
        ];
        if let Some(project) = &self.project_name {
            variables.push(("OS_PROJECT_NAME", project.clone()));
            variables.push(("OS_PROJECT_DOMAIN_NAME", DOMAIN_NAME.to_owned()));
        }
        variables
    }
}

/// The cloud has nothing of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cloud has no {kind} {name:?}")]
pub struct Unknown {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}
