//! What the stories have in common: their length, their cloud, and what is counted.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use keepstone_blocking::{Credential, Endpoint, Scope, UserRef};
use keepstone_tests::cloud::{Cloud, Service, Settings};

use crate::bare::Bare;
use crate::job::{Job, Pace};
use crate::timeline::Timeline;
use crate::transport::{Cast, Transport};

/// How long tokens live, by Keystone's word. Its stamps are whole seconds, rounded down, so the
/// life that one can rely on is a second shorter.
pub(crate) const LIFE: Duration = Duration::from_secs(3);

/// The services that are called, and what is got there.
const SERVICES: [(Service, &str); 3] =
    [(Service::Volume, "/volumes"), (Service::Network, "/v2.0/networks"), (Service::Image, "/v2/images")];

/// Where all stories are told.
pub(crate) struct Stage {
    /// How long a story is.
    pub(crate) length: Duration,
    /// What its calls travel with.
    pub(crate) transport: Transport,
}

impl Stage {
    /// A stage for stories of this length.
    pub(crate) fn new(seconds: u64, transport: Transport) -> Self {
        Self { length: Duration::from_secs(seconds), transport }
    }

    /// The job of calling volume, network and image services by turns.
    pub(crate) fn job(
        &self,
        timeline: &Arc<Timeline>,
        cast: Cast,
        pace: Pace,
    ) -> Result<Job, Box<dyn Error>> {
        let bare = Bare::new(&cast.network)?;
        let endpoints = SERVICES.map(|(service, _)| Endpoint::of(service.service_type())).to_vec();
        let callers = self.transport.open(timeline, cast, endpoints)?;
        let calls = callers.into_iter().zip(SERVICES.map(|(_, path)| path.to_owned())).collect();
        Job::new(timeline, bare, calls, pace)
    }
}

/// A cloud whose tokens live [`LIFE`].
pub(crate) fn cloud() -> Result<Cloud, Box<dyn Error>> {
    Ok(Cloud::start(Settings { token_life: LIFE, ..Settings::default() })?)
}

/// A user of it, who logs in with a password.
pub(crate) fn login(cloud: &Cloud, user: &str) -> Result<Credential, Box<dyn Error>> {
    let known = cloud.credentials(user)?;
    let credential = Credential::password(&known.auth_url, UserRef::id(known.user_id), known.password)?;
    Ok(known.project_id.map_or(credential.clone(), |id| credential.scope(Scope::project_id(id))))
}
