//! The grant `client_credentials`: the client is the user.

use std::sync::Arc;

use http::Uri;

use super::discovery::Desk;
use super::flow::Flow;
use super::provider::OidcProvider;
use super::way::Way;
use crate::error::InputError;
use crate::identity::{Exchange, Fields, Method, Scope, Start};

/// A login as the client itself (grant `client_credentials`): for programs without a user.
#[derive(Clone, Debug)]
pub struct OidcClientCredentials {
    provider: OidcProvider,
}

impl OidcClientCredentials {
    /// As this client.
    #[must_use]
    pub fn new(provider: OidcProvider) -> Self {
        Self { provider }
    }
}

impl Method for OidcClientCredentials {
    fn name(&self) -> &str {
        "v3oidcclientcredentials"
    }

    fn fields(&self, fields: &mut Fields) {
        self.provider.fields(fields);
    }

    fn check(&self, _: &Uri, _: &Scope) -> Result<(), InputError> {
        self.provider.check()
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        Box::new(Flow::new(self.provider.clone(), ClientCredentials, start))
    }
}

#[derive(Debug)]
struct ClientCredentials;

impl Way for ClientCredentials {
    fn grant(&self) -> &'static str {
        "client_credentials"
    }

    fn form(&self, desk: &Desk<'_>, form: &mut Fields) {
        form.maybe("scope", Some(desk.provider.scope.as_str()).filter(|scope| !scope.is_empty()));
    }
}
