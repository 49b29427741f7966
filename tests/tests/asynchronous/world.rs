//! An embedded cloud and a client of it, on the same clock.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use keepstone_async::{
    Body, Borrowed, Client, Clock as ClientClock, Credential, Endpoint, Error, Identity, Notice, Response,
    Scope, Session, UserRef, token::Description,
};
use keepstone_tests::cloud::{self, Cloud, Service, Settings};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) client: Client,
    pub(crate) notices: Arc<Mutex<Vec<Notice>>>,
}

/// The cloud's clock, as the client reads it. Waiting turns it, if it is a manual one.
struct Shared {
    clock: cloud::Clock,
    start: chrono::DateTime<chrono::Utc>,
    manual: bool,
}

impl ClientClock for Shared {
    fn now(&self) -> keepstone_async::Now {
        let wall = self.clock.now();
        let tick = (wall - self.start).to_std().unwrap_or_default() + SECOND;
        keepstone_async::Now { wall, tick }
    }

    fn wait_until(&self, tick: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let span = tick.saturating_sub(self.now().tick);
        if !self.manual {
            return Box::pin(tokio::time::sleep(span));
        }
        let clock = self.clock.clone();
        Box::pin(async move {
            // The cloud's hands move by microseconds: round up, or the tick would never come.
            clock.advance(span + Duration::from_micros(1));
            tokio::task::yield_now().await;
        })
    }
}

impl World {
    /// Time stands still, but for pauses and [`World::pass`].
    pub(crate) fn still() -> Self {
        Self::still_with(HOUR)
    }

    /// The same, with tokens that live so long.
    pub(crate) fn still_with(token_life: Duration) -> Self {
        Self::with(cloud::Clock::manual("2026-03-01T12:00:00Z".parse().unwrap()), true, token_life)
    }

    /// Time runs.
    pub(crate) fn running(token_life: Duration) -> Self {
        Self::with(cloud::Clock::real(), false, token_life)
    }

    fn with(clock: cloud::Clock, manual: bool, token_life: Duration) -> Self {
        let settings = Settings { clock: clock.clone(), token_life, ..Settings::default() };
        let cloud = Cloud::start(settings).unwrap();
        let notices = Arc::<Mutex<Vec<Notice>>>::default();
        let sink = Arc::clone(&notices);
        let start = clock.now();
        let client = Client::builder()
            .clock(Shared { clock, start, manual })
            .seed(7)
            .on_notice(move |notice| sink.lock().unwrap().push(notice.clone()))
            .build()
            .unwrap();
        Self { cloud, client, notices }
    }

    pub(crate) fn pass(&self, span: Duration) {
        self.cloud.advance(span);
    }

    pub(crate) fn credential(&self, user: &str) -> Credential {
        let account = self.cloud.credentials(user).unwrap();
        Credential::password(&account.auth_url, UserRef::id(account.user_id), account.password)
            .unwrap()
            .scope(Scope::project_id(account.project_id.unwrap()))
    }

    pub(crate) fn identity(&self, user: &str) -> Identity {
        self.client.identity(self.credential(user)).unwrap()
    }

    /// Calls of a user to the volume service.
    pub(crate) fn volumes_of(&self, user: &Identity) -> Session {
        user.session().at(self.volumes())
    }

    pub(crate) fn volumes(&self) -> Endpoint {
        Endpoint::fixed(self.cloud.endpoint(Service::Volume, "demo").unwrap())
    }

    /// A token of alice's as a request context hands it over, and the same in clear text.
    pub(crate) fn borrowed(&self, life: Duration) -> (Identity, String) {
        let token = self.cloud.issue_token("alice", "demo", life).unwrap();
        let end =
            chrono::DurationRound::duration_trunc(self.cloud.now() + life, chrono::TimeDelta::seconds(1));
        let description = Description { expires_at: Some(end.unwrap()), ..Description::default() };
        let borrowed = Borrowed::new(token.as_str()).described(description);
        (self.client.borrow(borrowed).unwrap(), token)
    }

    pub(crate) fn token_requests(&self) -> u64 {
        self.cloud.counters().token_requests
    }
}

pub(crate) async fn get(session: &Session, path: &str) -> Result<Response, Error> {
    session.send(Request::get(path).body(()).unwrap()).await
}

pub(crate) async fn status(session: &Session) -> u16 {
    get(session, "/volumes/detail")
        .await
        .map_or_else(|error| panic!("{error:?}"), |answer| answer.status().as_u16())
}

pub(crate) async fn put(session: &Session, path: &str, body: impl Into<Body>) -> Result<Response, Error> {
    session.send(Request::put(path).body(body.into()).unwrap()).await
}

/// Tells a story on a runtime with one thread and on one with several; no story takes a minute.
pub(crate) fn everywhere<F: Future<Output = ()>>(story: impl Fn() -> F) {
    for mut runtime in
        [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()]
    {
        let runtime = runtime.worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async { tokio::time::timeout(SECOND * 60, story()).await.expect("it hangs") });
    }
}
