//! Ctrl-C and SIGTERM: the first lets the replicates in hand commit, the second ends at once.

use pilotbench_engine::fault::{Fault, Result};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, Ordering},
};

static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static TERMINATED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Starts to listen; returns the flag that says stop.
pub(crate) fn listen() -> Result<&'static AtomicBool> {
    let fault = |e: std::io::Error| Fault::usage("signals", e);
    for (signal, noted) in [(SIGINT, &INTERRUPTED), (SIGTERM, &TERMINATED)] {
        // Order matters: a second signal finds the flag set and ends the process.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&STOP))
            .map_err(fault)?;
        flag::register(signal, Arc::clone(noted)).map_err(fault)?;
        flag::register(signal, Arc::clone(&STOP)).map_err(fault)?;
    }
    Ok(&STOP)
}

/// Whether SIGTERM came.
pub(crate) fn is_terminated() -> bool {
    TERMINATED.load(Ordering::Relaxed)
}
