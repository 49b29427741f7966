//! Every way to get a token: credentials, and the exchange with Keystone that uses them.

mod credential;
mod login;
mod scope;
mod v3;

pub use credential::{ApplicationCredentialRef, Borrowed, Credential, Method, Renewal};
pub(crate) use login::{Heard, Login, Next};
pub use scope::{DomainRef, ProjectRef, Scope, UserRef};
