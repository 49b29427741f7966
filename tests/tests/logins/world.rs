//! A cloud whose clock stands still, and a directory for logins.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use keepstone_core::{Credential, Endpoint, Now, Scope, UserRef};
use keepstone_tests::cloud::{self, Cloud, Service, Settings};
use tempfile::TempDir;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Hands,
    home: TempDir,
}

/// The cloud's clock, as a client that has just begun reads it.
#[derive(Clone)]
pub(crate) struct Hands {
    clock: cloud::Clock,
    start: DateTime<Utc>,
}

impl Hands {
    pub(crate) fn show(&self) -> Now {
        let wall = self.clock.now();
        Now { wall, tick: (wall - self.start).to_std().unwrap_or_default() + SECOND }
    }

    /// The cloud's hands move by microseconds: round up, or the tick would never come.
    pub(crate) fn turn_to(&self, tick: Duration) {
        self.clock.advance(tick.saturating_sub(self.show().tick) + Duration::from_micros(1));
    }
}

impl World {
    /// Time stands still.
    pub(crate) fn new() -> Self {
        Self::with(cloud::Clock::manual("2026-03-01T12:00:00Z".parse().unwrap()))
    }

    /// Time runs.
    #[allow(dead_code, reason = "for processes only")]
    pub(crate) fn running() -> Self {
        Self::with(cloud::Clock::real())
    }

    fn with(clock: cloud::Clock) -> Self {
        let settings = Settings { clock: clock.clone(), token_life: HOUR, ..Settings::default() };
        let start = clock.now();
        let home = tempfile::tempdir().unwrap();
        Self { cloud: Cloud::start(settings).unwrap(), clock: Hands { clock, start }, home }
    }

    /// A clock that begins now, as that of a new process does.
    pub(crate) fn new_clock(&self) -> Hands {
        Hands { start: self.cloud.now(), ..self.clock.clone() }
    }

    pub(crate) fn credential(&self, user: &str) -> Credential {
        let account = self.cloud.credentials(user).unwrap();
        Credential::password(&account.auth_url, UserRef::id(account.user_id), account.password)
            .unwrap()
            .scope(Scope::project_id(account.project_id.unwrap()))
    }

    pub(crate) fn volumes(&self) -> Endpoint {
        Endpoint::fixed(self.cloud.endpoint(Service::Volume, "demo").unwrap())
    }

    pub(crate) fn token_requests(&self) -> u64 {
        self.cloud.counters().token_requests
    }

    /// Where logins are kept. It is not there at first.
    pub(crate) fn dir(&self) -> PathBuf {
        self.home.path().join("cache").join("logins")
    }

    /// What lies there, without the key and the lock.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.dir()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| !path.ends_with("key") && !path.ends_with("lock")).collect()
    }

    /// The one login that lies there.
    pub(crate) fn login(&self) -> PathBuf {
        let kept = self.kept();
        let [login] = &kept[..] else { panic!("not one login: {kept:?}") };
        login.clone()
    }
}
