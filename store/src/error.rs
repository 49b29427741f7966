//! Why a login is not kept, or cannot be found again.

use std::io;
use std::path::PathBuf;

use keepstone_core::RestoreError;
use thiserror::Error;

/// Why a login is not kept, or cannot be found again. It is never more than a login that has to be
/// done anew.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was to be read or written.
        path: PathBuf,
        /// Its own words.
        #[source]
        source: io::Error,
    },
    /// Somebody else could read or write it.
    #[error(
        "{} is not private: it must belong to this user, and nobody else may have access (chmod 700 for a directory, 600 for a file)",
        path.display()
    )]
    NotPrivate {
        /// What.
        path: PathBuf,
    },
    /// A file that is no saved login, or not ours.
    #[error("{}: {source}", path.display())]
    Useless {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: RestoreError,
    },
    /// Another process holds the lock.
    #[error("{} was locked by another process for too long", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
    },
    /// There is nothing to make a key from.
    #[error("the system gives no random bytes")]
    NoRandomness,
    /// Nobody can tell here whether a file is private.
    #[error("on this system nobody can tell whether a file is private, so logins are not saved")]
    Unsupported,
}
