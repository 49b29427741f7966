//! What Keystone gives to a login that is right so far and needs more.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderName, Response};
use serde::Deserialize;

use crate::Secret;
use crate::time::between;
use crate::token::{User, parse_stamp};

/// The header in which a receipt travels.
pub(crate) const RECEIPT: HeaderName = HeaderName::from_static("openstack-auth-receipt");

/// A receipt (`[receipt] expiration`, five minutes unless told otherwise): some of the methods that
/// the user's rules demand have been satisfied.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// What goes along with the missing methods.
    pub id: Secret,
    /// The methods that are satisfied.
    pub methods: Vec<String>,
    /// The rules: all methods of any one of them are needed.
    pub required: Vec<Vec<String>>,
    /// Whose login it is.
    pub user: Option<User>,
    /// When it was issued, by Keystone's clock.
    pub issued_at: Option<DateTime<Utc>>,
    /// When it ends, by Keystone's clock.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Receipt {
    /// A receipt of which no more is known than what travels.
    pub fn of_id(id: impl Into<Secret>) -> Self {
        Self {
            id: id.into(),
            methods: Vec::new(),
            required: Vec::new(),
            user: None,
            issued_at: None,
            expires_at: None,
        }
    }

    /// For each rule, the methods that are missing yet.
    #[must_use]
    pub fn missing(&self) -> Vec<Vec<&str>> {
        let missing = |rule: &&String| !self.methods.contains(rule);
        let rules = self.required.iter();
        rules.map(|rule| rule.iter().filter(missing).map(String::as_str).collect()).collect()
    }

    /// How long it is good from when it was asked for, whatever anybody's clock says.
    pub(super) fn life(&self) -> Option<Duration> {
        Some(between(self.issued_at?, self.expires_at?))
    }

    /// The receipt in an answer of 401, if there is one.
    pub(super) fn of(answer: &Response<Vec<u8>>) -> Option<Self> {
        let id = answer.headers().get(RECEIPT)?.to_str().ok()?;
        let body: Body = serde_json::from_slice(answer.body()).unwrap_or_default();
        let Body { receipt: Inner { methods, user, issued_at, expires_at }, required_auth_methods } = body;
        let [issued_at, expires_at] = [issued_at, expires_at].map(|stamp| parse_stamp(stamp.as_deref()?));
        Some(Self {
            id: Secret::new(id),
            methods,
            required: required_auth_methods,
            user,
            issued_at,
            expires_at,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    receipt: Inner,
    required_auth_methods: Vec<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Inner {
    methods: Vec<String>,
    user: Option<User>,
    issued_at: Option<String>,
    expires_at: Option<String>,
}
