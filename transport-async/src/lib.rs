//! The async transport of Keepstone: for programs on tokio.
//!
//! A [`Client`] holds the identities and the connections of a process; it is cheap to clone. An
//! [`Identity`] is somebody it can act as; a [`Session`] says whose calls are made, and to what.
//! Requests are [`http::Request`], answers [`reqwest::Response`].
//!
//! ```no_run
//! use keepstone_async::{Client, Credential, Endpoint, Scope, UserRef};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new()?;
//! let alice = Credential::password("https://keystone.example:5000/v3", UserRef::name("alice"), "s3cr3t")?
//!     .scope(Scope::project("demo"));
//! let volumes = client.identity(alice)?.session().at(Endpoint::of("volumev3"));
//!
//! let answer = volumes.send(http::Request::get("/volumes/detail").body(())?).await?;
//! println!("{}", answer.text().await?);
//! # Ok(()) }
//! ```
//!
//! A service that carries its user's token (as Nova does) puts its own identity beside it. The
//! call then works until the allow-expired window ends, long after the user's token has expired:
//!
//! ```no_run
//! # use keepstone_async::{Borrowed, Catalog, Client, Credential, Endpoint, Scope, UserRef};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (token, expires_at, catalog) = ("gAAAAA…", chrono::Utc::now(), Catalog::default());
//! # let client = Client::new()?;
//! // Once in a process:
//! let nova = client.identity(
//!     Credential::password("https://keystone.example:5000/v3", UserRef::name("nova"), "s3cr3t")?
//!         .scope(Scope::project("service")),
//! )?;
//! // For each request that it serves:
//! let user = client.borrow(Borrowed::new(token).expires_at(expires_at).catalog(catalog))?;
//! let volumes = user.session().vouched_by(&nova).at(Endpoint::of("volumev3"));
//! # let _ = volumes;
//! # Ok(()) }
//! ```
//!
//! # Tasks
//!
//! Any runtime of tokio will do, with one thread or many, if its time and I/O are enabled. A call
//! that is dropped at any `await` hands on what others wait for. A call that is kept and *not
//! polled* cannot: others may wait for its login until it is polled or dropped, so spawn calls, or
//! await them. Early renewals are tasks of their own on the runtime of the call that found them due,
//! and end with the last handle of their client: a runtime that is not driven holds them up.
//!
//! The decisions are all [`keepstone_core`]'s. What this crate adds is a lock, waiting, and reqwest.
#![forbid(unsafe_code)]

mod adapter;
mod answer;
mod body;
mod broke;
mod client;
mod clock;
mod consult;
mod drive;
mod errand;
mod error;
mod find;
mod http_client;
pub mod identity;
mod lent;
mod pause;
mod session;
mod shared;
mod source;
mod tls;
mod turns;
mod watch;
mod whose;

pub use adapter::Adapter;
pub use body::Body;
pub use bytes::Bytes;
pub use client::{Builder, Client};
pub use clock::{Clock, SystemClock};
pub use error::{BuildError, Error};
pub use http_client::{Limits, Proxy};
pub use identity::Identity;
pub use keepstone_core::{
    Allow, Borrowed, Broke, Canned, Catalog, Cause, Credential, Described, DiscoveryError, DomainRef,
    Endpoint, EndpointData, EndpointError, Exchanged, Failure, Fixed, Head, InputError, Inquiry, Interface,
    KeyringId, Limit, LoginError, Need, NotAVersion, Notice, Now, Outcome, Outlook, Pace, ProjectRef,
    ProviderProblem, Purpose, Refusal, Remedy, Renewal, Scope, Secret, SentRequest, ServiceError, Status,
    TlsId, Trouble, UserRef, Version, VersionData, Vouching, Wait, When, Who, request_id, token,
};
pub use lent::Lent;
pub use reqwest::Response;
pub use session::{Session, refusal};
pub use tls::Tls;
pub use turns::SharedLimit;
