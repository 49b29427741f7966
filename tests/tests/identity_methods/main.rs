//! Every way to log in, over both transports, against the embedded Keystone: what renews by itself
//! outlives its tokens, and what needs somebody says so in time.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::duplicate_mod, reason = "each case is compiled once for each transport")]

mod asynchronous;
mod blocking;
#[path = "../cloud_client/mod.rs"]
mod cloud_client;
mod world;
