//! The provider's routes.

use std::{sync::Arc, time::Duration};

use http::{Request, StatusCode, request::Parts};
use hyper::body::Incoming;
use serde_json::json;

use super::{
    client::Form,
    grants::{Asked, DEVICE_CODE, Users},
    refusal::Refusal,
};
use crate::cloud::{
    keystone::Keystone,
    service::Service,
    shared::Shared,
    wire::{self, Hangup, Reply},
};

/// The longest form it takes.
const LONGEST: u64 = 65_536;

pub(crate) async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Result<Reply, Hangup> {
    let (head, body) = request.into_parts();
    shared.note_arrival(Service::IdentityProvider, &head);
    let count = |bytes| shared.books().service(Service::IdentityProvider).bytes_received += bytes as u64;
    let body = wire::read_body(body, Duration::from_secs(60), LONGEST, count).await;
    let body = body.map_err(|_| Hangup)?;
    if let Some(reply) = shared.hindrance(Service::IdentityProvider).await? {
        return Ok(reply);
    }
    let made_up = shared.knobs().next_answer(Service::IdentityProvider);
    Ok(made_up.map_or_else(|| route(shared, &head, &body), wire::made_up))
}

fn route(shared: &Shared, head: &Parts, body: &[u8]) -> Reply {
    let mut keystone = shared.keystone();
    let origin = keystone.origin(Service::IdentityProvider).to_owned();
    match (head.method.as_str(), head.uri.path()) {
        ("GET", "/.well-known/openid-configuration") => discovery(&origin),
        ("POST", "/token") => tokens(shared, &mut keystone, head, body),
        ("POST", "/device") => devices(shared, head, body, &format!("{origin}/visit")),
        _ => wire::no_route(),
    }
}

fn discovery(origin: &str) -> Reply {
    let grants =
        ["authorization_code", "client_credentials", "password", "refresh_token", DEVICE_CODE].as_slice();
    let body = json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"),
        "device_authorization_endpoint": format!("{origin}/device"),
        "grant_types_supported": grants,
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
    });
    wire::json(StatusCode::OK, &body)
}

fn tokens(shared: &Shared, keystone: &mut Keystone, head: &Parts, body: &[u8]) -> Reply {
    let (form, now) = (Form::parse(body), shared.settings.clock.now());
    let Keystone { directory, wrong_passwords, .. } = keystone;
    let mut users = Users { directory, wrong_passwords };
    let mut provider = shared.provider();
    let given = provider.client(head, &form).and_then(|client| {
        let asked = Asked { client: &client, form: &form, now };
        provider.grant(&asked, &mut users)
    });
    match given {
        Ok(body) => {
            let mut reply = wire::json(StatusCode::OK, &body);
            wire::set(reply.headers_mut(), "cache-control", "no-store");
            reply
        }
        Err(refusal) => {
            *provider.counts.refused.entry(refusal.error.to_owned()).or_default() += 1;
            refusal.reply()
        }
    }
}

fn devices(shared: &Shared, head: &Parts, body: &[u8], page: &str) -> Reply {
    let (form, now) = (Form::parse(body), shared.settings.clock.now());
    let mut provider = shared.provider();
    match provider.client(head, &form) {
        Ok(client) => {
            let asked = Asked { client: &client, form: &form, now };
            wire::json(StatusCode::OK, &provider.authorize_device(&asked, page))
        }
        Err(refusal) => Refusal::reply(refusal),
    }
}
