//! Keystone: what it knows, and the rules by which it gives and judges tokens.
//!
//! Everything here is plain data and takes `now` as an argument; `routes` speaks HTTP.

pub(crate) mod application_credentials;
pub(crate) mod auth_request;
mod authenticate;
pub(crate) mod caller;
pub(crate) mod directory;
pub(crate) mod fault;
pub(crate) mod federated;
mod federation;
mod oauth1;
mod oauth2;
mod receipts;
mod render;
pub(crate) mod routes;
mod tokenless;
pub(crate) mod tokens;
mod totp;
pub(crate) mod trusts;
mod v2;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::{Value, json};

use self::{
    application_credentials::ApplicationCredential,
    directory::Directory,
    oauth1::AccessToken,
    receipts::{RECEIPT_LIFE, Receipt},
    tokens::Token,
    trusts::Trust,
};
use super::{dice::Dice, service::Service, settings::Settings};

pub use self::oauth1::OAuth1Keys;
pub(crate) use self::{render::REGION, totp::passcode};

#[derive(Debug)]
pub(crate) struct Keystone {
    pub(crate) directory: Directory,
    /// By user name.
    pub(crate) wrong_passwords: BTreeMap<String, u64>,
    pub(crate) dice: Dice,
    /// The other clouds that believe this one, as tokens show them.
    pub(crate) service_providers: Vec<Value>,
    /// Whom the web server in front says the present request is from.
    remote_user: Option<String>,
    tokens: BTreeMap<String, Token>,
    trusts: BTreeMap<String, Trust>,
    application_credentials: BTreeMap<String, ApplicationCredential>,
    access_tokens: BTreeMap<String, AccessToken>,
    receipts: BTreeMap<String, Receipt>,
    /// Whose client certificate every request shows, by user id.
    pub(crate) certificate: Option<String>,
    /// Tokens that are bound to a certificate.
    bound: BTreeSet<String>,
    origins: BTreeMap<Service, String>,
    token_life: TimeDelta,
    window: TimeDelta,
    /// Whether it serves Identity API v2.0 too.
    pub(crate) has_v2: bool,
    receipt_life: TimeDelta,
}

impl Keystone {
    pub(crate) fn new(settings: &Settings, origins: BTreeMap<Service, String>) -> Self {
        let mut dice = Dice::new(settings.seed);
        let span = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        Self {
            directory: Directory::seeded(settings, &mut dice),
            wrong_passwords: BTreeMap::new(),
            dice,
            service_providers: Vec::new(),
            remote_user: None,
            tokens: BTreeMap::new(),
            trusts: BTreeMap::new(),
            application_credentials: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
            receipts: BTreeMap::new(),
            certificate: None,
            bound: BTreeSet::new(),
            origins,
            token_life: span(settings.token_life),
            window: span(settings.allow_expired_window),
            has_v2: settings.identity_v2,
            receipt_life: RECEIPT_LIFE,
        }
    }

    /// Where a service is: scheme, host and port.
    pub(crate) fn origin(&self, service: Service) -> &str {
        self.origins.get(&service).map(String::as_str).unwrap_or_default()
    }

    /// A URL of Keystone's v3 API.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/v3{path}", self.origin(Service::Identity))
    }

    fn links(&self, path: &str) -> Value {
        json!({"self": self.url(path), "previous": null, "next": null})
    }
}
