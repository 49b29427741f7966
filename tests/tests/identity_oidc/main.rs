//! OpenID Connect over both transports, against the embedded cloud's provider: each method logs in
//! and calls a service, and what can renew unattended does.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod asynchronous;
#[path = "../asynchronous/world.rs"]
#[allow(dead_code, reason = "shared with another test crate, which uses more of it")]
mod asynchronous_world;
mod blocking;
#[path = "../blocking/world.rs"]
#[allow(dead_code, reason = "shared with another test crate, which uses more of it")]
mod blocking_world;
mod cases;
