//! core
#![forbid(unsafe_code)]

mod allow_expired;
mod call;
mod error;
mod headers;
mod identity;
mod keychain;
mod keyring;
mod lease;
mod lifetime;
mod notice;
mod pace;
mod random;
mod secret;
mod service;
mod session;
mod skew;
mod slot;
mod time;
pub mod token;

pub use allow_expired::{DEFAULT_WINDOW, Need, Vouching, When};
pub use call::{
    Action, Ask, BodyKind, Broke, Call, Dispatch, Errand, ErrandStep, Event, Head, Published, Question,
    Reply, TlsId, Verdict,
};
pub use error::{Cause, Failure, InputError, LoginError, Refusal, RequestId, Trouble, Wait, Who};
pub use headers::{USER_AGENT, X_AUTH_TOKEN, X_OPENSTACK_REQUEST_ID, X_SERVICE_TOKEN, X_SUBJECT_TOKEN};
pub use identity::{
    ApplicationCredentialRef, Borrowed, Credential, DomainRef, Method, ProjectRef, Renewal, Scope, UserRef,
};
pub use keychain::{Keychain, KeyringId};
pub use lifetime::Standing;
pub use notice::Notice;
pub use pace::Pace;
pub use secret::{Secret, SecretBytes};
pub use service::{Catalog, Endpoint, EndpointError, Interface, ListedEndpoint, ListedService};
pub use session::{Outlook, Session};
pub use slot::Flight;
pub use time::Now;
pub use token::Token;
