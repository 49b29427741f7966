//! The job of a story: calls at set times, from several threads, with Keepstone and bare.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use http::{HeaderValue, StatusCode, Uri};

use crate::bare::Bare;
use crate::timeline::Timeline;
use crate::transport::Caller;

/// How many failures of a job are told one by one.
const TOLD: usize = 3;

/// Calls at set times. Both sides make the same.
pub(crate) struct Job {
    timeline: Arc<Timeline>,
    bare: Bare,
    targets: Vec<Target>,
    pace: Pace,
    kept: Tally,
    lost: Tally,
}

/// Who calls, how often and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// The callers' name in the timeline.
    pub(crate) who: &'static str,
    /// How many there are, each on a thread of its own.
    pub(crate) threads: u32,
    /// How often each of them calls.
    pub(crate) every: Duration,
    /// How long.
    pub(crate) length: Duration,
}

/// Something to get, and what the bare side needs for it.
struct Target {
    caller: Box<dyn Caller>,
    path: String,
    uri: Uri,
    token: HeaderValue,
}

/// What became of the calls of one side.
#[derive(Default)]
pub(crate) struct Tally(Mutex<Count>);

/// Calls so far.
#[derive(Clone, Default)]
pub(crate) struct Count {
    /// How long each call took.
    pub(crate) spans: Vec<Duration>,
    /// How many failed.
    pub(crate) failed: usize,
    /// In which ways.
    pub(crate) ways: BTreeSet<String>,
}

impl Job {
    /// Takes the first token of each session for the bare side; Keepstone logs in for that.
    pub(crate) fn new(
        timeline: &Arc<Timeline>,
        bare: Bare,
        calls: Vec<(Box<dyn Caller>, String)>,
        pace: Pace,
    ) -> Result<Self, Box<dyn Error>> {
        let target = |(caller, path): (Box<dyn Caller>, String)| {
            let (uri, token) = caller.lend(&path)?;
            Ok(Target { caller, path, uri, token })
        };
        let targets = calls.into_iter().map(target).collect::<Result<_, Box<dyn Error>>>()?;
        let (kept, lost) = (Tally::default(), Tally::default());
        Ok(Self { timeline: Arc::clone(timeline), bare, targets, pace, kept, lost })
    }

    /// Runs the job on its threads and `script` on this one; returns what became of both sides.
    pub(crate) fn run(self, script: impl FnOnce(&Self)) -> (Count, Count) {
        thread::scope(|scope| {
            for worker in 0..self.pace.threads {
                let job = &self;
                scope.spawn(move || job.work(worker, Self::call));
                scope.spawn(move || job.work(worker, Self::call_bare));
            }
            script(&self);
            self.until(self.pace.length);
        });
        self.tell_counts();
        (self.kept.count().clone(), self.lost.count().clone())
    }

    /// Waits until this time of the story; tells how the job is doing every now and then.
    pub(crate) fn until(&self, time: Duration) {
        let interval = self.pace.length / 6;
        loop {
            let now = self.timeline.elapsed();
            let next = interval * u32::try_from(now.as_nanos() / interval.as_nanos() + 1).unwrap_or(u32::MAX);
            thread::sleep(next.min(time).saturating_sub(now));
            if next >= time {
                return;
            }
            self.tell_counts();
        }
    }

    /// The Keepstone side so far.
    pub(crate) fn kept(&self) -> Count {
        self.kept.count().clone()
    }

    /// One worker, from the beginning to the end. One that was held up makes the calls it missed.
    fn work(&self, worker: u32, call: impl Fn(&Self, &Target)) {
        let Pace { every, length, threads, .. } = self.pace;
        let mut at = every * worker / threads;
        for target in self.targets.iter().cycle().skip(worker as usize) {
            if at.max(self.timeline.elapsed()) >= length {
                return;
            }
            thread::sleep(at.saturating_sub(self.timeline.elapsed()));
            call(self, target);
            at += every;
        }
    }

    fn call(&self, target: &Target) {
        let failure = self.kept.note(|| target.caller.get(&target.path));
        if let Some(way) = failure {
            self.timeline.say(self.pace.who, &format!("CALL FAILED: {way}"));
        }
    }

    fn call_bare(&self, target: &Target) {
        let failure = self.lost.note(|| self.bare.get(&target.uri, &target.token));
        if let Some(way) = failure {
            self.timeline.say_bare(&format!("FAILS: {way}"));
        }
    }

    fn tell_counts(&self) {
        let (kept, lost) = (self.kept.count().describe(), self.lost.count().describe());
        self.timeline.row(self.pace.who, &kept, &lost);
    }
}

impl Tally {
    /// Makes a call and counts it. A way to fail that is new is returned, to be told.
    fn note(&self, call: impl FnOnce() -> Result<StatusCode, String>) -> Option<String> {
        let begin = Instant::now();
        let answer = call();
        let mut count = self.count();
        count.spans.push(begin.elapsed());
        let way = match answer {
            Ok(status) if status.is_client_error() || status.is_server_error() => status.to_string(),
            Ok(_) => return None,
            Err(error) => error,
        };
        count.failed += 1;
        let novel = count.ways.len() < TOLD && count.ways.insert(way.clone());
        novel.then_some(way)
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.spans.len()
    }

    fn describe(&self) -> String {
        match self.failed {
            0 => format!("{} calls, none failed", self.calls()),
            failed => format!("{} calls, {failed} failed", self.calls()),
        }
    }
}
