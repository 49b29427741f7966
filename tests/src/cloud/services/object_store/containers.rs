//! Accounts and containers, and what is listed of them.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{
    Target, refusal,
    store::{Account, Container},
};
use crate::cloud::{
    services::Call,
    wire::{self, Reply},
};

/// The most names in one listing.
pub(crate) const LISTING_LIMIT: usize = 10_000;

pub(crate) fn answer(call: &Call, target: &Target) -> Reply {
    let mut objects = call.shared.objects();
    let account = objects.account(&target.account);
    let Some(name) = &target.container else { return answer_account(call, account) };
    match (call.head.method.as_str(), account.get(name)) {
        ("PUT", Some(_)) => wire::empty(StatusCode::ACCEPTED),
        ("PUT", None) => {
            account.insert(name.clone(), Container::new());
            wire::empty(StatusCode::CREATED)
        }
        (_, None) => refusal(StatusCode::NOT_FOUND),
        ("GET" | "HEAD", Some(container)) => {
            let live = container.iter().filter(|(_, object)| object.lives(call.now));
            let sized = live.clone().map(|(_, object)| object.length(account, call.now));
            let (count, bytes) = (live.count(), sized.sum::<u64>());
            let mut reply = match call.head.method.as_str() {
                "HEAD" => wire::empty(StatusCode::NO_CONTENT),
                _ => list(call, objects_of(container, account, call.now)),
            };
            let headers = reply.headers_mut();
            wire::set(headers, "x-container-object-count", &count.to_string());
            wire::set(headers, "x-container-bytes-used", &bytes.to_string());
            reply
        }
        ("POST", Some(_)) => wire::empty(StatusCode::NO_CONTENT),
        ("DELETE", Some(container)) => {
            if container.values().any(|object| object.lives(call.now)) {
                return refusal(StatusCode::CONFLICT);
            }
            account.remove(name);
            wire::empty(StatusCode::NO_CONTENT)
        }
        _ => refusal(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn answer_account(call: &Call, account: &Account) -> Reply {
    let mut reply = match call.head.method.as_str() {
        "HEAD" => wire::empty(StatusCode::NO_CONTENT),
        "GET" => {
            let entry = |(name, container): (&String, &Container)| {
                let bytes: u64 = container.values().map(|it| it.length(account, call.now)).sum();
                let shown = json!({"name": name, "count": container.len(), "bytes": bytes});
                (name.clone(), shown)
            };
            list(call, account.iter().map(entry).collect())
        }
        _ => return refusal(StatusCode::METHOD_NOT_ALLOWED),
    };
    let headers = reply.headers_mut();
    wire::set(headers, "x-account-container-count", &account.len().to_string());
    reply
}

/// The objects of a container as a listing shows them.
fn objects_of(container: &Container, account: &Account, now: DateTime<Utc>) -> Vec<(String, Value)> {
    let live = container.iter().filter(|(_, object)| object.lives(now));
    let entry = live.map(|(name, object)| {
        let shown = json!({
            "name": name,
            "hash": object.etag,
            "bytes": object.length(account, now),
            "content_type": object.header("content-type"),
            "last_modified": object.modified.format("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
        });
        (name.clone(), shown)
    });
    entry.collect()
}

/// Answers with the entries the query asks for.
fn list(call: &Call, entries: Vec<(String, Value)>) -> Reply {
    let query = |name| wire::query(&call.head, name).filter(|value| !value.is_empty());
    let prefix = query("prefix").unwrap_or_default();
    let (marker, end_marker) = (query("marker"), query("end_marker"));
    let limit = query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(LISTING_LIMIT);
    let wanted = |(name, _): &(String, Value)| {
        name.starts_with(&prefix)
            && marker.as_ref().is_none_or(|marker| name > marker)
            && end_marker.as_ref().is_none_or(|end| name < end)
    };
    let mut entries: Vec<_> = entries.into_iter().filter(wanted).collect();
    if let Some(delimiter) = query("delimiter") {
        entries = roll_up(entries, prefix.len(), &delimiter);
    }
    // What is rolled up may lie before the marker; it was listed then.
    entries.retain(|(name, _)| marker.as_ref().is_none_or(|marker| name > marker));
    entries.truncate(limit.min(LISTING_LIMIT));
    if wants_json(&call.head.headers, query("format").as_deref()) {
        let entries: Vec<_> = entries.into_iter().map(|(_, entry)| entry).collect();
        return wire::json(StatusCode::OK, &json!(entries));
    }
    if entries.is_empty() {
        return wire::empty(StatusCode::NO_CONTENT);
    }
    let names: String = entries.iter().map(|(name, _)| format!("{name}\n")).collect();
    wire::text(StatusCode::OK, &names)
}

/// Replaces the names that go on after a delimiter by one entry each.
fn roll_up(entries: Vec<(String, Value)>, start: usize, delimiter: &str) -> Vec<(String, Value)> {
    let mut rolled: Vec<(String, Value)> = Vec::new();
    for (name, entry) in entries {
        let Some(at) = name[start..].find(delimiter) else {
            rolled.push((name, entry));
            continue;
        };
        let subdir = name[..start + at + delimiter.len()].to_owned();
        if rolled.last().is_none_or(|(last, _)| *last != subdir) {
            rolled.push((subdir.clone(), json!({"subdir": subdir})));
        }
    }
    rolled
}

/// Whether the client asks for JSON, by the query or by `Accept`.
pub(crate) fn wants_json(headers: &HeaderMap, format: Option<&str>) -> bool {
    let accept = wire::get(headers, "accept").unwrap_or_default();
    format == Some("json") || accept.contains("application/json")
}
