//! Which client asks, and what it says.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use http::request::Parts;

use super::{IdentityProvider, refusal::Refusal};
use crate::cloud::wire;

/// A form, as it came.
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or(Refusal::new("invalid_request", "a parameter is missing"))
    }
}

impl IdentityProvider {
    /// The client's id, once it has proved itself: by HTTP Basic if it has a secret, by its word if it
    /// is public.
    pub(super) fn client(&self, head: &Parts, form: &Form) -> Result<String, Refusal> {
        let unknown = Refusal::new("invalid_client", "Invalid client or Invalid client credentials");
        let basic = wire::get(&head.headers, "authorization").and_then(basic);
        let (id, secret) = match &basic {
            Some((id, secret)) => (id.as_str(), Some(secret)),
            None => (form.get("client_id").ok_or(unknown)?, None),
        };
        let client = self.rules.clients.get(id).ok_or(unknown)?;
        if client.secret.as_ref() == secret { Ok(id.to_owned()) } else { Err(unknown) }
    }
}

fn basic(header: &str) -> Option<(String, String)> {
    let pair = BASE64.decode(header.strip_prefix("Basic ")?.as_bytes()).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
