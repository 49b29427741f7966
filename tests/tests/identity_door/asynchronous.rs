//! The cases, over the async transport.

#[path = "cases.rs"]
mod cases;
#[path = "../hands/asynchronous.rs"]
mod hands;

use std::sync::Arc;

use hands::{call, client};
use keepstone_async::{Client, Identity, Session};
use keepstone_core::Credential;

use crate::library::Library;

/// The transport's name, for files.
const NAME: &str = "async";

/// An identity whose questions go to the library.
fn identity(client: &Client, credential: Credential, library: Arc<Library>) -> Identity {
    client
        .identity_asking(credential, move |inquiry| {
            let library = Arc::clone(&library);
            async move { library.answer(&inquiry) }
        })
        .unwrap()
}
