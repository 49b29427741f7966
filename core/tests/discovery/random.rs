//! Random schedules: callers come, vanish and run out of time while services answer, fail and hang.

use std::collections::BTreeMap;
use std::time::Duration;

use keepstone_core::{Action, Broke, Call, Cause, Endpoint, Event, Session, Trouble};

use crate::common::{MILLI, SECOND};
use crate::world::{Page, World, get, listed, page};

/// A small generator, so that each seed is one schedule.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A caller, and what it waits for.
struct Caller {
    call: Call,
    end: Duration,
    next: Option<(Duration, Event)>,
    parked: bool,
    /// The document that it is asking for.
    asking: Option<String>,
}

const KINDS: [&str; 3] = ["image", "network", "compute"];
const URLS: [&str; 3] = ["http://a/", "http://b/", "http://c/"];

struct Schedule {
    world: World,
    dice: Dice,
    callers: BTreeMap<u64, Caller>,
    ended: u64,
}

impl Schedule {
    fn come(&mut self, id: u64, session: &Session) {
        let at = self.dice.roll(3) as usize;
        // A listed service is used as it is listed where it does not tell; a stated one is not.
        let endpoint = match self.dice.roll(2) {
            0 => Endpoint::fixed(URLS[at]).service_type(KINDS[at]),
            _ => Endpoint::of(KINDS[at]),
        };
        let endpoint = endpoint.version("2").microversion(["2.1", "2.99"][self.dice.roll(2) as usize]);
        let deadline = SECOND * [2, 10, 60][self.dice.roll(3) as usize];
        let call = get(&session.clone().at(endpoint).deadline(deadline));
        let (end, next) = (self.world.now.tick + deadline, Some((self.world.now.tick, Event::Begin)));
        self.callers.insert(id, Caller { call, end, next, parked: false, asking: None });
    }

    fn step(&mut self, id: u64) {
        let Some(mut caller) = self.callers.remove(&id) else { return };
        let Some((_, event)) = caller.next.take() else { return };
        (caller.asking, caller.parked) = (None, false);
        let (epoch, now) = (self.world.keys.epoch(), self.world.now);
        let action = caller.call.next(&mut self.world.keys, event, now);
        match action {
            Action::Ask(ask) => {
                let url = ask.request.uri().to_string();
                let twice = self.callers.values().any(|other| other.asking.as_ref() == Some(&url));
                assert!(!twice, "{url} is asked for twice at once");
                // A driver cuts an answer off that comes too late.
                let hangs = matches!(self.world.documents.get(&url), Some(Page::Hangs));
                let (span, left) = (MILLI * 100, ask.until.saturating_sub(now.tick));
                let (span, event) = if hangs || left < span {
                    let cause = Cause { kind: Trouble::Timeout, text: "too late".to_owned() };
                    (left, Event::Broke(Broke::Waiting(cause)))
                } else {
                    (span, self.world.answer(&ask))
                };
                caller.next = Some((now.tick + span, event));
                caller.asking = Some(url);
            }
            Action::Park { until, .. } => {
                caller.next = Some((until, Event::Woke));
                caller.parked = true;
            }
            Action::Pause { until } => caller.next = Some((until, Event::Woke)),
            Action::Send(_) | Action::Fail(_) => {
                assert!(now.tick <= caller.end, "{:?} is late", caller.call);
                assert!(!caller.call.owes());
                self.ended += 1;
            }
            other => panic!("{other:?}"),
        }
        if caller.next.is_some() {
            self.callers.insert(id, caller);
        }
        self.wake(epoch);
    }

    /// Whoever is parked looks again when something has changed.
    fn wake(&mut self, epoch: u64) {
        if self.world.keys.epoch() == epoch {
            return;
        }
        let now = self.world.now.tick;
        for caller in self.callers.values_mut().filter(|caller| caller.parked) {
            caller.next = Some((now, Event::Landed));
        }
    }

    fn vanish(&mut self, id: u64) {
        if let Some(mut caller) = self.callers.remove(&id) {
            let epoch = self.world.keys.epoch();
            caller.call.abandon(&mut self.world.keys);
            self.ended += 1;
            self.wake(epoch);
        }
    }

    fn change_a_service(&mut self) {
        let url = URLS[self.dice.roll(3) as usize];
        let page = match self.dice.roll(5) {
            0 => Page::Hangs,
            1 => Page::Answer(503, String::new()),
            2 => page(&[("v3.0", "CURRENT", "v3/")]),
            _ => page(&[("v2.0", "CURRENT", "v2/")]),
        };
        self.world.documents.insert(url.to_owned(), page);
    }

    /// The next that has something to do, if it is due before `end`.
    fn due(&self, end: Duration) -> Option<(Duration, u64)> {
        let due = self.callers.iter().filter_map(|(id, caller)| Some((caller.next.as_ref()?.0, *id)));
        due.min().filter(|(at, _)| *at <= end)
    }

    fn run_until(&mut self, end: Duration) {
        let mut steps = 0;
        while let Some((at, id)) = self.due(end) {
            steps += 1;
            assert!(steps < 100_000, "it turns in a circle");
            let span = at.saturating_sub(self.world.now.tick);
            self.world.pass(span);
            self.step(id);
        }
        let span = end.saturating_sub(self.world.now.tick);
        self.world.pass(span);
    }
}

#[test]
fn whatever_happens_each_document_is_asked_for_once_at_a_time_and_every_call_ends() {
    for seed in 1..=150 {
        let mut world = World::new("image", "http://i/");
        let lists: Vec<String> = KINDS.iter().zip(URLS).map(|(kind, url)| listed(kind, url)).collect();
        let services: Vec<&str> = lists.iter().map(|list| &list[1..list.len() - 1]).collect();
        world.catalog = format!("[{}]", services.join(","));
        let session = Session::of(world.borrow("b1"));
        let mut schedule =
            Schedule { world, dice: Dice(seed * 0x9E37_79B9), callers: BTreeMap::new(), ended: 0 };
        let mut come = 0;
        for _ in 0..300 {
            match schedule.dice.roll(10) {
                0 => schedule.change_a_service(),
                1 if come > 0 => {
                    let id = schedule.dice.roll(come);
                    schedule.vanish(id);
                }
                2..=7 => {
                    schedule.come(come, &session);
                    come += 1;
                }
                _ => {
                    let span = MILLI * [10, 300, 5000, 40_000][schedule.dice.roll(4) as usize];
                    schedule.run_until(schedule.world.now.tick + span);
                }
            }
        }
        schedule.run_until(schedule.world.now.tick + SECOND * 300);
        assert_eq!((schedule.callers.len(), schedule.ended), (0, come), "seed {seed}");
    }
}
