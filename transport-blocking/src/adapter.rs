//! What authors of a client for one service build upon.

use std::io::Read;

use http::{HeaderValue, Method, Request, Response, header};
use keepstone_core::{InputError, Limit, ServiceError};

use crate::body::Body;
use crate::error::Error;
use crate::session::{Session, refusal};

/// The most of a refusal's body that is read for its message.
const LARGEST_REFUSAL: u64 = 64 << 10;

/// A session at one service, with a verb for each method, that makes refusals errors.
///
/// Service type, interface, region, user agent, identity and retries are the session's.
///
/// ```no_run
/// # use keepstone_blocking::{Adapter, Endpoint, Error, Identity};
/// # fn of(alice: &Identity) -> Result<(), Error> {
/// let session = alice.session().at(Endpoint::of("volumev3").region("RegionOne"));
/// let volumes = Adapter::new(session.user_agent("my-backup/1.2")?);
/// volumes.post("/volumes", r#"{"volume":{"size":1}}"#)?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Adapter {
    session: Session,
}

impl Adapter {
    /// The calls of this session.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self { session }
    }

    /// With a limit of its own, beside those of its session: all of them hold.
    #[must_use]
    pub fn limited(self, limit: Limit) -> Self {
        Self { session: self.session.limited(limit) }
    }

    /// The session, for a request that needs settings of its own.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// GET.
    ///
    /// # Errors
    /// As for [`Adapter::send`]; likewise the other verbs.
    pub fn get(&self, path: &str) -> Result<Response<ureq::Body>, Error> {
        self.call(Method::GET, path, ())
    }

    /// HEAD.
    ///
    /// # Errors
    /// As for [`Adapter::send`].
    pub fn head(&self, path: &str) -> Result<Response<ureq::Body>, Error> {
        self.call(Method::HEAD, path, ())
    }

    /// DELETE.
    ///
    /// # Errors
    /// As for [`Adapter::send`].
    pub fn delete(&self, path: &str) -> Result<Response<ureq::Body>, Error> {
        self.call(Method::DELETE, path, ())
    }

    /// POST. A body in memory is said to be JSON.
    ///
    /// # Errors
    /// As for [`Adapter::send`].
    pub fn post(&self, path: &str, body: impl Into<Body>) -> Result<Response<ureq::Body>, Error> {
        self.call(Method::POST, path, body)
    }

    /// PUT. A body in memory is said to be JSON.
    ///
    /// # Errors
    /// As for [`Adapter::send`].
    pub fn put(&self, path: &str, body: impl Into<Body>) -> Result<Response<ureq::Body>, Error> {
        self.call(Method::PUT, path, body)
    }

    /// PATCH. A body in memory is said to be JSON.
    ///
    /// # Errors
    /// As for [`Adapter::send`].
    pub fn patch(&self, path: &str, body: impl Into<Body>) -> Result<Response<ureq::Body>, Error> {
        self.call(Method::PATCH, path, body)
    }

    /// Any request.
    ///
    /// # Errors
    /// [`Error::Service`], if the service answers 400 or above; otherwise as for [`Session::send`].
    pub fn send<B: Into<Body>>(&self, request: Request<B>) -> Result<Response<ureq::Body>, Error> {
        let mut answer = self.session.send(request)?;
        if !ServiceError::is_due(answer.status()) {
            return Ok(answer);
        }
        let mut body = Vec::new();
        // What came of it is enough for a message.
        let _ = answer.body_mut().as_reader().take(LARGEST_REFUSAL).read_to_end(&mut body);
        Err(ServiceError::read(answer.status(), answer.headers(), &body, refusal(&answer)).into())
    }

    fn call(&self, method: Method, path: &str, body: impl Into<Body>) -> Result<Response<ureq::Body>, Error> {
        let body = body.into();
        let json = HeaderValue::from_static("application/json");
        let mut request = Request::builder().method(method).uri(path).header(header::ACCEPT, json.clone());
        if let Body::Bytes(_) = body {
            request = request.header(header::CONTENT_TYPE, json);
        }
        let request = request.body(body).map_err(|_| InputError::NotAPath(path.to_owned()))?;
        self.send(request)
    }
}
