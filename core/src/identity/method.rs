//! The open door: what a way to log in is, for the ways that are in here and for everybody else's.
//!
//! A [`Method`] says what it is made of and begins logins. An [`Exchange`] is one login under way:
//! it says what it needs next, and takes in what came. It does no I/O of its own; whatever is not
//! HTTP (a passcode, a page to show, a Kerberos library) it asks for with [`Step::Consult`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Request, Response, Uri};
use serde::{Deserialize, Serialize};

use super::{Fields, Remedy, Scope};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::random::Random;
use crate::secret::SecretBytes;
use crate::time::Now;
use crate::token::Token;

/// A way to prove an identity.
///
/// The ways of Identity API v3 that can be combined in one request are [`super::Part`]s, and are
/// methods by that alone.
///
/// A method that another crate adds: a ticket that is traded for a token.
///
/// ```
/// use std::sync::Arc;
/// use http::{Request, Response};
/// use keepstone_core::identity::{Exchange, Fields, Grant, Method, Moment, Start, Step};
/// use keepstone_core::{Credential, LoginError, Secret, SecretBytes, Token, token::Description};
///
/// #[derive(Debug)]
/// struct Ticket(Secret);
///
/// impl Method for Ticket {
///     fn name(&self) -> &str {
///         "ticket"
///     }
///     fn fields(&self, fields: &mut Fields) {
///         fields.secret("ticket", &self.0);
///     }
///     fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
///         Box::new(Trade { ticket: self, start })
///     }
/// }
///
/// #[derive(Debug)]
/// struct Trade {
///     ticket: Arc<Ticket>,
///     start: Start,
/// }
///
/// impl Exchange for Trade {
///     fn need(&mut self, _: &mut Moment<'_>) -> Result<Step, LoginError> {
///         let body = SecretBytes::new(self.ticket.0.reveal().as_bytes().to_vec());
///         let request = Request::post(format!("{}/trade", self.start.auth_url)).body(body);
///         request.map(Step::Ask).map_err(|_| LoginError::Garbled("the address of the trade"))
///     }
///     fn hear(&mut self, answer: &Response<Vec<u8>>, _: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
///         let description: Description = serde_json::from_slice(answer.body())
///             .map_err(|_| LoginError::Garbled("it is not the description of a token"))?;
///         let id = Secret::new("from the trade");
///         Ok(Some(Grant::new(Token { id, description })))
///     }
/// }
///
/// let credential = Credential::new("http://keystone:5000", Ticket("x".into()))?;
/// # let _ = credential;
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
pub trait Method: fmt::Debug + Send + Sync + 'static {
    /// Its name, as configuration files spell it.
    fn name(&self) -> &str;

    /// What it is made of. Two methods of the same name and fields are the same; what is said to be
    /// secret is kept out of error messages.
    fn fields(&self, fields: &mut Fields);

    /// Whether tokens can be had again without anybody's help.
    fn renewal(&self) -> Renewal {
        Renewal::Unattended
    }

    /// What would spare it somebody's help, if it needs that, or lift its limit.
    fn remedy(&self) -> Remedy {
        Remedy::ApplicationCredential
    }

    /// How many tokens it can bring at the most, if there is a limit: one, for a one-time code.
    fn uses(&self) -> Option<u32> {
        None
    }

    /// Refuses what contradicts itself, before anything is sent.
    ///
    /// # Errors
    /// [`InputError`], naming what contradicts what.
    fn check(&self, auth_url: &Uri, scope: &Scope) -> Result<(), InputError> {
        let _ = (auth_url, scope);
        Ok(())
    }

    /// Begins a login.
    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange>;
}

/// Whether, and how often, tokens can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Renewal {
    /// As often as needed, without anybody's help.
    Unattended,
    /// A number of times only: renewed when there is no other way, never early or on suspicion.
    Limited,
    /// With somebody's help each time, who types a passcode or visits a page: never early either.
    Attended,
    /// Not at all: a token that was handed in or exchanged.
    Never,
}

/// What a login begins with.
#[derive(Clone, Debug)]
pub struct Start {
    /// Keystone's address as it was given, without a slash at its end.
    pub auth_url: Uri,
    /// What the token is to be good for.
    pub scope: Scope,
    /// Whether the answer is to have a catalog.
    pub catalog: bool,
    /// What the login before kept ([`Grant::keeping`]): a refresh token.
    pub kept: Option<Secret>,
}

impl Start {
    /// The address of the Identity API v3 at that Keystone, without a slash at its end.
    #[must_use]
    pub fn v3_url(&self) -> String {
        super::v3::v3_url(&self.auth_url)
    }
}

/// One login under way.
///
/// Its progress is in here, not in whoever drives it: if that one vanishes, another goes on.
pub trait Exchange: fmt::Debug + Send {
    /// What it needs now. Asked twice, because an answer got lost or because somebody took over,
    /// it needs the same, in fresh words where words age (a nonce, a date).
    ///
    /// # Errors
    /// [`LoginError`]: the login ends here.
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError>;

    /// Takes in the answer to a [`Step::Ask`] or [`Step::AskOnce`]: the token, or `None` if there is
    /// more to do.
    ///
    /// # Errors
    /// [`LoginError`]: one that [`LoginError::is_transient`] leads to the same need again after a
    /// pause; any other ends the login.
    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError>;

    /// Takes in the answer to a [`Step::Consult`].
    ///
    /// # Errors
    /// [`LoginError`]: the login ends here.
    fn told(&mut self, reply: Secret, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let _ = (reply, at);
        Err(LoginError::Garbled("the login had not asked anybody"))
    }
}

/// What a login needs next.
#[derive(Debug)]
pub enum Step {
    /// An answer to this request. If none comes, it is sent again.
    Ask(Request<SecretBytes>),
    /// An answer to this request, which must not be sent twice, since it holds something that is good
    /// for one time. If its answer is lost, the login ends.
    AskOnce(Request<SecretBytes>),
    /// Something that is not HTTP.
    Consult(Inquiry),
    /// Nothing before this tick; then it is asked again.
    WaitUntil(Duration),
}

/// Something that a login needs to know, and HTTP cannot tell. The answer is a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inquiry {
    /// A one-time code, from a person or a device.
    Passcode {
        /// What for: `totp`, or the name that a provider gives it.
        kind: String,
    },
    /// A page is to be shown to a person who logs in there. The answer is empty; for
    /// [`Page::wants_code`] it is the code that the page led to.
    Page(Page),
    /// What another library has to say: SPNEGO for Kerberos. The answer is base64.
    Blob {
        /// Which mechanism: `Negotiate`.
        mechanism: String,
        /// For which host.
        host: String,
        /// What the server said last, in base64.
        challenge: Option<Secret>,
    },
}

/// A page for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its address.
    pub url: String,
    /// Its address with the code in it, where there is one.
    pub complete_url: Option<String>,
    /// The code to type there (RFC 8628), or nothing.
    pub user_code: Option<String>,
    /// Whether the answer is the code that the page led to.
    pub wants_code: bool,
    /// How long it can be used.
    pub expires_in: Option<Duration>,
}

/// The instant at which a step is taken.
#[derive(Debug)]
pub struct Moment<'a> {
    now: Now,
    random: &'a mut Random,
    /// What the next login begins with, if this one has said so.
    pub(crate) kept: Option<Option<Secret>>,
    pub(crate) concealed: Vec<Secret>,
}

impl<'a> Moment<'a> {
    pub(crate) fn new(now: Now, random: &'a mut Random) -> Self {
        Self { now, random, kept: None, concealed: Vec::new() }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Now {
        self.now
    }

    /// 32 bytes that nobody can guess who does not know the keychain's seed: a nonce, a verifier.
    pub fn secret_bytes(&mut self) -> [u8; 32] {
        self.random.secret_bytes(self.now)
    }

    /// What the next login is to begin with ([`Start::kept`]) even if this one comes to nothing: a
    /// refresh token that has just replaced another; or nothing, if the one it had is refused.
    pub fn keep(&mut self, kept: Option<Secret>) {
        self.kept = Some(kept);
    }

    /// That this is a secret, to be kept out of what anybody says against the login. What
    /// [`Method::fields`] has, what somebody told, and sensitive headers are known to be.
    pub fn conceal(&mut self, secret: &Secret) {
        self.concealed.push(secret.clone());
    }
}

/// A token that a login brought.
#[derive(Clone, Debug)]
pub struct Grant {
    pub(crate) token: Token,
    pub(crate) beside: Vec<(HeaderName, Secret)>,
    pub(crate) issuer: Option<Uri>,
    pub(crate) kept: Option<Secret>,
    pub(crate) renewal: Option<Renewal>,
    pub(crate) asked: Option<Now>,
    pub(crate) at_most: Option<Duration>,
    pub(crate) bound: bool,
}

impl Grant {
    /// A token with Keystone's description of it.
    #[must_use]
    pub fn new(token: Token) -> Self {
        Self {
            token,
            beside: Vec::new(),
            issuer: None,
            kept: None,
            renewal: None,
            asked: None,
            at_most: None,
            bound: false,
        }
    }

    /// The Identity API v3 that issued it, where it can be revoked.
    #[must_use]
    pub fn issued_by(mut self, v3: Uri) -> Self {
        self.issuer = Some(v3);
        self
    }

    /// Another header that goes with each call, beside `X-Auth-Token`: `Authorization`.
    #[must_use]
    pub fn beside(mut self, name: HeaderName, value: impl Into<Secret>) -> Self {
        self.beside.push((name, value.into()));
        self
    }

    /// Something that the next login begins with: a refresh token.
    #[must_use]
    pub fn keeping(mut self, kept: impl Into<Secret>) -> Self {
        self.kept = Some(kept.into());
        self
    }

    /// Whether *this* token can be renewed, where that differs from what its method says: unattended
    /// for as long as there is what it keeps ([`Grant::keeping`]).
    #[must_use]
    pub fn renewed(mut self, renewal: Renewal) -> Self {
        self.renewal = Some(renewal);
        self
    }

    /// When it was asked for, if that was not the login's last question: its life counts from there.
    #[must_use]
    pub fn asked_at(mut self, asked: Now) -> Self {
        self.asked = Some(asked);
        self
    }

    /// That it is good only on the connections on which it was asked for, whose certificate it is
    /// bound to: calls use them too, unless their session names others.
    #[must_use]
    pub fn bound_to_connections(mut self) -> Self {
        self.bound = true;
        self
    }

    /// That something which goes with it lives only so long from when it was asked for.
    #[must_use]
    pub fn at_most(mut self, life: Duration) -> Self {
        self.at_most = Some(self.at_most.map_or(life, |other| other.min(life)));
        self
    }
}
