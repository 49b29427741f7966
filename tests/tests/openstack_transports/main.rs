//! Both transports against real Keystone and a service behind real keystonemiddleware.
//!
//! Tokens live four seconds here and the allow-expired window is six; what waits, waits for the
//! real thing's clock.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::duplicate_mod, reason = "each case is compiled once for each transport")]

mod asynchronous;
mod blocking;

use std::sync::{LazyLock, RwLock};
use std::time::Duration;

use http::StatusCode;
use keepstone_core::Refusal;
use keepstone_tests::openstack::{Options, Rig};

const OPTIONS: Options = Options { expiration: 4, window: 6 };
const WINDOW: Duration = Duration::from_secs(6);

static RIG: LazyLock<RwLock<Rig>> =
    LazyLock::new(|| RwLock::new(Rig::start(OPTIONS).expect("the rig starts")));

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    refusal: Option<Refusal>,
    body: String,
}
