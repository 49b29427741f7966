//! The embedded cloud: Keystone, and services behind its token check, inside a test.
//!
//! It speaks HTTP on loopback as the real ones do, keeps a clock of its own, counts what it sees,
//! and breaks on demand. It runs on a thread of its own, so blocking and async tests can use it
//! alike, and it ends when it is dropped.
//!
//! ```
//! use std::time::Duration;
//! use keepstone_tests::cloud::{Clock, Cloud, Outage, Service, Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = Clock::manual("2026-03-01T12:00:00Z".parse()?);
//! let cloud = Cloud::start(Settings { clock, ..Settings::default() })?;
//! let alice = cloud.credentials("alice")?;
//! println!("log in at {} as {} with {}", alice.auth_url, alice.user_name, alice.password);
//!
//! let token = cloud.issue_token("alice", "demo", Duration::from_secs(60))?;
//! cloud.advance(Duration::from_secs(61));
//! cloud.set_outage(Service::Identity, Outage::Unavailable { retry_after: Some("3".into()) });
//! assert_eq!(cloud.counters().token_requests, 0);
//! # drop(token);
//! # Ok(())
//! # }
//! ```

mod access_rules;
pub mod auth_token;
mod clock;
mod counters;
mod credentials;
mod dice;
mod handle;
pub mod identity_provider;
mod kerberos;
mod keystone;
mod knobs;
mod logins;
mod saml;
mod server;
mod service;
mod services;
mod settings;
mod shared;
mod wire;

pub use self::{
    clock::Clock,
    counters::{Arrival, Counters, ObjectBytes, ServiceCounters, Validation},
    credentials::{Credentials, Unknown},
    handle::Cloud,
    kerberos::Negotiation,
    keystone::OAuth1Keys,
    knobs::{Answer, BodyRefusal, Outage, TokenFault},
    saml::SamlPlace,
    service::Service,
    settings::{Account, Settings},
};
