//! The async transport against the embedded cloud.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod bodies;
mod discovery;
mod herds;
mod leaders;
mod limits;
mod manners;
mod quiet;
mod refusals;
mod told;
mod turns;
mod world;
