//! What a driver is to this script: a handful of verbs, in plain data.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use keepstone_core::{
    Borrowed, Credential, Endpoint, InputError, Need, Scope, UserRef, Vouching, When, token,
};

use super::scenario::{self, Session, VouchedBy};
use super::step::Body;
use super::time::{Time, span};

/// The step cannot be made: the script or its set-up is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unable(pub(super) String);

/// One of Keepstone's transports or bindings.
pub trait Driver: Sync {
    /// The name of its column.
    fn name(&self) -> &'static str;

    /// A client on this clock.
    ///
    /// # Errors
    /// [`Unable`]: it cannot be made.
    fn open(&self, time: Time) -> Result<Arc<dyn Client>, Unable>;
}

/// A client of a cloud. Identities and sessions are known by their names.
pub trait Client: Send + Sync {
    /// A new identity; or, under a name that is known, another credential or token for it.
    ///
    /// # Errors
    /// [`Unable`]: the client takes no such proof.
    fn identity(&self, name: &str, proof: Proof) -> Result<(), Unable>;

    /// A new session at `place`.
    ///
    /// # Errors
    /// [`Unable`]: it names identities that there are not, or the client takes no such rules.
    fn session(&self, name: &str, rules: &Session, place: Place) -> Result<(), Unable>;

    /// Makes these calls, all at once, and waits for their ends, which come in the same order.
    fn calls(&self, calls: Vec<Planned>) -> Vec<Ended>;

    /// Logs an identity out; the outcome.
    fn log_out(&self, identity: &str) -> String;
}

/// How an identity proves itself, ready for use.
pub enum Proof {
    /// With a credential.
    Login(Login),
    /// With a token that is handed in.
    Borrowed {
        /// The token.
        token: String,
        /// When it ends, if that is told.
        expires_at: Option<DateTime<Utc>>,
        /// The project that it is for.
        project_id: String,
    },
}

/// A credential, and where it is good.
pub struct Login {
    /// Keystone's address.
    pub auth_url: String,
    /// What is shown there.
    pub method: Method,
    /// How often it can be used, if that is limited.
    pub uses: Option<u32>,
}

/// What is shown to Keystone.
pub enum Method {
    /// A password.
    Password {
        /// Whose.
        user_id: String,
        /// The password.
        password: String,
        /// The project to log in to.
        project_id: String,
    },
    /// An application credential.
    ApplicationCredential {
        /// Its id.
        id: String,
        /// Its secret.
        secret: String,
    },
    /// A token.
    Exchange {
        /// The token.
        token: String,
        /// The project of the new one.
        project_id: String,
    },
}

/// Where a session's calls go.
pub enum Place {
    /// To what the catalog has for this type.
    Catalog(&'static str),
    /// Here.
    Address(String),
}

/// A request, ready to be sent.
#[derive(Clone)]
pub struct Planned {
    /// Under which session.
    pub session: String,
    /// How much later than the others it begins, by the machine's clock.
    pub after: Duration,
    /// The method.
    pub method: String,
    /// A path, or an address.
    pub path: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Body>,
}

/// How a call ended.
pub struct Ended {
    /// In the words of [`super::outcome`].
    pub outcome: String,
    /// The answer's headers, if there is one.
    pub headers: Vec<(String, String)>,
    /// The answer's body.
    pub body: Vec<u8>,
}

impl Ended {
    /// Without an answer.
    #[must_use]
    pub fn without_answer(outcome: String) -> Self {
        Self { outcome, headers: Vec::new(), body: Vec::new() }
    }
}

impl From<InputError> for Unable {
    fn from(error: InputError) -> Self {
        Self(error.to_string())
    }
}

impl From<crate::cloud::Unknown> for Unable {
    fn from(error: crate::cloud::Unknown) -> Self {
        Self(error.to_string())
    }
}

/// The same in core's terms, for drivers written in Rust.
impl Login {
    pub(super) fn into_core(self) -> Result<Credential, InputError> {
        let url = &self.auth_url;
        let credential = match self.method {
            Method::Password { user_id, password, project_id } => {
                let credential = Credential::password(url, UserRef::id(user_id), password)?;
                credential.scope(Scope::project_id(project_id))
            }
            Method::ApplicationCredential { id, secret } => {
                Credential::application_credential(url, id, secret)?
            }
            Method::Exchange { token, project_id } => {
                Credential::token(url, token)?.scope(Scope::project_id(project_id))
            }
        };
        Ok(match self.uses {
            Some(uses) => credential.limited_to(uses),
            None => credential,
        })
    }
}

pub(super) fn borrowed(token: String, ends: Option<DateTime<Utc>>, project_id: String) -> Borrowed {
    let description = token::Description { expires_at: ends, ..token::Description::default() };
    Borrowed::new(token).described(description).project_id(project_id)
}

impl Place {
    pub(super) fn into_core(self) -> Endpoint {
        match self {
            Self::Catalog(service_type) => Endpoint::of(service_type),
            Self::Address(address) => Endpoint::fixed(address),
        }
    }
}

impl VouchedBy {
    pub(super) fn rule(&self, vouching: Vouching) -> Vouching {
        let mut vouching = vouching.when(match self.when {
            scenario::When::Always => When::Always,
            scenario::When::NearExpiry(margin) => When::NearExpiry(span(margin)),
            scenario::When::Never => When::Never,
        });
        if self.preferred {
            vouching = vouching.need(Need::Preferred);
        }
        if let Some(roles) = &self.roles {
            vouching = vouching.roles(roles.clone());
        }
        match self.window {
            Some(window) => vouching.window(span(window)),
            None => vouching,
        }
    }
}
