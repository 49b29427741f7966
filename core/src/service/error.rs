//! What services say when they refuse: one shape for the many that they use.

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::error::{Refusal, RequestId};

/// The most of a service's words that is kept.
const LONGEST_MESSAGE: usize = 1000;

/// An answer of 400 or above, as an error.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("the service answered {status}: {message}{request_id}")]
pub struct ServiceError {
    /// Its status.
    pub status: StatusCode,
    /// The service's words, shortened; the standard phrase of the status if it had none.
    pub message: String,
    /// For the service's log.
    pub request_id: RequestId,
    /// Why a 401 could not be helped.
    #[source]
    pub refusal: Option<Refusal>,
}

impl ServiceError {
    /// Whether an answer of this status is an error: 400 and above.
    #[must_use]
    pub fn is_due(status: StatusCode) -> bool {
        status.is_client_error() || status.is_server_error()
    }

    /// Reads an answer, of whatever shape: Keystone's and the API working group's `error` and
    /// `errors`, one key named for the fault (Nova, Cinder, Neutron), `error_message` (Ironic),
    /// `message`, `faultstring`, or plain text.
    #[must_use]
    pub fn read(status: StatusCode, headers: &HeaderMap, body: &[u8], refusal: Option<Refusal>) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        let words = match serde_json::from_str::<Value>(text) {
            Ok(json) => message(&json),
            Err(_) => (!text.starts_with('<')).then(|| text.to_owned()),
        };
        let phrase = || status.canonical_reason().unwrap_or("it gave no reason").to_owned();
        let message = words.filter(|words| !words.is_empty()).unwrap_or_else(phrase);
        let message = message.chars().take(LONGEST_MESSAGE).collect();
        Self { status, message, request_id: RequestId::of(headers), refusal }
    }
}

/// The message in a fault, wherever the service put it.
fn message(fault: &Value) -> Option<String> {
    match fault {
        Value::String(text) => Some(text.clone()),
        Value::Array(faults) => faults.first().and_then(message),
        Value::Object(fields) => named(fields).or_else(|| only(fields)),
        _ => None,
    }
}

fn named(fields: &Map<String, Value>) -> Option<String> {
    let names = ["message", "detail", "title", "faultstring", "error_message", "errors", "error"];
    let found = names.iter().filter_map(|name| fields.get(*name)).find_map(message)?;
    // Ironic puts a fault into a text.
    serde_json::from_str::<Value>(&found)
        .ok()
        .filter(Value::is_object)
        .and_then(|inner| message(&inner))
        .or(Some(found))
}

/// A fault under a key of its own, such as `itemNotFound`.
fn only(fields: &Map<String, Value>) -> Option<String> {
    let mut values = fields.values();
    values.next().filter(|_| fields.len() == 1).and_then(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_many_shapes_are_read() {
        for (body, expected) in [
            (r#"{"error":{"code":404,"message":"no such","title":"Not Found"}}"#, "no such"),
            (
                r#"{"itemNotFound":{"code":404,"message":"Volume x could not be found."}}"#,
                "Volume x could not be found.",
            ),
            (r#"{"NeutronError":{"type":"PortNotFound","message":"Port x","detail":""}}"#, "Port x"),
            (r#"{"errors":[{"status":404,"title":"Not Found","detail":"No provider"}]}"#, "No provider"),
            (r#"{"error_message":"{\"faultcode\":\"Client\",\"faultstring\":\"Node x\"}"}"#, "Node x"),
            (r#"{"error_message":{"faultstring":"Node y"}}"#, "Node y"),
            (
                r#"{"message":"The resource could not be found.<br /><br />\n\n","code":"404"}"#,
                "The resource could not be found.<br /><br />\n\n",
            ),
            ("plain words", "plain words"),
            ("<html><h1>Not Found</h1></html>", "Not Found"),
            ("", "Not Found"),
            ("[]", "Not Found"),
            ("{\"a\":1,\"b\":2}", "Not Found"),
            ("17", "Not Found"),
        ] {
            let error = ServiceError::read(StatusCode::NOT_FOUND, &HeaderMap::new(), body.as_bytes(), None);
            assert_eq!(error.message, expected, "{body}");
        }
        let long =
            ServiceError::read(StatusCode::NOT_FOUND, &HeaderMap::new(), "ä".repeat(5000).as_bytes(), None);
        assert_eq!(long.message.chars().count(), LONGEST_MESSAGE);
    }

    #[test]
    fn an_error_names_the_request() {
        let mut headers = HeaderMap::new();
        headers.insert("x-compute-request-id", "req-1".parse().unwrap());
        let error = ServiceError::read(StatusCode::CONFLICT, &headers, b"", None);
        assert_eq!(error.to_string(), "the service answered 409 Conflict: Conflict [req-1]");
    }
}
