//! What a story needs of a transport. Each is a file of its own, `blocking.rs` and
//! `asynchronous.rs`, and a line in [`Transport::open`].

use std::error::Error;
use std::sync::Arc;

use http::{HeaderValue, StatusCode, Uri};
use keepstone_blocking::{Borrowed, Credential, Endpoint};

use crate::timeline::Timeline;
use crate::{asynchronous, blocking};

/// The transports of Keepstone.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Transport {
    /// Threads, and ureq.
    Blocking,
    /// Tasks on tokio, and reqwest.
    Async,
}

/// Whose calls they are, and how they travel.
pub(crate) struct Cast {
    /// On whose behalf the calls are made.
    pub(crate) user: (&'static str, Proof),
    /// The service that makes them, if it vouches for the user.
    pub(crate) service: Option<(&'static str, Credential)>,
    /// How to reach the cloud.
    pub(crate) network: Network,
}

/// What an identity has to show.
pub(crate) enum Proof {
    /// Something to log in with, again and again.
    Login(Box<Credential>),
    /// A token that was handed in, and cannot be renewed.
    Token(Box<Borrowed>),
}

/// How to reach a cloud. The default is for one on loopback.
#[derive(Clone, Default)]
pub(crate) struct Network {
    /// Private authorities (`OS_CACERT`), in PEM.
    pub(crate) authority: Option<Vec<u8>>,
    /// Through the proxy that the environment names.
    pub(crate) proxy: bool,
}

/// A session at one service, shared by all threads that call there.
pub(crate) trait Caller: Send + Sync {
    /// Gets this path, to the last byte of the answer; says why if there was none.
    fn get(&self, path: &str) -> Result<StatusCode, String>;

    /// Where such a request goes, and the user's token that it would carry now.
    fn lend(&self, path: &str) -> Result<(Uri, HeaderValue), Box<dyn Error>>;
}

impl Transport {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Async => "async",
        }
    }

    /// A session at each of these services.
    pub(crate) fn open(
        self,
        timeline: &Arc<Timeline>,
        cast: Cast,
        endpoints: Vec<Endpoint>,
    ) -> Result<Vec<Box<dyn Caller>>, Box<dyn Error>> {
        match self {
            Self::Blocking => blocking::open(timeline, cast, endpoints),
            Self::Async => asynchronous::open(timeline, cast, endpoints),
        }
    }
}
