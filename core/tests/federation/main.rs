//! Federated logins in virtual time, request by request.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod cast;
#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod requests;
mod troubles;
