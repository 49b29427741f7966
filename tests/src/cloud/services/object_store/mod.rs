//! Swift: an object store in memory.
//!
//! Left out: bulk operations, COPY, versions, ACLs, temporary URLs, ranges and inline data in
//! manifests, several ranges in one request (answered with the whole object).

mod containers;
mod large_objects;
mod objects;
mod reading;
mod store;

use http::{StatusCode, request::Parts};
use serde_json::json;

use super::{Call, without_body};
use crate::cloud::{
    service::Service,
    settings::Settings,
    shared::Shared,
    wire::{self, Reply},
};

pub(crate) use self::store::ObjectStore;

/// Who may use an account, as `operator_roles` has it.
const OPERATORS: [&str; 3] = ["admin", "member", "swiftoperator"];

/// The longest body of a manifest.
const MAX_MANIFEST_SIZE: u64 = 8 << 20;

/// What a request is about.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) account: String,
    pub(crate) container: Option<String>,
    pub(crate) object: Option<String>,
}

impl Target {
    fn of(path: &str) -> Option<Self> {
        let mut parts = path
            .strip_prefix("/v1/")?
            .splitn(3, '/')
            .map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned());
        let account = parts.next()?;
        let container = parts.next().filter(|name| !name.is_empty());
        let object = parts.next().filter(|name| !name.is_empty());
        Some(Self { account, container, object })
    }
}

/// What the object store tells without a token: `/info` and `/healthcheck`.
pub(crate) fn public(settings: &Settings, head: &Parts) -> Option<Reply> {
    match (head.method.as_str(), head.uri.path()) {
        ("GET", "/healthcheck") => Some(wire::text(StatusCode::OK, "OK")),
        ("GET", "/info") => {
            let info = json!({
                "swift": {
                    "version": "2.38.0",
                    "max_file_size": settings.max_file_size,
                    "max_object_name_length": objects::LONGEST_NAME,
                    "container_listing_limit": containers::LISTING_LIMIT,
                },
                "slo": {
                    "max_manifest_segments": settings.max_manifest_segments,
                    "max_manifest_size": MAX_MANIFEST_SIZE,
                    "min_segment_size": 1,
                },
                "dlo": {"max_segments": containers::LISTING_LIMIT},
            });
            Some(wire::json(StatusCode::OK, &info))
        }
        _ => None,
    }
}

pub(crate) async fn answer(call: Call) -> Reply {
    let Some(target) = Target::of(call.head.uri.path()) else {
        return early(call, wire::no_route()).await;
    };
    if !may_use(&call.head, &target) {
        return early(call, refusal(StatusCode::FORBIDDEN)).await;
    }
    match (call.head.method.as_str(), &target.object) {
        ("PUT", Some(_)) => objects::put(call, target).await,
        (_, Some(_)) => {
            let reply = objects::answer(&call, &target);
            early(call, reply).await
        }
        (_, None) => {
            let reply = containers::answer(&call, &target);
            early(call, reply).await
        }
    }
}

/// Whether the user has a fitting role in the project that the account belongs to.
fn may_use(head: &Parts, target: &Target) -> bool {
    let header = |name| wire::get(&head.headers, name).unwrap_or_default();
    let own = target.account == format!("AUTH_{}", header("x-project-id"));
    own && header("x-roles").split(',').any(|role| OPERATORS.contains(&role))
}

/// An answer before the body was looked at.
async fn early(call: Call, reply: Reply) -> Reply {
    let Call { shared, head, body, .. } = call;
    without_body(&shared, Service::ObjectStore, &head, body, reply).await
}

/// An error, in the words Swift has for it.
fn refusal(status: StatusCode) -> Reply {
    let reason = status.canonical_reason().unwrap_or("Client Disconnect");
    let page = format!("<html><h1>{reason}</h1></html>");
    wire::with_body(status, "text/html; charset=UTF-8", page)
}

/// Adds to what is known of the bytes of an object.
fn count_bytes(shared: &Shared, target: &Target, received: u64, stored: u64) {
    let (Some(container), Some(object)) = (&target.container, &target.object) else { return };
    let mut books = shared.books();
    let bytes = books.counters.objects.entry(format!("{container}/{object}")).or_default();
    bytes.received += received;
    bytes.stored += stored;
}
