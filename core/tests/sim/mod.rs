//! A simulated cloud and any number of callers in virtual time: 48 hours take milliseconds.
//!
//! Events wait in a queue by instant. Every caller drives its own [`Call`] as a driver would; an
//! errand runs beside it. After each step whoever is parked is woken if the keychain's epoch moved.
#![allow(dead_code, unreachable_pub, reason = "a module of several test crates, each of which uses a part")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use keepstone_core::{
    Action, Ask, Broke, Call, Cause, Dispatch, Errand, ErrandStep, Event, Failure, Head, Keychain, Notice,
    Now, Trouble, Verdict, X_AUTH_TOKEN, X_SERVICE_TOKEN,
};

use crate::common::{MILLI, SECOND, answer, granted, http_date, start};

pub struct Sim {
    pub keys: Keychain,
    pub keystone: Keystone,
    /// How long a service takes to answer.
    pub latency: Duration,
    pub window: Duration,
    pub results: Vec<(usize, Duration, Outcome)>,
    pub notices: Vec<(Duration, Notice)>,
    now: Now,
    /// How far our wall clock is behind the cloud's.
    behind: Duration,
    queue: BTreeMap<(Duration, u64), Due>,
    order: u64,
    calls: BTreeMap<usize, Call>,
    errands: BTreeMap<usize, Errand>,
    parked: BTreeSet<usize>,
    last: usize,
}

/// The simulated Keystone.
pub struct Keystone {
    pub latency: Duration,
    pub life: u64,
    pub roles: Vec<&'static str>,
    /// When it cannot be reached.
    pub down: Option<(Duration, Duration)>,
    /// What it answers instead of a token.
    pub broken: Option<fn() -> Response<Vec<u8>>>,
    /// When each token request arrived.
    pub requests: Vec<Duration>,
    pub at_once: usize,
    pub most_at_once: usize,
    /// Tokens by name: when they end, and whether they carry the role `service`.
    pub tokens: BTreeMap<String, (Duration, bool)>,
    pub revoked: BTreeSet<String>,
    /// How far its clock is ahead of ours.
    pub ahead: Duration,
}

#[derive(Debug, PartialEq)]
pub enum Outcome {
    Status(u16),
    Failed(Failure),
}

enum Due {
    Start(usize),
    Event(usize, Event),
    Judge(usize, u16),
    /// The caller vanishes, whatever it is doing.
    Drop(usize),
    Errand(usize, Event),
}

impl Sim {
    pub fn new(keys: Keychain) -> Self {
        let keystone = Keystone {
            latency: MILLI * 50,
            life: 3601,
            roles: vec!["member", "service"],
            down: None,
            broken: None,
            requests: Vec::new(),
            at_once: 0,
            most_at_once: 0,
            tokens: BTreeMap::new(),
            revoked: BTreeSet::new(),
            ahead: Duration::ZERO,
        };
        Self {
            keys,
            keystone,
            latency: MILLI * 10,
            window: SECOND * 172_800,
            results: Vec::new(),
            notices: Vec::new(),
            now: start(),
            behind: Duration::ZERO,
            queue: BTreeMap::new(),
            order: 0,
            calls: BTreeMap::new(),
            errands: BTreeMap::new(),
            parked: BTreeSet::new(),
            last: 0,
        }
    }

    /// A token that exists already and lives so long.
    pub fn hand_in(&mut self, name: &str, life: Duration) {
        self.keystone.tokens.insert(name.to_owned(), (self.elapsed() + life, false));
    }

    pub fn revoke(&mut self, name: &str) {
        self.keystone.revoked.insert(name.to_owned());
    }

    /// How long the simulation has run.
    pub fn elapsed(&self) -> Duration {
        self.now.tick - start().tick
    }

    pub fn now(&self) -> Now {
        self.now
    }

    /// Our wall clock is set back; nothing else changes, the cloud's clock least of all.
    pub fn set_wall_back(&mut self, span: Duration) {
        self.now.wall -= span;
        self.behind += span;
        self.keystone.ahead = self.behind;
    }

    /// A call that begins after `span`.
    pub fn call_in(&mut self, span: Duration, call: Call) -> usize {
        self.last += 1;
        self.calls.insert(self.last, call);
        self.push(span, Due::Start(self.last));
        self.last
    }

    pub fn drop_in(&mut self, span: Duration, id: usize) {
        self.push(span, Due::Drop(id));
    }

    pub fn failed(&self) -> Vec<&Outcome> {
        self.results
            .iter()
            .map(|(_, _, outcome)| outcome)
            .filter(|outcome| **outcome != Outcome::Status(200))
            .collect()
    }

    fn push(&mut self, span: Duration, due: Due) {
        self.order += 1;
        self.queue.insert((self.now.tick + span, self.order), due);
    }

    fn push_at(&mut self, tick: Duration, due: Due) {
        self.push(tick.saturating_sub(self.now.tick), due);
    }

    /// Runs until nothing is left to happen.
    pub fn run(&mut self) {
        self.run_for(Duration::from_secs(400 * 24 * 3600));
        let stranded: Vec<_> = self.calls.keys().collect();
        assert!(stranded.is_empty(), "stranded: {stranded:?}");
    }

    pub fn run_for(&mut self, span: Duration) {
        let end = self.now.tick + span;
        for _ in 0..5_000_000 {
            let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= end) else { break };
            let ((tick, _), due) = entry.remove_entry();
            self.pass(tick - self.now.tick);
            self.step(due);
        }
        if span < Duration::from_secs(300 * 24 * 3600) {
            self.pass(end - self.now.tick);
        }
    }

    fn pass(&mut self, span: Duration) {
        self.now = Now { wall: self.now.wall + span, tick: self.now.tick + span };
    }

    fn step(&mut self, due: Due) {
        let epoch = self.keys.epoch();
        match due {
            Due::Start(id) => self.next(id, Event::Begin),
            Due::Event(id, Event::Woke) if self.parked.contains(&id) => {
                self.parked.remove(&id);
                self.next(id, Event::Woke);
            }
            Due::Event(id, event) => {
                self.note_answer(&event);
                self.next(id, event);
            }
            Due::Judge(id, status) => self.judge(id, status),
            Due::Drop(id) => {
                self.parked.remove(&id);
                if let Some(mut call) = self.calls.remove(&id) {
                    call.abandon(&mut self.keys);
                }
            }
            Due::Errand(id, event) => self.errand(id, event),
        }
        let notices = self.keys.take_notices();
        let at = self.elapsed();
        self.notices.extend(notices.into_iter().map(|notice| (at, notice)));
        if self.keys.epoch() != epoch {
            for id in std::mem::take(&mut self.parked) {
                self.push(Duration::ZERO, Due::Event(id, Event::Landed));
            }
        }
    }

    fn note_answer(&mut self, event: &Event) {
        if matches!(event, Event::Answered(_) | Event::Broke(_)) {
            self.keystone.at_once = self.keystone.at_once.saturating_sub(1);
        }
    }

    fn next(&mut self, id: usize, event: Event) {
        let Some(mut call) = self.calls.remove(&id) else { return };
        let action = call.next(&mut self.keys, event, self.now);
        match action {
            Action::Ask(ask) => {
                let (span, event) = self.keystone.ask(&ask, self.now);
                self.push(span, Due::Event(id, event));
            }
            Action::Park { until, .. } => {
                self.parked.insert(id);
                self.push_at(until, Due::Event(id, Event::Woke));
            }
            Action::Pause { until } => self.push_at(until, Due::Event(id, Event::Woke)),
            Action::Send(dispatch) => {
                let status = self.service(&dispatch);
                if let Some(errand) = dispatch.errand {
                    self.last += 1;
                    self.errands.insert(self.last, errand);
                    self.push(Duration::ZERO, Due::Errand(self.last, Event::Begin));
                }
                self.push(self.latency, Due::Judge(id, status));
            }
            Action::Fail(failure) => {
                self.results.push((id, self.elapsed(), Outcome::Failed(failure)));
                assert!(!call.owes(), "a failed call owes nothing");
                return;
            }
            Action::Consult { .. } => unreachable!("no identity here asks for its credential"),
        }
        self.calls.insert(id, call);
    }

    fn judge(&mut self, id: usize, status: u16) {
        let Some(mut call) = self.calls.remove(&id) else { return };
        let mut headers = HeaderMap::new();
        headers.insert(
            header::DATE,
            HeaderValue::from_str(&http_date(self.now.wall + self.behind)).expect("a date"),
        );
        let head = Head {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: &headers,
            touched: true,
        };
        match call.judge(head, self.now) {
            Verdict::Deliver(_) => {
                if call.owes() {
                    call.abandon(&mut self.keys);
                }
                self.results.push((id, self.elapsed(), Outcome::Status(status)));
            }
            Verdict::Again => {
                self.calls.insert(id, call);
                self.next(id, Event::Again);
            }
        }
    }

    fn errand(&mut self, id: usize, event: Event) {
        let Some(mut errand) = self.errands.remove(&id) else { return };
        self.note_answer(&event);
        if let ErrandStep::Ask(ask) = errand.next(&mut self.keys, event, self.now) {
            let (span, event) = self.keystone.ask(&ask, self.now);
            self.errands.insert(id, errand);
            self.push(span, Due::Errand(id, event));
        }
    }

    /// A service behind the real middleware's rule (`service_token_roles_required = true`).
    fn service(&self, dispatch: &Dispatch) -> u16 {
        let text = |name: http::HeaderName| dispatch.headers.get(name).and_then(|value| value.to_str().ok());
        let at = self.elapsed();
        let valid = |name: &str, grace: Duration| {
            let token = self.keystone.tokens.get(name)?;
            (at < token.0 + grace && !self.keystone.revoked.contains(name)).then_some(token.1)
        };
        let vouched = match text(X_SERVICE_TOKEN) {
            Some(name) => match valid(name, Duration::ZERO) {
                Some(true) => true,
                _ => return 401,
            },
            None => false,
        };
        let grace = if vouched { self.window } else { Duration::ZERO };
        match text(X_AUTH_TOKEN).and_then(|name| valid(name, grace)) {
            Some(_) => 200,
            None => 401,
        }
    }
}

impl Keystone {
    fn ask(&mut self, ask: &Ask, now: Now) -> (Duration, Event) {
        let at = now.tick - start().tick;
        self.requests.push(at);
        self.at_once += 1;
        self.most_at_once = self.most_at_once.max(self.at_once);
        if self.down.is_some_and(|(from, to)| (from..to).contains(&at)) {
            let cause = Cause { kind: Trouble::Connect, text: "refused".to_owned() };
            return (MILLI, Event::Broke(Broke::Unsent(cause)));
        }
        if now.tick + self.latency > ask.until {
            let cause = Cause { kind: Trouble::Timeout, text: "too slow".to_owned() };
            return (ask.until - now.tick, Event::Broke(Broke::Waiting(cause)));
        }
        if let Some(broken) = self.broken {
            return (self.latency, Event::Answered(broken()));
        }
        let name = format!("t{}", self.requests.len());
        let service = self.roles.contains(&"service");
        // As the real one: the end is cut to whole seconds.
        let end = (at + Duration::from_secs(self.life)).as_secs();
        self.tokens.insert(name.clone(), (Duration::from_secs(end), service));
        (
            self.latency,
            Event::Answered(granted(
                &name,
                Now { wall: now.wall + self.ahead, ..now },
                self.life,
                &self.roles,
            )),
        )
    }
}

/// An answer for [`Keystone::broken`].
pub fn unavailable() -> Response<Vec<u8>> {
    let mut busy = answer(503, "");
    busy.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("9223372036854775807"));
    busy
}
