//! Rules that demand several methods, and receipts for those that satisfy some of them
//! (`UserMFARulesValidator` and `keystone/receipt`).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Keystone, directory::domain, fault::Fault};
use crate::cloud::{
    clock::stamp,
    wire::{self, Reply},
};

#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    user_id: String,
    methods: Vec<String>,
    expires_at: DateTime<Utc>,
}

impl Keystone {
    /// Adds the methods of a receipt that came along, and says whether a rule is satisfied; every
    /// user without rules is.
    pub(super) fn satisfies(
        &self,
        user_id: &str,
        methods: &mut Vec<String>,
        receipt: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, Fault> {
        if let Some(id) = receipt {
            let known = self.receipts.get(id).filter(|it| now < it.expires_at && it.user_id == user_id);
            let receipt = known.ok_or_else(Fault::unauthorized)?;
            methods.extend(receipt.methods.iter().cloned());
        }
        let given: BTreeSet<&String> = methods.iter().collect();
        let rules = self.directory.users.get(user_id).map(|user| user.rules.as_slice()).unwrap_or_default();
        let mut rules = rules.iter().filter(|rule| !rule.is_empty()).peekable();
        Ok(rules.peek().is_none() || rules.any(|rule| rule.iter().all(|method| given.contains(method))))
    }

    /// 401 with a receipt: what was given is right, and more is needed.
    pub(super) fn receipt(&mut self, user_id: &str, methods: Vec<String>, now: DateTime<Utc>) -> Reply {
        let id = self.dice.token();
        let expires_at = now.checked_add_signed(self.receipt_life).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let body = self.show_receipt(user_id, &methods, now, expires_at);
        self.receipts.insert(id.clone(), Receipt { user_id: user_id.to_owned(), methods, expires_at });
        let mut reply = wire::json(StatusCode::UNAUTHORIZED, &body);
        wire::set(reply.headers_mut(), "openstack-auth-receipt", &id);
        wire::set(reply.headers_mut(), "vary", "X-Auth-Token");
        reply
    }

    fn show_receipt(
        &self,
        user_id: &str,
        methods: &[String],
        issued_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Value {
        let user = self.directory.users.get(user_id);
        json!({
            "receipt": {
                "methods": methods,
                "user": {"id": user_id, "name": user.map(|user| &user.name), "domain": domain()},
                "expires_at": stamp(expires_at),
                "issued_at": stamp(issued_at),
            },
            "required_auth_methods": user.map(|user| &user.rules),
        })
    }
}

/// Keystone's default for `[receipt] expiration`: five minutes.
pub(super) const RECEIPT_LIFE: TimeDelta = TimeDelta::minutes(5);
