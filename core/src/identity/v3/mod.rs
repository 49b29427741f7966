//! Identity API v3: `POST /v3/auth/tokens`, and the methods that can be put into it.

mod application_credential;
mod bearer;
mod multi_factor;
mod oauth1;
mod oauth2;
mod oauth2_mtls;
mod part;
mod password;
mod receipt;
mod token_method;
mod tokens;
mod totp;

use http::Uri;

pub use application_credential::{ApplicationCredential, ApplicationCredentialRef};
pub use multi_factor::MultiFactor;
pub use oauth1::OAuth1;
pub use oauth2::OAuth2ClientCredential;
pub use oauth2_mtls::OAuth2Mtls;
pub(crate) use part::to_json;
pub use part::{Part, Said};
pub use password::Password;
pub(crate) use receipt::RECEIPT;
pub use receipt::Receipt;
pub use token_method::TokenMethod;
pub(crate) use tokens::{TokenRequest, busy, described_by, keystones_words, read, refused_or_busy};
pub use totp::Totp;

use crate::error::InputError;

/// The address of the Identity API v3 at a Keystone, whose own address may lead there already.
pub(crate) fn v3_url(auth_url: &Uri) -> String {
    let url = auth_url.to_string();
    let bare = url.trim_end_matches('/');
    if bare.ends_with("/v3") { bare.to_owned() } else { format!("{bare}/v3") }
}

/// Refuses the address of another version.
pub(crate) fn check_url(auth_url: &Uri) -> Result<(), InputError> {
    let other = auth_url.path().trim_end_matches('/').ends_with("/v2.0");
    if other { Err(InputError::AuthUrl(auth_url.to_string())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed_or_refused() {
        for (given, used) in [
            ("http://h:5000", "http://h:5000/v3"),
            ("http://h:5000/", "http://h:5000/v3"),
            ("https://h/identity", "https://h/identity/v3"),
            ("https://h/identity/v3/", "https://h/identity/v3"),
        ] {
            let url = given.parse().unwrap();
            assert_eq!(v3_url(&url), used);
            assert_eq!(check_url(&url), Ok(()));
        }
        assert!(check_url(&"http://h/v2.0/".parse().unwrap()).is_err());
    }
}
