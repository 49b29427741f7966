//! Texts as forms, signatures and HTTP Basic write them.

use std::fmt::Write as _;

use data_encoding::BASE64;
use form_urlencoded::Serializer;

use crate::secret::{Secret, SecretBytes};

/// The `Authorization` of a name and a password, in UTF-8 (RFC 7617). Each buffer is of the right size
/// from the start, and leaves no copy behind.
pub(crate) fn basic(user: &str, password: &Secret) -> Secret {
    let pair = Secret::new([user, ":", password.reveal()].concat());
    let mut text = String::with_capacity("Basic ".len() + BASE64.encode_len(pair.reveal().len()));
    text.push_str("Basic ");
    BASE64.encode_append(pair.reveal().as_bytes(), &mut text);
    Secret::new(text)
}

/// A text of which only letters, digits and `-._~` are left as they are (RFC 3986, 2.3).
pub(crate) fn percent_encoded(text: &str) -> String {
    // Three bytes for each at the most: a buffer that grows leaves copies of secrets behind.
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The body of a form (`application/x-www-form-urlencoded`), in memory of just the right size at most:
/// a buffer that grows leaves copies behind.
pub(crate) fn form(fields: &[(&str, &str)]) -> SecretBytes {
    let most = fields.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
    let mut body = Serializer::new(String::with_capacity(most));
    SecretBytes::new(body.extend_pairs(fields).finish().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_encoded() {
        for (text, encoded) in [
            ("abcABC123", "abcABC123"),
            ("-._~", "-._~"),
            ("%", "%25"),
            ("+", "%2B"),
            ("&=*", "%26%3D%2A"),
            ("\n \u{7f}", "%0A%20%7F"),
            ("\u{80}\u{3001}", "%C2%80%E3%80%81"),
        ] {
            assert_eq!(percent_encoded(text), encoded);
        }
    }

    #[test]
    fn a_form_has_plus_signs_for_spaces() {
        let body = form(&[("grant_type", "client_credentials"), ("a b", "c&d e")]);
        assert_eq!(body.reveal(), b"grant_type=client_credentials&a+b=c%26d+e");
    }
}
