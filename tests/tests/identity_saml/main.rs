//! SAML, ADFS and Keystone to Keystone against the embedded cloud, over both transports.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::duplicate_mod, reason = "each case is compiled once for each transport")]

mod asynchronous;
mod blocking;
