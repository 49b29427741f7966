//! The services behind the token check.

mod collections;
mod object_store;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::{Request, StatusCode, request::Parts};
use hyper::body::{Body as _, Incoming};
use serde_json::{Map, Value, json};

use super::{
    auth_token::{self, AuthToken, Passed, Question, Unanswered, Verdict},
    keystone::Keystone,
    knobs::{BodyRefusal, Outage},
    service::Service,
    shared::Shared,
    wire::{self, Hangup, Reply},
};

pub(crate) use self::{collections::Resources, object_store::ObjectStore};

/// A request that reached the application.
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    pub(crate) service: Service,
    pub(crate) head: Parts,
    pub(crate) body: Incoming,
    pub(crate) now: DateTime<Utc>,
}

impl Call {
    /// Counts body bytes as they come.
    pub(crate) fn count(&self) -> impl FnMut(usize) + use<> {
        count(Arc::clone(&self.shared), self.service)
    }
}

pub(crate) async fn answer(
    shared: &Arc<Shared>,
    service: Service,
    request: Request<Incoming>,
) -> Result<Reply, Hangup> {
    let (mut head, body) = request.into_parts();
    shared.note_arrival(service, &head);
    let _inside = Inside::of(shared, service);
    if let Some(reply) = shared.hindrance(service).await? {
        return Ok(reply);
    }
    let made_up = shared.knobs().next_answer(service);
    if let Some(answer) = made_up {
        let reply = wire::made_up(answer);
        return Ok(without_body(shared, service, &head, body, reply).await);
    }
    let public = match service {
        Service::ObjectStore => object_store::public(&shared.settings, &head),
        _ => versions(shared, service, &head),
    };
    if let Some(reply) = public {
        return Ok(reply);
    }
    let now = shared.settings.clock.now();
    let filter = filter(shared, service);
    let reply = match check(shared, &filter, &mut head, now) {
        Verdict::Pass(_) if head.uri.path().ends_with("/whoami") => whoami(&head),
        Verdict::Pass(passed) if is_confirmed(&head, &passed) => {
            let call = Call { shared: Arc::clone(shared), service, head, body, now };
            match service {
                Service::ObjectStore => object_store::answer(call).await,
                _ => collections::answer(call).await,
            }
        }
        Verdict::Pass(_) | Verdict::Unauthorized => {
            without_body(shared, service, &head, body, unauthorized()).await
        }
        Verdict::Unavailable => without_body(shared, service, &head, body, keystone_is_down()).await,
    };
    Ok(challenged(&filter, reply))
}

/// A request that a service works on, until it is answered or given up.
struct Inside(Arc<Shared>, Service);

impl Inside {
    fn of(shared: &Arc<Shared>, service: Service) -> Self {
        shared.books().goes_in(service);
        Self(Arc::clone(shared), service)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.books().comes_out(self.1);
    }
}

/// The filter before a service.
fn filter(shared: &Shared, service: Service) -> AuthToken {
    let settings = &shared.settings;
    AuthToken {
        service_token_roles: settings.service_token_roles.clone(),
        service_token_roles_required: settings.service_token_roles_required,
        delay_auth_decision: settings.delay_auth_decision,
        www_authenticate_uri: shared.keystone().origin(Service::Identity).to_owned(),
        service_type: Some(service.service_type().to_owned()),
    }
}

fn check(shared: &Shared, filter: &AuthToken, head: &mut Parts, now: DateTime<Utc>) -> Verdict {
    let request =
        auth_token::Request { method: &head.method, path: head.uri.path(), headers: &mut head.headers };
    filter.check(request, now, |question| ask(shared, question, now))
}

/// Asks Keystone as a user with the role `service` would, without the wire in between.
fn ask(shared: &Shared, question: Question<'_>, now: DateTime<Utc>) -> Result<Value, Unanswered> {
    if shared.knobs().outage(Service::Identity) != Outage::None {
        return Err(Unanswered::Unavailable);
    }
    let keystone: &Keystone = &shared.keystone();
    shared.books().counters.validations += 1;
    let standing = keystone.validate(question.subject, question.allow_expired, now);
    let outcome = standing.map(|standing| keystone.show_token(&standing, true));
    let status = outcome.as_ref().map_or_else(|fault| fault.status, |_| StatusCode::OK);
    shared.books().validated(question, status);
    outcome.map_err(|_| match status {
        StatusCode::NOT_FOUND => Unanswered::NotFound,
        _ => Unanswered::Unavailable,
    })
}

/// What an application that was left the decision should look at: both statuses.
fn is_confirmed(head: &Parts, passed: &Passed) -> bool {
    let service = wire::get(&head.headers, "x-service-identity-status");
    passed.token_info.is_some() && service.is_none_or(|status| status == "Confirmed")
}

fn unauthorized() -> Reply {
    let status = StatusCode::UNAUTHORIZED;
    wire::with_body(status, "application/json", AuthToken::unauthorized_body())
}

fn keystone_is_down() -> Reply {
    let text = "503 Service Unavailable\n\nThe Keystone service is temporarily unavailable.\n\n";
    wire::text(StatusCode::SERVICE_UNAVAILABLE, text)
}

/// Marks a 401, be it the filter's or the application's.
fn challenged(filter: &AuthToken, mut reply: Reply) -> Reply {
    if reply.status() == StatusCode::UNAUTHORIZED {
        wire::set(reply.headers_mut(), "www-authenticate", &filter.challenge());
    }
    reply
}

/// Gives an answer that does not need the request's body, and does with that what the knob says.
async fn without_body(
    shared: &Arc<Shared>,
    service: Service,
    head: &Parts,
    body: Incoming,
    mut reply: Reply,
) -> Reply {
    if body.is_end_stream() {
        return reply;
    }
    let count = count(Arc::clone(shared), service);
    let expects = wire::get(&head.headers, "expect").is_some();
    let refusal = shared.knobs().body_refusal(service);
    match refusal {
        BodyRefusal::AnswerThenDrain if !expects => {
            tokio::spawn(wire::drain(body, count));
        }
        BodyRefusal::DrainThenAnswer => {
            wire::drain(body, count).await;
        }
        BodyRefusal::AnswerThenDrain | BodyRefusal::AnswerAndClose => {
            wire::set(reply.headers_mut(), "connection", "close");
        }
    }
    reply
}

fn count(shared: Arc<Shared>, service: Service) -> impl FnMut(usize) {
    move |bytes| shared.books().service(service).bytes_received += bytes as u64
}

/// `GET …/whoami`: the identity headers that the application saw.
fn whoami(head: &Parts) -> Reply {
    let identity = |name: &str| {
        name == "openstack-system-scope"
            || (name.starts_with("x-") && !name.ends_with("-token") && name != "x-service-catalog")
    };
    let mut seen = Map::new();
    for (name, value) in &head.headers {
        if identity(name.as_str()) {
            seen.insert(name.to_string(), json!(String::from_utf8_lossy(value.as_bytes())));
        }
    }
    wire::json(StatusCode::OK, &Value::Object(seen))
}

/// The version documents that services give without asking for a token.
fn versions(shared: &Shared, service: Service, head: &Parts) -> Option<Reply> {
    let path = head.uri.path().trim_end_matches('/');
    let origin = shared.keystone().origin(service).to_owned();
    let (root, id, range) = match service {
        Service::Volume => ("/v3", "v3.0", Some(("3.0", "3.71"))),
        Service::Network => ("/v2.0", "v2.0", None),
        Service::Image => ("/v2", "v2.17", None),
        Service::Identity | Service::ObjectStore | Service::IdentityProvider => return None,
    };
    if head.method != "GET" || !(path.is_empty() || path == root) {
        return None;
    }
    let links = json!([{"rel": "self", "href": format!("{origin}{root}/")}]);
    let mut version = json!({"id": id, "status": "CURRENT", "links": links});
    if let Some((least, most)) = range {
        version["min_version"] = json!(least);
        version["version"] = json!(most);
    }
    let several = path.is_empty() && service != Service::Network;
    let status = if several { StatusCode::MULTIPLE_CHOICES } else { StatusCode::OK };
    Some(wire::json(status, &json!({"versions": [version]})))
}
