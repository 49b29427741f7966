//! A pause between two pieces of a body.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use tokio::task::yield_now;

/// Is over when the runtime has looked at all its sockets. (The connection looks only at what the
/// runtime has seen; and it asks for the next piece more than once, woken or not.)
#[derive(Default)]
pub(crate) struct Pause {
    begun: AtomicBool,
    over: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Pause {
    pub(crate) fn is_over(self: &Arc<Self>, cx: &mut Context<'_>) -> bool {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        if !self.begun.swap(true, Ordering::AcqRel) {
            let waker = Waker::from(Arc::clone(self));
            return pin!(yield_now()).poll(&mut Context::from_waker(&waker)).is_ready();
        }
        self.over.load(Ordering::Acquire)
    }
}

impl Wake for Pause {
    fn wake(self: Arc<Self>) {
        self.over.store(true, Ordering::Release);
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.wake();
        }
    }
}
