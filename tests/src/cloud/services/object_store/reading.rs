//! Reading objects: conditions, ranges, what the headers tell.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use super::{
    objects::http_date,
    refusal,
    store::{Account, Content, Object},
};
use crate::cloud::wire::{self, Payload, Reply};

/// `GET` and `HEAD`: conditions, then the range.
pub(crate) fn get(headers: &HeaderMap, account: &Account, object: &Object, now: DateTime<Utc>) -> Reply {
    let etag = object.etag_header(account, now);
    let named = |name| {
        let list = wire::get(headers, name)?;
        let mut etags = list.split(',').map(|etag| etag.trim().trim_matches('"'));
        Some(etags.any(|it| it == "*" || it == etag.trim_matches('"')))
    };
    let data = object.data(account, now);
    let whole = data.bytes.len() as u64 == data.length;
    let (status, from, to) = match (named("if-match"), named("if-none-match")) {
        (Some(false), _) => return refusal(StatusCode::PRECONDITION_FAILED),
        (_, Some(true)) => (StatusCode::NOT_MODIFIED, 0, 0),
        _ if !whole && data.bytes.is_empty() => return refusal(StatusCode::CONFLICT),
        _ => match range(headers, data.length) {
            Range::Whole => (StatusCode::OK, 0, data.length),
            Range::Part { from, to } => (StatusCode::PARTIAL_CONTENT, from, to),
            Range::Beyond => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
        },
    };
    let there = data.bytes.len();
    let index = |at: u64| usize::try_from(at).map_or(there, |at| at.min(there));
    let start = data.bytes.slice(index(from)..index(to));
    let payload = match to - from {
        promised if start.len() as u64 == promised => Payload::Whole(start),
        promised => Payload::Cut { start, promised },
    };
    let mut reply = wire::empty(status).map(|_| payload);
    describe(reply.headers_mut(), object, &etag);
    let content_range = match status {
        StatusCode::PARTIAL_CONTENT => format!("bytes {from}-{}/{}", to - 1, data.length),
        StatusCode::RANGE_NOT_SATISFIABLE => format!("bytes */{}", data.length),
        _ => return reply,
    };
    wire::set(reply.headers_mut(), "content-range", &content_range);
    reply
}

fn describe(headers: &mut HeaderMap, object: &Object, etag: &str) {
    wire::set(headers, "etag", etag);
    wire::set(headers, "accept-ranges", "bytes");
    wire::set(headers, "last-modified", &http_date(object.modified));
    for (name, value) in &object.headers {
        wire::set(headers, name, value);
    }
    match &object.content {
        Content::Plain(_) => {}
        Content::Static(_) => wire::set(headers, "x-static-large-object", "True"),
        Content::Dynamic { container, prefix } => {
            wire::set(headers, "x-object-manifest", &format!("{container}/{prefix}"));
        }
    }
    if let Some(time) = object.delete_at {
        wire::set(headers, "x-delete-at", &time.timestamp().to_string());
    }
}

/// Which bytes are asked for.
enum Range {
    Whole,
    Part { from: u64, to: u64 },
    Beyond,
}

/// Reads `Range`: one of bytes; anything else means the whole.
fn range(headers: &HeaderMap, length: u64) -> Range {
    let asked = wire::get(headers, "range").and_then(|range| range.strip_prefix("bytes="));
    let Some((first, last)) = asked.and_then(|asked| asked.split_once('-')) else {
        return Range::Whole;
    };
    let (from, to) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(from), Ok(last)) if from <= last => (from, length.min(last.saturating_add(1))),
        (Ok(from), Err(_)) if last.is_empty() => (from, length),
        (Err(_), Ok(count)) if first.is_empty() => (length.saturating_sub(count), length),
        _ => return Range::Whole,
    };
    if from < to { Range::Part { from, to } } else { Range::Beyond }
}
