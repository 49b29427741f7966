//! One script for every driver: scenarios as data, told to each with an embedded cloud of its own.
//!
//! What a scenario can hold is in [`scenario`], [`step`] and [`deed`]; how calls end, in
//! [`outcome`]; what a driver has to be able to do, in [`driver`]. A runner in another language
//! reads the same files and fills the same table. The columns must come out the same, row by row,
//! and as the data says.

mod asynchronous;
mod blocking;
mod body;
mod column;
pub mod deed;
pub mod driver;
pub mod expected;
mod load;
mod look;
pub mod outcome;
mod runner;
pub mod scenario;
mod setup;
pub mod step;
mod table;
mod time;

pub use asynchronous::Async;
pub use blocking::Blocking;
pub use body::pattern;
pub use column::{Check, Column};
pub use driver::{Client, Driver, Unable};
pub use load::load;
pub use runner::run;
pub use table::{Row, Table};
pub use time::Time;

use http::HeaderMap;

/// Where the clients' jitter comes from.
const SEED: u64 = 7;

/// The longest answer that is read.
const ANSWER_LIMIT: u64 = 1 << 30;

/// The drivers written in Rust.
pub const DRIVERS: [&dyn Driver; 2] = [&Blocking, &Async];

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}
