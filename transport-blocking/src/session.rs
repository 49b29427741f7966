//! Whose calls, to what, under which rules: the handle that users send requests with.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderName, HeaderValue, Request, Response};
use keepstone_core::{
    Call, Described, Endpoint, Failure, GateId, InputError, Limit, Outlook, Published, Refusal, TlsId,
    Vouching,
};

use crate::body::Body;
use crate::drive::Driver;
use crate::error::Error;
use crate::identity::Identity;
use crate::lent::Lent;
use crate::shared::Shared;
use crate::turns::SharedLimit;
use crate::whose;

/// Whose calls these are, and where they go. Cheap to clone, safe to share between threads.
#[derive(Clone)]
pub struct Session {
    core: keepstone_core::Session,
    shared: Arc<Shared>,
    /// Keeps the identities alive, which are forgotten with their last handle.
    user: Option<Identity>,
    service: Option<Identity>,
    published: Arc<ArcSwapOption<Published>>,
    limits: Vec<SharedLimit>,
}

/// Why a 401 was delivered, of an answer that is one.
#[must_use]
pub fn refusal<T>(answer: &Response<T>) -> Option<Refusal> {
    answer.extensions().get().copied()
}

impl Session {
    pub(crate) fn of(user: Identity) -> Self {
        let core = keepstone_core::Session::of(user.id());
        Self { core, user: Some(user.clone()), ..Self::anonymous(Arc::clone(user.shared())) }
    }

    pub(crate) fn anonymous(shared: Arc<Shared>) -> Self {
        let core = keepstone_core::Session::anonymous();
        Self { core, shared, user: None, service: None, published: Arc::default(), limits: Vec::new() }
    }

    /// With a service identity beside the user's: on every call, required, role `service`.
    #[must_use]
    pub fn vouched_by(self, service: &Identity) -> Self {
        self.vouched_with(service, |vouching| vouching)
    }

    /// With a service identity beside the user's, under rules of your own.
    ///
    /// ```no_run
    /// # use keepstone_blocking::{Identity, Need, Session};
    /// # fn of(session: Session, nova: &Identity) -> Session {
    /// session.vouched_with(nova, |vouching| vouching.need(Need::Preferred).roles(["service", "admin"]))
    /// # }
    /// ```
    #[must_use]
    pub fn vouched_with(self, service: &Identity, rules: impl FnOnce(Vouching) -> Vouching) -> Self {
        let core = self.core.clone().vouched(rules(Vouching::by(service.id())));
        Self { core, service: Some(service.clone()), published: Arc::default(), ..self }
    }

    /// To this service: requests then need only a path.
    #[must_use]
    pub fn at(self, endpoint: Endpoint) -> Self {
        // Where it is, is published with the tokens.
        Self { published: Arc::default(), ..self.with(|core| core.at(endpoint)) }
    }

    /// With this microversion, whatever the endpoint says: `2.95` or `latest`. One that the service
    /// is known not to speak is an error before the request leaves.
    #[must_use]
    pub fn microversion(self, microversion: &str) -> Self {
        self.with(|core| core.microversion(microversion))
    }

    /// Only with a user's token that lives this much longer, for calls that start long work inside
    /// the cloud, where it is nobody's to renew.
    #[must_use]
    pub fn at_least(self, life: Duration) -> Self {
        self.with(|core| core.at_least(life))
    }

    /// That these calls belong to an operation that begins now and is to last this long. Where a token
    /// ends before that and will not be renewed unattended, calls fail with
    /// [`keepstone_core::Failure::WontLast`] before anything is sent to the service; not where nobody knows
    /// its end. With [`Session::at_least`] beside it, a token that is too short is replaced first, if
    /// another would do.
    #[must_use]
    pub fn lasting(self, span: Duration) -> Self {
        let now = self.shared.clock.now();
        self.with(|core| core.lasting(span, now))
    }

    /// How long a call may take to the head of its final answer. The default is five minutes.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        self.with(|core| core.deadline(deadline))
    }

    /// How often a call is repeated when its service is busy or out of reach.
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        self.with(|core| core.retries(retries))
    }

    /// Whether a 401 renews tokens and repeats the call (the default), or is delivered as it is.
    #[must_use]
    pub fn renewal(self, allowed: bool) -> Self {
        self.with(|core| core.renewal(allowed))
    }

    /// That these calls are pieces of a transfer, which wait for a 401 to pass.
    #[must_use]
    pub fn piece(self, piece: bool) -> Self {
        self.with(|core| core.piece(piece))
    }

    /// Whether tokens go along (the default).
    #[must_use]
    pub fn tokens(self, sent: bool) -> Self {
        self.with(|core| core.tokens(sent))
    }

    /// With this header, unless a request has one of the same name itself.
    #[must_use]
    pub fn header(self, name: HeaderName, value: HeaderValue) -> Self {
        self.with(|core| core.header(name, value))
    }

    /// Names the application in `User-Agent`, in front of everybody else: a text of its own, instead
    /// of [`Session::app`].
    ///
    /// # Errors
    /// [`InputError::NotAHeader`]; likewise for all that names somebody.
    pub fn user_agent(self, application: &str) -> Result<Self, InputError> {
        self.try_with(|core| core.user_agent(application))
    }

    /// Names the application in `User-Agent`, in front of everybody else. The version may be empty.
    ///
    /// # Errors
    /// [`InputError::NotAHeader`].
    pub fn app(self, name: &str, version: &str) -> Result<Self, InputError> {
        self.try_with(|core| core.app(name, version))
    }

    /// Names the client of a service that the application uses, behind it.
    ///
    /// # Errors
    /// [`InputError::NotAHeader`].
    pub fn client(self, name: &str, version: &str) -> Result<Self, InputError> {
        self.try_with(|core| core.client(name, version))
    }

    /// Names somebody else, behind those who were named and before this library.
    ///
    /// # Errors
    /// [`InputError::NotAHeader`].
    pub fn additional_agent(self, name: &str, version: &str) -> Result<Self, InputError> {
        self.try_with(|core| core.additional_agent(name, version))
    }

    /// Tells services where the request came from that this one is made for (`Forwarded`).
    ///
    /// # Errors
    /// [`InputError::NotAHeader`] does not happen: an address has only harmless characters.
    pub fn original_ip(self, ip: IpAddr) -> Result<Self, InputError> {
        self.try_with(|core| core.original_ip(ip))
    }

    /// With a limit on its exchanges with services, beside those it has already: all of them hold.
    /// Clones of the session share it. It holds from when a request begins to leave to the head of
    /// its answer; pauses and logins do not count.
    #[must_use]
    pub fn limited(mut self, limit: Limit) -> Self {
        self.limits.push(SharedLimit::new(&self.shared, limit));
        self
    }

    /// Under a limit that it shares with other sessions, likewise.
    ///
    /// # Errors
    /// [`InputError::LimitOfAnotherClient`].
    pub fn within(mut self, limit: &SharedLimit) -> Result<Self, InputError> {
        if !limit.is_of(&self.shared) {
            return Err(InputError::LimitOfAnotherClient);
        }
        self.limits.push(limit.clone());
        Ok(self)
    }

    /// Sends this id with each call, so that the logs of all services that work on one request can
    /// be put together. A request that has an `X-OpenStack-Request-Id` of its own keeps that.
    ///
    /// # Errors
    /// [`InputError::NotAHeader`].
    pub fn request_id(self, id: &str) -> Result<Self, InputError> {
        self.try_with(|core| core.request_id(id))
    }

    /// On these connections.
    #[must_use]
    pub fn tls(self, tls: TlsId) -> Self {
        self.with(|core| core.tls(tls))
    }

    fn with(mut self, change: impl FnOnce(keepstone_core::Session) -> keepstone_core::Session) -> Self {
        self.core = change(self.core);
        self
    }

    fn try_with(
        mut self,
        change: impl FnOnce(keepstone_core::Session) -> Result<keepstone_core::Session, InputError>,
    ) -> Result<Self, InputError> {
        self.core = change(self.core)?;
        Ok(self)
    }

    /// Sends a request. Its address may be a path, if the session has an endpoint. Any status is an
    /// answer; [`refusal`] tells why a 401 could not be helped.
    ///
    /// # Errors
    /// [`Error`]: no answer was had. Unless it says otherwise, nothing was sent to the service.
    pub fn send<B: Into<Body>>(&self, request: Request<B>) -> Result<Response<ureq::Body>, Error> {
        let (head, body) = request.into_parts();
        let mut body = body.into();
        let call = Call::new(&self.core, head.method, head.uri, head.headers, body.kind());
        Driver::new(self, call).send(&mut body)
    }

    /// Tokens for a request that another HTTP library sends, and the judge of its answer.
    #[must_use]
    pub fn lend<B: Into<Body>>(&self, request: Request<B>) -> Lent<'_> {
        let (head, body) = request.into_parts();
        let call = Call::new(&self.core, head.method, head.uri, head.headers, body.into().kind());
        Lent::new(Driver::new(self, call))
    }

    /// What Keystone said of the user's token that calls go out with: whose it is, what it allows,
    /// the catalog. If there is none yet, it logs in. `None` for a session without an identity; of
    /// a token that was handed in, it is what was handed in with it.
    ///
    /// # Errors
    /// [`Failure`]: there is no token.
    pub fn description(&self) -> Result<Option<Described>, Failure> {
        whose::find(self)
    }

    /// The id of the user whose token goes along, as far as that is known.
    ///
    /// # Errors
    /// As for [`Session::description`].
    pub fn user_id(&self) -> Result<Option<String>, Failure> {
        let described = self.description()?;
        Ok(described.and_then(|described| described.user_id().map(str::to_owned)))
    }

    /// The id of the project that it is scoped to, likewise.
    ///
    /// # Errors
    /// As for [`Session::description`].
    pub fn project_id(&self) -> Result<Option<String>, Failure> {
        let described = self.description()?;
        Ok(described.and_then(|described| described.project_id().map(str::to_owned)))
    }

    /// How long an operation that begins now can live.
    ///
    /// # Errors
    /// [`InputError::NoSuchKeyring`] does not happen while this session holds its identities.
    pub fn outlook(&self) -> Result<Outlook, InputError> {
        self.restore();
        self.shared.with(|keys| keys.outlook(&self.core, self.shared.clock.now()))
    }

    pub(crate) fn core(&self) -> &keepstone_core::Session {
        &self.core
    }

    /// Takes up what an earlier process has left of these logins, before their first use.
    pub(crate) fn restore(&self) {
        self.user.iter().chain(&self.service).for_each(Identity::restore);
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn gates(&self) -> Vec<GateId> {
        self.limits.iter().map(SharedLimit::gate).collect()
    }

    /// The snapshot, if nothing has happened since it was made.
    pub(crate) fn published(&self) -> Option<Arc<Published>> {
        self.published.load_full().filter(|published| published.epoch() == self.shared.epoch())
    }

    pub(crate) fn publish(&self, keys: &mut keepstone_core::Keychain) {
        self.published.store(Some(Arc::new(keys.publish(&self.core))));
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { core, user, service, limits, .. } = self;
        f.debug_struct("Session")
            .field("core", core)
            .field("user", user)
            .field("service", service)
            .field("limits", limits)
            .finish()
    }
}
