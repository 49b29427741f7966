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
    _file: File,
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
        Ok(Self { _file: file })
    }
}

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
