//! Calls that are watched: told to stop, and listened to.

use crate::{
    checks::{Stop, Verdict, failed},
    subject::{Class, Failure, Reply, Watch},
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

/// A call must end so soon after it was told to stop.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// How long a call goes on before it is told to stop.
const STOP_AFTER: Duration = Duration::from_millis(30);

/// Stops on demand and writes down what it hears.
#[derive(Default)]
pub(crate) struct Listener {
    stop: AtomicBool,
    shares: Mutex<Vec<f64>>,
}

impl Watch for Listener {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
    fn progress(&self, share: f64, _: &str) {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner).push(share);
    }
}

impl Listener {
    /// The shares reported so far.
    pub(crate) fn shares(&self) -> Vec<f64> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the shares lie in `[0, 1]` and never fall; how many there were.
    pub(crate) fn check(&self) -> Result<usize, Stop> {
        let shares = self.shares();
        if let Some(share) = shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            return failed(format!("reported the share {share}, which is not from 0 to 1"));
        }
        match shares.windows(2).find(|pair| pair[1] < pair[0]) {
            Some(pair) => {
                failed(format!("progress fell from {} to {} within one call", pair[0], pair[1]))
            }
            None => Ok(shares.len()),
        }
    }
}

/// When a call is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Before,
    During,
}

/// Makes a call on a thread of its own, tells it to stop, and waits. A call that does not come back
/// is left behind: nothing can end it from here.
pub(crate) fn stopped<T: Send + 'static>(
    told: Told,
    call: impl FnOnce(&dyn Watch) -> Reply<T> + Send + 'static,
) -> Verdict {
    let listener = Arc::new(Listener::default());
    listener.stop.store(told == Told::Before, Ordering::Relaxed);
    let (send, receive) = mpsc::channel();
    let theirs = Arc::clone(&listener);
    std::thread::spawn(move || {
        // Nobody listens any more when the call came back too late.
        let _ = send.send(call(theirs.as_ref()).map(drop));
    });
    if told == Told::During
        && let Ok(reply) = receive.recv_timeout(STOP_AFTER)
    {
        return ended(reply);
    }
    listener.stop.store(true, Ordering::Relaxed);
    let raised = Instant::now();
    match receive.recv_timeout(STOP_WITHIN) {
        Ok(reply) => ended(reply),
        Err(mpsc::RecvTimeoutError::Timeout) => failed(format!(
            "did not come back within {:.1} s of being told to stop",
            raised.elapsed().as_secs_f64()
        )),
        Err(mpsc::RecvTimeoutError::Disconnected) => failed("the call never came back"),
    }
}

/// A stopped call may have finished, or says that it was cancelled.
fn ended(reply: Result<(), Failure>) -> Verdict {
    match reply {
        Ok(()) => Ok(()),
        Err(failure) if failure.class == Class::Cancelled => Ok(()),
        Err(failure) => failed(format!("told to stop, it reports `{failure}` and not `cancelled`")),
    }
}
