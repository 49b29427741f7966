//! Renewals that are due but not urgent: each is a task that ends with the client.

use std::sync::{Arc, Weak};

use keepstone_core::{Errand, ErrandStep, Event};

use crate::shared::Shared;

/// Runs an errand beside the call that brought it.
pub(crate) fn start(shared: &Arc<Shared>, errand: Errand) {
    shared.spawn(Runner { client: Arc::downgrade(shared), errand, done: false }.run());
}

/// An errand under way. It holds the client only while it thinks. Dropped before its end, it hands
/// on what others may wait for.
struct Runner {
    client: Weak<Shared>,
    errand: Errand,
    done: bool,
}

impl Runner {
    async fn run(mut self) {
        let mut event = Event::Begin;
        while let Some(shared) = self.client.upgrade() {
            let now = shared.clock.now();
            event = match shared.with(|keys| self.errand.next(keys, event, now)) {
                ErrandStep::Ask(ask) => {
                    let http = Arc::clone(&shared.http);
                    drop(shared);
                    http.ask(ask, now.tick).await
                }
                ErrandStep::Consult { question, until } => {
                    let told = shared.consult(question, until);
                    drop(shared);
                    Event::Told(told.await)
                }
                ErrandStep::Done => {
                    self.done = true;
                    let settled = shared.settle();
                    drop(shared);
                    return settled.await;
                }
            };
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let (false, Some(shared)) = (self.done, self.client.upgrade()) {
            shared.with(|keys| self.errand.abandon(keys));
        }
    }
}
