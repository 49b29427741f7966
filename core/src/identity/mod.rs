//! Every way to get a token: credentials, methods, and the exchanges that use them.
//!
//! A [`crate::Credential`] is a [`Method`] with Keystone's address and a [`crate::Scope`]. The
//! methods of Identity API v3 are [`Part`]s, which can be combined in a [`MultiFactor`]. [`Method`]
//! and [`Part`] are open: what is missing here can be added from outside.

mod borrowed;
mod credential;
mod federation;
mod fields;
mod fixed;
mod login;
mod method;
mod remedy;
mod scope;
pub(crate) mod v3;

pub use borrowed::Borrowed;
pub use credential::Credential;
pub use fields::Fields;
pub use fixed::Fixed;
pub(crate) use login::{Heard, Login, Next};
pub use method::{Exchange, Grant, Inquiry, Method, Moment, Page, Renewal, Start, Step};
pub use remedy::Remedy;
pub use scope::{DomainRef, ProjectRef, Scope, UserRef};
pub use v3::{
    ApplicationCredential, ApplicationCredentialRef, MultiFactor, Part, Password, Receipt, Said, TokenMethod,
    Totp,
};
