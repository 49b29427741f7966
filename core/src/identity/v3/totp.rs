//! Time-based one-time passcodes (RFC 6238, as `keystone/auth/plugins/totp.py` has them).

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use http::Uri;
use serde::Serialize;
use sha1::Sha1;
use zeroize::Zeroizing;

use super::{Part, Said};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::identity::{Fields, Inquiry, Moment, Remedy, Renewal, Scope, UserRef};
use crate::secret::SecretBytes;

/// Seconds for which a passcode is shown, and its number of digits: Keystone knows no others.
const PERIOD: i64 = 30;
const DIGITS: u32 = 6;

/// A user and a passcode (method `totp`).
#[derive(Clone, Debug)]
pub struct Totp {
    user: UserRef,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Given(Secret),
    Asked,
    Computed(Secret),
}

impl Totp {
    /// This passcode: good for one login.
    pub fn passcode(user: UserRef, passcode: impl Into<Secret>) -> Self {
        Self { user, source: Source::Given(passcode.into()) }
    }

    /// A passcode that is asked for whenever a login needs one ([`Inquiry::Passcode`]).
    #[must_use]
    pub fn asked(user: UserRef) -> Self {
        Self { user, source: Source::Asked }
    }

    /// Passcodes computed from the shared secret (base32, as Keystone's credential of type `totp`
    /// holds it): a device of one's own, which needs nobody's help.
    pub fn computed(user: UserRef, secret: impl Into<Secret>) -> Self {
        Self { user, source: Source::Computed(secret.into()) }
    }
}

impl Part for Totp {
    fn name(&self) -> &str {
        "totp"
    }

    fn fields(&self, fields: &mut Fields) {
        self.user.fields(fields);
        match &self.source {
            Source::Given(passcode) => fields.one_time("passcode", passcode),
            Source::Asked => fields.text("passcode_from", "somebody"),
            Source::Computed(secret) => fields.secret("totp_secret", secret),
        }
    }

    fn renewal(&self) -> Renewal {
        match self.source {
            Source::Given(_) => Renewal::Limited,
            Source::Asked => Renewal::Attended,
            Source::Computed(_) => Renewal::Unattended,
        }
    }

    fn remedy(&self) -> Remedy {
        Remedy::ComputedPasscode
    }

    fn uses(&self) -> Option<u32> {
        matches!(self.source, Source::Given(_)).then_some(1)
    }

    fn check(&self, _: &Scope) -> Result<(), InputError> {
        match &self.source {
            Source::Computed(secret) => key(secret).map(|_| ()).ok_or(InputError::TotpSecret),
            _ => Ok(()),
        }
    }

    fn inquiry(&self) -> Option<Inquiry> {
        matches!(self.source, Source::Asked).then(|| Inquiry::Passcode { kind: "totp".to_owned() })
    }

    fn say(&self, told: Option<&Secret>, _: &Uri, at: &mut Moment<'_>) -> Result<Said, LoginError> {
        let computed;
        let passcode = match (&self.source, told) {
            (Source::Given(passcode), _) | (Source::Asked, Some(passcode)) => passcode,
            (Source::Asked, None) => return Err(LoginError::Unanswered("nobody told a passcode".to_owned())),
            (Source::Computed(secret), _) => {
                computed = compute(secret, at.now().wall.timestamp())
                    .ok_or(LoginError::Garbled("the TOTP secret is not base32"))?;
                &computed
            }
        };
        let passcode = passcode.reveal().trim();
        Ok(Said::new(&Body { user: User { user: &self.user, passcode } }))
    }
}

/// The passcode at an instant.
fn compute(secret: &Secret, timestamp: i64) -> Option<Secret> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key(secret)?.reveal()).ok()?;
    mac.update(&(timestamp / PERIOD).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    // "Dynamic truncation" (RFC 4226, 5.3): the last four bits say where to look.
    let offset = usize::from(hash.last()? & 0x0f);
    let four: [u8; 4] = hash.get(offset..offset + 4)?.try_into().ok()?;
    let number = (u32::from_be_bytes(four) & 0x7fff_ffff) % 10_u32.pow(DIGITS);
    Some(Secret::new(format!("{number:06}")))
}

fn key(secret: &Secret) -> Option<SecretBytes> {
    let mut text = Zeroizing::new(Vec::with_capacity(secret.reveal().len()));
    let meant = secret.reveal().bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=');
    text.extend(meant.map(|byte| byte.to_ascii_uppercase()));
    let key = BASE32_NOPAD.decode(&text).ok().filter(|key| !key.is_empty())?;
    Some(SecretBytes::new(key))
}

#[derive(Serialize)]
struct Body<'a> {
    user: User<'a>,
}

#[derive(Serialize)]
struct User<'a> {
    #[serde(flatten)]
    user: &'a UserRef,
    passcode: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passcodes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, the rows of SHA-1; Keystone shows the last six digits of eight.
        let secret = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (at, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(compute(&secret, at).unwrap().reveal(), expected, "{at}");
        }
        assert_eq!(
            compute(&"gezd gnbv".into(), 59).unwrap().reveal(),
            compute(&"GEZDGNBV".into(), 59).unwrap().reveal()
        );
        assert!(compute(&"not base32!".into(), 59).is_none());
        let wrong = Totp::computed(UserRef::id("u"), "1");
        assert_eq!(Part::check(&wrong, &Scope::Default), Err(InputError::TotpSecret));
    }
}
