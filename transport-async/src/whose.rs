//! Whose token a session sends.

use std::ops::ControlFlow;

use keepstone_core::{Action, Described, Event, Failure, Whose};

use crate::drive::carry_out;
use crate::session::Session;

/// What is known of the token in use, or of the one that is logged in for.
pub(crate) async fn find(session: &Session) -> Result<Option<Described>, Failure> {
    session.shared().after_fork();
    Asking { session, whose: Whose::of(session.core()) }.find().await
}

/// The question under way. Dropped at any point, and at any `await`, it hands on what others wait for.
struct Asking<'a> {
    session: &'a Session,
    whose: Whose,
}

impl Asking<'_> {
    async fn find(mut self) -> Result<Option<Described>, Failure> {
        let mut event = Event::Begin;
        loop {
            event = match self.step(event).await {
                ControlFlow::Break(described) => return Ok(described),
                ControlFlow::Continue(action) => match carry_out(self.session.shared(), action).await {
                    ControlFlow::Continue(event) => event,
                    ControlFlow::Break(Err(failure)) => return Err(failure),
                    // It has nothing to send.
                    ControlFlow::Break(Ok(_)) => Event::Woke,
                },
            };
        }
    }

    /// One step under the lock; parked, it waits where it stands.
    async fn step(&mut self, event: Event) -> ControlFlow<Option<Described>, Action> {
        let Self { session, whose } = self;
        let shared = session.shared();
        let mut event = Some(event);
        let step = shared.with_waiting(|keys| {
            let now = shared.clock.now();
            match whose.next(keys, event.take().unwrap_or(Event::Woke), now) {
                ControlFlow::Continue(Action::Park { until, .. }) => {
                    ControlFlow::Continue(until.saturating_sub(now.tick))
                }
                step => ControlFlow::Break(step),
            }
        });
        step.await
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if self.whose.owes() {
            self.session.shared().with(|keys| self.whose.abandon(keys));
        }
    }
}
