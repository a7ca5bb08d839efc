//! The traits behind which plugins stand, and the library in this process as one of them.

use super::ffi;
use crate::fault::{Fault, FaultKind, Result};
use arrow_array::RecordBatch;
use pilotbench_plugin_abi::{
    Control, ErrorCode, PluginError, Res,
    abi_stable::std_types::{RResult, RStr},
    backend::BackendObject,
    metric::MetricObject,
};
use std::{
    ffi::c_void,
    sync::atomic::{AtomicBool, Ordering},
};

/// A backend that is open.
pub trait BackendSession: Send + Sync {
    /// Learns from a pilot; returns a handle.
    ///
    /// # Errors
    /// What the plugin reports.
    fn adapt(&self, pilot: RecordBatch, params: &str, stop: &AtomicBool) -> Result<u64>;

    /// Answers a batch of requests.
    ///
    /// # Errors
    /// What the plugin reports, or a reply that is no valid Arrow.
    fn respond(
        &self,
        handle: u64,
        requests: RecordBatch,
        params: &str,
        stop: &AtomicBool,
    ) -> Result<RecordBatch>;

    /// Forgets a handle.
    ///
    /// # Errors
    /// What the plugin reports.
    fn release(&self, handle: u64) -> Result<()>;

    /// Counters of use, JSON text.
    ///
    /// # Errors
    /// What the plugin reports.
    fn usage(&self) -> Result<String>;
}

/// A metric that is open.
pub trait MetricSession: Send + Sync {
    /// Scores one replicate: humans, simulated, pilot, weights.
    ///
    /// # Errors
    /// What the plugin reports, or a reply that is no valid Arrow.
    fn evaluate(
        &self,
        tables: [RecordBatch; 4],
        context: &str,
        stop: &AtomicBool,
    ) -> Result<RecordBatch>;
}

/// A backend in this process.
pub(super) struct InProcessBackend {
    pub(super) name: String,
    pub(super) object: BackendObject,
}

impl BackendSession for InProcessBackend {
    fn adapt(&self, pilot: RecordBatch, params: &str, stop: &AtomicBool) -> Result<u64> {
        let pilot = ffi::export(pilot)?;
        self.checked("adapt", self.object.adapt(pilot, params.into(), control(stop)))
    }

    fn respond(
        &self,
        handle: u64,
        requests: RecordBatch,
        params: &str,
        stop: &AtomicBool,
    ) -> Result<RecordBatch> {
        let requests = ffi::export(requests)?;
        let reply = self.object.respond(handle, requests, params.into(), control(stop));
        ffi::import(self.checked("respond", reply)?).map_err(|f| named(&self.name, "respond", f))
    }

    fn release(&self, handle: u64) -> Result<()> {
        self.checked("release", self.object.release(handle))
    }

    fn usage(&self) -> Result<String> {
        self.checked("usage", self.object.usage()).map(Into::into)
    }
}

impl InProcessBackend {
    fn checked<T>(&self, call: &str, reply: Res<T>) -> Result<T> {
        reply_of(&self.name, call, reply)
    }
}

/// A metric in this process.
pub(super) struct InProcessMetric {
    pub(super) name: String,
    pub(super) object: MetricObject,
}

impl MetricSession for InProcessMetric {
    fn evaluate(
        &self,
        [human, simulated, pilot, weights]: [RecordBatch; 4],
        context: &str,
        stop: &AtomicBool,
    ) -> Result<RecordBatch> {
        let reply = self.object.evaluate(
            ffi::export(human)?,
            ffi::export(simulated)?,
            ffi::export(pilot)?,
            ffi::export(weights)?,
            context.into(),
            control(stop),
        );
        let reply = reply_of(&self.name, "evaluate", reply)?;
        ffi::import(reply).map_err(|fault| named(&self.name, "evaluate", fault))
    }
}

/// A plugin's reply as a result of ours.
pub(super) fn reply_of<T>(name: &str, call: &str, reply: Res<T>) -> Result<T> {
    match reply {
        RResult::ROk(value) => Ok(value),
        RResult::RErr(error) => Err(fault_of(name, call, &error)),
    }
}

fn named(name: &str, call: &str, fault: Fault) -> Fault {
    Fault { place: format!("{name}.{call}: {}", fault.place), ..fault }
}

fn fault_of(name: &str, call: &str, error: &PluginError) -> Fault {
    let detail = match error.detail.as_str() {
        "" => String::new(),
        detail => format!(" at {detail}"),
    };
    let kind = match error.code {
        ErrorCode::CONFIG => FaultKind::Usage,
        ErrorCode::CANCELLED => FaultKind::Interrupted,
        _ => FaultKind::Plugin,
    };
    match error.code {
        ErrorCode::CONFIG => Fault::new(kind, name, error.message.as_str()),
        code => {
            let message = format!("{}: {}{detail}", ErrorCode::name(code), error.message);
            Fault::new(kind, format!("{name}.{call}"), message)
        }
    }
}

/// The callbacks of one call. None of ours can panic, so nothing unwinds into the plugin's frames.
pub(super) fn control(stop: &AtomicBool) -> Control {
    Control { context: std::ptr::from_ref(stop).cast(), progress, cancelled, log }
}

extern "C" fn progress(_: *const c_void, _: f64, _: RStr<'_>) {}

extern "C" fn cancelled(context: *const c_void) -> bool {
    // SAFETY: the context is the `&AtomicBool` of the call in progress, which outlives it; the SDK
    // lets no `Control` outlive its call.
    let stop = unsafe { &*context.cast::<AtomicBool>() };
    stop.load(Ordering::Relaxed)
}

extern "C" fn log(_: *const c_void, level: u32, message: RStr<'_>) {
    if level <= 2 {
        use std::io::Write;
        // A closed stderr is no reason to fail.
        let _ = writeln!(std::io::stderr(), "plugin: {}", message.escape_debug());
    }
}
