//! An OAuth 1.0 access token (RFC 5849, as `keystone/auth/plugins/oauth1.py` has it).

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{Uri, header};
use serde::Serialize;
use sha1::Sha1;

use super::{Part, Said};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::identity::form::percent_encoded;
use crate::identity::{Fields, Moment, Scope};

/// Bytes of a nonce. What checks signatures at Keystone (oauthlib) takes 20 to 30 characters.
const NONCE: usize = 12;

/// A consumer that acts for a user by an access token of OAuth 1.0 (method `oauth1`). The access
/// token is bound to the project for which it was given, and asks for no scope.
///
/// The request is signed, not the secrets sent: it holds for one request to one address.
///
/// ```
/// use keepstone_core::Credential;
/// use keepstone_core::identity::OAuth1;
/// let method = OAuth1::new("consumer", "c0nsumer-secret", "access", "acc3ss-secret");
/// let credential = Credential::new("http://keystone:5000", method)?;
/// # let _ = credential;
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug)]
pub struct OAuth1 {
    consumer_key: String,
    consumer_secret: Secret,
    access_key: String,
    access_secret: Secret,
}

impl OAuth1 {
    /// This consumer, with this access token.
    pub fn new(
        consumer_key: impl Into<String>,
        consumer_secret: impl Into<Secret>,
        access_key: impl Into<String>,
        access_secret: impl Into<Secret>,
    ) -> Self {
        Self {
            consumer_key: consumer_key.into(),
            consumer_secret: consumer_secret.into(),
            access_key: access_key.into(),
            access_secret: access_secret.into(),
        }
    }

    /// The `Authorization` of a POST to `url` (3.5.1).
    fn authorization(&self, url: &Uri, nonce: &str, timestamp: &str) -> Option<Secret> {
        let mut parameters = vec![
            ("oauth_nonce", nonce),
            ("oauth_timestamp", timestamp),
            ("oauth_version", "1.0"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_consumer_key", self.consumer_key.as_str()),
            ("oauth_token", self.access_key.as_str()),
        ];
        let signature = self.signature(&base_string("POST", url, &parameters))?;
        parameters.push(("oauth_signature", &signature));
        let written =
            parameters.iter().map(|(name, value)| format!(r#"{name}="{}""#, percent_encoded(value)));
        Some(Secret::new(format!("OAuth {}", written.collect::<Vec<_>>().join(", "))))
    }

    /// HMAC-SHA1, keyed with both secrets (3.4.2).
    fn signature(&self, base_string: &str) -> Option<String> {
        let [consumer, access] = [&self.consumer_secret, &self.access_secret]
            .map(|secret| Secret::new(percent_encoded(secret.reveal())));
        let key = Secret::new(format!("{}&{}", consumer.reveal(), access.reveal()));
        let mut mac = Hmac::<Sha1>::new_from_slice(key.reveal().as_bytes()).ok()?;
        mac.update(base_string.as_bytes());
        Some(BASE64.encode(&mac.finalize().into_bytes()))
    }
}

impl Part for OAuth1 {
    fn name(&self) -> &str {
        "oauth1"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.text("consumer_key", &self.consumer_key);
        fields.secret("consumer_secret", &self.consumer_secret);
        fields.text("access_key", &self.access_key);
        fields.secret("access_secret", &self.access_secret);
    }

    fn check(&self, scope: &Scope) -> Result<(), InputError> {
        match scope {
            Scope::Default => Ok(()),
            _ => Err(InputError::ScopeIsFixed("an OAuth 1 access token")),
        }
    }

    fn say(&self, _: Option<&Secret>, url: &Uri, at: &mut Moment<'_>) -> Result<Said, LoginError> {
        let nonce = HEXLOWER.encode(at.secret_bytes().split_at(NONCE).0);
        let timestamp = at.now().wall.timestamp().to_string();
        let authorization = self.authorization(url, &nonce, &timestamp);
        let authorization = authorization.ok_or(LoginError::Garbled("the request cannot be signed"))?;
        Ok(Said::new(&Body {}).header(header::AUTHORIZATION, authorization))
    }
}

/// The method's object: all there is to say is in the header.
#[derive(Serialize)]
struct Body {}

/// What is signed: method, address and parameters (3.4.1). A query would belong to them; but what
/// checks signatures at Keystone leaves it out (it hands oauthlib an address without one, and that
/// then reads the header alone), so `?nocatalog` is not signed.
fn base_string(method: &str, url: &Uri, parameters: &[(&str, &str)]) -> String {
    // Encoded first, then sorted by bytes (3.4.1.3.2).
    let encoded = parameters.iter().map(|(name, value)| (percent_encoded(name), percent_encoded(value)));
    let mut pairs: Vec<_> = encoded.collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let [address, pairs] = [base_address(url), pairs.join("&")].map(|text| percent_encoded(&text));
    format!("{}&{address}&{pairs}", method.to_ascii_uppercase())
}

/// The address without its query, nor a port that goes without saying (3.4.1.2).
fn base_address(url: &Uri) -> String {
    let scheme = url.scheme_str().unwrap_or_default().to_ascii_lowercase();
    let host = url.host().unwrap_or_default().to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let port = url.port_u16().filter(|port| Some(*port) != usual);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{host}{port}{}", url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(url: &str) -> String {
        let method = OAuth1::new("consumer", "c s", "access", "ä/=");
        let header = method.authorization(&url.parse().unwrap(), "0123456789abcdef01234567", "1800000000");
        header.unwrap().reveal().to_owned()
    }

    #[test]
    fn the_base_string_is_that_of_the_rfc() {
        // RFC 5849, 3.4.1.1; the parameters of its query and body stand with those of its header here.
        let url = "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b".parse().unwrap();
        let parameters = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
            ("b5", "=%3D"),
            ("a3", "a"),
            ("c@", ""),
            ("a2", "r b"),
            ("c2", ""),
            ("a3", "2 q"),
        ];
        assert_eq!(
            base_string("post", &url, &parameters),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D\
             %26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26\
             oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn the_signature_is_that_of_the_rfc() {
        // RFC 5849, 1.2: the request for a protected photo.
        let url = "http://photos.example.net/photos?file=vacation.jpg&size=original".parse().unwrap();
        let parameters = [
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131202"),
            ("oauth_nonce", "chapoH"),
            ("file", "vacation.jpg"),
            ("size", "original"),
        ];
        let jane =
            OAuth1::new("dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00");
        let signature = jane.signature(&base_string("GET", &url, &parameters)).unwrap();
        assert_eq!(percent_encoded(&signature), "MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D");
    }

    #[test]
    fn addresses_are_made_plain() {
        for (url, base) in [
            ("https://H:443/v3/auth/tokens?nocatalog", "https://h/v3/auth/tokens"),
            ("http://h:80", "http://h/"),
            ("http://h:443/", "http://h:443/"),
            ("http://[2001:DB8::1]:5000/identity/v3", "http://[2001:db8::1]:5000/identity/v3"),
        ] {
            assert_eq!(base_address(&url.parse().unwrap()), base);
        }
    }

    #[test]
    fn headers_are_those_of_another_implementation() {
        // Written by Python's oauthlib 4.0.1, for the addresses without their query.
        insta::assert_snapshot!(signed("http://h:5000/v3/auth/tokens"), @r#"OAuth oauth_nonce="0123456789abcdef01234567", oauth_timestamp="1800000000", oauth_version="1.0", oauth_signature_method="HMAC-SHA1", oauth_consumer_key="consumer", oauth_token="access", oauth_signature="nvSRtAQFk1pkO2jV50371BW0IGs%3D""#);
        insta::assert_snapshot!(signed("https://h:443/identity/v3/auth/tokens?nocatalog"), @r#"OAuth oauth_nonce="0123456789abcdef01234567", oauth_timestamp="1800000000", oauth_version="1.0", oauth_signature_method="HMAC-SHA1", oauth_consumer_key="consumer", oauth_token="access", oauth_signature="olsmKh%2FYLkQryPsHqL2eNgHoEnE%3D""#);
    }
}
