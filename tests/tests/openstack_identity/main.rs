//! Every way to log in, over both transports, at real Keystone: what Keystone says of the tokens, what
//! a service behind real keystonemiddleware sees, and that tokens of three to four seconds are renewed
//! by all that needs nobody's help.
//!
//! What stands in for something here (Apache's modules, the identity provider) is told in the rig's
//! README. Not run for real, since the rig has no server for it: Kerberos, ADFS, WebSSO (its page is a
//! browser's), Identity API v2.0 (no Keystone has it any more), and a service that compares a bound
//! token with the certificate shown (`oauth2_mtls_token`). These are proven against the embedded cloud.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::duplicate_mod, reason = "each case is compiled once for each transport")]

mod asynchronous;
mod blocking;
mod helper;
#[path = "../openstack_rig/client.rs"]
#[allow(dead_code, reason = "shared with another test crate, which uses more of it")]
mod plain;
mod ways;

use std::io::Write;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use keepstone_tests::openstack::{Options, Rig};

/// Tokens live three to four seconds: Keystone cuts off fractions.
const OPTIONS: Options = Options { expiration: 4, window: 6 };

static RIG: LazyLock<Rig> = LazyLock::new(|| Rig::start(OPTIONS).expect("the rig starts"));

/// An answer, read to its end.
struct Answer {
    status: StatusCode,
    body: String,
}

/// Alice's trusts are made by one test at a time, so that each can leave them as it found them.
fn alone_with_trusts() -> MutexGuard<'static, ()> {
    static TRUSTS: Mutex<()> = Mutex::new(());
    TRUSTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What runs many logins side by side is alone with that: the machine may be small.
fn alone_with_crowds() -> MutexGuard<'static, ()> {
    static CROWDS: Mutex<()> = Mutex::new(());
    CROWDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says that something was not tried, where it is seen even if the test is well: what macros print
/// is kept back then.
fn skipped(what: &str, why: &str) {
    let line = format!("SKIPPED: {what}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
