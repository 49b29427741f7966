//! The driver: it asks core, does what core says, and reports. It decides nothing.
//!
//! The lock is held while core thinks, never while anything is sent or waited for.

use std::ops::ControlFlow;

use http::Response;
use keepstone_core::{Action, Call, Dispatch, Event, Failure, Head, Verdict};

use crate::body::Body;
use crate::errand;
use crate::error::Error;
use crate::http_client::Exchange;
use crate::session::Session;

/// A call and what it takes to carry it through. Dropped at any point, even by a panic, it hands
/// on what others wait for.
pub(crate) struct Driver<'a> {
    session: &'a Session,
    call: Call,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(session: &'a Session, call: Call) -> Self {
        Self { session, call }
    }

    pub(crate) fn send(mut self, body: &mut Body) -> Result<Response<ureq::Body>, Error> {
        let shared = self.session.shared();
        let mut dispatch = self.begin()?;
        loop {
            let event = match shared.http.send(&dispatch, body, shared.clock.now().tick) {
                Exchange::Unreadable(error) => return Err(Error::Body(error)),
                Exchange::Broke(broke) => Event::Broke(broke),
                Exchange::Answer { mut response, touched } => {
                    match self.judge(Head { status: response.status(), headers: response.headers(), touched })
                    {
                        Verdict::Again => Event::Again,
                        Verdict::Deliver(refusal) => {
                            if let Some(refusal) = refusal {
                                response.extensions_mut().insert(refusal);
                            }
                            return Ok(response);
                        }
                    }
                }
            };
            dispatch = self.permission(event)?;
        }
    }

    pub(crate) fn begin(&mut self) -> Result<Dispatch, Failure> {
        self.session.shared().after_fork();
        let now = self.session.shared().clock.now();
        let warm = self.session.published().and_then(|published| self.call.warm(&published, now));
        warm.map_or_else(
            || {
                self.session.restore();
                self.permission(Event::Begin)
            },
            Ok,
        )
    }

    pub(crate) fn judge(&mut self, head: Head<'_>) -> Verdict {
        self.call.judge(head, self.session.shared().clock.now())
    }

    /// Asks core until it lets the call go out.
    pub(crate) fn permission(&mut self, mut event: Event) -> Result<Dispatch, Failure> {
        let shared = self.session.shared();
        loop {
            event = match self.step(event) {
                Action::Ask(ask) => shared.http.ask(ask, shared.clock.now().tick),
                Action::Consult { question, .. } => Event::Told(shared.consultants.ask(&question)),
                Action::Pause { until } | Action::Park { until, .. } => {
                    shared.clock.wait_until(until);
                    Event::Woke
                }
                Action::Fail(failure) => return Err(failure),
                Action::Send(mut dispatch) => {
                    let ran_here = dispatch.errand.take().is_some_and(|errand| errand::run(shared, errand));
                    if !ran_here {
                        return Ok(dispatch);
                    }
                    // That took its time: what was to be sent may no longer be the best there is.
                    Event::Woke
                }
            };
        }
    }

    /// One step under the lock; parked, it waits where it stands.
    fn step(&mut self, event: Event) -> Action {
        let Self { session, call } = self;
        let shared = session.shared();
        let mut event = Some(event);
        shared.with_waiting(|keys| {
            let now = shared.clock.now();
            let action = call.next(keys, event.take().unwrap_or(Event::Woke), now);
            match action {
                Action::Park { until, .. } => return ControlFlow::Continue(until.saturating_sub(now.tick)),
                Action::Send(_) => session.publish(keys),
                _ => {}
            }
            ControlFlow::Break(action)
        })
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        if self.call.owes() {
            self.session.shared().with(|keys| self.call.abandon(keys));
        }
    }
}
