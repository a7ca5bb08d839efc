//! The end of a server, which wakes all that wait.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Set once.
#[derive(Debug, Default)]
pub(super) struct Stop {
    ended: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    pub(super) fn end(&self) {
        *locked(&self.ended) = true;
        self.changed.notify_all();
    }

    pub(super) fn has_ended(&self) -> bool {
        *locked(&self.ended)
    }

    /// Waits for a time, or until the end.
    pub(super) fn pause(&self, time: Duration) {
        let running = locked(&self.ended);
        drop(self.changed.wait_timeout_while(running, time, |ended| !*ended));
    }
}

/// The lock, also after a panic of another test.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
