//! Objects: put, got, described, deleted.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, StatusCode, header::HeaderName};

use super::{
    MAX_MANIFEST_SIZE, Target, count_bytes, early, large_objects, reading, refusal,
    store::{Content, Object, find, md5},
};
use crate::cloud::{
    services::Call,
    wire::{self, BodyFault, Reply},
};

/// The longest name of an object, in bytes.
pub(crate) const LONGEST_NAME: usize = 1024;

/// Headers kept with an object, besides `X-Object-Meta-…`.
const KEPT: [&str; 4] = ["content-type", "content-encoding", "content-disposition", "cache-control"];

/// `PUT`: everything that can be refused before the body is; then the body; then the checks of
/// what came.
pub(crate) async fn put(call: Call, target: Target) -> Reply {
    let (Some(container), Some(name)) = (target.container.clone(), target.object.clone()) else {
        return early(call, wire::no_route()).await;
    };
    if let Err(status) = admit(&call, &target, &container, &name) {
        return early(call, refusal(status)).await;
    }
    let Call { shared, service, head, body, now } = call;
    let is_manifest = wire::query(&head, "multipart-manifest").as_deref() == Some("put");
    let settings = &shared.settings;
    let at_most = if is_manifest { MAX_MANIFEST_SIZE } else { settings.max_file_size };
    let count = |bytes| {
        shared.books().service(service).bytes_received += bytes as u64;
        count_bytes(&shared, &target, bytes as u64, 0);
    };
    let body = match wire::read_body(body, settings.client_timeout, at_most, count).await {
        Ok(body) => body,
        Err(BodyFault::Stalled) => return refusal(StatusCode::REQUEST_TIMEOUT),
        Err(BodyFault::TooLong) => return refusal(StatusCode::PAYLOAD_TOO_LARGE),
        Err(BodyFault::Short) => return disconnected(),
    };
    let length = body.len() as u64;
    let mut objects = shared.objects();
    let account = objects.account(&target.account);
    let limit = settings.max_manifest_segments;
    let (object, reply) = if is_manifest {
        large_objects::put(account, &head, &body, limit, now)
    } else {
        plain(&head.headers, body, now)
    };
    let Some(object) = object else { return reply };
    // The container may have gone while the body came.
    let Some(container) = account.get_mut(&container) else {
        return refusal(StatusCode::NOT_FOUND);
    };
    container.insert(name, object);
    count_bytes(&shared, &target, 0, length);
    reply
}

/// Whether a `PUT` may send its body.
fn admit(call: &Call, target: &Target, container: &str, name: &str) -> Result<(), StatusCode> {
    let headers = &call.head.headers;
    let length = wire::get(headers, "content-length");
    let length = length.map(|length| length.parse::<u64>().unwrap_or(u64::MAX));
    if length.is_none() && !headers.contains_key("transfer-encoding") {
        return Err(StatusCode::LENGTH_REQUIRED);
    }
    if length.is_some_and(|length| length > call.shared.settings.max_file_size) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    if name.len() > LONGEST_NAME || delete_at(headers, call.now).is_err() {
        return Err(StatusCode::BAD_REQUEST);
    }
    let mut objects = call.shared.objects();
    let account = objects.account(&target.account);
    if !account.contains_key(container) {
        return Err(StatusCode::NOT_FOUND);
    }
    match wire::get(headers, "if-none-match") {
        Some("*") if find(account, container, name, call.now).is_some() => {
            Err(StatusCode::PRECONDITION_FAILED)
        }
        None | Some("*") => Ok(()),
        Some(_) => Err(StatusCode::BAD_REQUEST),
    }
}

/// An object of its own bytes, or a dynamic manifest.
fn plain(headers: &HeaderMap, body: Bytes, now: DateTime<Utc>) -> (Option<Object>, Reply) {
    let etag = md5(&body);
    let asked = wire::get(headers, "etag").map(|etag| etag.trim_matches('"').to_lowercase());
    if asked.is_some_and(|asked| asked != etag) {
        return (None, refusal(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let manifest = wire::get(headers, "x-object-manifest").and_then(|it| it.split_once('/'));
    let content = match manifest {
        None => Content::Plain(body),
        Some((container, prefix)) => {
            let decode = |text| percent_encoding::percent_decode_str(text).decode_utf8_lossy();
            let (container, prefix) = (decode(container).into(), decode(prefix).into());
            Content::Dynamic { container, prefix }
        }
    };
    let object = Object::new(content, etag, headers, now);
    let reply = created(&object);
    (Some(object), reply)
}

/// 201 for an object just stored.
pub(crate) fn created(object: &Object) -> Reply {
    let mut reply = wire::empty(StatusCode::CREATED);
    let quoted = match object.content {
        Content::Static(_) => format!("\"{}\"", object.etag),
        _ => object.etag.clone(),
    };
    wire::set(reply.headers_mut(), "etag", &quoted);
    wire::set(reply.headers_mut(), "last-modified", &http_date(object.modified));
    reply
}

pub(crate) fn answer(call: &Call, target: &Target) -> Reply {
    let mut objects = call.shared.objects();
    let account = objects.account(&target.account);
    let (Some(container), Some(name)) = (&target.container, &target.object) else {
        return wire::no_route();
    };
    let Some(object) = find(account, container, name, call.now) else {
        return refusal(StatusCode::NOT_FOUND);
    };
    let manifest = wire::query(&call.head, "multipart-manifest");
    match (call.head.method.as_str(), manifest.as_deref(), &object.content) {
        ("GET" | "HEAD", Some("get"), Content::Static(segments)) => {
            large_objects::show(account, segments, call.now)
        }
        ("GET" | "HEAD", _, _) => reading::get(&call.head.headers, account, object, call.now),
        ("DELETE", Some("delete"), Content::Static(_)) => {
            large_objects::delete(account, container, name, &call.head.headers)
        }
        ("DELETE", _, _) => {
            account.get_mut(container).and_then(|container| container.remove(name));
            wire::empty(StatusCode::NO_CONTENT)
        }
        ("POST", _, _) => {
            let Ok(delete_at) = delete_at(&call.head.headers, call.now) else {
                return refusal(StatusCode::BAD_REQUEST);
            };
            let object = account.get_mut(container).and_then(|it| it.get_mut(name));
            if let Some(object) = object {
                object.describe(&call.head.headers);
                object.delete_at = delete_at;
            }
            wire::empty(StatusCode::ACCEPTED)
        }
        _ => refusal(StatusCode::METHOD_NOT_ALLOWED),
    }
}

impl Object {
    pub(crate) fn new(content: Content, etag: String, headers: &HeaderMap, now: DateTime<Utc>) -> Self {
        let delete_at = delete_at(headers, now).unwrap_or_default();
        let mut object = Self { content, etag, headers: Vec::new(), modified: now, delete_at };
        object.describe(headers);
        object
    }

    /// Takes the description from a request; what it does not say is gone.
    fn describe(&mut self, headers: &HeaderMap) {
        let content_type = self.header("content-type").map(str::to_owned);
        let kept =
            |name: &HeaderName| KEPT.contains(&name.as_str()) || name.as_str().starts_with("x-object-meta-");
        let said = headers.iter().filter(|(name, _)| kept(name));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = said.map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        self.headers = said.collect();
        if self.header("content-type").is_none() {
            let default = content_type.unwrap_or_else(|| "application/octet-stream".into());
            self.headers.push(("content-type".into(), default));
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// When an object is to go, by `X-Delete-After` or `X-Delete-At`; an error for the past.
fn delete_at(headers: &HeaderMap, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, ()> {
    let number = |name| match wire::get(headers, name) {
        None => Ok(None),
        Some(text) => text.parse::<i64>().map(Some).map_err(|_| ()),
    };
    let at = match (number("x-delete-after")?, number("x-delete-at")?) {
        (Some(after), _) => TimeDelta::try_seconds(after).and_then(|it| now.checked_add_signed(it)),
        (None, Some(at)) => DateTime::from_timestamp(at, 0),
        (None, None) => return Ok(None),
    };
    at.filter(|&at| at > now).map(Some).ok_or(())
}

/// 499: the client went away; only one that half-closed its connection reads this.
fn disconnected() -> Reply {
    refusal(StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST))
}

pub(crate) fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
