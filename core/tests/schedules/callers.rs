//! What callers and the runners of errands do, step by step, and what must hold at each.

use super::*;

impl World {
    pub(super) fn begin(&mut self, id: usize) {
        let now = self.now();
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let slot = self.sessions.iter().find(|(kind, _, _)| *kind == caller.kind).unwrap();
        let warm =
            slot.2.as_ref().filter(|p| p.epoch() == self.keys.epoch()).and_then(|p| caller.call.warm(p, now));
        match warm {
            Some(dispatch) => self.send(id, &dispatch),
            None => self.next(id, Event::Begin),
        }
    }

    pub(super) fn event(&mut self, id: usize, event: Event) {
        if matches!(event, Event::Woke)
            && !self.parked.remove(&id)
            && self.callers.get(&id).is_some_and(|c| c.asks.is_some())
        {
            return; // a park's end that was overtaken
        }
        if let Some(caller) = self.callers.get_mut(&id) {
            if let Some(who) = caller.asks.filter(|_| matches!(event, Event::Answered(_) | Event::Broke(_))) {
                caller.asks = None;
                *self.outstanding.get_mut(who).unwrap() -= 1;
            }
        }
        if self.callers.contains_key(&id) {
            self.note_landing(&event);
        }
        self.next(id, event);
    }

    pub(super) fn note_landing(&mut self, event: &Event) {
        let Event::Answered(answer) = event else { return };
        let name = answer.headers()["x-subject-token"].to_str().unwrap().to_owned();
        self.landed.entry(self.tokens[&name].0).or_default().push(self.tick);
        self.held.insert(name, self.tick);
    }

    pub(super) fn next(&mut self, id: usize, event: Event) {
        let now = self.now();
        let Some(caller) = self.callers.get_mut(&id) else { return };
        caller.steps =
            if caller.steps.0 == self.tick { (self.tick, caller.steps.1 + 1) } else { (self.tick, 1) };
        assert!(caller.steps.1 < 60, "a call spins: {:?} at {:?}", caller.kind, self.tick - start().tick);
        let action = caller.call.next(&mut self.keys, event, now);
        match action {
            Action::Ask(ask) => {
                let (who, span, event) = self.ask(&ask);
                self.callers.get_mut(&id).unwrap().asks = Some(who);
                self.push(span, Due::Event(id, event));
            }
            Action::Park { flight, until } => {
                assert!(!self.keys.has_landed(flight), "rule 3: parked on a flight that nobody leads");
                self.parked.insert(id);
                self.push(until.saturating_sub(self.tick), Due::Event(id, Event::Woke));
            }
            Action::Pause { until } => {
                assert!(until > self.tick, "a pause of no length spins");
                self.push(until - self.tick, Due::Event(id, Event::Woke));
            }
            Action::Send(mut dispatch) => {
                let kind = caller.kind;
                let published = self.sessions.iter_mut().find(|(k, _, _)| *k == kind).unwrap();
                published.2 = Some(self.keys.publish(&published.1));
                match dispatch.errand.take() {
                    Some(errand) => {
                        let errand = if self.inline { errand.hurried(now) } else { errand };
                        self.last += 1;
                        let chore = self.last;
                        self.push(Duration::ZERO, Due::Errand(chore, Event::Begin));
                        if self.dice.chance(10) {
                            let at = self.dice.span(SECOND);
                            self.push(at, Due::Vanish(chore));
                        }
                        if !self.inline {
                            self.send(id, &dispatch);
                        }
                        let then = self.inline.then_some(id);
                        self.chores.insert(chore, Chore { errand, asks: None, then });
                    }
                    None => self.send(id, &dispatch),
                }
            }
            Action::Fail(failure) => {
                assert!(!caller.call.owes(), "a failed call owes nothing");
                self.end(id, Err(format!("{failure:?}")));
            }
            Action::Consult { .. } => unreachable!("no identity here asks for its credential"),
        }
    }

    pub(super) fn send(&mut self, id: usize, dispatch: &Dispatch) {
        let text =
            |name: HeaderName| dispatch.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let (user, service) = (text(X_AUTH_TOKEN), text(X_SERVICE_TOKEN));
        let caller = &self.callers[&id];
        for (token, vouched) in [(&user, service.is_some()), (&service, false)] {
            let Some((whose, end, _)) = token.as_ref().map(|name| &self.tokens[name]) else { continue };
            // Bob's end is a date on a clock that is known to a second or not at all.
            if *whose != "bob" {
                assert!(
                    vouched || self.tick < *end,
                    "rules 6, 7: a dead token leaves: {whose}, {:?}",
                    caller.kind
                );
            }
        }
        assert!(
            service.is_some()
                || !matches!(caller.kind, Kind::UserVouched | Kind::OneOnBothSides | Kind::BorrowedVouched),
            "rule 7: a required service token was dropped"
        );
        let there = self.latency / 2;
        if self.tick + self.latency > dispatch.until.unwrap() {
            return self.push(
                dispatch.until.unwrap().saturating_sub(self.tick),
                Due::Event(id, Event::Broke(Broke::Late)),
            );
        }
        self.push(there, Due::Arrive(id, user, service));
    }

    pub(super) fn arrive(&mut self, id: usize, user: Option<&str>, service: Option<&str>) {
        let valid = |name: &str, grace: Duration| {
            self.tick < self.tokens[name].1 + grace && !self.revoked.contains_key(name)
        };
        let grace = match service {
            Some(service) if valid(service, Duration::ZERO) => Some(WINDOW),
            Some(_) => None,
            None => Some(Duration::ZERO),
        };
        let good = grace.is_some_and(|grace| user.is_some_and(|user| valid(user, grace)));
        self.push(self.latency - self.latency / 2, Due::Answer(id, if good { 200 } else { 401 }));
    }

    pub(super) fn answer(&mut self, id: usize, status: u16) {
        let (now, cloud) = (self.now(), self.cloud());
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let headers = HeaderMap::from_iter([(header::DATE, http_date(cloud.wall).parse().unwrap())]);
        let head = Head { status: StatusCode::from_u16(status).unwrap(), headers: &headers, touched: false };
        match caller.call.judge(head, now) {
            Verdict::Again => self.next(id, Event::Again),
            Verdict::Deliver(_) => {
                if caller.call.owes() {
                    caller.call.abandon(&mut self.keys);
                }
                self.end(id, Ok(status));
            }
        }
    }

    pub(super) fn end(&mut self, id: usize, result: Result<u16, String>) {
        let caller = self.callers.remove(&id).unwrap();
        assert!(self.tick <= caller.begun + caller.deadline + MILLI, "rule 13: {:?} ends late", caller.kind);
        self.ends.push((caller.kind, caller.begun, self.tick, caller.deadline, result));
    }

    /// Whoever it is, it is gone, and its connection with it.
    pub(super) fn vanish(&mut self, id: usize) {
        self.parked.remove(&id);
        let asks = if let Some(mut caller) = self.callers.remove(&id) {
            if caller.call.owes() {
                caller.call.abandon(&mut self.keys);
            }
            caller.asks
        } else if let Some(chore) = self.chores.remove(&id) {
            chore.errand.abandon(&mut self.keys);
            if let Some(waiting) = chore.then {
                self.vanish(waiting);
            }
            chore.asks
        } else {
            None
        };
        if let Some(who) = asks {
            *self.outstanding.get_mut(who).unwrap() -= 1;
        }
    }

    pub(super) fn chore(&mut self, id: usize, event: Event) {
        let now = self.now();
        let Some(chore) = self.chores.get_mut(&id) else { return };
        if let Some(who) = chore.asks.take() {
            *self.outstanding.get_mut(who).unwrap() -= 1;
        }
        self.note_landing(&event);
        let chore = self.chores.get_mut(&id).unwrap();
        match chore.errand.next(&mut self.keys, event, now) {
            ErrandStep::Ask(ask) => {
                let (who, span, event) = self.ask(&ask);
                self.chores.get_mut(&id).unwrap().asks = Some(who);
                self.push(span, Due::Errand(id, event));
            }
            ErrandStep::Consult { .. } => unreachable!("no identity here asks for its credential"),
            ErrandStep::Done => {
                let chore = self.chores.remove(&id).unwrap();
                // What the call was given may have died meanwhile: it asks again.
                if let Some(waiting) = chore.then {
                    self.next(waiting, Event::Woke);
                }
            }
        }
    }
}
