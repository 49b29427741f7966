//! An application credential.

use http::Uri;
use serde::Serialize;

use super::{Part, Said};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::identity::{Fields, Moment, Scope, UserRef};

/// An application credential and its secret (method `application_credential`). It is bound to its
/// project, and asks for no scope.
#[derive(Clone, Debug)]
pub struct ApplicationCredential {
    credential: ApplicationCredentialRef,
    secret: Secret,
}

/// An application credential, by id or by name and user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationCredentialRef {
    /// By id.
    Id(String),
    /// By name, which is unique for its user only.
    Name {
        /// The name.
        name: String,
        /// The user that it belongs to.
        user: UserRef,
    },
}

impl ApplicationCredential {
    /// The one of this id.
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self { credential: ApplicationCredentialRef::Id(id.into()), secret: secret.into() }
    }

    /// The one of this name, of this user.
    pub fn named(name: impl Into<String>, user: UserRef, secret: impl Into<Secret>) -> Self {
        let credential = ApplicationCredentialRef::Name { name: name.into(), user };
        Self { credential, secret: secret.into() }
    }
}

impl Part for ApplicationCredential {
    fn name(&self) -> &str {
        "application_credential"
    }

    fn fields(&self, fields: &mut Fields) {
        match &self.credential {
            ApplicationCredentialRef::Id(id) => fields.text("application_credential_id", id),
            ApplicationCredentialRef::Name { name, user } => {
                fields.text("application_credential_name", name);
                user.fields(fields);
            }
        }
        fields.secret("application_credential_secret", &self.secret);
    }

    fn check(&self, scope: &Scope) -> Result<(), InputError> {
        match scope {
            Scope::Default => Ok(()),
            _ => Err(InputError::ScopeWithApplicationCredential),
        }
    }

    fn say(&self, _: Option<&Secret>, _: &Uri, _: &mut Moment<'_>) -> Result<Said, LoginError> {
        let secret = self.secret.reveal();
        Ok(Said::new(&match &self.credential {
            ApplicationCredentialRef::Id(id) => Body { id: Some(id), name: None, user: None, secret },
            ApplicationCredentialRef::Name { name, user } => {
                Body { id: None, name: Some(name), user: Some(user), secret }
            }
        }))
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a UserRef>,
    secret: &'a str,
}
