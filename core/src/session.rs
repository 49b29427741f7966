//! Whose call it is: which identities, which policy, which service.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::agents::{Agents, product, value};
use crate::allow_expired::{Vouching, When};
use crate::call::TlsId;
use crate::error::InputError;
use crate::headers::X_OPENSTACK_REQUEST_ID;
use crate::identity::{Remedy, Renewal};
use crate::keychain::KeyringId;
use crate::keyring::Keyring;
use crate::lease::Lease;
use crate::lifetime::{Lifetime, Standing};
use crate::service::Endpoint;
use crate::skew::ServerClock;
use crate::time::Now;

/// Whose calls these are. Small, immutable and cheap to clone; a service has one for each
/// request that it serves, all over one identity of its own.
///
/// ```
/// use keepstone_core::{Borrowed, Credential, Endpoint, Keychain, Scope, Session, UserRef, Vouching};
/// # fn main() -> Result<(), keepstone_core::InputError> {
/// let mut keys = Keychain::new(7);
/// let nova = Credential::password("http://keystone:5000/v3", UserRef::name("nova"), "s3cr3t")?;
/// let nova = keys.add(nova.scope(Scope::project("service")))?;
/// let alice = keys.borrow(Borrowed::new("gAAAAAB…"))?;
///
/// let session = Session::of(alice).vouched(Vouching::by(nova));
/// let volumes = session.clone().at(Endpoint::of("volumev3"));
/// # let _ = volumes;
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq)]
pub struct Session {
    pub(crate) user: Option<KeyringId>,
    pub(crate) vouching: Option<Arc<Vouching>>,
    pub(crate) endpoint: Option<Arc<Endpoint>>,
    pub(crate) microversion: Option<Arc<str>>,
    pub(crate) at_least: Duration,
    /// When an operation began, and how long it is to last.
    pub(crate) lasting: Option<(Now, Duration)>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) retries: u32,
    pub(crate) renewal: bool,
    pub(crate) piece: bool,
    pub(crate) tokens: bool,
    pub(crate) headers: Arc<HeaderMap>,
    pub(crate) agents: Arc<Agents>,
    pub(crate) tls: TlsId,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, vouching, endpoint, at_least, deadline, headers, .. } = self;
        // Of the headers only the names: a caller may have put a secret into any of them.
        f.debug_struct("Session")
            .field("user", user)
            .field("vouching", vouching)
            .field("endpoint", endpoint)
            .field("at_least", at_least)
            .field("deadline", deadline)
            .field("headers", &headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// How long a call may take to the head of its final answer, unless its session says otherwise.
pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(300);

/// How often a call is repeated when its service is busy or out of reach, unless told otherwise.
const DEFAULT_RETRIES: u32 = 5;

impl Session {
    /// Calls of this identity.
    #[must_use]
    pub fn of(user: KeyringId) -> Self {
        Self { user: Some(user), ..Self::anonymous() }
    }

    /// Calls without a token.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            user: None,
            vouching: None,
            endpoint: None,
            microversion: None,
            at_least: Duration::ZERO,
            lasting: None,
            deadline: None,
            retries: DEFAULT_RETRIES,
            renewal: true,
            piece: false,
            tokens: true,
            headers: Arc::default(),
            agents: Arc::default(),
            tls: TlsId::default(),
        }
    }

    /// With a service identity beside the user's.
    #[must_use]
    pub fn vouched(mut self, vouching: Vouching) -> Self {
        self.vouching = Some(Arc::new(vouching));
        self
    }

    /// To this service: requests then need only a path.
    #[must_use]
    pub fn at(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(Arc::new(endpoint));
        self
    }

    /// With this microversion, whatever the endpoint says: `2.95` or `latest`. The endpoint's
    /// service type goes with it.
    #[must_use]
    pub fn microversion(mut self, microversion: &str) -> Self {
        self.microversion = Some(microversion.into());
        self
    }

    /// Only with a user's token that lives this much longer, for calls that start long work
    /// inside the cloud (attaching, snapshots): there it is nobody's to renew.
    #[must_use]
    pub fn at_least(mut self, life: Duration) -> Self {
        self.at_least = life;
        self
    }

    /// That these calls belong to an operation that begins now and is to last this long. Where a token
    /// ends before that and will not be renewed unattended, calls fail with
    /// [`crate::Failure::WontLast`] before anything is sent; not where nobody knows its end. With
    /// [`Session::at_least`] beside it, a token that is too short is replaced, if another would do.
    #[must_use]
    pub fn lasting(mut self, span: Duration, now: Now) -> Self {
        self.lasting = Some((now, span));
        self
    }

    /// How long a call may take to the head of its final answer, pauses and logins included.
    /// The default is five minutes, which start anew when a streamed body has been sent.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How often a call is repeated when its service answers 503 or 429 or cannot be reached.
    /// The default is five times, for methods that can be repeated without harm.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Whether a 401 renews tokens and repeats the call (the default), or is delivered as it is.
    #[must_use]
    pub fn renewal(mut self, allowed: bool) -> Self {
        self.renewal = allowed;
        self
    }

    /// That these calls are pieces of a transfer: a 401 after all tokens are renewed is waited
    /// out like a 503, since a Swift that cannot reach Keystone answers 401.
    #[must_use]
    pub fn piece(mut self, piece: bool) -> Self {
        self.piece = piece;
        self
    }

    /// Whether tokens go along (the default). Without them, a session still finds its endpoint.
    #[must_use]
    pub fn tokens(mut self, sent: bool) -> Self {
        self.tokens = sent;
        self
    }

    /// With this header, unless a request has one of the same name itself.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        Arc::make_mut(&mut self.headers).insert(name, value);
        self
    }

    /// Names the application in `User-Agent`, in front of everybody else: a text of its own, instead
    /// of [`Session::app`].
    ///
    /// # Errors
    /// [`InputError::NotAHeader`]; likewise for all that names somebody.
    pub fn user_agent(self, application: &str) -> Result<Self, InputError> {
        self.naming(|agents| agents.application = Some(application.to_owned()))
    }

    /// Names the application in `User-Agent`, in front of everybody else. The version may be empty.
    ///
    /// # Errors
    /// [`InputError::NotAHeader`].
    pub fn app(self, name: &str, version: &str) -> Result<Self, InputError> {
        self.naming(|agents| agents.application = Some(product(name, version)))
    }

    /// Names the client of a service that the application uses, behind it.
    ///
    /// # Errors
    /// [`InputError::NotAHeader`].
    pub fn client(self, name: &str, version: &str) -> Result<Self, InputError> {
        self.naming(|agents| agents.client = Some(product(name, version)))
    }

    /// Names somebody else, behind those who were named and before this library.
    ///
    /// # Errors
    /// [`InputError::NotAHeader`].
    pub fn additional_agent(self, name: &str, version: &str) -> Result<Self, InputError> {
        self.naming(|agents| agents.additional.push(product(name, version)))
    }

    /// Tells services where the request came from that this one is made for
    /// (`Forwarded: for=…;by=…`, the latter with the session's agents).
    ///
    /// # Errors
    /// [`InputError::NotAHeader`] does not happen: an address has only harmless characters.
    pub fn original_ip(self, ip: IpAddr) -> Result<Self, InputError> {
        self.naming(|agents| agents.original_ip = Some(ip))
    }

    fn naming(mut self, name: impl FnOnce(&mut Agents)) -> Result<Self, InputError> {
        name(Arc::make_mut(&mut self.agents));
        self.agents.write(Arc::make_mut(&mut self.headers))?;
        Ok(self)
    }

    /// Sends this id (`req-` and a UUID) with each call, so that the logs of all services that work
    /// on one request can be put together. A call that has an `X-OpenStack-Request-Id` of its own
    /// keeps that.
    ///
    /// # Errors
    /// [`InputError::NotAHeader`].
    pub fn request_id(self, id: &str) -> Result<Self, InputError> {
        let id = value("X-OpenStack-Request-Id", id)?;
        Ok(self.header(X_OPENSTACK_REQUEST_ID, id))
    }

    /// On these connections.
    #[must_use]
    pub fn tls(mut self, tls: TlsId) -> Self {
        self.tls = tls;
        self
    }
}

impl Session {
    /// Who vouches for an expired token, if anybody does.
    pub(crate) fn voucher(&self) -> Option<&Vouching> {
        self.vouching.as_deref().filter(|vouching| vouching.when != When::Never)
    }
}

/// How long an operation can live. Spans are what is left at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// No token, so no end.
    Unauthenticated,
    /// An identity without a login: no end.
    Endless,
    /// Tokens are renewed as often as needed: no end.
    Renewable {
        /// What the present token has left, if there is one.
        left: Option<Duration>,
    },
    /// The token will not be renewed unattended.
    Ends {
        /// What it has left.
        left: Duration,
        /// What the allow-expired window leaves, if a service identity vouches.
        vouched: Option<Duration>,
        /// Whether the next needs somebody's help, one of few uses, or cannot be had at all.
        renewal: Renewal,
        /// What would make it renew by itself.
        remedy: Remedy,
    },
    /// There is no token, and to get one takes somebody's help, one of few uses, or a token that is
    /// exchanged once: whoever is to help had better be there when the operation begins.
    NotYet {
        /// Which of the three.
        renewal: Renewal,
        /// What would make tokens come by themselves.
        remedy: Remedy,
    },
    /// The token cannot be renewed and its end is not known: none was handed in, or no server's
    /// clock has been seen yet to hold it against.
    Unknown,
}

impl Outlook {
    pub(crate) fn of(
        keyring: &Keyring,
        service: Option<&Keyring>,
        session: &Session,
        now: Now,
        clock: &ServerClock,
    ) -> Self {
        let alive = |lease: &&Arc<Lease>| {
            matches!(lease.standing(now, clock, Duration::ZERO), Standing::Fresh | Standing::Stale)
        };
        let lease = keyring.lease();
        if keyring.renews_unattended() {
            let lease = lease.filter(alive);
            return Self::Renewable { left: lease.and_then(|lease| lease.lifetime.left(now, clock)) };
        }
        if let (None, true, Some(credential)) = (lease.filter(alive), keyring.can_log_in(), keyring.known()) {
            return Self::NotYet { renewal: credential.renewal(), remedy: credential.remedy() };
        }
        let Some(lease) = lease else { return Self::Unknown };
        if lease.lifetime == Lifetime::Endless {
            return Self::Endless;
        }
        let Some(left) = lease.lifetime.left(now, clock) else { return Self::Unknown };
        let vouched = session.voucher().and_then(|vouching| {
            let service = service.and_then(Keyring::lease).map(Arc::as_ref);
            lease.left_vouched(service, vouching.window, now, clock)
        });
        Self::Ends { left, vouched, renewal: lease.renewal, remedy: lease.remedy }
    }
}
