//! Story 2 against a real cloud.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use keepstone_blocking::Endpoint;

use crate::bare::Bare;
use crate::env;
use crate::job::{Job, Pace};
use crate::report::{Requests, Told};
use crate::stage::Stage;
use crate::timeline::Timeline;
use crate::transport::{Cast, Proof};

const TITLE: &str = "SHARED SESSION: eight threads, one token, your cloud";

const INTRODUCTION: &str = "\
Eight threads share one session of yours. Whoever finds the token near its end renews it for all.
Tokens of a real cloud live for hours as a rule, so the bare token may well survive; with
--seconds the story takes as long as you like.";

/// Tells it: gets `path` of a service of this type, or of Keystone itself.
pub(crate) fn tell(stage: &Stage, service: Option<&str>, path: &str) -> Result<Told, Box<dyn Error>> {
    let credential = env::credential()?;
    let endpoint = match service {
        Some(service) => env::endpoint(service)?,
        // Where we log in; a catalog may leave the version out.
        None => Endpoint::fixed(credential.auth_url().to_string()),
    };
    let network = env::network()?;
    let bare = Bare::new(&network)?;
    let timeline = Arc::new(Timeline::begin(TITLE, INTRODUCTION));
    let cast = Cast { user: ("you", Proof::Login(Box::new(credential))), service: None, network };
    let callers = stage.transport.open(&timeline, cast, vec![endpoint])?;
    let calls = callers.into_iter().map(|caller| (caller, path.to_owned())).collect();
    let pace = Pace { who: "threads", threads: 8, every: Duration::from_secs(1), length: stage.length };
    let outcome = Job::new(&timeline, bare, calls, pace)?.run(|_| {});
    // A real cloud lets nobody look at its books: these are the tokens that came.
    let requests = Requests { user: timeline.tokens_of("you"), service: 0 };
    Ok(Told::new("shared session", stage.transport, outcome, requests))
}
