//! OpenID Connect: an identity provider gives an access token by one of OAuth 2.0's grants, and
//! Keystone takes that for an unscoped token of its own.
//!
//! A login has up to five steps: the provider's discovery document, what a grant needs beforehand (a
//! code from a page, a device's code), the token endpoint, Keystone's `OS-FEDERATION`, the exchange for
//! a scope. [`flow::Flow`] takes them; what differs from grant to grant is a [`way::Way`].
//!
//! A refresh token, where the provider gives one, is kept for the next login, which then needs nobody.
//! It is sent with `Ask`, not `AskOnce`: if its answer is lost, and with it perhaps the token that
//! replaces it, there is nothing better to send than the same again. At worst it is refused, and the
//! login begins anew.

mod access_token;
mod answer;
mod authorization_code;
mod claim;
mod client_credentials;
mod device;
mod discovery;
mod flow;
mod password;
mod pkce;
mod provider;
mod way;

pub use access_token::OidcAccessToken;
pub use authorization_code::OidcAuthorizationCode;
pub use client_credentials::OidcClientCredentials;
pub use device::OidcDevice;
pub use password::OidcPassword;
pub use pkce::CodeChallenge;
pub use provider::{OidcProvider, OidcTokenType};
