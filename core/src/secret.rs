//! What must not be seen: token ids, passwords, secrets of application credentials.

use std::fmt;

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::error::InputError;

/// A text that is not printed, is wiped from memory when dropped, and is compared in constant time.
///
/// It has neither `Display` nor `Serialize`; [`Secret::reveal`] is the only way to the text.
///
/// ```
/// let password = keepstone_core::Secret::new("hunter2");
/// assert_eq!(format!("{password:?}"), "Secret(…)");
/// assert_eq!(password.reveal(), "hunter2");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over. A copy that the caller keeps is the caller's to wipe.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that must send it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The text as a header value marked sensitive, so that HTTP libraries keep it out of their logs.
    pub(crate) fn header(&self) -> Result<HeaderValue, InputError> {
        let mut value = HeaderValue::from_str(&self.0).map_err(|_| InputError::TokenNotAHeader)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        // Every byte is looked at, so that the time taken tells nothing but the length.
        let differing = a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y));
        a.len() == b.len() && std::hint::black_box(differing) == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Bytes that hold a secret (the body of a login), not printed and wiped when dropped.
#[derive(Clone, Default)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the bytes over. A buffer that grew while it was filled has left copies behind.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, to be written to a socket and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison_looks_at_all_of_it() {
        assert_eq!(Secret::new("abc"), Secret::new("abc"));
        for other in ["", "ab", "abd", "xbc", "abcd"] {
            assert_ne!(Secret::new("abc"), Secret::new(other), "{other}");
        }
    }

    #[test]
    fn nothing_shows() {
        let shown = format!("{:?} {:?}", Secret::new("s3cr3t"), SecretBytes::new(b"s3cr3t".to_vec()));
        assert!(!shown.contains("s3cr3t"), "{shown}");
        let header = Secret::new("s3cr3t").header().unwrap();
        assert!(header.is_sensitive());
        assert_eq!(Secret::new("a\nb").header(), Err(InputError::TokenNotAHeader));
    }
}
