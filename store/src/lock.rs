//! The lock of those who write. It is advisory: it keeps nobody out who does not ask for it.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::StoreError;
use crate::files;

/// How long another process is waited for. It holds the lock for some milliseconds, unless it was
/// stopped.
const PATIENCE: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(5);

/// Held until it is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    pub(crate) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = files::open_private(&options, &path)?;
        let end = Instant::now() + PATIENCE;
        while !try_lock(&file).map_err(|source| StoreError::Io { path: path.clone(), source })? {
            if Instant::now() >= end {
                return Err(StoreError::Locked { path });
            }
            std::thread::sleep(STEP);
        }
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing it would not do where a fork left a copy: the child could hold it for as long as it lives.
        unlock(&self.file);
    }
}

#[cfg(unix)]
fn unlock(file: &File) {
    let _ = rustix::fs::flock(file, rustix::fs::FlockOperation::Unlock);
}

#[cfg(not(unix))]
fn unlock(_: &File) {}

#[cfg(unix)]
fn try_lock(file: &File) -> std::io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn try_lock(_: &File) -> std::io::Result<bool> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// A fork copies what is open, and the copy may live as long as the child.
    #[test]
    fn a_copy_in_the_child_of_a_fork_does_not_keep_it_locked() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        let _copy = lock.file.try_clone().unwrap();
        assert!(matches!(Lock::take(dir.path()), Err(StoreError::Locked { .. })), "it is locked");
        drop(lock);
        assert!(Lock::take(dir.path()).is_ok());
    }
}
