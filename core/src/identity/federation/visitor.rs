//! A guest at a service provider: what it shows is the cookies that it was given.

use std::time::Duration;

use http::{HeaderName, Request, Response, Uri, header};

use super::{FederationError, Party};
use crate::error::LoginError;
use crate::identity::cookies::Jar;
use crate::secret::SecretBytes;
use crate::service::absolute;
use crate::time::Now;

/// The media type of SAML's messages by way of a client.
pub(crate) const PAOS: &str = "application/vnd.paos+xml";

/// How long what was found out in a login is worth going on with. A login can lie idle: whoever led it
/// went away, and the next call comes an hour later, when no question, cookie or token is good.
const FRESH: Duration = Duration::from_secs(60);

/// Whether a login whose last answer came at this tick had better begin anew.
pub(crate) fn is_stale(last: Option<Duration>, now: Now) -> bool {
    last.is_some_and(|last| now.tick.saturating_sub(last) >= FRESH)
}

/// The requests of one login, as far as they share cookies.
#[derive(Debug, Default)]
pub(crate) struct Visitor {
    jar: Jar,
    /// Where the last request went.
    to: Option<Uri>,
}

impl Visitor {
    /// A GET with these headers.
    pub(crate) fn get(
        &mut self,
        to: &Uri,
        headers: &[(HeaderName, &'static str)],
    ) -> Result<Request<SecretBytes>, LoginError> {
        self.send(Request::get(to), to, headers, SecretBytes::default())
    }

    /// A POST of a body of this type.
    pub(crate) fn post(
        &mut self,
        to: &Uri,
        kind: &'static str,
        body: SecretBytes,
    ) -> Result<Request<SecretBytes>, LoginError> {
        self.send(Request::post(to), to, &[(header::CONTENT_TYPE, kind)], body)
    }

    fn send(
        &mut self,
        mut request: http::request::Builder,
        to: &Uri,
        headers: &[(HeaderName, &'static str)],
        body: SecretBytes,
    ) -> Result<Request<SecretBytes>, LoginError> {
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        if let Some(cookies) = self.jar.header(to) {
            request = request.header(header::COOKIE, cookies);
        }
        self.to = Some(to.clone());
        request.body(body).map_err(|_| LoginError::Garbled("an address in the login cannot be asked"))
    }

    /// Keeps the cookies of the answer to the last request.
    pub(crate) fn take_in(&mut self, answer: &Response<Vec<u8>>, now: Now) {
        if let Some(to) = &self.to {
            self.jar.take_in(to, answer.headers(), now);
        }
    }

    /// Refuses to go on without one of whoever was asked last.
    pub(crate) fn check_session(&self) -> Result<(), LoginError> {
        let host = self.to.as_ref().and_then(Uri::host);
        if host.is_some_and(|host| self.jar.has_one_of(host)) {
            Ok(())
        } else {
            Err(FederationError::NoSession.into())
        }
    }
}

/// An address that one of the others named.
pub(crate) fn address(text: &str, of: Party, why: &'static str) -> Result<Uri, LoginError> {
    absolute(text).ok_or_else(|| of.garbled(why))
}
