//! What the methods of Identity API v3 have in common: each is an object in one request, so that
//! several of them can be sent together.

use std::fmt;
use std::io;
use std::sync::Arc;

use http::{HeaderName, Response, Uri};
use serde::Serialize;

use super::tokens::TokenRequest;
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::identity::{Exchange, Fields, Inquiry, Method, Moment, Remedy, Renewal, Scope, Start};
use crate::secret::SecretBytes;

/// A method of Identity API v3 (`auth.identity.methods`): by itself, or together with others in a
/// [`super::MultiFactor`].
pub trait Part: fmt::Debug + Send + Sync + 'static {
    /// Its name in the request.
    fn name(&self) -> &str;

    /// What it is made of: see [`Method::fields`].
    fn fields(&self, fields: &mut Fields);

    /// Whether it can be repeated without anybody's help.
    fn renewal(&self) -> Renewal {
        Renewal::Unattended
    }

    /// What would spare it help, or lift its limit.
    fn remedy(&self) -> Remedy {
        Remedy::ApplicationCredential
    }

    /// How often it can be used, if there is a limit.
    fn uses(&self) -> Option<u32> {
        None
    }

    /// Refuses a scope that it cannot have.
    ///
    /// # Errors
    /// [`InputError`].
    fn check(&self, scope: &Scope) -> Result<(), InputError> {
        let _ = scope;
        Ok(())
    }

    /// What has to be asked of somebody before it can be said.
    fn inquiry(&self) -> Option<Inquiry> {
        None
    }

    /// Takes part in a handshake that goes on in headers (SPNEGO): looks at an answer to the request
    /// to `url`, in which `told` was said, and says what has to be asked of somebody in view of it. After an answer without a
    /// token the request is made again, and [`Part::say`] gets the reply; after one with a token, that
    /// is granted once there is a reply: the server has proven who it is.
    ///
    /// # Errors
    /// [`LoginError`]: the login ends here, token or not.
    fn heard(
        &self,
        answer: &Response<Vec<u8>>,
        told: Option<&Secret>,
        url: &Uri,
    ) -> Result<Option<Inquiry>, LoginError> {
        let _ = (answer, told, url);
        Ok(None)
    }

    /// Its object in the request to `url`, with the answer to its [`Part::inquiry`], or to the last
    /// that [`Part::heard`] wanted asked.
    ///
    /// # Errors
    /// [`LoginError`]: it cannot be said.
    fn say(&self, told: Option<&Secret>, url: &Uri, at: &mut Moment<'_>) -> Result<Said, LoginError>;
}

impl<P: Part> Method for P {
    fn name(&self) -> &str {
        Part::name(self)
    }

    fn fields(&self, fields: &mut Fields) {
        Part::fields(self, fields);
    }

    fn renewal(&self) -> Renewal {
        Part::renewal(self)
    }

    fn remedy(&self) -> Remedy {
        Part::remedy(self)
    }

    fn uses(&self) -> Option<u32> {
        Part::uses(self)
    }

    fn check(&self, auth_url: &Uri, scope: &Scope) -> Result<(), InputError> {
        super::check_url(auth_url)?;
        Part::check(self, scope)
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        Box::new(TokenRequest::new(start, vec![self]))
    }
}

/// What a [`Part`] adds to a request.
#[derive(Clone, Debug)]
pub struct Said {
    pub(super) json: SecretBytes,
    pub(super) headers: Vec<(HeaderName, Secret)>,
}

impl Said {
    /// An object under the part's name.
    pub fn new(object: &impl Serialize) -> Self {
        Self { json: to_json(object), headers: Vec::new() }
    }

    /// And a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<Secret>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// JSON in memory of just the right size: a buffer that grows leaves copies of secrets behind.
pub(crate) fn to_json(value: &impl Serialize) -> SecretBytes {
    let mut length = Length(0);
    // Writing plain structs to memory cannot fail: no map has keys other than text.
    let _ = serde_json::to_writer(&mut length, value);
    let mut bytes = Vec::with_capacity(length.0);
    let _ = serde_json::to_writer(&mut bytes, value);
    SecretBytes::new(bytes)
}

struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
