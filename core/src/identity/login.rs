//! One login, from the first question to a token. Its progress is data, so that whoever takes
//! over from a leader that went away can go on with it.

use std::sync::Arc;

use http::{Request, Response};

use super::credential::Credential;
use super::v3;
use crate::error::{Cause, InputError, LoginError};
use crate::secret::SecretBytes;
use crate::time::Now;
use crate::token::Token;

/// A login under way.
#[derive(Debug)]
pub(crate) struct Login {
    credential: Option<Arc<Credential>>,
    asked: Option<Now>,
}

/// What a login needs next.
#[derive(Debug)]
pub(crate) enum Next {
    /// The credential itself, from whoever supplies it.
    Credential,
    /// An answer of Keystone.
    Answer(Request<SecretBytes>, Arc<Credential>),
}

/// What came of an answer.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) credential: Arc<Credential>,
    /// When the question was asked: the token's life counts from there.
    pub(crate) asked: Now,
    pub(crate) outcome: Result<Token, LoginError>,
}

impl Login {
    /// A login with this credential; without one, it begins by asking for it.
    pub(crate) fn new(credential: Option<Arc<Credential>>) -> Self {
        Self { credential, asked: None }
    }

    pub(crate) fn next(&mut self, now: Now) -> Result<Next, InputError> {
        let Some(credential) = &self.credential else { return Ok(Next::Credential) };
        let request = v3::ask(credential)?;
        self.asked = Some(now);
        Ok(Next::Answer(request, Arc::clone(credential)))
    }

    pub(crate) fn told(&mut self, credential: Arc<Credential>) {
        self.credential = Some(credential);
    }

    /// When its last question left.
    pub(crate) fn asked(&self) -> Option<Now> {
        self.asked
    }

    /// Takes in an answer; `None` where nothing had been asked.
    pub(crate) fn hear(&mut self, answer: Result<&Response<Vec<u8>>, Cause>) -> Option<Heard> {
        let credential = Arc::clone(self.credential.as_ref()?);
        let asked = self.asked?;
        let outcome = match answer {
            Ok(answer) => v3::read(&credential, answer),
            Err(cause) => Err(LoginError::Unreachable(cause)),
        };
        Some(Heard { credential, asked, outcome })
    }
}
