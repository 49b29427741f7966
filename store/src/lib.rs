//! Where logins are kept from one process to the next: a directory that nobody else can read.
//!
//! What is to be kept is [`keepstone_core`]'s to say; this does it, for both transports. In the
//! directory are a random `key`, by which logins are named and sealed, a file for each login, and a
//! `lock` for whoever writes. A file is written beside its place and then moved there, so that a
//! reader, who takes no lock, sees the old one or the new one and never half of either.
//!
//! It works on systems where a file can be seen to be private: Unix.
#![forbid(unsafe_code)]

mod error;
mod files;
mod lock;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use keepstone_core::{RestoreError, SavedLogin, Saving, SecretBytes};

pub use error::StoreError;
use lock::Lock;

/// How many random bytes name and seal the logins.
pub const KEY_LENGTH: usize = 32;

const KEY: &str = "key";
const SUFFIX: &str = "login";

/// What a login can be newer than now, having been saved by a process that was faster than we.
const MEANWHILE: TimeDelta = TimeDelta::minutes(1);

/// A directory of saved logins.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    key: SecretBytes,
    due: Mutex<VecDeque<Saving>>,
    /// Held by the thread that carries out, so that all happens in the order in which it was noted.
    busy: Mutex<()>,
}

impl Store {
    /// The store in this directory, which is made (for us alone) if it is not there. `random` fills
    /// the key of a new one, and says whether it could.
    ///
    /// # Errors
    /// [`StoreError`]: others can read or write there, or nobody can.
    pub fn open(
        dir: impl Into<PathBuf>,
        random: impl FnOnce(&mut [u8; KEY_LENGTH]) -> bool,
    ) -> Result<Self, StoreError> {
        let dir = dir.into();
        files::make_dir(&dir)?;
        let key = match read_key(&dir) {
            Ok(Some(key)) => key,
            Ok(None) => make_key(&dir, random)?,
            Err(error) => return Err(error),
        };
        Ok(Self { dir, key, due: Mutex::default(), busy: Mutex::default() })
    }

    /// What names and seals the logins here: for [`keepstone_core::Keychain::save_logins`].
    #[must_use]
    pub fn key(&self) -> SecretBytes {
        self.key.clone()
    }

    /// The login that is kept under this name. What cannot be read is as good as not there, and is
    /// told to the log.
    #[must_use]
    pub fn load(&self, name: &str) -> Option<SavedLogin> {
        let path = self.path(name)?;
        self.read(&path).unwrap_or_else(|error| {
            log::warn!("{error}: going on without it");
            None
        })
    }

    /// Notes what is to be done, and does nothing yet: it may be called under a lock.
    pub fn note(&self, savings: impl IntoIterator<Item = Saving>) {
        self.due().extend(savings);
    }

    /// Whether anything has been noted.
    #[must_use]
    pub fn is_due(&self) -> bool {
        !self.due().is_empty()
    }

    /// Does what has been noted. What fails is told to the log, and is not tried again. It waits a
    /// moment for another process that is writing, and no longer.
    pub fn settle(&self, wall: DateTime<Utc>) {
        let _busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let due = std::mem::take(&mut *self.due());
        if due.is_empty() {
            return;
        }
        if let Err(error) = self.carry_out(due, wall) {
            log::warn!("{error}: a login is not saved, or one that is of no more use stays");
        }
    }

    fn carry_out(&self, due: VecDeque<Saving>, wall: DateTime<Utc>) -> Result<(), StoreError> {
        let _lock = Lock::take(&self.dir)?;
        self.sweep(wall);
        // What cannot be kept must not hold up what has to go.
        let done = due.into_iter().map(|saving| match saving {
            Saving::Keep(saved) => self.keep(&saved, wall),
            Saving::Remove { name, up_to } => self.remove(&name, up_to),
        });
        done.fold(Ok(()), Result::and)
    }

    fn keep(&self, saved: &SavedLogin, wall: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(path) = self.path(saved.name()) else { return Ok(()) };
        // Another process may have asked later. One that claims to come from the future has not.
        let there = self.read(&path).ok().flatten().map(|there| there.asked_at());
        let latest = wall.checked_add_signed(MEANWHILE).unwrap_or(wall);
        let newer = there.is_some_and(|there| there > saved.asked_at() && there <= latest);
        if newer { Ok(()) } else { files::write(&path, &saved.seal(self.key.reveal())) }
    }

    fn remove(&self, name: &str, up_to: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(path) = self.path(name) else { return Ok(()) };
        match self.read(&path) {
            Ok(Some(there)) if there.asked_at() > up_to => Ok(()),
            _ => files::remove(&path),
        }
    }

    /// Removes what nobody can use: logins that have ended or are none, and what a process left that
    /// was killed while it wrote. Whatever cannot be swept lies there until the next time.
    fn sweep(&self, wall: DateTime<Utc>) {
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_spent = || match self.read(&path) {
                Ok(found) => found.is_some_and(|found| found.is_spent(wall)),
                Err(error) => matches!(error, StoreError::Useless { source: RestoreError::Broken, .. }),
            };
            let useless = match path.extension().and_then(|extension| extension.to_str()) {
                Some(files::UNFINISHED) => true,
                Some(SUFFIX) => is_spent(),
                _ => false,
            };
            if useless {
                let _ = files::remove(&path);
            }
        }
    }

    fn read(&self, path: &Path) -> Result<Option<SavedLogin>, StoreError> {
        let Some(bytes) = files::read(path)? else { return Ok(None) };
        let useless = |source: RestoreError| StoreError::Useless { path: path.to_owned(), source };
        SavedLogin::open(bytes.reveal(), self.key.reveal()).map(Some).map_err(useless)
    }

    /// The file of a login; `None` for what is no name of one.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        plain.then(|| self.dir.join(name).with_extension(SUFFIX))
    }

    fn due(&self) -> MutexGuard<'_, VecDeque<Saving>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key, if there is one that is whole.
fn read_key(dir: &Path) -> Result<Option<SecretBytes>, StoreError> {
    let key = files::read(&dir.join(KEY))?;
    Ok(key.filter(|key| key.reveal().len() == KEY_LENGTH))
}

fn make_key(
    dir: &Path,
    random: impl FnOnce(&mut [u8; KEY_LENGTH]) -> bool,
) -> Result<SecretBytes, StoreError> {
    let _lock = Lock::take(dir)?;
    // Another process may have been faster.
    if let Some(key) = read_key(dir)? {
        return Ok(key);
    }
    let mut key = [0; KEY_LENGTH];
    if !random(&mut key) {
        return Err(StoreError::NoRandomness);
    }
    let key = SecretBytes::new(key.to_vec());
    files::write(&dir.join(KEY), &key)?;
    Ok(key)
}
