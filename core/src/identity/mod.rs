//! Every way to get a token: credentials, methods, and the exchanges that use them.
//!
//! A [`crate::Credential`] is a [`Method`] with Keystone's address and a [`crate::Scope`]. The
//! methods of Identity API v3 are [`Part`]s, which can be combined in a [`MultiFactor`]. [`Method`]
//! and [`Part`] are open: what is missing here can be added from outside.

mod any_version;
mod borrowed;
mod cookies;
mod credential;
mod federation;
mod fields;
mod fixed;
mod form;
mod login;
mod method;
mod remedy;
mod scope;
mod scope_options;
mod seen;
mod v2;
pub(crate) mod v3;

pub use any_version::AnyVersion;
pub use borrowed::Borrowed;
pub use credential::Credential;
use credential::without_password;
pub(crate) use federation::may_pass;
pub use federation::oidc::{
    CodeChallenge, OidcAccessToken, OidcAuthorizationCode, OidcClientCredentials, OidcDevice, OidcPassword,
    OidcProvider, OidcTokenType,
};
pub use federation::{
    AdfsPassword, FederationError, Keystone2Keystone, Party, ProviderProblem, Saml2Password, WebSso,
};
pub use fields::Fields;
pub use fixed::Fixed;
pub(crate) use login::{Heard, Kept, Login, Next};
pub use method::{Exchange, Grant, Inquiry, Method, Moment, Page, Renewal, Start, Step};
pub use remedy::Remedy;
pub use scope::{DomainRef, ProjectRef, Scope, UserRef};
pub use scope_options::ScopeOptions;
pub use v2::V2;
pub use v3::{
    ApplicationCredential, ApplicationCredentialRef, MultiFactor, OAuth1, OAuth2ClientCredential, OAuth2Mtls,
    Part, Password, Receipt, Said, TokenMethod, Totp,
};
