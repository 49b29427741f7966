//! Renewals that are due but not urgent.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Weak};
use std::thread;

use keepstone_core::{Errand, ErrandStep, Event};

use crate::error::BuildError;
use crate::shared::Shared;

/// Runs an errand on the helper thread, or, where there is none, here and now. Whether it ran here.
pub(crate) fn run(shared: &Shared, errand: Errand) -> bool {
    let here = match shared.helper() {
        Some(helper) => helper.send(errand).err().map(|unsent| unsent.0),
        None => Some(errand),
    };
    let Some(errand) = here else { return false };
    Runner { shared, errand: errand.hurried(shared.clock.now()), done: false }.run();
    true
}

/// Starts the thread. It holds the client only while it works, and ends with it.
pub(crate) fn start_helper(shared: &Arc<Shared>) -> Result<(), BuildError> {
    let (sender, errands) = mpsc::channel();
    let client = Arc::downgrade(shared);
    let helper = thread::Builder::new().name("keepstone".to_owned());
    helper.spawn(move || help(&client, &errands)).map_err(BuildError::Thread)?;
    shared.helper.get_or_init(|| sender);
    Ok(())
}

fn help(client: &Weak<Shared>, errands: &Receiver<Errand>) {
    for errand in errands {
        let Some(shared) = client.upgrade() else { return };
        let runner = Runner { shared: &shared, errand, done: false };
        // A supplier's panic is reported, and leaves the thread to the errands behind.
        let _ = catch_unwind(AssertUnwindSafe(|| runner.run()));
    }
}

/// An errand under way. Dropped before its end, it hands on what others may wait for.
struct Runner<'a> {
    shared: &'a Shared,
    errand: Errand,
    done: bool,
}

impl Runner<'_> {
    fn run(mut self) {
        let mut event = Event::Begin;
        while !self.done {
            let step = self.shared.with(|keys| self.errand.next(keys, event, self.shared.clock.now()));
            event = match step {
                ErrandStep::Ask(ask) => self.shared.http.ask(ask, self.shared.clock.now().tick),
                ErrandStep::Consult { question, .. } => Event::Told(self.shared.consultants.ask(&question)),
                ErrandStep::Done => {
                    self.done = true;
                    Event::Landed
                }
            };
        }
    }
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.shared.with(|keys| self.errand.abandon(keys));
        }
    }
}
