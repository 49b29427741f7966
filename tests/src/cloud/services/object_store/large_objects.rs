//! Static large objects: manifests that name segments.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, request::Parts};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    containers::wants_json,
    objects::created,
    refusal,
    store::{Account, Content, Object, Segment, find, md5},
};
use crate::cloud::wire::{self, Reply};

/// One line of a manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    path: String,
    etag: Option<String>,
    size_bytes: Option<u64>,
}

/// A path and what is wrong with it.
type Complaint = (String, String);

/// `PUT …?multipart-manifest=put`: checks every segment; then the manifest is an object.
pub(crate) fn put(
    account: &Account,
    head: &Parts,
    body: &Bytes,
    at_most: usize,
    now: DateTime<Utc>,
) -> (Option<Object>, Reply) {
    let Ok(lines) = serde_json::from_slice::<Vec<Line>>(body) else {
        let reply = wire::text(StatusCode::BAD_REQUEST, "Manifest must be valid JSON.\n");
        return (None, reply);
    };
    if lines.len() > at_most {
        return (None, refusal(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let heartbeat = wire::query(head, "heartbeat").is_some_and(|value| value == "on");
    let answer = |status: StatusCode, complaints: &[Complaint]| {
        let body = report(&head.headers, &[("Response Status", &line(status))], complaints);
        if heartbeat {
            return wire::text(StatusCode::ACCEPTED, &format!(" \r\n\r\n{body}"));
        }
        wire::text(status, &body)
    };
    let segments = match segments(account, &lines, now) {
        Ok(segments) => segments,
        Err(complaints) => return (None, answer(StatusCode::BAD_REQUEST, &complaints)),
    };
    let etags: String = segments.iter().map(|segment| segment.etag.as_str()).collect();
    let etag = md5(etags.as_bytes());
    let asked = wire::get(&head.headers, "etag").map(|etag| etag.trim_matches('"'));
    if asked.is_some_and(|asked| asked != etag) {
        return (None, answer(StatusCode::UNPROCESSABLE_ENTITY, &[]));
    }
    let object = Object::new(Content::Static(segments), etag, &head.headers, now);
    let reply = if heartbeat { answer(StatusCode::CREATED, &[]) } else { created(&object) };
    (Some(object), reply)
}

/// The segments of all lines, of which there must be one, or everything that is wrong.
fn segments(account: &Account, lines: &[Line], now: DateTime<Utc>) -> Result<Vec<Segment>, Vec<Complaint>> {
    let (mut segments, mut complaints) = (Vec::new(), Vec::new());
    let last = lines.len().saturating_sub(1);
    for (index, line) in lines.iter().enumerate() {
        match segment(account, line, index == last, now) {
            Ok(segment) => segments.push(segment),
            Err(complaint) => complaints.push((line.path.clone(), complaint)),
        }
    }
    if segments.is_empty() || !complaints.is_empty() { Err(complaints) } else { Ok(segments) }
}

/// A line's segment, if it is there and what the line says.
fn segment(account: &Account, line: &Line, is_last: bool, now: DateTime<Utc>) -> Result<Segment, String> {
    let path = line.path.trim_start_matches('/').split_once('/');
    let (container, name) = path.ok_or("400 Bad Request")?;
    let object = find(account, container, name, now).ok_or("404 Not Found")?;
    let size = object.length(account, now);
    if size == 0 && !is_last {
        return Err("Too Small; each segment must be at least 1 byte.".into());
    }
    if line.size_bytes.is_some_and(|asked| asked != size) {
        return Err("Size Mismatch".into());
    }
    if line.etag.as_ref().is_some_and(|asked| asked.trim_matches('"') != object.etag) {
        return Err("Etag Mismatch".into());
    }
    let (container, object, etag) = (container.into(), name.into(), object.etag.clone());
    Ok(Segment { container, object, size, etag })
}

/// `GET …?multipart-manifest=get`: the manifest, as Swift keeps it.
pub(crate) fn show(account: &Account, segments: &[Segment], now: DateTime<Utc>) -> Reply {
    let show = |segment: &Segment| {
        let object = find(account, &segment.container, &segment.object, now);
        let content_type = object.and_then(|object| object.header("content-type"));
        let nested = object.is_some_and(|object| matches!(object.content, Content::Static(_)));
        let mut shown = json!({
            "name": format!("/{}/{}", segment.container, segment.object),
            "bytes": segment.size,
            "hash": segment.etag,
            "content_type": content_type,
        });
        if nested {
            shown["sub_slo"] = json!(true);
        }
        shown
    };
    let manifest: Value = segments.iter().map(show).collect();
    let mut reply = wire::json(StatusCode::OK, &manifest);
    wire::set(reply.headers_mut(), "x-static-large-object", "True");
    reply
}

/// `DELETE …?multipart-manifest=delete`: the segments, those of segments too, then the manifest.
pub(crate) fn delete(account: &mut Account, container: &str, name: &str, headers: &HeaderMap) -> Reply {
    let (mut deleted, mut missing) = (0, 0);
    let mut doomed = vec![(container.to_owned(), name.to_owned())];
    while let Some((container, name)) = doomed.pop() {
        let object = account.get_mut(&container).and_then(|container| container.remove(&name));
        match object.map(|object| object.content) {
            None => missing += 1,
            Some(Content::Static(segments)) => {
                deleted += 1;
                doomed.extend(segments.into_iter().map(|it| (it.container, it.object)));
            }
            Some(_) => deleted += 1,
        }
    }
    let (deleted, missing) = (deleted.to_string(), missing.to_string());
    let status = line(StatusCode::OK);
    let facts = [
        ("Number Deleted", deleted.as_str()),
        ("Number Not Found", &missing),
        ("Response Body", ""),
        ("Response Status", &status),
    ];
    wire::text(StatusCode::OK, &report(headers, &facts, &[]))
}

/// What Swift tells of a request with many parts, as text or JSON.
fn report(headers: &HeaderMap, facts: &[(&str, &str)], complaints: &[Complaint]) -> String {
    if wants_json(headers, None) {
        let mut report = json!({"Errors": complaints});
        for (name, value) in facts {
            // Numbers are numbers here.
            report[name] = value.parse::<u64>().map_or_else(|_| json!(value), |value| json!(value));
        }
        return report.to_string();
    }
    let facts: String = facts.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let complaints = complaints.iter().map(|(path, what)| format!("{path}, {what}\n"));
    format!("{facts}Errors:\n{}", complaints.collect::<String>())
}

fn line(status: StatusCode) -> String {
    status.to_string()
}
