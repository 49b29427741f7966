//! A provider's no (RFC 6749, 5.2; RFC 8628, 3.5).

use http::StatusCode;
use serde_json::json;

use crate::cloud::wire::{self, Reply};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) error: &'static str,
    pub(super) description: &'static str,
}

impl Refusal {
    pub(super) const fn new(error: &'static str, description: &'static str) -> Self {
        Self { error, description }
    }

    pub(super) fn reply(self) -> Reply {
        let Self { error, description } = self;
        let of_client = error == "invalid_client";
        let status = if of_client { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let mut reply = wire::json(status, &json!({"error": error, "error_description": description}));
        if of_client {
            wire::set(reply.headers_mut(), "www-authenticate", "Basic realm=\"sso\"");
        }
        reply
    }
}
