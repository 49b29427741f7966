//! Story 1: a service goes on working for a user whose token has expired.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use keepstone_blocking::Borrowed;

use crate::bare::Bare;
use crate::job::Pace;
use crate::report::{Requests, Told};
use crate::stage::{LIFE, Stage, cloud, login};
use crate::timeline::Timeline;
use crate::transport::{Cast, Network, Proof};

const TITLE: &str = "1  LIVE MIGRATION: a service outlives its user's token";

const INTRODUCTION: &str = "\
Alice asked Nova to migrate her server and handed in her token. Nova cannot renew it, and the
work takes longer than it lives. With Keepstone, Nova's own identity vouches: each call carries
alice's token and beside it a live service token of Nova's, which the services accept long after
alice's has expired. On the right, the same calls with alice's token alone.";

/// Tells it.
pub(crate) fn tell(stage: &Stage) -> Result<Told, Box<dyn Error>> {
    let cloud = cloud()?;
    let nova = login(&cloud, "nova")?;
    let timeline = Arc::new(Timeline::begin(TITLE, INTRODUCTION));

    // What Nova has of alice: her token, and what Keystone told Nova of it when it came in.
    let token = cloud.issue_token("alice", "demo", LIFE)?;
    let description = Bare::new(&Network::default())?.look_up(&cloud.auth_url(), &token)?;
    let expires_at = description.expires_at.ok_or("a token without an end")?;
    let left = (expires_at - cloud.now()).to_std().unwrap_or_default();
    let end = timeline.elapsed() + left;
    timeline.say("alice", &format!("hands her token to nova: it has {:.1} s left", left.as_secs_f64()));

    let user = ("alice", Proof::Token(Box::new(Borrowed::new(token).described(description))));
    let cast = Cast { user, service: Some(("nova", nova)), network: Network::default() };
    let pace = Pace { who: "nova", threads: 1, every: Duration::from_millis(100), length: stage.length };
    let (kept, lost) = stage.job(&timeline, cast, pace)?.run(|job| {
        job.until(end);
        timeline.say("alice", "EXPIRED: her token has come to its end");
        let before = job.kept().calls();
        job.until(end + pace.every * 4);
        let since = job.kept();
        if since.failed == 0 {
            let answered = since.calls() - before;
            timeline.say("nova", &format!("CARRIED by its service token: {answered} calls since"));
        }
    });
    let counters = cloud.counters();
    let requests =
        Requests { user: counters.token_requests_of("alice"), service: counters.token_requests_of("nova") };
    Ok(Told::new("live migration", stage.transport, (kept, lost), requests).at_once(&counters))
}
