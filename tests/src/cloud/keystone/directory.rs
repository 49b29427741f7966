//! Who and what Keystone knows: users, projects, roles, and who has which role where.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::cloud::{dice::Dice, settings::Settings};

/// The id of the one domain.
pub(crate) const DOMAIN_ID: &str = "default";
/// Its name.
pub(crate) const DOMAIN_NAME: &str = "Default";

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) default_project: Option<String>,
    pub(crate) enabled: bool,
    /// The shared secret of a device for passcodes, in base32.
    pub(crate) totp_secret: Option<String>,
    /// `multi_factor_auth_rules`: all methods of any one of them are needed.
    pub(crate) rules: Vec<Vec<String>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) enabled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// Where a role counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Project(String),
    Domain,
    System,
}

#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) projects: BTreeMap<String, Project>,
    roles: Vec<Role>,
    /// User id, role name, where.
    grants: BTreeSet<(String, String, Target)>,
}

impl Directory {
    /// Fills the directory as the settings say.
    pub(crate) fn seeded(settings: &Settings, dice: &mut Dice) -> Self {
        let mut directory = Self::default();
        for name in ["admin", "member", "reader", "service"] {
            directory.roles.push(Role { id: dice.id(), name: name.into() });
        }
        for name in &settings.projects {
            let project = Project { id: dice.id(), name: name.clone(), enabled: true };
            directory.projects.insert(project.id.clone(), project);
        }
        for account in &settings.users {
            let id = dice.id();
            let project = account.project.as_deref().and_then(|name| directory.project_named(name));
            let default_project = project.map(|project| project.id.clone());
            if let Some(project) = &default_project {
                for role in &account.roles {
                    directory.grant(&id, role, Target::Project(project.clone()), dice);
                }
            }
            for role in &account.system_roles {
                directory.grant(&id, role, Target::System, dice);
                directory.grant(&id, role, Target::Domain, dice);
            }
            let user = User {
                id: id.clone(),
                name: account.name.clone(),
                password: account.password.clone(),
                default_project,
                enabled: true,
                totp_secret: account.totp_secret.clone(),
                rules: account.rules.clone(),
            };
            directory.users.insert(id, user);
        }
        directory
    }

    pub(crate) fn user_named(&self, name: &str) -> Option<&User> {
        self.users.values().find(|user| user.name == name)
    }

    pub(crate) fn project_named(&self, name: &str) -> Option<&Project> {
        self.projects.values().find(|project| project.name == name)
    }

    pub(crate) fn role(&self, id_or_name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id_or_name || role.name == id_or_name)
    }

    /// The roles of a user somewhere.
    pub(crate) fn roles_on(&self, user_id: &str, target: &Target) -> Vec<&Role> {
        let granted = |role: &&Role| {
            let grant = (user_id.to_owned(), role.name.clone(), target.clone());
            self.grants.contains(&grant)
        };
        self.roles.iter().filter(granted).collect()
    }

    /// Gives a role, and creates it if there is none of this name.
    pub(crate) fn grant(&mut self, user_id: &str, role: &str, target: Target, dice: &mut Dice) {
        if self.role(role).is_none() {
            self.roles.push(Role { id: dice.id(), name: role.into() });
        }
        self.grants.insert((user_id.into(), role.into(), target));
    }

    /// Takes a role away.
    pub(crate) fn withdraw(&mut self, user_id: &str, role: &str, target: Target) {
        self.grants.remove(&(user_id.into(), role.into(), target));
    }
}

/// The domain, as it stands in bodies.
pub(crate) fn domain() -> Value {
    json!({"id": DOMAIN_ID, "name": DOMAIN_NAME})
}
