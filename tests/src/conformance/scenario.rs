//! The scenarios as they stand in the files: a cloud, who calls it, and what happens.
//!
//! Spans are seconds, with fractions. A field that is left out has the default that is told here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::step::Step;
use crate::cloud::Service;

/// One file: scenarios about one subject.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The subject, in a sentence.
    pub about: String,
    /// As they are written: one with `each` stands for several; see [`super::load`].
    pub scenarios: Vec<Value>,
}

/// One story, told to every driver with a cloud of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, unique among all files.
    pub name: String,
    /// Whether time runs, or stands still but for pauses and the step `pass`.
    #[serde(default)]
    pub clock: ClockKind,
    /// How the cloud is set up.
    #[serde(default)]
    pub cloud: CloudSettings,
    /// Who can act, by a name of this scenario's. A user of the cloud (alice, nova, norole, admin)
    /// who is not listed here logs in with the right password.
    #[serde(default)]
    pub identities: BTreeMap<String, Identity>,
    /// Whose calls to what, under which rules, by a name of this scenario's.
    pub sessions: BTreeMap<String, Session>,
    /// What happens, in this order.
    pub steps: Vec<Step>,
}

/// The clock of a scenario's cloud, which its client reads too.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Stands still. A client that waits turns it.
    #[default]
    Manual,
    /// Runs with the machine's.
    Real,
}

/// The cloud's settings that matter here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CloudSettings {
    /// Keystone's `[token] expiration`; an hour.
    pub token_life: f64,
    /// Keystone's `[token] allow_expired_window`; two days.
    pub window: f64,
    /// The receivers' `service_token_roles`; `["service"]`.
    pub service_token_roles: Vec<String>,
    /// By how much the cloud's calendar is ahead of the client's; may be negative.
    pub ahead: f64,
}

impl Default for CloudSettings {
    fn default() -> Self {
        Self {
            token_life: 3600.0,
            window: 172_800.0,
            service_token_roles: vec!["service".into()],
            ahead: 0.0,
        }
    }
}

/// How an identity proves itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Identity {
    /// By a user's password, scoped to the user's default project.
    Password {
        /// A user of the cloud.
        user: String,
        /// With this password, which may be wrong, instead of the right one.
        password: Option<String>,
        /// The credential can be used this often.
        uses: Option<u32>,
    },
    /// By an application credential, made by this user for the purpose.
    ApplicationCredential {
        /// A user of the cloud.
        user: String,
    },
    /// By exchanging a token that the user has got already.
    Exchange {
        /// A user of the cloud.
        user: String,
        /// How long the token lives from now.
        life: f64,
    },
    /// By a token that is handed in, of project `demo`.
    Borrowed {
        /// A user of the cloud.
        user: String,
        /// How long the token lives from now.
        life: f64,
        /// Whether the client is told when it ends; it is.
        #[serde(default = "yes")]
        told: bool,
        /// So many of them, as `name/0`, `name/1`, …; sessions over `name` likewise.
        copies: Option<usize>,
    },
}

/// Whose calls, to what, under which rules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    /// Who calls; left out: nobody, without a token.
    pub identity: Option<String>,
    /// A service identity beside it.
    pub vouched_by: Option<VouchedBy>,
    /// The service that paths are relative to, in project `demo`; the volume service.
    pub at: ServiceName,
    /// Whether the client is to find that service in the catalog; it is told the address.
    pub by_catalog: bool,
    /// How long a call may take.
    pub deadline: Option<f64>,
    /// How often a call is repeated when its service is busy or out of reach.
    pub retries: Option<u32>,
    /// Whether a 401 renews tokens; it does.
    pub renewal: bool,
    /// Whether calls are pieces of a transfer; they are not.
    pub piece: bool,
    /// Whether tokens go along; they do.
    pub tokens: bool,
    /// How much longer the user's token must live.
    pub at_least: Option<f64>,
    /// The request id to send with each call.
    pub request_id: Option<String>,
    /// Headers to send with each call.
    pub headers: BTreeMap<String, String>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            identity: None,
            vouched_by: None,
            at: ServiceName::default(),
            by_catalog: false,
            deadline: None,
            retries: None,
            renewal: true,
            piece: false,
            tokens: true,
            at_least: None,
            request_id: None,
            headers: BTreeMap::new(),
        }
    }
}

/// A service identity that vouches for a user's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VouchedBy {
    /// Which.
    pub identity: String,
    /// On which calls; on all.
    #[serde(default)]
    pub when: When,
    /// Whether calls go without if they must; they do not.
    #[serde(default)]
    pub preferred: bool,
    /// The roles of which it needs one, if not `service`.
    pub roles: Option<Vec<String>>,
    /// The allow-expired window as the client knows it, if not two days.
    pub window: Option<f64>,
}

/// On which calls a service token goes along.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// On all that do not go to Keystone.
    #[default]
    Always,
    /// When the user's token has less than this left, or its end is not known.
    NearExpiry(f64),
    /// On none.
    Never,
}

/// A service of the cloud, by the type in its catalog.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceName {
    /// Keystone.
    Identity,
    /// Cinder.
    #[default]
    Volume,
    /// Neutron.
    Network,
    /// Glance.
    Image,
    /// Swift.
    ObjectStore,
}

impl From<ServiceName> for Service {
    fn from(name: ServiceName) -> Self {
        match name {
            ServiceName::Identity => Self::Identity,
            ServiceName::Volume => Self::Volume,
            ServiceName::Network => Self::Network,
            ServiceName::Image => Self::Image,
            ServiceName::ObjectStore => Self::ObjectStore,
        }
    }
}

fn yes() -> bool {
    true
}
