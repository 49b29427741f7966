//! Keystone's routes.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, StatusCode, request::Parts};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Keystone,
    auth_request::AuthBody,
    authenticate::{Outcome, Wire},
    caller::Caller,
    fault::Fault,
    tokens::{Scope, Standing},
};
use crate::cloud::{
    kerberos,
    knobs::TokenFault,
    saml,
    service::Service,
    shared::Shared,
    wire::{self, Hangup, Payload, Reply},
};

/// The longest body Keystone takes.
const LONGEST: u64 = 114_688;

/// One request, read.
struct Asked<'a> {
    head: &'a Parts,
    body: &'a [u8],
    now: DateTime<Utc>,
    /// A token that stands for a certificate.
    stand_in: Option<String>,
    /// Whom the web server in front says it is from.
    remote_user: Option<&'a str>,
}

/// A token request under way: it counts as such from its arrival to its answer.
struct LoginUnderWay<'a>(&'a Shared);

impl<'a> LoginUnderWay<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.books().token_request_begins();
        Self(shared)
    }
}

impl Drop for LoginUnderWay<'_> {
    fn drop(&mut self) {
        self.0.books().token_request_ends();
    }
}

pub(crate) async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Result<Reply, Hangup> {
    let (head, body) = request.into_parts();
    shared.note_arrival(Service::Identity, &head);
    let is_login = head.method == "POST" && ["/v3/auth/tokens", "/v2.0/tokens"].contains(&head.uri.path());
    let _under_way = is_login.then(|| LoginUnderWay::begin(shared));
    let count = |bytes| shared.books().service(Service::Identity).bytes_received += bytes as u64;
    let body = wire::read_body(body, Duration::from_secs(60), LONGEST, count).await;
    let body = body.map_err(|_| Hangup)?;
    if is_login {
        note_user(shared, &body);
    }
    if let Some(reply) = shared.hindrance(Service::Identity).await? {
        return Ok(reply);
    }
    let now = shared.settings.clock.now();
    if let Some(reply) = saml::answer(shared, &head, &body, now) {
        return Ok(reply);
    }
    let gate = kerberos::gate(shared, &head, &body);
    if let kerberos::Gate::Shut(reply) = gate {
        return Ok(reply);
    }
    let fault = if is_login { shared.knobs().token_faults.pop_front() } else { None };
    let stand_in = shared.keystone().stand_in(&head.headers, now).unwrap_or_default();
    let asked = Asked { head: &head, body: &body, now, stand_in, remote_user: gate.user() };
    let mut reply = match fault {
        Some(TokenFault::Answer(answer)) => wire::made_up(answer),
        Some(TokenFault::Close) => return Err(Hangup),
        Some(TokenFault::Garbage) => route(shared, &asked).map(|_| garbage()),
        Some(TokenFault::Truncated) => route(shared, &asked).map(truncated),
        None => route(shared, &asked),
    };
    gate.sign(&mut reply);
    Ok(reply)
}

fn note_user(shared: &Shared, body: &[u8]) {
    let Ok(body) = serde_json::from_slice::<AuthBody>(body) else {
        return;
    };
    let user = shared.keystone().claimed_user(&body);
    if let Some(user) = user {
        *shared.books().counters.token_requests_of.entry(user).or_default() += 1;
    }
}

fn garbage() -> Payload {
    Payload::Whole(Bytes::from_static(b"<html>It works!</html>"))
}

fn truncated(whole: Payload) -> Payload {
    let Payload::Whole(bytes) = whole else {
        return whole;
    };
    Payload::Cut { start: bytes.slice(..bytes.len() / 2), promised: bytes.len() as u64 }
}

fn route(shared: &Shared, asked: &Asked<'_>) -> Reply {
    let mut keystone = shared.keystone();
    let keystone = &mut *keystone;
    let segments = wire::segments(asked.head);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let method = asked.head.method.as_str();
    let outcome = match (method, segments.as_slice()) {
        ("GET", []) => Ok(wire::json(StatusCode::MULTIPLE_CHOICES, &keystone.versions())),
        ("GET", ["v3"]) => ok(keystone.version()),
        ("GET", _) if kerberos::is_federated(asked.head) => {
            Ok(keystone.federated(asked.remote_user.unwrap_or_default(), "kerberos", asked.now))
        }
        ("POST", ["v3", "auth", "tokens"]) => log_in(keystone, asked),
        ("POST", ["v2.0", "tokens"]) if keystone.has_v2 => {
            parse(asked).and_then(|body| keystone.authenticate_v2(&body, asked.now)).and_then(ok)
        }
        ("POST", ["v3", "OS-OAUTH2", "token"]) => {
            Ok(keystone.access_token(&asked.head.headers, asked.body, asked.now))
        }
        ("GET" | "HEAD", ["v3", "auth", "tokens"]) => {
            shared.books().counters.validations += 1;
            validate(keystone, asked)
        }
        ("DELETE", ["v3", "auth", "tokens"]) => revoke(keystone, asked),
        (
            "GET" | "POST",
            ["v3", "OS-FEDERATION", "identity_providers", provider, "protocols", protocol, "auth"],
        ) => federated(shared, keystone, asked, provider, protocol),
        ("GET", ["v3", "auth", "catalog"]) => catalog(keystone, asked),
        (_, ["v3", "OS-TRUST", "trusts", rest @ ..]) => trusts(keystone, asked, rest),
        (_, ["v3", "users", user, "application_credentials", rest @ ..]) => {
            application_credentials(keystone, asked, user, rest)
        }
        _ => Ok(wire::no_route()),
    };
    outcome.unwrap_or_else(|fault| refuse(keystone, &fault))
}

fn refuse(keystone: &Keystone, fault: &Fault) -> Reply {
    let mut reply = wire::json(fault.status, &fault.body());
    if fault.status == StatusCode::UNAUTHORIZED {
        let challenge = format!("Keystone uri=\"{}\"", keystone.url(""));
        wire::set(reply.headers_mut(), "www-authenticate", &challenge);
    }
    wire::set(reply.headers_mut(), "vary", "X-Auth-Token");
    reply
}

fn log_in(keystone: &mut Keystone, asked: &Asked<'_>) -> Result<Reply, Fault> {
    let body: AuthBody = parse(asked)?;
    keystone.remote_user = asked.remote_user.map(str::to_owned);
    let headers = &asked.head.headers;
    let told = Wire {
        authorization: wire::get(headers, "authorization"),
        receipt: wire::get(headers, "openstack-auth-receipt"),
    };
    let id = match keystone.authenticate(&body, &told, asked.now)? {
        Outcome::Token(id) => id,
        Outcome::More(reply) => return Ok(reply),
    };
    let standing = keystone.validate(&id, false, asked.now);
    // A life of less than a second may be over at birth; Keystone hands out such tokens too.
    let standing = standing.or_else(|_| keystone.validate(&id, true, asked.now))?;
    Ok(show(keystone, &standing, asked, StatusCode::CREATED))
}

/// What stands in front of Keystone asks the provider whose token it is.
fn federated(
    shared: &Shared,
    keystone: &mut Keystone,
    asked: &Asked<'_>,
    provider: &str,
    protocol: &str,
) -> Result<Reply, Fault> {
    let bearer = wire::get(&asked.head.headers, "authorization").and_then(|it| it.strip_prefix("Bearer "));
    let user = bearer.and_then(|token| shared.provider().introspect(token, asked.now));
    let id = keystone.federate(provider, protocol, user.as_deref(), asked.now)?;
    let standing = keystone.validate(&id, true, asked.now)?;
    Ok(show(keystone, &standing, asked, StatusCode::CREATED))
}

fn validate(keystone: &Keystone, asked: &Asked<'_>) -> Result<Reply, Fault> {
    let caller = caller(keystone, asked)?;
    let no_subject = || Fault::not_found("Could not find token: .");
    let subject = wire::get(&asked.head.headers, "x-subject-token").ok_or_else(no_subject)?;
    let allow_expired = wire::query(asked.head, "allow_expired").is_some_and(|text| truth(&text));
    let standing = keystone.validate(subject, allow_expired, asked.now)?;
    let is_head = asked.head.method == "HEAD";
    let system_reader = caller.token.scope == Scope::System && caller.has_role("reader");
    let validator = caller.has_role("service") && !is_head;
    let by_role = caller.has_role("admin") || system_reader || validator;
    if !by_role && caller.token.user_id != standing.token.user_id {
        let action = if is_head { "identity:check_token" } else { "identity:validate_token" };
        return Err(Fault::forbidden(action));
    }
    let knows_rules = asked.head.headers.contains_key("openstack-identity-access-rules");
    if !knows_rules && keystone.has_access_rules(standing.token) {
        return Err(Fault::not_found("Failed to validate token"));
    }
    Ok(show(keystone, &standing, asked, StatusCode::OK))
}

/// What `oslo_utils.strutils.bool_from_string` takes for true.
fn truth(text: &str) -> bool {
    ["1", "t", "true", "on", "y", "yes"].contains(&text.trim().to_ascii_lowercase().as_str())
}

fn revoke(keystone: &mut Keystone, asked: &Asked<'_>) -> Result<Reply, Fault> {
    let caller = caller(keystone, asked)?;
    let no_subject = || Fault::not_found("Could not find token: .");
    let subject = wire::get(&asked.head.headers, "x-subject-token").ok_or_else(no_subject)?;
    let standing = keystone.validate(subject, false, asked.now)?;
    if !caller.has_role("admin") && caller.token.user_id != standing.token.user_id {
        return Err(Fault::forbidden("identity:revoke_token"));
    }
    let cascade = wire::query(asked.head, "cascade").is_none_or(|text| truth(&text));
    keystone.revoke(subject, cascade);
    Ok(wire::empty(StatusCode::NO_CONTENT))
}

fn catalog(keystone: &Keystone, asked: &Asked<'_>) -> Result<Reply, Fault> {
    let caller = caller(keystone, asked)?;
    let links = json!({"self": keystone.url("/auth/catalog")});
    ok(json!({"catalog": keystone.catalog(caller.project), "links": links}))
}

fn trusts(keystone: &mut Keystone, asked: &Asked<'_>, rest: &[&str]) -> Result<Reply, Fault> {
    let caller = owned_caller(keystone, asked)?;
    match (asked.head.method.as_str(), rest) {
        ("POST", []) => created(keystone.create_trust(parse(asked)?, &caller, asked.now)?),
        ("GET", []) => ok(keystone.list_trusts(&caller, asked.now)),
        ("GET", [id]) => ok(keystone.get_trust(id, &caller, asked.now)?),
        ("DELETE", [id]) => {
            keystone.delete_trust(id, &caller)?;
            Ok(wire::empty(StatusCode::NO_CONTENT))
        }
        _ => Ok(wire::no_route()),
    }
}

fn application_credentials(
    keystone: &mut Keystone,
    asked: &Asked<'_>,
    user: &str,
    rest: &[&str],
) -> Result<Reply, Fault> {
    let caller = owned_caller(keystone, asked)?;
    match (asked.head.method.as_str(), rest) {
        ("POST", []) => {
            created(keystone.create_application_credential(parse(asked)?, user, &caller, asked.now)?)
        }
        ("GET", []) => ok(keystone.list_application_credentials(user, &caller)?),
        ("GET", [id]) => ok(keystone.get_application_credential(user, id, &caller)?),
        ("DELETE", [id]) => {
            keystone.delete_application_credential(user, id, &caller)?;
            Ok(wire::empty(StatusCode::NO_CONTENT))
        }
        _ => Ok(wire::no_route()),
    }
}

/// The caller's own token: bad in any way, it is 401, and no window helps it.
fn caller<'a>(keystone: &'a Keystone, asked: &Asked<'_>) -> Result<Standing<'a>, Fault> {
    let token = wire::get(&asked.head.headers, "x-auth-token").or(asked.stand_in.as_deref());
    let token = token.ok_or_else(Fault::unauthorized)?;
    keystone.check_binding(token)?;
    keystone.validate(token, false, asked.now).map_err(|_| Fault::unauthorized())
}

fn owned_caller(keystone: &Keystone, asked: &Asked<'_>) -> Result<Caller, Fault> {
    let standing = caller(keystone, asked)?;
    Ok(Caller::new(&standing, keystone.is_unrestricted(standing.token)))
}

fn parse<T: DeserializeOwned>(asked: &Asked<'_>) -> Result<T, Fault> {
    serde_json::from_slice(asked.body).map_err(|error| Fault::bad_request(error.to_string()))
}

fn show(keystone: &Keystone, standing: &Standing<'_>, asked: &Asked<'_>, status: StatusCode) -> Reply {
    let with_catalog = wire::query(asked.head, "nocatalog").is_none();
    let mut reply = wire::json(status, &keystone.show_token(standing, with_catalog));
    let headers: &mut HeaderMap = reply.headers_mut();
    wire::set(headers, "x-subject-token", &standing.token.id);
    wire::set(headers, "vary", "X-Auth-Token");
    reply
}

fn ok(body: Value) -> Result<Reply, Fault> {
    Ok(wire::json(StatusCode::OK, &body))
}

fn created(body: Value) -> Result<Reply, Fault> {
    Ok(wire::json(StatusCode::CREATED, &body))
}
