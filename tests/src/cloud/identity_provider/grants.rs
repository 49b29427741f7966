//! Tokens, by each grant.

use std::time::Duration;

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Challenge, Decision, Device, IdentityProvider, Refresh, Vouched, client::Form, later, refusal::Refusal,
};
use crate::cloud::keystone::directory::Directory;

/// The grant of devices, on the wire.
pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What a poll that comes too fast costs (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// A client's question at an instant.
pub(super) struct Asked<'a> {
    pub(super) client: &'a str,
    pub(super) form: &'a Form,
    pub(super) now: DateTime<Utc>,
}

impl IdentityProvider {
    pub(super) fn grant(&mut self, asked: &Asked<'_>, users: &mut Users<'_>) -> Result<Value, Refusal> {
        match asked.form.need("grant_type")? {
            "client_credentials" => self.by_client(asked),
            "password" => self.by_password(asked, users),
            "authorization_code" => self.by_code(asked),
            "refresh_token" => self.by_refresh(asked),
            DEVICE_CODE => self.by_device(asked),
            _ => Err(Refusal::new("unsupported_grant_type", "Unsupported grant_type")),
        }
    }

    fn by_client(&mut self, asked: &Asked<'_>) -> Result<Value, Refusal> {
        let user = self.rules.clients.get(asked.client).and_then(|client| client.user.clone());
        let user = user.ok_or(Refusal::new("unauthorized_client", "Client has no service account"))?;
        Ok(self.give(asked, user, None))
    }

    fn by_password(&mut self, asked: &Asked<'_>, users: &mut Users<'_>) -> Result<Value, Refusal> {
        let (user, password) = (asked.form.need("username")?, asked.form.need("password")?);
        if !users.knows(user, password) {
            return Err(Refusal::new("invalid_grant", "Invalid user credentials"));
        }
        Ok(self.give(asked, user.to_owned(), None))
    }

    fn by_code(&mut self, asked: &Asked<'_>) -> Result<Value, Refusal> {
        let refusal = Refusal::new("invalid_grant", "Code not valid");
        // It is good once, whatever comes of it.
        let code = self.codes.remove(asked.form.need("code")?).ok_or(refusal)?;
        let same_page = code.redirect_uri.as_deref() == asked.form.get("redirect_uri");
        if code.client != asked.client || !same_page {
            return Err(refusal);
        }
        check(code.challenge.as_ref(), asked.form)?;
        Ok(self.give(asked, code.user, None))
    }

    fn by_refresh(&mut self, asked: &Asked<'_>) -> Result<Value, Refusal> {
        let refusal = Refusal::new("invalid_grant", "Token is not active");
        let token = asked.form.need("refresh_token")?;
        let refresh = self.refresh_tokens.get(token).cloned().ok_or(refusal)?;
        if refresh.replaced {
            // Somebody else has it too: nobody is to have what came of it (RFC 9700, 4.14.2).
            self.counts.reused += 1;
            self.refresh_tokens.retain(|_, it| it.family != refresh.family);
            return Err(refusal);
        }
        if refresh.client != asked.client || asked.now >= refresh.vouched.end {
            return Err(refusal);
        }
        if self.rules.rotates {
            if let Some(old) = self.refresh_tokens.get_mut(token) {
                old.replaced = true;
            }
        }
        Ok(self.give(asked, refresh.vouched.user, Some(refresh.family)))
    }

    fn by_device(&mut self, asked: &Asked<'_>) -> Result<Value, Refusal> {
        let unknown = Refusal::new("invalid_grant", "Device code not valid");
        let code = asked.form.need("device_code")?;
        let device = self.devices.get_mut(code).filter(|it| it.client == asked.client).ok_or(unknown)?;
        check(device.challenge.as_ref(), asked.form)?;
        if asked.now >= device.end {
            return Err(Refusal::new("expired_token", "Device code is expired"));
        }
        if self.rules.slow_downs > 0 || asked.now < device.not_before {
            self.rules.slow_downs = self.rules.slow_downs.saturating_sub(1);
            device.interval += SLOWER;
            device.wait(asked.now);
            return Err(Refusal::new("slow_down", "Slow down"));
        }
        device.wait(asked.now);
        match &mut device.decision {
            Decision::Declined => Err(Refusal::new("access_denied", "The end user denied the request")),
            Decision::Approved { user, after: 0 } => {
                let user = user.clone();
                self.devices.remove(code);
                Ok(self.give(asked, user, None))
            }
            Decision::Approved { after, .. } => {
                *after -= 1;
                Err(PENDING)
            }
            Decision::None => Err(PENDING),
        }
    }

    /// The tokens, and with them a refresh token, in place of an older one if there was one.
    fn give(&mut self, asked: &Asked<'_>, user: String, family: Option<String>) -> Value {
        let grant = asked.form.get("grant_type").unwrap_or_default().to_owned();
        *self.counts.granted.entry(grant).or_default() += 1;
        let end = later(asked.now, self.rules.token_life);
        let [access, id] = ["at", "id"].map(|kind| format!("{kind}-{}", self.dice.secret()));
        for token in [&access, &id] {
            self.tokens.insert(token.clone(), Vouched { user: user.clone(), end });
        }
        let mut body = json!({"access_token": access, "id_token": id, "token_type": "Bearer",
            "expires_in": self.rules.token_life.as_secs()});
        if !self.rules.refresh_life.is_zero() && (self.rules.rotates || family.is_none()) {
            let refresh = format!("rt-{}", self.dice.secret());
            let family = family.unwrap_or_else(|| refresh.clone());
            let vouched = Vouched { user, end: later(asked.now, self.rules.refresh_life) };
            let client = asked.client.to_owned();
            let entry = Refresh { client, vouched, family, replaced: false };
            self.refresh_tokens.insert(refresh.clone(), entry);
            body["refresh_token"] = json!(refresh);
        }
        body
    }

    /// Codes for a device (RFC 8628, 3.2).
    pub(super) fn authorize_device(&mut self, asked: &Asked<'_>, page: &str) -> Value {
        let (device_code, user_code) = (self.dice.secret(), self.dice.id()[..8].to_uppercase());
        let device = Device {
            client: asked.client.to_owned(),
            user_code: user_code.clone(),
            challenge: Challenge::of(asked.form),
            end: later(asked.now, self.rules.device_life),
            interval: Duration::from_secs(self.rules.interval),
            not_before: asked.now,
            decision: Decision::None,
        };
        self.devices.insert(device_code.clone(), device);
        let mut body = json!({"device_code": device_code, "user_code": user_code,
            "verification_uri": page, "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "expires_in": self.rules.device_life.as_secs()});
        if Duration::from_secs(self.rules.interval) != SLOWER {
            body["interval"] = json!(self.rules.interval);
        }
        body
    }
}

const PENDING: Refusal = Refusal::new("authorization_pending", "The authorization request is still pending");

impl Device {
    /// When it may ask next. A tenth less than it was told, for what a network adds to one question and
    /// not to the next.
    fn wait(&mut self, now: DateTime<Utc>) {
        self.not_before = later(now, self.interval.mul_f64(0.9));
    }
}

impl Challenge {
    pub(super) fn of(form: &Form) -> Option<Self> {
        let challenge = form.get("code_challenge")?.to_owned();
        let method = form.get("code_challenge_method").unwrap_or("plain").to_owned();
        Some(Self { method, challenge })
    }
}

/// Whether the one who comes with a code is the one who asked for it (RFC 7636, 4.6).
fn check(challenge: Option<&Challenge>, form: &Form) -> Result<(), Refusal> {
    let verifier = form.get("code_verifier");
    let fits = match (challenge, verifier) {
        (None, None) => true,
        (Some(Challenge { method, challenge }), Some(verifier)) if method == "S256" => {
            BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes())) == *challenge
        }
        (Some(Challenge { challenge, .. }), Some(verifier)) => verifier == challenge,
        _ => false,
    };
    if fits { Ok(()) } else { Err(Refusal::new("invalid_grant", "PKCE verification failed")) }
}

/// The users, who are Keystone's.
pub(super) struct Users<'a> {
    pub(super) directory: &'a Directory,
    /// Wrong passwords, by user: what locks accounts.
    pub(super) wrong_passwords: &'a mut std::collections::BTreeMap<String, u64>,
}

impl Users<'_> {
    fn knows(&mut self, name: &str, password: &str) -> bool {
        let Some(user) = self.directory.user_named(name) else { return false };
        if user.password != password {
            *self.wrong_passwords.entry(name.to_owned()).or_default() += 1;
        }
        user.enabled && user.password == password
    }
}
