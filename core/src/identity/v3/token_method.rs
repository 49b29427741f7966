//! A token, exchanged for one with another scope.

use http::Uri;
use serde::Serialize;

use super::{Part, Said};
use crate::Secret;
use crate::error::LoginError;
use crate::headers::X_AUTH_TOKEN;
use crate::identity::{Fields, Moment, Renewal};

/// A token to exchange (method `token`). Keystone keeps the old expiry
/// (`keystone/auth/plugins/token.py`), so this cannot be renewed.
#[derive(Clone, Debug)]
pub struct TokenMethod {
    token: Secret,
}

impl TokenMethod {
    /// This token.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self { token: token.into() }
    }
}

impl Part for TokenMethod {
    fn name(&self) -> &str {
        "token"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.secret("token", &self.token);
    }

    fn renewal(&self) -> Renewal {
        Renewal::Never
    }

    fn check(&self, _: &crate::Scope) -> Result<(), crate::InputError> {
        self.token.header().map(|_| ())
    }

    fn say(&self, _: Option<&Secret>, _: &Uri, _: &mut Moment<'_>) -> Result<Said, LoginError> {
        let said = Said::new(&Body { id: self.token.reveal() });
        Ok(said.header(X_AUTH_TOKEN, self.token.clone()))
    }
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
}
