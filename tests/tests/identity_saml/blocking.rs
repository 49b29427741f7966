//! The cases, over the blocking transport.

#[path = "cases.rs"]
mod cases;
#[path = "../hands/blocking.rs"]
mod hands;

use hands::{call, client};
use keepstone_blocking::Session;
