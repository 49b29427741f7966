//! Proof Key for Code Exchange (RFC 7636): whoever uses a code shows that it is who asked for it.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use crate::Secret;
use crate::identity::{Fields, Moment};

/// How a code is bound to who asked for it (`code_challenge_method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeChallenge {
    /// By a secret that is sent as it is.
    Plain,
    /// By the hash of a secret.
    S256,
}

impl CodeChallenge {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::S256 => "S256",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Plain, Self::S256].into_iter().find(|it| it.name() == name)
    }
}

/// A verifier, and what is shown of it beforehand.
#[derive(Clone, Debug)]
pub(super) struct Pkce {
    method: CodeChallenge,
    pub(super) verifier: Secret,
}

impl Pkce {
    pub(super) fn new(method: CodeChallenge, at: &mut Moment<'_>) -> Self {
        Self { method, verifier: unguessable(at) }
    }

    /// What goes along with the question for a code.
    pub(super) fn challenge(&self, form: &mut Fields) {
        form.text("code_challenge_method", self.method.name());
        match self.method {
            CodeChallenge::Plain => form.secret("code_challenge", &self.verifier),
            CodeChallenge::S256 => form.text("code_challenge", &hashed(&self.verifier)),
        }
    }
}

/// A text of 43 characters that nobody can guess.
pub(super) fn unguessable(at: &mut Moment<'_>) -> Secret {
    Secret::new(BASE64URL_NOPAD.encode(&at.secret_bytes()))
}

fn hashed(verifier: &Secret) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(verifier.reveal().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(hashed(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
