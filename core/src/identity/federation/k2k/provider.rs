//! The other cloud, as the Keystone at home knows it, and the assertion that is meant for it.

use http::{Request, Uri, header};
use serde::Serialize;

use super::super::visitor::address;
use super::super::{FederationError, Party};
use crate::error::LoginError;
use crate::identity::v3::{to_json, v3_url};
use crate::secret::SecretBytes;
use crate::token::{ServiceProvider, Token};

/// Where the other cloud takes assertions, and where its Keystone then gives a token.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub(super) consumer: Uri,
    pub(super) keystone: Uri,
}

impl Provider {
    pub(super) fn of(token: &Token, wanted: &str) -> Result<Self, LoginError> {
        let known = &token.description.service_providers;
        let found = known.iter().find(|provider| provider.id == wanted);
        let Some(ServiceProvider { sp_url, auth_url, .. }) = found else {
            let known = known.iter().map(|provider| provider.id.clone()).collect();
            let wanted = wanted.to_owned();
            return Err(FederationError::NoSuchServiceProvider { wanted, known }.into());
        };
        let party = Party::BaseKeystone;
        Ok(Self {
            consumer: address(sp_url, party, "the `sp_url` of the service provider is no web address")?,
            keystone: address(auth_url, party, "the `auth_url` of the service provider is no web address")?,
        })
    }

    /// The other Keystone's own address.
    pub(super) fn auth_url(&self) -> Result<Uri, LoginError> {
        let url = self.keystone.to_string();
        let own = url.split_once("/OS-FEDERATION/").map_or(url.as_str(), |(own, _)| own);
        address(own, Party::BaseKeystone, "the `auth_url` of the service provider is no web address")
    }
}

/// The request for an assertion about the holder of a token, for a service provider.
pub(super) fn assertion_request(
    auth_url: &Uri,
    token: &Token,
    service_provider: &str,
) -> Result<Request<SecretBytes>, LoginError> {
    let body = Body {
        auth: Auth {
            identity: Identity { methods: ["token"], token: Id { id: token.id.reveal() } },
            scope: ToProvider { service_provider: Id { id: service_provider } },
        },
    };
    Request::post(format!("{}/auth/OS-FEDERATION/saml2/ecp", v3_url(auth_url)))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(to_json(&body))
        .map_err(|_| LoginError::Garbled("the auth URL cannot be asked for assertions"))
}

#[derive(Serialize)]
struct Body<'a> {
    auth: Auth<'a>,
}

#[derive(Serialize)]
struct Auth<'a> {
    identity: Identity<'a>,
    scope: ToProvider<'a>,
}

#[derive(Serialize)]
struct Identity<'a> {
    methods: [&'static str; 1],
    token: Id<'a>,
}

#[derive(Serialize)]
struct ToProvider<'a> {
    service_provider: Id<'a>,
}

#[derive(Serialize)]
struct Id<'a> {
    id: &'a str,
}
