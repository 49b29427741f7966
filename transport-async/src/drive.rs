//! The driver: it asks core, does what core says, and reports. It decides nothing.
//!
//! The lock is held while core thinks, never while anything is sent or waited for.

use std::ops::ControlFlow;

use keepstone_core::{Action, Call, Dispatch, Event, Failure, Head, Verdict};
use reqwest::Response;

use crate::body::Body;
use crate::errand;
use crate::error::Error;
use crate::http_client::Exchange;
use crate::session::Session;

/// A call and what it takes to carry it through. Dropped at any point, and at any `await`, it hands
/// on what others wait for.
pub(crate) struct Driver<'a> {
    session: &'a Session,
    call: Call,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(session: &'a Session, call: Call) -> Self {
        Self { session, call }
    }

    pub(crate) async fn send(mut self, body: &mut Body) -> Result<Response, Error> {
        let shared = self.session.shared();
        let mut dispatch = self.begin().await?;
        loop {
            let event = match shared.http.send(&dispatch, body, shared.clock.now().tick).await {
                Exchange::Unreadable(error) => return Err(Error::Body(error)),
                Exchange::Broke(broke) => Event::Broke(broke),
                Exchange::Answer { mut response, touched, source } => {
                    match self.judge(Head { status: response.status(), headers: response.headers(), touched })
                    {
                        Verdict::Again => {
                            body.close(&source);
                            Event::Again
                        }
                        Verdict::Deliver(refusal) => {
                            if let Some(refusal) = refusal {
                                response.extensions_mut().insert(refusal);
                            }
                            return Ok(response);
                        }
                    }
                }
            };
            dispatch = self.permission(event).await?;
        }
    }

    pub(crate) async fn begin(&mut self) -> Result<Dispatch, Failure> {
        self.session.shared().after_fork();
        let now = self.session.shared().clock.now();
        let warm = self.session.published().and_then(|published| self.call.warm(&published, now));
        match warm {
            Some(dispatch) => Ok(dispatch),
            None => {
                self.session.restore().await;
                self.permission(Event::Begin).await
            }
        }
    }

    pub(crate) fn judge(&mut self, head: Head<'_>) -> Verdict {
        self.call.judge(head, self.session.shared().clock.now())
    }

    /// Asks core until it lets the call go out.
    pub(crate) async fn permission(&mut self, mut event: Event) -> Result<Dispatch, Failure> {
        let shared = self.session.shared();
        loop {
            let action = self.step(event).await;
            // It is under way; whoever has an answer waits for it.
            let settled = shared.settle();
            event = match action {
                Action::Ask(ask) => shared.http.ask(ask, shared.clock.now().tick).await,
                Action::Consult { question, until } => Event::Told(shared.consult(question, until).await),
                Action::Pause { until } | Action::Park { until, .. } => {
                    shared.clock.wait_until(until).await;
                    Event::Woke
                }
                Action::Fail(failure) => {
                    settled.await;
                    return Err(failure);
                }
                Action::Send(mut dispatch) => {
                    if let Some(errand) = dispatch.errand.take() {
                        errand::start(shared, errand);
                    }
                    settled.await;
                    return Ok(dispatch);
                }
            };
        }
    }

    /// One step under the lock; parked, it waits where it stands.
    async fn step(&mut self, event: Event) -> Action {
        let Self { session, call } = self;
        let shared = session.shared();
        let mut event = Some(event);
        let step = shared.with_waiting(|keys| {
            let now = shared.clock.now();
            let action = call.next(keys, event.take().unwrap_or(Event::Woke), now);
            match action {
                Action::Park { until, .. } => return ControlFlow::Continue(until.saturating_sub(now.tick)),
                Action::Send(_) => session.publish(keys),
                _ => {}
            }
            ControlFlow::Break(action)
        });
        step.await
    }
}

impl Driver<'_> {
    /// Whatever others wait for is theirs to go on with.
    pub(crate) fn hand_on(&mut self) {
        if self.call.owes() {
            self.session.shared().with(|keys| self.call.abandon(keys));
        }
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        self.hand_on();
    }
}
