//! What is known of version documents, and a walk along the addresses where one may be.

use std::sync::Arc;
use std::time::Duration;

use super::discovery::{DiscoveryError, VersionData};
use crate::time::Now;

/// What is known of a version document.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    /// It was read.
    Read { versions: Arc<[VersionData]>, stay: Stay, old: bool },
    /// It could not be had; `again`: it may be tried again.
    Failed { error: DiscoveryError, stay: Stay, again: bool },
    /// Nobody has asked yet.
    Unknown,
}

/// Until when something that was learnt is good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stay {
    pub(crate) since: Now,
    pub(crate) span: Duration,
}

impl Stay {
    pub(crate) fn is_over(&self, now: Now) -> bool {
        now.since(self.since) >= self.span
    }

    fn end(&self) -> Duration {
        self.since.tick.saturating_add(self.span)
    }
}

/// What the walk along the addresses came to.
#[derive(Default)]
pub(super) struct Walk {
    /// The first document there is.
    pub(super) read: Option<Read>,
    /// Where nobody has asked yet, before any document.
    pub(super) unknown: Option<String>,
    /// The first address that failed and may be tried again.
    pub(super) again: Option<String>,
    pub(super) error: Option<DiscoveryError>,
    pub(super) stay: Option<Stay>,
}

pub(super) struct Read {
    pub(super) url: String,
    pub(super) versions: Arc<[VersionData]>,
    pub(super) old: bool,
}

impl Walk {
    /// Looks at each address, up to the first that decides.
    pub(super) fn along(urls: &[String], known: impl Fn(&str) -> Known) -> Self {
        let mut walk = Self::default();
        for url in urls {
            match known(url) {
                Known::Read { versions, stay, old } => {
                    // What failed on the way does not matter any more.
                    walk.stay = Some(stay);
                    walk.read = Some(Read { url: url.clone(), versions, old });
                    break;
                }
                Known::Failed { error, stay, again } => {
                    walk.note(stay);
                    walk.error.get_or_insert(error);
                    if again {
                        walk.again.get_or_insert_with(|| url.clone());
                    }
                }
                Known::Unknown => {
                    walk.unknown = Some(url.clone());
                    break;
                }
            }
        }
        walk
    }

    /// Where all fail, that is so until the first of them may be tried again.
    fn note(&mut self, stay: Stay) {
        if self.stay.is_none_or(|known| stay.end() < known.end()) {
            self.stay = Some(stay);
        }
    }
}
