//! Story 3: tokens are revoked, and Keystone is down.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use keepstone_tests::cloud::{Cloud, Outage, Service};

use crate::job::{Job, Pace};
use crate::report::{Requests, Told};
use crate::stage::{Stage, cloud, login};
use crate::timeline::Timeline;
use crate::transport::{Cast, Network, Proof};

const TITLE: &str = "3  STORM: revoked twice, and Keystone down for two seconds";

const INTRODUCTION: &str = "\
Four threads call without a break. All of alice's tokens are revoked, Keystone goes away for two
seconds (the services cannot check tokens then, and answer 503), and tokens are revoked again.
Keepstone renews, waits and repeats, each call inside its own deadline; what was late is made
up for afterwards.";

/// How long Keystone is down.
const OUTAGE: Duration = Duration::from_secs(2);

/// Tells it.
pub(crate) fn tell(stage: &Stage) -> Result<Told, Box<dyn Error>> {
    let cloud = cloud()?;
    let user = ("alice", Proof::Login(Box::new(login(&cloud, "alice")?)));
    let cast = Cast { user, service: None, network: Network::default() };
    let timeline = Arc::new(Timeline::begin(TITLE, INTRODUCTION));
    let pace = Pace { who: "threads", threads: 4, every: Duration::from_millis(100), length: stage.length };
    let job = stage.job(&timeline, cast, pace)?;
    let (kept, lost) = job.run(|job| rage(job, &cloud, &timeline, stage.length));

    let waited = kept.spans.iter().filter(|span| **span > pace.every).count();
    let longest = kept.spans.iter().max().copied().unwrap_or_default().as_secs_f64();
    timeline.say("threads", &format!("{waited} calls had to wait, the longest {longest:.1} s"));
    let counters = cloud.counters();
    let requests = Requests { user: counters.token_requests_of("alice"), service: 0 };
    Ok(Told::new("storm", stage.transport, (kept, lost), requests).at_once(&counters))
}

/// What happens while the job runs.
fn rage(job: &Job, cloud: &Cloud, timeline: &Timeline, length: Duration) {
    job.until(length.mul_f64(0.12));
    revoke(cloud, timeline);
    job.until(length.mul_f64(0.35));
    timeline.say("Keystone", "DOWN: nobody listens");
    cloud.set_outage(Service::Identity, Outage::Refuse);
    job.until(length.mul_f64(0.35) + OUTAGE);
    cloud.set_outage(Service::Identity, Outage::None);
    timeline.say("Keystone", "UP again");
    job.until(length.mul_f64(0.8));
    revoke(cloud, timeline);
}

fn revoke(cloud: &Cloud, timeline: &Timeline) {
    timeline.say("admin", "REVOKES all of alice's tokens");
    // Alice is a user of every embedded cloud.
    let _ = cloud.revoke_all_of("alice");
}
