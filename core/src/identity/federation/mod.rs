//! Logins that another identity provider vouches for: they end at Keystone's `OS-FEDERATION`, with
//! an unscoped token that is then exchanged for one of the wanted scope.

mod adfs;
mod k2k;
pub(crate) mod oidc;
mod party;
mod problem;
mod rescope;
mod saml;
mod visitor;
mod websso;
mod xml;

use http::{Response, Uri, header};

pub use adfs::AdfsPassword;
pub use k2k::Keystone2Keystone;
pub(crate) use party::words;
pub use party::{FederationError, Party};
pub use problem::ProviderProblem;
pub(crate) use problem::may_pass;
pub(crate) use rescope::{Rescope, check_id, not_the_password};
pub use saml::Saml2Password;
pub use websso::WebSso;

use super::without_password;
use crate::call::resolve;
use crate::error::InputError;
use crate::service::absolute;

/// Refuses what is no address on the web.
pub(crate) fn check_address(name: &'static str, address: &str) -> Result<(), InputError> {
    let plain = absolute(address).filter(|uri| uri.authority().is_some_and(|it| !it.as_str().contains('@')));
    plain.map(|_| ()).ok_or_else(|| InputError::NotAnAddress(name, without_password(address)))
}

/// Where an answer to a request to `from` leads.
pub(crate) fn location(from: &Uri, answer: &Response<Vec<u8>>) -> Option<Uri> {
    resolve(from, answer.headers().get(header::LOCATION)?.to_str().ok()?)
}
