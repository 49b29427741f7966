//! Logins by way of an OpenID Connect provider, step by step and in virtual time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod common;
#[path = "oidc/talk.rs"]
mod talk;

#[path = "oidc/flows.rs"]
mod flows;
#[path = "oidc/refresh.rs"]
mod refresh;
#[path = "oidc/trouble.rs"]
mod trouble;
