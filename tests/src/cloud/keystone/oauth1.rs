//! OAuth 1.0 access tokens, and the signatures of requests made with them (RFC 5849; Keystone's
//! `oauth1` method over oauthlib).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha1::Sha1;

use super::{
    Keystone,
    authenticate::{Proof, Wire},
    fault::Fault,
};

/// How old, or how far ahead, a signature may be (oauthlib's `timestamp_lifetime`).
const SECONDS: i64 = 600;

/// What is written as `%XX`: all but letters, digits and these four.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A consumer, and an access token that a user gave it for a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth1Keys {
    /// The consumer's key.
    pub consumer_key: String,
    /// The consumer's secret.
    pub consumer_secret: String,
    /// The access token's key.
    pub access_key: String,
    /// The access token's secret.
    pub access_secret: String,
}

#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    keys: OAuth1Keys,
    user_id: String,
    project_id: String,
}

impl Keystone {
    /// Makes a consumer and lets it act for a user on a project.
    pub(crate) fn delegate_by_oauth1(&mut self, user_id: &str, project_id: &str) -> OAuth1Keys {
        let mut id = || self.dice.id();
        let keys =
            OAuth1Keys { consumer_key: id(), consumer_secret: id(), access_key: id(), access_secret: id() };
        let (user_id, project_id) = (user_id.to_owned(), project_id.to_owned());
        let token = AccessToken { keys: keys.clone(), user_id, project_id };
        self.access_tokens.insert(keys.access_key.clone(), token);
        keys
    }

    pub(super) fn prove_oauth1(
        &self,
        wire: &Wire<'_>,
        now: DateTime<Utc>,
        proof: &mut Proof,
    ) -> Result<(), Fault> {
        let given = wire.authorization.and_then(|text| text.strip_prefix("OAuth ")).map(parameters);
        let given = given.ok_or_else(|| Fault::bad_request("Expecting to find oauth_token in request."))?;
        let token = given.get("oauth_token").and_then(|key| self.access_tokens.get(key));
        let token = token.filter(|token| self.is_signed(&token.keys, &given, now));
        let token = token.ok_or_else(Fault::unauthorized)?;
        proof.project = Some(token.project_id.clone());
        proof.of(&token.user_id)
    }

    /// Whether this is the consumer's signature of this very request, made now.
    fn is_signed(&self, keys: &OAuth1Keys, given: &BTreeMap<String, String>, now: DateTime<Utc>) -> bool {
        let text = |name: &str| given.get(name).map(String::as_str).unwrap_or_default();
        let age =
            text("oauth_timestamp").parse().map_or(i64::MAX, |at: i64| now.timestamp().saturating_sub(at));
        let nonce = text("oauth_nonce");
        let known = text("oauth_consumer_key") == keys.consumer_key
            && text("oauth_signature_method") == "HMAC-SHA1"
            && ["", "1.0"].contains(&text("oauth_version"));
        // Keystone takes hexadecimal digits only.
        let fresh = !nonce.is_empty() && nonce.bytes().all(|it| b"abcdef0123456789".contains(&it));
        let expected = signature(keys, &base_string(&self.url("/auth/tokens"), given));
        known && fresh && age.abs() <= SECONDS && text("oauth_signature") == expected
    }
}

/// The parameters in a header: `name="value"`, with commas between them.
fn parameters(text: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = text.split(',').filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value.trim_matches('"')))).collect()
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, &ESCAPED).to_string()
}

/// What is signed: the POST, where it went, and the parameters of the header. Keystone's plugin
/// hands oauthlib an address without a query, and of all parameters that then takes the header's
/// (`oauth1/rfc5849/endpoints/base.py`), against the RFC.
fn base_string(url: &str, given: &BTreeMap<String, String>) -> String {
    let signed = given.iter().filter(|(name, _)| !["oauth_signature", "realm"].contains(&name.as_str()));
    let mut pairs: Vec<_> = signed.map(|(name, value)| (escaped(name), escaped(value))).collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("POST&{}&{}", escaped(url), escaped(&pairs.join("&")))
}

fn signature(keys: &OAuth1Keys, base_string: &str) -> String {
    let key = format!("{}&{}", escaped(&keys.consumer_secret), escaped(&keys.access_secret));
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(base_string.as_bytes());
    BASE64.encode(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_oauthlib() {
        // Made by oauthlib 4.0.1, which Keystone uses.
        let keys = OAuth1Keys {
            consumer_key: "consumer".into(),
            consumer_secret: "c s".into(),
            access_key: "access".into(),
            access_secret: "ä/=".into(),
        };
        for (url, expected) in [
            ("http://h:5000/v3/auth/tokens", "nvSRtAQFk1pkO2jV50371BW0IGs="),
            ("https://h/identity/v3/auth/tokens", "olsmKh/YLkQryPsHqL2eNgHoEnE="),
        ] {
            let header = r#"oauth_nonce="0123456789abcdef01234567", oauth_timestamp="1800000000", oauth_version="1.0", oauth_signature_method="HMAC-SHA1", oauth_consumer_key="consumer", oauth_token="access", oauth_signature="x""#;
            assert_eq!(signature(&keys, &base_string(url, &parameters(header))), expected, "{url}");
        }
    }
}
