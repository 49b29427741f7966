//! Tells one scenario to one driver.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::column::{Check, Column};
use super::deed::World;
use super::driver::{Client, Driver, Ended, Planned, Unable};
use super::expected::Outcome;
use super::look::{self, Labels};
use super::scenario::Scenario;
use super::setup;
use super::step::{Call, Counts, Group, Request, Step};
use super::time::{Time, span};

/// A step that takes longer than this, by the machine's clock, hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long counters may take to come to what is expected: an errand may still be on its way.
const SETTLING: Duration = Duration::from_secs(2);

/// A scenario, told to a driver with a cloud of its own.
#[must_use]
pub fn run(scenario: &Scenario, driver: &dyn Driver) -> Column {
    let began = Instant::now();
    let (driver_name, took) = (driver.name(), Duration::ZERO);
    let mut column = Column { driver: driver_name, checks: Vec::new(), broken: None, took };
    let told = Teller::new(scenario, driver).and_then(|mut teller| {
        let told = teller.steps(&scenario.steps, "");
        column.checks = teller.checks;
        told
    });
    column.broken = told.err().map(|error| error.to_string());
    column.took = began.elapsed();
    column
}

struct Teller<'a> {
    scenario: &'a Scenario,
    world: Arc<World>,
    time: Time,
    client: Arc<dyn Client>,
    labels: Labels,
    /// The outcome of the last call.
    last: String,
    checks: Vec<Check>,
}

impl<'a> Teller<'a> {
    fn new(scenario: &'a Scenario, driver: &dyn Driver) -> Result<Self, Unable> {
        let (world, time) = setup::cloud(&scenario.cloud, scenario.clock)?;
        let client = driver.open(time.clone())?;
        setup::introduce(scenario, &world, &client)?;
        let (labels, last) = (Labels::default(), String::new());
        Ok(Self { scenario, world, time, client, labels, last, checks: Vec::new() })
    }

    fn steps(&mut self, steps: &[Step], within: &str) -> Result<(), Unable> {
        for (number, step) in (1..).zip(steps) {
            let place = format!("{within}{number}");
            self.step(step, &place).map_err(|error| Unable(format!("step {place}: {error}")))?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step, place: &str) -> Result<(), Unable> {
        match step {
            Step::Call(call) => self.call(call, place)?,
            Step::Herd(groups) => self.herd(groups, place)?,
            Step::Object { session, path, size } => self.object(session, path, *size, place)?,
            Step::Pass(seconds) => self.pass(span(*seconds)),
            Step::Do(deed) => self.world.apply(deed)?,
            Step::Later { after, deed } => {
                let (world, deed) = (Arc::clone(&self.world), deed.clone());
                // What cannot be done now cannot be done later: the steps that follow will show it.
                self.time.plan(span(*after), Box::new(move || _ = world.apply(&deed)));
            }
            Step::Supply { identity, proof } => {
                let proof = setup::proof(identity, proof, &self.world, &self.client)?;
                self.client.identity(identity, proof)?;
            }
            Step::LogOut { identity, expect } => {
                let got = self.client.log_out(identity);
                self.outcome(format!("{place}. log out {identity}"), expect, &got);
            }
            Step::Expect(counts) => self.expect(counts, place),
            Step::Repeat { times, steps } => {
                for round in 1..=*times {
                    self.steps(steps, &format!("{place}, round {round}, "))?;
                }
            }
        }
        Ok(())
    }

    fn call(&mut self, call: &Call, place: &str) -> Result<(), Unable> {
        let (began, arrived) = (self.time.tick(), self.world.cloud.arrivals().len());
        let planned = self.planned(call.session.clone(), &call.request)?;
        let what = format!("{place}. {} {} as {}", planned.method, planned.path, planned.session);
        let ended = self.send(vec![planned])?.pop();
        let ended = ended.ok_or_else(|| Unable("the driver lost the call".to_owned()))?;
        let took = self.time.tick().saturating_sub(began).as_secs_f64();
        self.last.clone_from(&ended.outcome);
        self.outcome(what.clone(), &call.expect, &ended.outcome);
        if let Some(sent) = &call.sent {
            let got = self.labels.sent(&self.world.cloud.arrivals(), arrived);
            self.checks.push(Check::exactly(format!("{what}: sent"), &sent.join(" "), &got));
        }
        if let Some(takes) = call.takes {
            let (expected, got) = (takes.to_string(), format!("{took:.3} s"));
            let (what, fits) = (format!("{what}: takes"), takes.fits(took));
            self.checks.push(Check { what, expected, got, fits, choice: true });
        }
        self.checks.extend(look::answer(&what, call, &ended));
        Ok(())
    }

    fn herd(&mut self, groups: &[Group], place: &str) -> Result<(), Unable> {
        let mut calls = Vec::new();
        for group in groups {
            let identity = self.scenario.sessions.get(&group.session).and_then(|it| it.identity.as_ref());
            let identity = identity.and_then(|name| self.scenario.identities.get(name));
            let names = setup::names(&group.session, identity.and_then(setup::copies));
            for name in names.iter().cycle().take(group.n) {
                let after = span(group.after);
                calls.push(Planned { after, ..self.planned(name.clone(), &group.request)? });
            }
        }
        let mut ended = self.send(calls)?.into_iter();
        for group in groups {
            let what = format!("{place}. {} calls as {}", group.n, group.session);
            let ended: Vec<Ended> = ended.by_ref().take(group.n).collect();
            self.checks.push(look::tally(what, &group.expect, &ended));
        }
        Ok(())
    }

    fn object(&mut self, session: &str, path: &str, size: usize, place: &str) -> Result<(), Unable> {
        let request = Request { path: path.to_owned(), ..Request::default() };
        let planned = self.planned(session.to_owned(), &request)?;
        let found = self.send(vec![planned])?.pop();
        let check = look::object(format!("{place}. {path}"), &self.last, found.as_ref(), size);
        self.checks.push(check);
        Ok(())
    }

    fn expect(&mut self, counts: &Counts, place: &str) {
        let given_up = Instant::now() + SETTLING;
        loop {
            let checks = look::counts(place, counts, &self.world.cloud.counters());
            if checks.iter().all(|check| check.fits) || Instant::now() > given_up {
                self.checks.extend(checks);
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn pass(&self, span: Duration) {
        let wait = self.time.turn_to(self.time.tick().saturating_add(span));
        thread::sleep(wait);
        self.time.keep_up();
    }

    fn planned(&self, session: String, request: &Request) -> Result<Planned, Unable> {
        let header = |(name, value): (&String, &String)| Ok((name.clone(), self.world.fill_in(value)?));
        Ok(Planned {
            session,
            after: Duration::ZERO,
            method: request.method.clone(),
            path: self.world.fill_in(&request.path)?,
            headers: request.headers.iter().map(header).collect::<Result<_, Unable>>()?,
            body: request.body.clone(),
        })
    }

    /// Makes the calls, and what was planned meanwhile.
    fn send(&self, calls: Vec<Planned>) -> Result<Vec<Ended>, Unable> {
        let client = Arc::clone(&self.client);
        let (done, wait) = channel();
        thread::spawn(move || done.send(client.calls(calls)));
        let given_up = Instant::now() + PATIENCE;
        loop {
            match wait.recv_timeout(Duration::from_millis(5)) {
                Ok(ended) => return Ok(ended),
                Err(RecvTimeoutError::Disconnected) => return Err(Unable("the driver panicked".into())),
                Err(RecvTimeoutError::Timeout) if Instant::now() > given_up => {
                    return Err(Unable(format!("it hangs: no end after {PATIENCE:?}")));
                }
                Err(RecvTimeoutError::Timeout) => self.time.keep_up(),
            }
        }
    }

    fn outcome(&mut self, what: String, expected: &Outcome, got: &str) {
        let choice = matches!(expected, Outcome::OneOf { .. });
        let (fits, expected) = (expected.fits(got), expected.to_string());
        self.checks.push(Check { what, expected, got: got.to_owned(), fits, choice });
    }
}
