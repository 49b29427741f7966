//! Keystone: what it knows, and the rules by which it gives and judges tokens.
//!
//! Everything here is plain data and takes `now` as an argument; `routes` speaks HTTP.

pub(crate) mod application_credentials;
pub(crate) mod auth_request;
mod authenticate;
pub(crate) mod caller;
pub(crate) mod directory;
pub(crate) mod fault;
mod federation;
mod render;
pub(crate) mod routes;
pub(crate) mod tokens;
pub(crate) mod trusts;
mod versions;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use self::{
    application_credentials::ApplicationCredential, directory::Directory, tokens::Token, trusts::Trust,
};
use super::{dice::Dice, service::Service, settings::Settings};

pub(crate) use self::render::REGION;

#[derive(Debug)]
pub(crate) struct Keystone {
    pub(crate) directory: Directory,
    /// By user name.
    pub(crate) wrong_passwords: BTreeMap<String, u64>,
    pub(crate) dice: Dice,
    tokens: BTreeMap<String, Token>,
    trusts: BTreeMap<String, Trust>,
    application_credentials: BTreeMap<String, ApplicationCredential>,
    origins: BTreeMap<Service, String>,
    token_life: TimeDelta,
    window: TimeDelta,
}

impl Keystone {
    pub(crate) fn new(settings: &Settings, origins: BTreeMap<Service, String>) -> Self {
        let mut dice = Dice::new(settings.seed);
        let span = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        Self {
            directory: Directory::seeded(settings, &mut dice),
            wrong_passwords: BTreeMap::new(),
            dice,
            tokens: BTreeMap::new(),
            trusts: BTreeMap::new(),
            application_credentials: BTreeMap::new(),
            origins,
            token_life: span(settings.token_life),
            window: span(settings.allow_expired_window),
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
