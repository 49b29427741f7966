//! What a keychain has to tell: events for logs, timelines and metrics. No notice holds a secret.

use std::time::Duration;

use crate::error::LoginError;
use crate::identity::{Remedy, Renewal};
use crate::keychain::KeyringId;
use crate::service::DiscoveryError;

/// Something happened to an identity.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// Keystone issued a token.
    Issued {
        /// For which identity.
        keyring: KeyringId,
        /// How long it is good, counted from when it was asked for.
        life: Duration,
        /// Whether the one before it was still alive, so that nobody had to wait.
        early: bool,
    },
    /// A token that an earlier process had saved is used.
    Restored {
        /// By which identity.
        keyring: KeyringId,
        /// How long it is still good; zero, if only what renews it is.
        left: Duration,
    },
    /// A token nears its end and will not be renewed unattended. It is told once for a token, when others
    /// would be renewed and a call carries it.
    Ending {
        /// Whose token it is.
        keyring: KeyringId,
        /// What it has left.
        left: Duration,
        /// Whether its next needs somebody's help, one of few uses, or cannot be had at all.
        renewal: Renewal,
        /// What would have made it renew by itself.
        remedy: Remedy,
    },
    /// An attempt to get a token failed.
    Failed {
        /// For which identity.
        keyring: KeyringId,
        /// Why.
        error: LoginError,
        /// After what pause the next attempt is made; `None` if none will be by itself.
        next_try_in: Option<Duration>,
    },
    /// A service refused a token with 401, and it was dropped.
    Refused {
        /// Whose token it was.
        keyring: KeyringId,
    },
    /// A service refused a call with both tokens; the service token is renewed to find out whose fault it is.
    Suspected {
        /// The service identity.
        keyring: KeyringId,
    },
    /// A service has no version document here. Other addresses may be tried; if all of them fail,
    /// calls go to the address in the catalog, or nowhere.
    Undiscovered {
        /// Where it was asked for.
        url: String,
        /// What happened.
        error: DiscoveryError,
    },
    /// A service token was wanted (*preferred*) and the call goes without.
    GoesWithout {
        /// The service identity.
        keyring: KeyringId,
        /// Why; `None` if its token lacks the role.
        error: Option<LoginError>,
    },
}
