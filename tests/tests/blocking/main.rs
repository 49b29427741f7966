//! The blocking transport against the embedded cloud.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod bodies;
mod discovery;
mod herds;
mod manners;
mod quiet;
mod refusals;
mod told;
mod traps;
mod turns;
mod world;
