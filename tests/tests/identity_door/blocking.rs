//! The cases, over the blocking transport.

#[path = "cases.rs"]
mod cases;
#[path = "../hands/blocking.rs"]
mod hands;

use std::sync::Arc;

use hands::{call, client};
use keepstone_blocking::{Client, Identity, Session};
use keepstone_core::Credential;

use crate::library::Library;

/// The transport's name, for files.
const NAME: &str = "blocking";

/// An identity whose questions go to the library.
fn identity(client: &Client, credential: Credential, library: Arc<Library>) -> Identity {
    client.identity_asking(credential, move |inquiry| library.answer(inquiry)).unwrap()
}
