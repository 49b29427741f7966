// Identities that cannot renew unattended. Each case is compiled once for each transport; `super` is
// the transport, under one set of names.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keepstone_core::identity::{Exchange, Fields, Inquiry, LoginError as _, Method, Moment, Password, Start, Step};
