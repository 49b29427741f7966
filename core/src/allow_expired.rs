//! The allow-expired policy, on the sender's side: when a service token goes along, and whether
//! an expired user's token may leave at all.
//!
//! The receiver's rule, to which this is the counterpart, is `keystonemiddleware.auth_token`'s:
//! if `X-Service-Token` is valid *and* carries a role of `service_token_roles`, the user's token
//! is validated with `allow_expired=1`, and Keystone then accepts it until
//! `expires_at + [token] allow_expired_window`. A service token that is expired, unknown or
//! without the role makes the whole request a 401, even beside a fresh user's token.

use std::time::Duration;

use crate::keychain::KeyringId;
use crate::lifetime::Standing;

/// Keystone's default for `[token] allow_expired_window`: two days.
pub const DEFAULT_WINDOW: Duration = Duration::from_secs(172_800);

/// A service identity beside the user's, and how it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Vouching {
    pub(crate) service: KeyringId,
    pub(crate) when: When,
    pub(crate) need: Need,
    pub(crate) roles: Vec<String>,
    pub(crate) window: Duration,
}

/// On which calls a service token goes along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// On every call to a service other than Keystone. The receiver may take minutes before it
    /// looks at the user's token a second time, so this is the safe choice.
    #[default]
    Always,
    /// When the user's token has less than this left, or its end is not known.
    NearExpiry(Duration),
    /// On none: the identity is there, and not used.
    Never,
}

/// What happens when a service token is wanted and cannot be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Need {
    /// The call fails before anything is sent.
    #[default]
    Required,
    /// The call goes without, and a [`crate::Notice`] says so, as long as the user's token is alive.
    Preferred,
}

impl Vouching {
    /// This identity vouches on every call, and must; receivers ask for the role `service` and
    /// the window is Keystone's default.
    #[must_use]
    pub fn by(service: KeyringId) -> Self {
        Self {
            service,
            when: When::default(),
            need: Need::default(),
            roles: vec!["service".to_owned()],
            window: DEFAULT_WINDOW,
        }
    }

    /// On which calls.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Whether a call may go without.
    #[must_use]
    pub fn need(mut self, need: Need) -> Self {
        self.need = need;
        self
    }

    /// The receivers' `service_token_roles`: having one of them is enough.
    #[must_use]
    pub fn roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// Keystone's `[token] allow_expired_window`.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Whether the service token goes along with a user's token of this standing.
    pub(crate) fn wanted(&self, standing: Standing, left: Option<Duration>) -> bool {
        match (self.when, standing) {
            (When::Never, _) => false,
            (When::Always, _) | (_, Standing::Vouchable | Standing::Dead | Standing::Unknown) => true,
            (When::NearExpiry(margin), _) => left.is_none_or(|left| left < margin),
        }
    }
}

/// Why a user's token must not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Nobody vouches for it.
    Unvouched,
    /// Nobody can vouch for it any more.
    WindowOver,
    /// Keystone's own API knows no allow-expired.
    Keystone,
}

/// Whether a user's token of this standing may be sent: to Keystone or to another service, with a
/// live service token beside it or not. What cannot be known is left to the receiver.
pub(crate) fn admit(standing: Standing, to_keystone: bool, vouched: bool) -> Result<(), Hold> {
    match standing {
        Standing::Fresh | Standing::Stale | Standing::Unknown => Ok(()),
        Standing::Dead => Err(Hold::WindowOver),
        Standing::Vouchable if to_keystone => Err(Hold::Keystone),
        Standing::Vouchable if vouched => Ok(()),
        Standing::Vouchable => Err(Hold::Unvouched),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_a_service_token_goes_along() {
        let minute = Duration::from_secs(60);
        let nano = Duration::from_nanos(1);
        let near = When::NearExpiry(minute);
        for (when, standing, left, wanted) in [
            (When::Always, Standing::Fresh, Some(minute * 60), true),
            (When::Always, Standing::Unknown, None, true),
            (near, Standing::Fresh, Some(minute), false),
            (near, Standing::Fresh, Some(minute - nano), true),
            (near, Standing::Stale, Some(minute * 2), false),
            (near, Standing::Vouchable, Some(Duration::ZERO), true),
            (near, Standing::Unknown, None, true),
            (near, Standing::Fresh, None, true),
            (near, Standing::Dead, Some(minute * 2), true),
            (When::Never, Standing::Vouchable, Some(Duration::ZERO), false),
            (When::Never, Standing::Unknown, None, false),
        ] {
            let vouching = Vouching::by(KeyringId(0)).when(when);
            assert_eq!(vouching.wanted(standing, left), wanted, "{when:?} {standing:?} {left:?}");
        }
    }

    #[test]
    fn which_tokens_may_leave() {
        use Standing::*;
        for (standing, to_keystone, vouched, verdict) in [
            (Fresh, false, false, Ok(())),
            (Stale, true, false, Ok(())),
            (Unknown, true, false, Ok(())),
            (Unknown, false, false, Ok(())),
            (Vouchable, false, true, Ok(())),
            (Vouchable, false, false, Err(Hold::Unvouched)),
            (Vouchable, true, true, Err(Hold::Keystone)),
            (Vouchable, true, false, Err(Hold::Keystone)),
            (Dead, false, true, Err(Hold::WindowOver)),
            (Dead, false, false, Err(Hold::WindowOver)),
        ] {
            assert_eq!(
                admit(standing, to_keystone, vouched),
                verdict,
                "{standing:?} {to_keystone} {vouched}"
            );
        }
    }
}
