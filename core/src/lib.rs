//! OpenStack authentication as a state machine: events in, decisions out.
//!
//! Whoever talks to an OpenStack service asks two questions: **may I send now, and with which
//! tokens?** ([`Call::next`]) and **what does this answer mean?** ([`Call::judge`]). This crate
//! answers both. It does no I/O, reads no clock, starts no thread and takes no lock; a *driver*
//! does that, and decides nothing.
//!
//! # The parts
//!
//! - A [`Keychain`] holds the identities that a process can act as. A driver keeps it behind its lock.
//! - A [`Session`] says whose calls are made, under which rules, to which service.
//! - A [`Call`] is one request, from the first question to the final answer.
//!
//! # Driving a call
//!
//! The one invariant: *answer each [`Action`] by its [`Event`], and hold no lock meanwhile.*
//!
//! 1. Make a [`Call`]. Lock the keychain, give [`Call::next`] the event [`Event::Begin`], unlock.
//! 2. [`Action::Ask`]: send that small request, and report [`Event::Answered`] or [`Event::Broke`].
//!    [`Action::Consult`]: find it out by other means, and report [`Event::Told`].
//! 3. [`Action::Park`], [`Action::Pause`]: wait, and report [`Event::Landed`] or [`Event::Woke`].
//!    Whenever [`Keychain::epoch`] has moved while you held the lock, wake those who are parked.
//! 4. [`Action::Fail`]: it is over, and the [`Failure`] says why.
//! 5. [`Action::Send`]: send the caller's request as the [`Dispatch`] says (an [`Errand`] that it
//!    brings may run beside it), and let [`Call::judge`] look at the head of the answer.
//! 6. [`Verdict::Deliver`]: give the answer to the caller. [`Verdict::Again`]: throw it away and
//!    report [`Event::Again`]. Before a call is dropped, if it [`Call::owes`], [`Call::abandon`] it.
//!
//! ```text
//!            Ask, Consult ─▶ answered        Fail ─▶ the caller
//!                  ▲            │              ▲
//!  Begin ──▶ ┌─────┴────────────▼──────────────┴──┐  Send   ┌─────────┐  Deliver
//!            │               next                 ├────────▶│  judge  ├────────▶ the caller
//!            └─────┬────────────▲───────────▲─────┘         └────┬────┘
//!                  ▼            │           │       Again        │
//!            Park, Pause ──▶ woken          └────────────────────┘
//! ```
//!
//! A whole driver, with a Keystone and a service made of closures:
//!
//! ```
//! use std::time::Duration;
//! use http::{HeaderMap, Method, Response, StatusCode};
//! use keepstone_core::{Action, BodyKind, Call, Credential, Event, Head, Keychain, Now, Session, UserRef, Verdict};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = || Now { wall: "2026-03-01T12:00:00Z".parse().unwrap(), tick: Duration::ZERO };
//! let keystone = |_request: http::Request<&[u8]>| -> Response<Vec<u8>> {
//!     let stamps = r#"{"token":{"issued_at":"2026-03-01T12:00:00Z","expires_at":"2026-03-01T13:00:00Z"}}"#;
//!     let granted = Response::builder().status(201).header("X-Subject-Token", "gAAAA");
//!     granted.body(stamps.as_bytes().to_vec()).unwrap()
//! };
//! let service = |headers: &HeaderMap| match headers.get("x-auth-token") {
//!     Some(_) => StatusCode::OK,
//!     None => StatusCode::UNAUTHORIZED,
//! };
//!
//! let mut keys = Keychain::new(7);
//! let alice = keys.add(Credential::password("http://keystone:5000", UserRef::name("alice"), "s3cr3t")?)?;
//! let uri = "http://volume:8776/v3/volumes".parse()?;
//! let mut call = Call::new(&Session::of(alice), Method::GET, uri, HeaderMap::new(), BodyKind::Empty);
//!
//! let mut event = Event::Begin;
//! let status = loop {
//!     event = match call.next(&mut keys, event, now()) {
//!         Action::Ask(ask) => {
//!             let (head, body) = ask.request.into_parts();
//!             Event::Answered(keystone(http::Request::from_parts(head, body.reveal())))
//!         }
//!         Action::Send(dispatch) => {
//!             let status = service(&dispatch.headers);
//!             match call.judge(Head { status, headers: &HeaderMap::new(), touched: false }, now()) {
//!                 Verdict::Deliver(_refusal) => break status,
//!                 Verdict::Again => Event::Again,
//!             }
//!         }
//!         Action::Fail(failure) => return Err(failure.into()),
//!         Action::Park { .. } | Action::Pause { .. } => Event::Woke, // a real driver waits
//!         Action::Consult { .. } => unreachable!("the credential is known"),
//!     };
//! };
//! assert_eq!(status, StatusCode::OK);
//! # Ok(()) }
//! ```
//!
//! # Finding a service
//!
//! An [`Endpoint`] says which service, and may demand a version. Where it is comes from the catalog
//! of the token that the call goes out with, and from the service's version document, if it takes
//! one: that is one more [`Action::Ask`]. [`Call::search`] makes a call that only finds out.
//!
//! # Time
//!
//! Time enters only as [`Now`]: a wall clock for what Keystone says and a monotonic one for
//! everything else. Whatever can be early or late is a half-open interval.
#![forbid(unsafe_code)]

mod agents;
mod allow_expired;
mod call;
mod canned;
pub mod config;
mod error;
mod exchanged;
mod headers;
pub mod identity;
mod keychain;
mod keyring;
mod lease;
mod lifetime;
mod limiter;
mod notice;
mod pace;
mod random;
mod saved;
mod secret;
mod service;
mod session;
mod skew;
mod slot;
mod time;
pub mod token;

pub use allow_expired::{DEFAULT_WINDOW, Need, Vouching, When};
pub use call::{
    Action, Ask, BodyKind, Broke, Call, Described, Dispatch, Errand, ErrandStep, Event, Head, Published,
    Question, Reply, TlsId, Verdict, Whose,
};
pub use canned::{Canned, SentRequest};
pub use error::{
    Cause, Failure, InputError, LoginError, ProviderProblem, Refusal, RequestId, Trouble, Wait, Who,
};
pub use exchanged::{Exchanged, Outcome, Purpose};
pub use headers::{
    USER_AGENT, X_AUTH_TOKEN, X_OPENSTACK_REQUEST_ID, X_SERVICE_TOKEN, X_SUBJECT_TOKEN, request_id,
};
pub use identity::{
    Borrowed, Credential, DomainRef, FederationError, Fixed, Inquiry, Party, ProjectRef, Remedy, Renewal,
    Scope, UserRef,
};
pub use keychain::{Keychain, KeyringId};
pub use lifetime::Standing;
pub use limiter::{Entry, GateId, Limit, Limiter, Ticket};
pub use notice::Notice;
pub use pace::Pace;
pub use saved::{RestoreError, SavedLogin, Saving};
pub use secret::{Secret, SecretBytes};
pub use service::{
    Allow, Catalog, DiscoveryError, Endpoint, EndpointData, EndpointError, Interface, ListedEndpoint,
    ListedService, NotAVersion, Search, ServiceError, Status, Version, VersionData,
};
pub use session::{Outlook, Session};
pub use slot::Flight;
pub use time::Now;
pub use token::Token;
