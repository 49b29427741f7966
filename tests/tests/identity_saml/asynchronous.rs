//! The cases, over the async transport.

#[path = "cases.rs"]
mod cases;
#[path = "../hands/asynchronous.rs"]
mod hands;

use hands::{call, client};
use keepstone_async::Session;
