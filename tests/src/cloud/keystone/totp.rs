//! Time-based one-time passcodes, as `keystone/auth/plugins/totp.py` checks them: the present one
//! and the one before (`[totp] included_previous_windows = 1`).

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::{Keystone, auth_request::TotpMethod, authenticate::Proof, fault::Fault};

const PERIOD: i64 = 30;
const PREVIOUS: i64 = 1;

impl Keystone {
    pub(super) fn prove_totp(
        &mut self,
        given: &TotpMethod,
        now: DateTime<Utc>,
        proof: &mut Proof,
    ) -> Result<(), Fault> {
        let user = self.user(&given.user.who).ok_or_else(Fault::unauthorized)?;
        let secret = user.totp_secret.as_deref().ok_or_else(Fault::unauthorized)?;
        let step = now.timestamp().div_euclid(PERIOD);
        let mut good = (step - PREVIOUS..=step).filter_map(|step| passcode(secret, step));
        if !good.any(|passcode| passcode == given.user.passcode) {
            let name = user.name.clone();
            *self.wrong_passwords.entry(name).or_default() += 1;
            return Err(Fault::unauthorized());
        }
        proof.of(&user.id)
    }
}

/// The passcode of a step of 30 seconds (RFC 4226, 5.3).
pub(crate) fn passcode(secret: &str, step: i64) -> Option<String> {
    let key = BASE32_NOPAD.decode(secret.trim_end_matches('=').as_bytes()).ok()?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).ok()?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last()? & 15);
    let digits = hash.iter().skip(offset).take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    Some(format!("{:06}", (digits & 0x7fff_ffff) % 1_000_000))
}
