//! Who is told of each exchange with a server.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use http::Response;
use keepstone_core::{Ask, Cause, Dispatch, Event, Exchanged};

use crate::body::Body;
use crate::clock::Clock;
use crate::http_client::{Exchange, HttpClient};
use crate::turns::Turn;

pub(crate) type ExchangeListener = Arc<dyn Fn(&Exchanged<'_>) + Send + Sync>;

/// Where exchanges are logged, unless somebody listens.
const LOG: &str = "keepstone::exchange";

/// What requests go out through, under somebody's eyes.
#[derive(Debug)]
pub(crate) struct Watched {
    http: HttpClient,
    watch: Watch,
}

pub(crate) struct Watch {
    pub(crate) clock: Arc<dyn Clock>,
    /// Without one, they are logged.
    pub(crate) listener: Option<ExchangeListener>,
}

impl Watched {
    pub(crate) fn new(http: HttpClient, watch: Watch) -> Self {
        Self { http, watch }
    }

    pub(crate) fn start_afresh(&self) {
        self.http.start_afresh();
    }

    pub(crate) async fn ask(&self, ask: Ask, now: Duration) -> Event {
        let head = self.watch.is_on().then(|| ask.head());
        let event = self.http.ask(ask, now).await;
        if let Some((method, uri, headers)) = head {
            let told = Exchanged::ask(&method, &uri, &headers, self.watch.since(now));
            match &event {
                Event::Answered(answer) => self.watch.tell(&told.answered(answer.status(), answer.headers())),
                Event::Broke(broke) => self.watch.tell(&told.broke(&broke.cause())),
                _ => {}
            }
        }
        event
    }

    pub(crate) async fn tell(&self, ask: Ask, now: Duration) -> Result<Response<Vec<u8>>, Cause> {
        let head = self.watch.is_on().then(|| ask.head());
        let answer = self.http.tell(ask, now).await;
        if let Some((method, uri, headers)) = head {
            let told = Exchanged::ask(&method, &uri, &headers, self.watch.since(now));
            self.watch.tell(&match &answer {
                Ok(answer) => told.answered(answer.status(), answer.headers()),
                Err(cause) => told.broke(cause),
            });
        }
        answer
    }

    /// Gives the turn back before anybody is told.
    pub(crate) async fn send(
        &self,
        dispatch: &Dispatch,
        attempt: u32,
        body: &mut Body,
        now: Duration,
        turn: Turn<'_>,
    ) -> Exchange {
        let exchange = self.http.send(dispatch, body, now).await;
        drop(turn);
        if self.watch.is_on() {
            let told = Exchanged::call(dispatch, attempt, self.watch.since(now));
            self.watch.tell(&match &exchange {
                Exchange::Answer { response, .. } => told.answered(response.status(), response.headers()),
                Exchange::Broke(broke) => told.broke(&broke.cause()),
                Exchange::Unreadable(_) => told,
            });
        }
        exchange
    }
}

impl Watch {
    fn is_on(&self) -> bool {
        self.listener.is_some() || log::log_enabled!(target: LOG, log::Level::Debug)
    }

    fn since(&self, then: Duration) -> Duration {
        self.clock.now().tick.saturating_sub(then)
    }

    fn tell(&self, exchanged: &Exchanged<'_>) {
        match &self.listener {
            // A listener's panic is reported, and takes no call with it.
            Some(listener) => drop(catch_unwind(AssertUnwindSafe(|| listener(exchanged)))),
            None => log::debug!(target: LOG, "{exchanged}"),
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watch(listener: {})", self.listener.is_some())
    }
}
