//! A login as it is kept from one process to the next: the token, whose it is, and since when.
//!
//! What is kept is sealed with the keeper's key, so that half a file, a stranger's, or one in which
//! a bit has tipped is found out before anything in it is believed. The key is the keeper's: it
//! also names the login ([`crate::Credential::cache_id`]).

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, Uri};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use thiserror::Error;

use crate::Secret;
use crate::error::InputError;
use crate::identity::{Renewal, v3::to_json};
use crate::secret::SecretBytes;
use crate::time::{between, later};
use crate::token::Description;

/// The format that is written, and the only one that is read.
const VERSION: u32 = 1;

/// What is sealed begins with this, so that no seal is the name of a login.
const SEALED: &[u8] = b"keepstone login\n";

/// A login that can be kept and taken up again by another process: a token, what Keystone said of
/// it, and what its method keeps for the next (a refresh token). No password and no passcode is in it.
///
/// It cannot be printed, and is wiped from memory when dropped; [`SavedLogin::seal`] is the way to
/// its bytes, for a place that nobody else can read.
#[derive(Clone)]
pub struct SavedLogin {
    pub(crate) name: String,
    pub(crate) document: Document,
}

/// What is to be done with a saved login, by whoever keeps them ([`crate::Keychain::save_logins`]).
#[derive(Debug)]
pub enum Saving {
    /// Keep this, unless what is kept under its name is newer.
    Keep(Box<SavedLogin>),
    /// Remove what is kept under this name, unless it was asked for later than this.
    Remove {
        /// [`SavedLogin::name`].
        name: String,
        /// [`SavedLogin::asked_at`], at the latest.
        up_to: DateTime<Utc>,
    },
}

/// Why a saved login is of no use. Nothing is lost but a login that is saved: go on without.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum RestoreError {
    /// Not the identity's to restore.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Not what was sealed.
    #[error("this is not a saved login, not all of one, or was saved under another key")]
    Broken,
    /// Written by another version.
    #[error("the saved login is of format {0}, and only {VERSION} is known here")]
    Version(u64),
    /// Another one's.
    #[error("the saved login is that of another credential")]
    OtherCredential,
    /// Saved by a clock that was ahead of ours, or ours was set back.
    #[error("the saved login was asked for {} s from now: a clock was set", by.as_secs())]
    FromTheFuture {
        /// How far in the future.
        by: Duration,
    },
    /// Its token has ended, and it has nothing else.
    #[error("the saved token has ended")]
    Dead,
    /// The identity has no credential by which a saved login could be told: it is supplied when it is
    /// needed, the token was handed in, or there is no login at all.
    #[error("logins of this identity are not saved, or saving is not switched on")]
    NotSaved,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Document {
    version: u32,
    /// The credential that it belongs to.
    login: String,
    #[serde(serialize_with = "reveal", deserialize_with = "secret")]
    pub(crate) token: Secret,
    pub(crate) description: Description,
    /// What else goes with each call.
    beside: Vec<Beside>,
    issuer: Option<String>,
    /// When it was asked for, by the wall clock: its life counts from there.
    pub(crate) asked: DateTime<Utc>,
    /// How long it is good, what goes with it included.
    life_ms: u64,
    /// What the next login begins with.
    pub(crate) kept: Option<Kept>,
    /// Whether it can be renewed, where that differs from what the credential says.
    pub(crate) renewal: Option<Renewal>,
    /// Whether it is bound to the connections on which it was asked for.
    pub(crate) bound: bool,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Kept(#[serde(serialize_with = "reveal", deserialize_with = "secret")] pub(crate) Secret);

#[derive(Clone, Serialize, Deserialize)]
struct Beside {
    name: String,
    #[serde(serialize_with = "reveal", deserialize_with = "secret")]
    value: Secret,
}

/// The parts of a lease that a document is made of.
pub(crate) struct Parts<'a> {
    pub(crate) token: &'a Secret,
    pub(crate) description: &'a Description,
    pub(crate) beside: Vec<(HeaderName, Secret)>,
    pub(crate) issuer: Option<&'a Uri>,
    pub(crate) asked: DateTime<Utc>,
    pub(crate) life: Duration,
    pub(crate) kept: Option<Secret>,
    pub(crate) renewal: Option<Renewal>,
    pub(crate) bound: bool,
}

impl SavedLogin {
    pub(crate) fn new(name: String, parts: Parts<'_>) -> Self {
        let Parts { token, description, beside, issuer, asked, life, kept, renewal, bound } = parts;
        let beside = beside.into_iter().map(|(name, value)| Beside { name: name.to_string(), value });
        let document = Document {
            version: VERSION,
            login: name.clone(),
            token: token.clone(),
            description: description.clone(),
            beside: beside.collect(),
            issuer: issuer.map(Uri::to_string),
            asked,
            // Rounded down: what is restored ends no later than what was saved.
            life_ms: u64::try_from(life.as_millis()).unwrap_or(u64::MAX),
            kept: kept.map(Kept),
            renewal,
            bound,
        };
        Self { name, document }
    }

    /// Which login it is: [`crate::Credential::cache_id`] of its credential. Hexadecimal digits, so that
    /// a file can be called by it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When its token was asked for, by the wall clock.
    #[must_use]
    pub fn asked_at(&self) -> DateTime<Utc> {
        self.document.asked
    }

    /// Whether nobody can do anything with it any more.
    #[must_use]
    pub fn is_spent(&self, wall: DateTime<Utc>) -> bool {
        let ended = between(self.document.asked, wall) >= self.life();
        ended && self.document.kept.is_none()
    }

    /// Its bytes, sealed: to be kept where nobody else can read them.
    #[must_use]
    pub fn seal(&self, key: &[u8]) -> SecretBytes {
        let json = to_json(&self.document);
        let seal = mac(key, json.reveal()).map(|mac| HEXLOWER.encode(&mac.finalize().into_bytes()));
        let seal = seal.unwrap_or_default();
        let mut bytes = Vec::with_capacity(seal.len() + 1 + json.reveal().len());
        bytes.extend_from_slice(seal.as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(json.reveal());
        SecretBytes::new(bytes)
    }

    /// Reads what [`SavedLogin::seal`] has written. Whatever else the bytes are, this says so.
    ///
    /// # Errors
    /// [`RestoreError::Broken`], [`RestoreError::Version`].
    pub fn open(bytes: &[u8], key: &[u8]) -> Result<Self, RestoreError> {
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(RestoreError::Broken)?;
        let (seal, json) = bytes.split_at(end);
        let json = json.get(1..).unwrap_or_default();
        let seal = HEXLOWER.decode(seal).map_err(|_| RestoreError::Broken)?;
        let mac = mac(key, json).ok_or(RestoreError::Broken)?;
        mac.verify_slice(&seal).map_err(|_| RestoreError::Broken)?;
        Self::read(json)
    }

    /// Reads what is behind the seal.
    fn read(json: &[u8]) -> Result<Self, RestoreError> {
        let Versioned { version } = serde_json::from_slice(json).map_err(|_| RestoreError::Broken)?;
        if version != u64::from(VERSION) {
            return Err(RestoreError::Version(version));
        }
        let document: Document = serde_json::from_slice(json).map_err(|_| RestoreError::Broken)?;
        let saved = Self { name: document.login.clone(), document };
        // It cannot live longer than Keystone said.
        let Description { issued_at, expires_at, .. } = &saved.document.description;
        let (Some(issued), Some(expires)) = (issued_at, expires_at) else { return Err(RestoreError::Broken) };
        if saved.life() > between(*issued, *expires) || saved.life().is_zero() {
            return Err(RestoreError::Broken);
        }
        Ok(saved)
    }

    pub(crate) fn life(&self) -> Duration {
        Duration::from_millis(self.document.life_ms)
    }

    /// How old it is; an error, if it is too young or too old to be.
    pub(crate) fn age(&self, wall: DateTime<Utc>) -> Result<Duration, RestoreError> {
        let asked = self.document.asked;
        if asked > wall {
            return Err(RestoreError::FromTheFuture { by: between(wall, asked) });
        }
        if self.is_spent(wall) { Err(RestoreError::Dead) } else { Ok(between(asked, wall)) }
    }

    pub(crate) fn beside(&self) -> Result<Vec<(HeaderName, Secret)>, RestoreError> {
        let header = |Beside { name, value }: &Beside| {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| RestoreError::Broken)?;
            Ok((name, value.clone()))
        };
        self.document.beside.iter().map(header).collect()
    }

    pub(crate) fn issuer(&self) -> Result<Option<Uri>, RestoreError> {
        let issuer = self.document.issuer.as_deref();
        issuer.map(|issuer| issuer.parse().map_err(|_| RestoreError::Broken)).transpose()
    }
}

impl fmt::Debug for SavedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, document } = self;
        let ends = later(document.asked, self.life());
        f.debug_struct("SavedLogin")
            .field("name", name)
            .field("asked", &document.asked)
            .field("ends", &ends)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

fn mac(key: &[u8], json: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(SEALED);
    mac.update(json);
    Some(mac)
}

fn reveal<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.reveal())
}

fn secret<'de, D: Deserializer<'de>>(de: D) -> Result<Secret, D::Error> {
    String::deserialize(de).map(Secret::new)
}

#[cfg(test)]
mod tests;
