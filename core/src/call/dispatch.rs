//! What passes between a call and its driver.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};

use super::Errand;
use crate::Secret;
use crate::error::{Cause, Failure, Refusal, Trouble};
use crate::identity::{Credential, Inquiry};
use crate::keychain::KeyringId;
use crate::lease::Lease;
use crate::secret::SecretBytes;
use crate::service::{Endpoint, Found};
use crate::skew::ServerClock;
use crate::slot::Flight;
use crate::time::Now;

/// What the driver does next. Each is answered by an [`Event`].
#[derive(Debug)]
#[must_use]
pub enum Action {
    /// Send this small request of core's own; then [`Event::Answered`] or [`Event::Broke`].
    Ask(Ask),
    /// Find this out by other means than HTTP; then [`Event::Told`].
    Consult {
        /// What.
        question: Question,
        /// By which tick, if the driver can cut the search off: say then that it took too long.
        until: Duration,
    },
    /// Somebody else is fetching what this call needs: wait until that lands, then
    /// [`Event::Landed`]; at `until` at the latest, then [`Event::Woke`].
    Park {
        /// What to wait for: [`crate::Keychain::has_landed`].
        flight: Flight,
        /// A tick.
        until: Duration,
    },
    /// Wait until this tick; then [`Event::Woke`].
    Pause {
        /// A tick.
        until: Duration,
    },
    /// Send the caller's request; then judge the answer, or [`Event::Broke`].
    Send(Dispatch),
    /// It cannot be done.
    Fail(Failure),
}

/// What happened.
pub enum Event {
    /// The first event of a call.
    Begin,
    /// The answer to an [`Action::Ask`], whatever its status.
    Answered(Response<Vec<u8>>),
    /// The answer to an [`Action::Consult`].
    Told(Reply),
    /// No answer to an [`Action::Ask`] or an [`Action::Send`].
    Broke(Broke),
    /// The flight that was waited for is over.
    Landed,
    /// A pause is over, or a wait took too long.
    Woke,
    /// The verdict was [`Verdict::Again`].
    Again,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin => f.write_str("Begin"),
            // An answer to a login holds a token, in its head and perhaps in its body.
            Self::Answered(answer) => write!(f, "Answered({})", answer.status()),
            Self::Told(reply) => write!(f, "Told({reply:?})"),
            Self::Broke(broke) => write!(f, "Broke({broke:?})"),
            Self::Landed => f.write_str("Landed"),
            Self::Woke => f.write_str("Woke"),
            Self::Again => f.write_str("Again"),
        }
    }
}

/// A small request of core's own, to Keystone or for a version document.
pub struct Ask {
    /// The request, its body included.
    pub request: Request<SecretBytes>,
    /// On which connections.
    pub tls: TlsId,
    /// How many bytes of the answer's body are read at the most; more is [`Trouble::Unreadable`].
    pub at_most: usize,
    /// By which tick the whole answer must be there.
    pub until: Duration,
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, tls, at_most, until } = self;
        let (method, path) = (request.method(), request.uri().path());
        write!(f, "Ask({method} {path}, {tls:?}, at most {at_most} bytes, until {until:?})")
    }
}

/// Something that is not HTTP.
#[derive(Debug)]
#[non_exhaustive]
pub enum Question {
    /// The credential of an identity that was added without one.
    Credential {
        /// Whose.
        keyring: KeyringId,
        /// Whether Keystone refused the last one: the same again would not be sent.
        refused: bool,
    },
    /// Something that a login needs to know: [`Reply::Answer`].
    Inquiry {
        /// Whose login it is.
        keyring: KeyringId,
        /// What.
        inquiry: Inquiry,
    },
}

impl Question {
    /// Whether only a person can answer it.
    pub(super) fn is_for_a_person(&self) -> bool {
        matches!(self, Self::Inquiry { inquiry: Inquiry::Passcode { .. } | Inquiry::Page(_), .. })
    }
}

/// The answer to a [`Question`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply {
    /// The credential, or why there is none at the moment.
    Credential(Result<Box<Credential>, String>),
    /// What an [`Inquiry`] asked for, or why nobody told it.
    Answer(Result<Secret, String>),
}

/// How the caller's request goes out, this time.
pub struct Dispatch {
    /// Its method.
    pub method: Method,
    /// Where to, absolute.
    pub uri: Uri,
    /// Its headers, tokens included, without those that frame the body.
    pub headers: HeaderMap,
    /// Whether the caller's body goes along: not with a question that is asked first, nor after a
    /// redirect that turns the request into a GET.
    pub with_body: bool,
    /// Ask the server whether it wants the body (`Expect: 100-continue`), if the transport can.
    pub expect_continue: bool,
    /// On which connections.
    pub tls: TlsId,
    /// By which tick the head of the answer must be there; `None` while a body streams.
    pub until: Option<Duration>,
    /// A renewal that is due but not urgent, to be run beside or before the request.
    pub errand: Option<Errand>,
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither headers' values nor the query: a caller may have put a secret there.
        f.debug_struct("Dispatch")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("until", &self.until)
            .field("errand", &self.errand)
            .finish_non_exhaustive()
    }
}

/// How a request failed to be answered. On that hangs whether it may go again.
#[derive(Clone, Debug, PartialEq)]
pub enum Broke {
    /// No byte of it left.
    Unsent(Cause),
    /// It was being sent.
    Sending {
        /// What happened.
        cause: Cause,
        /// Whether any byte of the body had been taken from its source.
        touched: bool,
    },
    /// All of it was sent, and no answer came.
    Waiting(Cause),
    /// `until` passed.
    Late,
}

impl Broke {
    /// What happened.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.clone().into_cause()
    }

    pub(super) fn into_cause(self) -> Cause {
        match self {
            Self::Unsent(cause) | Self::Sending { cause, .. } | Self::Waiting(cause) => cause,
            Self::Late => Cause { kind: Trouble::Timeout, text: "no answer in time".to_owned() },
        }
    }
}

/// The head of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Whether any byte of the request's body had been taken from its source.
    pub touched: bool,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Give it to the caller; with the reason, if it is a 401 that could not be helped.
    Deliver(Option<Refusal>),
    /// Throw it away and go on with [`Event::Again`].
    Again,
}

/// What kind of body a request has: whether and from where it can be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// None.
    Empty,
    /// In memory.
    Bytes,
    /// Read from something that can be read again from the start (a file, a factory).
    Rewindable,
    /// Read from something that can be read once (a pipe, a socket).
    OneShot,
}

impl BodyKind {
    pub(super) fn streams(self) -> bool {
        matches!(self, Self::Rewindable | Self::OneShot)
    }

    /// Whether it is used up, once some of it was taken.
    pub(super) fn is_consumed(self, touched: bool) -> bool {
        touched && self == Self::OneShot
    }
}

/// One pool of connections, with a client certificate and trust store of its own. The driver
/// numbers them; 0 is its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsId(pub u32);

/// A snapshot of a session's tokens, from which [`super::Call::warm`] sends without a lock.
#[derive(Clone, Debug)]
pub struct Published {
    pub(crate) epoch: u64,
    pub(crate) user: Option<Arc<Lease>>,
    pub(crate) service: Option<Arc<Lease>>,
    /// Whether it has been told of these two that they end.
    pub(crate) told_ending: [bool; 2],
    pub(crate) clock: ServerClock,
    /// How much before it is due this snapshot is given up, so that not all callers come at once.
    pub(crate) ahead: Duration,
    /// The pause to make if the service turns out to be busy.
    pub(crate) pause: Duration,
    /// Where the session's endpoint is, by the catalog of the token that is in here.
    pub(crate) found: Option<(Arc<Endpoint>, Arc<Found>)>,
}

impl Published {
    /// The keychain's [`crate::Keychain::epoch`] when it was made; out of date if that has changed.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Where this endpoint is (with its microversions, if they matter), if that is in here and still
    /// good.
    pub(crate) fn found(&self, wanted: &Arc<Endpoint>, microversions: bool, now: Now) -> Option<Arc<Found>> {
        let (endpoint, found) = self.found.as_ref()?;
        let same = Arc::ptr_eq(endpoint, wanted) || endpoint.same_place(wanted);
        let good =
            same && (found.described || !microversions) && found.stay.is_none_or(|stay| !stay.is_over(now));
        good.then(|| Arc::clone(found))
    }
}
