//! The open door: Kerberos, as a crate of somebody else's would bring it, with the public interface of
//! Keepstone and nothing more.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::duplicate_mod, reason = "each case is compiled once for each transport")]

mod asynchronous;
mod blocking;
mod fedkerb;
mod kerberos;
mod library;
