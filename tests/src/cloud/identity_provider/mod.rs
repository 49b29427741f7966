//! An OpenID Connect provider, which vouches for Keystone's users: discovery, tokens by every grant
//! that Keepstone knows, refresh tokens that are replaced, devices that somebody approves.
//!
//! Its users have the names and passwords that they have at Keystone. It does what RFC 6749, 7636 and
//! 8628 say, and is as strict as the strict ones: a code is good once, a refresh token that was
//! replaced ends all that came after it, and who polls too fast is told so.

mod client;
mod grants;
mod handle;
mod refusal;
mod routes;

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

pub use self::handle::Provider;
pub(crate) use self::routes::answer;
use super::dice::Dice;

/// The provider's name at Keystone.
pub const PROVIDER: &str = "sso";
/// The protocol's name at Keystone.
pub const PROTOCOL: &str = "openid";

/// How the provider behaves. A test can change it at any time.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Who may ask, by the client's id.
    pub clients: BTreeMap<String, Client>,
    /// How long its access tokens and id tokens live.
    pub token_life: Duration,
    /// How long its refresh tokens live; none are given for zero.
    pub refresh_life: Duration,
    /// Whether a refresh token is replaced when it is used.
    pub rotates: bool,
    /// How long a device's code can be used.
    pub device_life: Duration,
    /// Seconds between two questions of a device; not stated if they are the usual five.
    pub interval: u64,
    /// How many of the next questions of devices are answered with `slow_down` in any case.
    pub slow_downs: u32,
}

/// A client of the provider's.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its secret; none, for a public client.
    pub secret: Option<String>,
    /// Which user it is by itself (grant `client_credentials`).
    pub user: Option<String>,
}

impl Default for Rules {
    /// Two clients: `batch`, with the secret `batch-secret`, which by itself is `alice`; and `cli`, which
    /// is public. Tokens of five minutes, refresh tokens of a day, which are replaced.
    fn default() -> Self {
        let batch = Client { secret: Some("batch-secret".into()), user: Some("alice".into()) };
        let cli = Client { secret: None, user: None };
        Self {
            clients: [("batch".to_owned(), batch), ("cli".to_owned(), cli)].into(),
            token_life: Duration::from_secs(300),
            refresh_life: Duration::from_secs(86_400),
            rotates: true,
            device_life: Duration::from_secs(600),
            interval: 5,
            slow_downs: 0,
        }
    }
}

/// What the provider did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tokens given, by grant.
    pub granted: BTreeMap<String, u64>,
    /// Refusals, by the error's code.
    pub refused: BTreeMap<String, u64>,
    /// Refresh tokens that were used after they had been replaced.
    pub reused: u64,
}

impl Counts {
    /// Tokens given by this grant.
    #[must_use]
    pub fn granted(&self, grant: &str) -> u64 {
        self.granted.get(grant).copied().unwrap_or(0)
    }

    /// Refusals with this code.
    #[must_use]
    pub fn refused(&self, error: &str) -> u64 {
        self.refused.get(error).copied().unwrap_or(0)
    }
}

/// All that the provider knows.
#[derive(Debug)]
pub(crate) struct IdentityProvider {
    rules: Rules,
    counts: Counts,
    dice: Dice,
    /// Access tokens and id tokens.
    tokens: BTreeMap<String, Vouched>,
    refresh_tokens: BTreeMap<String, Refresh>,
    codes: BTreeMap<String, Code>,
    devices: BTreeMap<String, Device>,
}

/// For whom, until when.
#[derive(Clone, Debug)]
struct Vouched {
    user: String,
    end: DateTime<Utc>,
}

#[derive(Clone, Debug)]
struct Refresh {
    client: String,
    vouched: Vouched,
    /// The login that it goes back to: all its refresh tokens end together.
    family: String,
    replaced: bool,
}

/// A code to which the page led.
#[derive(Clone, Debug)]
struct Code {
    client: String,
    user: String,
    redirect_uri: Option<String>,
    challenge: Option<Challenge>,
}

#[derive(Clone, Debug)]
struct Device {
    client: String,
    user_code: String,
    challenge: Option<Challenge>,
    end: DateTime<Utc>,
    interval: Duration,
    not_before: DateTime<Utc>,
    decision: Decision,
}

/// What the user decides about a device.
#[derive(Clone, Debug)]
enum Decision {
    None,
    /// Approved once it was asked so often in vain.
    Approved {
        user: String,
        after: u32,
    },
    Declined,
}

/// What a code was bound to (RFC 7636).
#[derive(Clone, Debug)]
struct Challenge {
    method: String,
    challenge: String,
}

impl Default for IdentityProvider {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            counts: Counts::default(),
            dice: Dice::new(0x0073_736f),
            tokens: BTreeMap::new(),
            refresh_tokens: BTreeMap::new(),
            codes: BTreeMap::new(),
            devices: BTreeMap::new(),
        }
    }
}

impl IdentityProvider {
    /// Whose token this is, if it is good.
    pub(crate) fn introspect(&self, token: &str, now: DateTime<Utc>) -> Option<String> {
        self.tokens.get(token).filter(|it| now < it.end).map(|it| it.user.clone())
    }
}

fn later(now: DateTime<Utc>, span: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(span)
        .ok()
        .and_then(|span| now.checked_add_signed(span))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}
