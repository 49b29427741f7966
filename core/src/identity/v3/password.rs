//! A user's password.

use http::Uri;
use serde::Serialize;

use super::{Part, Said};
use crate::Secret;
use crate::error::LoginError;
use crate::identity::{Fields, Moment, UserRef};

/// A user and the password (method `password`).
#[derive(Clone, Debug)]
pub struct Password {
    user: UserRef,
    password: Secret,
}

impl Password {
    /// This user's password.
    pub fn new(user: UserRef, password: impl Into<Secret>) -> Self {
        Self { user, password: password.into() }
    }
}

impl Part for Password {
    fn name(&self) -> &str {
        "password"
    }

    fn fields(&self, fields: &mut Fields) {
        self.user.fields(fields);
        fields.secret("password", &self.password);
    }

    fn say(&self, _: Option<&Secret>, _: &Uri, _: &mut Moment<'_>) -> Result<Said, LoginError> {
        Ok(Said::new(&Body { user: User { user: &self.user, password: self.password.reveal() } }))
    }
}

#[derive(Serialize)]
struct Body<'a> {
    user: User<'a>,
}

#[derive(Serialize)]
struct User<'a> {
    #[serde(flatten)]
    user: &'a UserRef,
    password: &'a str,
}
