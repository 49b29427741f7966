//! Keystone's own assertions about its users, for another Keystone
//! (`POST /v3/auth/OS-FEDERATION/saml2/ecp`).

use http::StatusCode;
use serde::Deserialize;

use super::{Asked, no, seal::seal, xml};
use crate::cloud::wire::{self, Reply};

#[derive(Deserialize)]
struct Body {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    identity: Identity,
    scope: Scope,
}

#[derive(Deserialize)]
struct Identity {
    methods: Vec<String>,
    token: Id,
}

#[derive(Deserialize)]
struct Scope {
    service_provider: Id,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

pub(super) fn answer(asked: &Asked<'_>) -> Reply {
    let Ok(Body { auth }) = serde_json::from_slice::<Body>(asked.body) else {
        return no(StatusCode::BAD_REQUEST, "not a request for an assertion");
    };
    let mut keystone = asked.shared.keystone();
    let keystone = &mut *keystone;
    if auth.identity.methods != ["token"] {
        return no(StatusCode::BAD_REQUEST, "only a token is taken");
    }
    let user = match keystone.validate(&auth.identity.token.id, false, asked.now) {
        Ok(standing) => standing.user.name.clone(),
        Err(fault) => return wire::json(StatusCode::UNAUTHORIZED, &fault.body()),
    };
    let wanted = &auth.scope.service_provider.id;
    if !keystone.service_providers.iter().any(|provider| provider["id"] == **wanted) {
        return no(StatusCode::NOT_FOUND, "no such service provider");
    }
    let id = keystone.dice.id();
    xml(
        "text/xml",
        format!(
            "<ns0:Envelope xmlns:ns0=\"http://schemas.xmlsoap.org/soap/envelope/\"><ns0:Header>\
             <ns1:RelayState xmlns:ns1=\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\" ns0:mustUnderstand=\"1\">ss:mem:0</ns1:RelayState></ns0:Header><ns0:Body>{}</ns0:Body></ns0:Envelope>",
            seal(&id, &user, None)
        ),
    )
}
