//! The driver: it asks core, does what core says, and reports. It decides nothing.
//!
//! The lock is held while core thinks, never while anything is sent or waited for.

use std::ops::ControlFlow;

use keepstone_core::{Action, Call, Dispatch, Event, Failure, Head, InputError, Verdict};
use reqwest::Response;

use crate::body::Body;
use crate::errand;
use crate::error::Error;
use crate::http_client::Exchange;
use crate::session::Session;
use crate::shared::Shared;
use crate::turns::Turn;

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
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (ready, turn) = self.turn(dispatch).await?;
            let sent = shared.http.send(&ready, attempt, body, shared.clock.now().tick, turn).await;
            let event = match sent {
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

    /// Asks core until it has found the session's endpoint; there is nothing to send.
    pub(crate) async fn search<T>(mut self, take: impl FnOnce(&Call) -> Option<T>) -> Result<T, Error> {
        self.session.restore().await;
        let dispatch = self.permission(Event::Begin).await?;
        let nowhere = || InputError::NoEndpoint(dispatch.uri.to_string());
        take(&self.call).ok_or_else(|| nowhere().into())
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
    pub(crate) async fn permission(&mut self, event: Event) -> Result<Dispatch, Failure> {
        let action = self.step(event).await;
        self.follow(action).await
    }

    async fn follow(&mut self, mut action: Action) -> Result<Dispatch, Failure> {
        let shared = self.session.shared();
        loop {
            // It is under way; whoever has an answer waits for it.
            let settled = shared.settle();
            match carry_out(shared, action).await {
                ControlFlow::Continue(event) => action = self.step(event).await,
                ControlFlow::Break(Err(failure)) => {
                    settled.await;
                    return Err(failure);
                }
                ControlFlow::Break(Ok(mut dispatch)) => {
                    if let Some(errand) = dispatch.errand.take() {
                        errand::start(shared, errand);
                    }
                    settled.await;
                    return Ok(dispatch);
                }
            }
        }
    }

    /// Waits for the turn of this dispatch, if its session is limited. It is held for the exchange
    /// alone: whatever else has to be done first is done without.
    pub(crate) async fn turn(&mut self, mut dispatch: Dispatch) -> Result<(Dispatch, Turn<'a>), Failure> {
        let shared = self.session.shared();
        loop {
            let (turn, waited) = Turn::take(shared, &self.session.gates(), dispatch.until).await?;
            if !waited {
                return Ok((dispatch, turn));
            }
            // That took its time: what was to be sent may no longer be the best there is.
            match shared.with(|keys| self.call.next(keys, Event::Woke, shared.clock.now())) {
                action @ Action::Send(_) => return Ok((self.follow(action).await?, turn)),
                action => {
                    drop(turn);
                    dispatch = self.follow(action).await?;
                }
            }
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

/// Does what core asks for, and says what came of it; what is to be sent is the caller's to send.
pub(crate) async fn carry_out(
    shared: &Shared,
    action: Action,
) -> ControlFlow<Result<Dispatch, Failure>, Event> {
    ControlFlow::Continue(match action {
        Action::Ask(ask) => shared.http.ask(ask, shared.clock.now().tick).await,
        Action::Consult { question, until } => Event::Told(shared.consult(question, until).await),
        Action::Pause { until } => {
            shared.clock.wait_until(until).await;
            Event::Woke
        }
        // The next step waits for it, where a change cannot be missed.
        Action::Park { .. } => Event::Woke,
        Action::Fail(failure) => return ControlFlow::Break(Err(failure)),
        Action::Send(dispatch) => return ControlFlow::Break(Ok(dispatch)),
    })
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
