//! Plugins as libraries of this process.

use super::{
    call::{BackendSession, MetricSession, Tables, Watch},
    ffi,
    load::Loaded,
};
use crate::fault::{Fault, FaultKind, Result};
use arrow_array::RecordBatch;
use pilotbench_plugin_abi::{
    Control, ErrorCode, PluginError, Res,
    abi_stable::std_types::{RResult, RStr},
    backend::BackendObject,
    metric::MetricObject,
};
use serde_json::Value;
use std::{
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// A backend in this process.
pub(super) struct InProcessBackend {
    name: String,
    object: BackendObject,
}

impl BackendSession for InProcessBackend {
    fn adapt(&self, pilot: RecordBatch, params: &str, watch: &dyn Watch) -> Result<u64> {
        let pilot = ffi::export(pilot)?;
        self.checked("adapt", self.object.adapt(pilot, params.into(), control(&watch)))
    }

    fn respond(
        &self,
        handle: u64,
        requests: RecordBatch,
        params: &str,
        watch: &dyn Watch,
    ) -> Result<RecordBatch> {
        let requests = ffi::export(requests)?;
        let reply = self.object.respond(handle, requests, params.into(), control(&watch));
        ffi::import(self.checked("respond", reply)?).map_err(|f| named(&self.name, "respond", f))
    }

    fn release(&self, handle: u64) -> Result<()> {
        self.checked("release", self.object.release(handle))
    }

    fn usage(&self) -> Result<String> {
        self.checked("usage", self.object.usage()).map(Into::into)
    }

    fn resident_bytes(&self) -> Option<u64> {
        super::resident_bytes(std::process::id())
    }
}

impl Drop for InProcessBackend {
    fn drop(&mut self) {
        // Nobody is left to whom a fault could be told.
        let _ = self.object.close();
    }
}

impl InProcessBackend {
    fn checked<T>(&self, call: &str, reply: Res<T>) -> Result<T> {
        reply_of(&self.name, call, reply)
    }
}

/// A metric in this process.
pub(super) struct InProcessMetric {
    name: String,
    object: MetricObject,
}

impl MetricSession for InProcessMetric {
    fn evaluate(&self, tables: &Tables, watch: &dyn Watch) -> Result<RecordBatch> {
        let [human, simulated, pilot, weights] = tables.batches();
        let reply = self.object.evaluate(
            ffi::export(human)?,
            ffi::export(simulated)?,
            ffi::export(pilot)?,
            ffi::export(weights)?,
            tables.context.as_str().into(),
            control(&watch),
        );
        let reply = reply_of(&self.name, "evaluate", reply)?;
        ffi::import(reply).map_err(|fault| named(&self.name, "evaluate", fault))
    }

    fn resident_bytes(&self) -> Option<u64> {
        super::resident_bytes(std::process::id())
    }
}

impl Drop for InProcessMetric {
    fn drop(&mut self) {
        // As for a backend.
        let _ = self.object.close();
    }
}

impl Loaded {
    /// Descriptions of all backends, a JSON list.
    pub(super) fn described_backends(&self, plugin: &str) -> Result<Value> {
        let reply = self.backends()?.describe()();
        parsed(plugin, reply_of(plugin, "describe", reply)?.as_str())
    }

    /// Descriptions of all metrics, a JSON list.
    pub(super) fn described_metrics(&self, plugin: &str) -> Result<Value> {
        let reply = self.metrics()?.describe()();
        parsed(plugin, reply_of(plugin, "describe", reply)?.as_str())
    }

    /// Opens a backend.
    pub(super) fn open_backend(
        &self,
        name: &str,
        settings: &Value,
        watch: &dyn Watch,
    ) -> Result<InProcessBackend> {
        let settings = settings.to_string();
        let open = self.backends()?.open();
        let object =
            reply_of(name, "open", open(name.into(), settings.as_str().into(), control(&watch)))?;
        Ok(InProcessBackend { name: name.to_owned(), object })
    }

    /// Opens a metric.
    pub(super) fn open_metric(
        &self,
        name: &str,
        settings: &Value,
        watch: &dyn Watch,
    ) -> Result<InProcessMetric> {
        let settings = settings.to_string();
        let open = self.metrics()?.open();
        let object =
            reply_of(name, "open", open(name.into(), settings.as_str().into(), control(&watch)))?;
        Ok(InProcessMetric { name: name.to_owned(), object })
    }
}

fn parsed(plugin: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|e| Fault::plugin(plugin, format!("its description is wrong: {e}")))
}

/// A plugin's reply as a result of ours.
fn reply_of<T>(name: &str, call: &str, reply: Res<T>) -> Result<T> {
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
        // The message says it.
        _ if error.code == ErrorCode::TOO_LONG => String::new(),
        detail => format!(" at {detail}"),
    };
    let kind = match error.code {
        ErrorCode::CONFIG => FaultKind::Usage,
        ErrorCode::CANCELLED => FaultKind::Interrupted,
        ErrorCode::TOO_LONG => FaultKind::TooLong,
        ErrorCode::BUDGET => FaultKind::Budget,
        ErrorCode::UNAVAILABLE => FaultKind::Unavailable,
        ErrorCode::DENIED => FaultKind::Denied,
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

/// The callbacks of one call. The context is a pointer to the caller's `&dyn Watch`, which outlives
/// the call; the SDK lets no `Control` outlive it.
fn control(watch: &&dyn Watch) -> Control {
    Control { context: std::ptr::from_ref(watch).cast(), progress, cancelled, log }
}

/// Runs a callback; a panic of ours must not unwind into the plugin's frames.
fn with_watch<T>(context: *const c_void, fallback: T, act: impl FnOnce(&dyn Watch) -> T) -> T {
    // SAFETY: see `control`.
    let watch = unsafe { *context.cast::<&dyn Watch>() };
    catch_unwind(AssertUnwindSafe(|| act(watch))).unwrap_or(fallback)
}

extern "C" fn progress(context: *const c_void, share: f64, what: RStr<'_>) {
    with_watch(context, (), |watch| watch.progress(share, what.as_str()));
}

extern "C" fn cancelled(context: *const c_void) -> bool {
    with_watch(context, true, |watch| watch.is_stopped())
}

extern "C" fn log(context: *const c_void, level: u32, message: RStr<'_>) {
    with_watch(context, (), |watch| watch.log(level, message.as_str()));
}
