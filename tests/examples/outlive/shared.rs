//! Story 2: many threads, one session.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crate::job::Pace;
use crate::report::{Requests, Told};
use crate::stage::{Stage, cloud, login};
use crate::timeline::Timeline;
use crate::transport::{Cast, Network, Proof};

const TITLE: &str = "2  SHARED SESSION: eight threads, one token";

const INTRODUCTION: &str = "\
Eight threads share one session of alice's, who logs in with a password. Whoever finds the token
near its end renews it for all: one token request for each renewal, however many callers. On the
right, the same calls with the first token.";

/// Tells it.
pub(crate) fn tell(stage: &Stage) -> Result<Told, Box<dyn Error>> {
    let cloud = cloud()?;
    let user = ("alice", Proof::Login(Box::new(login(&cloud, "alice")?)));
    let cast = Cast { user, service: None, network: Network::default() };
    let timeline = Arc::new(Timeline::begin(TITLE, INTRODUCTION));
    let pace = Pace { who: "threads", threads: 8, every: Duration::from_millis(100), length: stage.length };
    let outcome = stage.job(&timeline, cast, pace)?.run(|_| {});

    let counters = cloud.counters();
    let requests = Requests { user: counters.token_requests_of("alice"), service: 0 };
    let tokens = timeline.tokens_of("alice");
    let most = counters.token_requests_at_once;
    let asked = requests.user;
    timeline.say("Keystone", &format!("counted {asked} token requests for {tokens} tokens, {most} at once"));
    let told = Told::new("shared session", stage.transport, outcome, requests).at_once(&counters);
    Ok(told.claim(asked == tokens, "one token request for each renewal"))
}
