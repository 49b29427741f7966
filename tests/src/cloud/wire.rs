//! HTTP, as far as all services share it: replies, bodies, queries.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header, request::Parts};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use serde_json::Value;

use super::knobs::Answer;

/// An answer on its way.
pub(crate) type Reply = Response<Payload>;

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the cloud hung up")]
pub(crate) struct Hangup;

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Payload {
    /// All of it, then the end.
    Whole(Bytes),
    /// These bytes of a longer body, then the connection breaks.
    Cut { start: Bytes, promised: u64 },
    /// Nothing more to send after a cut: break now.
    Broken { promised: u64 },
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Hangup;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Hangup>>> {
        let payload = self.get_mut();
        let (frame, rest) = match payload {
            Self::Whole(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Self::Whole(bytes) => (std::mem::take(bytes), Self::Whole(Bytes::new())),
            Self::Cut { start, promised } => (std::mem::take(start), Self::Broken { promised: *promised }),
            Self::Broken { .. } => return Poll::Ready(Some(Err(Hangup))),
        };
        *payload = rest;
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Cut { promised, .. } | Self::Broken { promised } => *promised,
        })
    }
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Reply {
    with_body(status, "", Bytes::new())
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, body: &Value) -> Reply {
    with_body(status, "application/json", body.to_string())
}

/// An answer in words.
pub(crate) fn text(status: StatusCode, body: &str) -> Reply {
    with_body(status, "text/plain; charset=UTF-8", body.to_owned())
}

/// What a web framework says where there is no such route: no JSON.
pub(crate) fn no_route() -> Reply {
    let page = "<!doctype html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n";
    with_body(StatusCode::NOT_FOUND, "text/html; charset=utf-8", page)
}

/// An answer made up by a test.
pub(crate) fn made_up(answer: Answer) -> Reply {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = with_body(status, "", answer.body);
    for (name, value) in answer.headers {
        set(reply.headers_mut(), &name, &value);
    }
    reply
}

pub(crate) fn with_body(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Payload::Whole(body.into()));
    *reply.status_mut() = status;
    if !content_type.is_empty() {
        let value = HeaderValue::from_static(content_type);
        reply.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    reply
}

/// Adds a header; what cannot stand in one is left out.
pub(crate) fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    let name = http::HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
        headers.append(name, value);
    }
}

/// A header's value, if it is text.
pub(crate) fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

/// The parts of a path, decoded.
pub(crate) fn segments(head: &Parts) -> Vec<String> {
    let parts = head.uri.path().split('/').filter(|part| !part.is_empty());
    let decode = |part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    parts.map(decode).collect()
}

/// The value of a query parameter; empty for one that stands alone.
pub(crate) fn query(head: &Parts, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Why a body did not come whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// It ended too early.
    Short,
    /// Nothing came for too long.
    Stalled,
    /// It is longer than allowed.
    TooLong,
}

/// Reads a whole body and reports each piece as it comes.
pub(crate) async fn read_body(
    mut body: Incoming,
    patience: Duration,
    at_most: u64,
    mut arrived: impl FnMut(usize),
) -> Result<Bytes, BodyFault> {
    let mut whole = BytesMut::new();
    loop {
        let frame = tokio::time::timeout(patience, body.frame()).await;
        let frame = match frame.map_err(|_| BodyFault::Stalled)? {
            None => return Ok(whole.freeze()),
            Some(frame) => frame.map_err(|_| BodyFault::Short)?,
        };
        if let Ok(data) = frame.into_data() {
            arrived(data.len());
            if (whole.len() + data.len()) as u64 > at_most {
                return Err(BodyFault::TooLong);
            }
            whole.extend_from_slice(&data);
        }
    }
}

/// Reads a body to its end, or as far as it comes, and keeps nothing.
pub(crate) async fn drain(mut body: Incoming, mut arrived: impl FnMut(usize)) -> bool {
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        if let Some(data) = frame.data_ref() {
            arrived(data.len());
        }
    }
    true
}
