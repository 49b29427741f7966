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

use data_encoding::BASE64;
use http::{HeaderValue, Response, Uri, header};
use zeroize::Zeroizing;

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
use crate::Secret;
use crate::call::resolve;
use crate::error::{InputError, LoginError};
use crate::service::absolute;

/// Refuses what is no address on the web.
pub(crate) fn check_address(name: &'static str, address: &str) -> Result<(), InputError> {
    let plain = absolute(address).filter(|uri| uri.authority().is_some_and(|it| !it.as_str().contains('@')));
    plain.map(|_| ()).ok_or_else(|| InputError::NotAnAddress(name, without_password(address)))
}

/// HTTP Basic (RFC 7617).
pub(crate) fn basic(user: &str, password: &Secret) -> Result<HeaderValue, LoginError> {
    let password = password.reveal();
    let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + password.len()));
    pair.push_str(user);
    pair.push(':');
    pair.push_str(password);
    let mut text = Zeroizing::new(String::with_capacity("Basic ".len() + BASE64.encode_len(pair.len())));
    text.push_str("Basic ");
    BASE64.encode_append(pair.as_bytes(), &mut text);
    let value = Secret::new(std::mem::take(&mut *text)).header();
    value.map_err(|_| LoginError::Garbled("the name and the password are no header"))
}

/// Where an answer to a request to `from` leads.
pub(crate) fn location(from: &Uri, answer: &Response<Vec<u8>>) -> Option<Uri> {
    resolve(from, answer.headers().get(header::LOCATION)?.to_str().ok()?)
}

/// A form's or an address's text, percent-encoded (RFC 3986: all but the unreserved, and slashes).
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
