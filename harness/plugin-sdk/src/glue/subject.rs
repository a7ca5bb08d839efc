//! A type behind the frozen interface, as the conformance kit sees it: the same glue that a library
//! is called through, without the library.

use super::{
    BackendEntry, MetricEntry, describe_backends, describe_metrics, export_batch, import_batch,
    open_backend, open_metric,
};
use crate::{
    Backend, Metric,
    abi::{
        Control, ErrorCode, PluginError, Res,
        abi_stable::std_types::{RResult, RStr, RString},
        backend::BackendObject,
        metric::MetricObject,
    },
};
use arrow_array::RecordBatch;
use pilotbench_conformance::{
    BackendSubject, Class, Failure, MetricSubject, OpenBackend, OpenMetric, Reply, Watch,
    resident_bytes,
};
use std::{ffi::c_void, marker::PhantomData, sync::Arc};

/// A backend type as a subject.
pub struct BackendType<B>(PhantomData<fn() -> B>);

impl<B> Default for BackendType<B> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<B: Backend> BackendSubject for BackendType<B> {
    fn describe(&self) -> Reply<String> {
        the_only(describe_backends(&[BackendEntry::of::<B>()]))
    }

    fn open(&self, settings: &str) -> Reply<Arc<dyn OpenBackend>> {
        let opened = reply(open_backend(&[BackendEntry::of::<B>()], B::NAME, settings))?;
        Ok(Arc::new(Opened(opened)))
    }
}

/// A metric type as a subject.
pub struct MetricType<M>(PhantomData<fn() -> M>);

impl<M> Default for MetricType<M> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<M: Metric> MetricSubject for MetricType<M> {
    fn describe(&self) -> Reply<String> {
        the_only(describe_metrics(&[MetricEntry::of::<M>()]))
    }

    fn open(&self, settings: &str) -> Reply<Arc<dyn OpenMetric>> {
        let opened = reply(open_metric(&[MetricEntry::of::<M>()], M::NAME, settings))?;
        Ok(Arc::new(Opened(opened)))
    }
}

struct Opened<O>(O);

impl OpenBackend for Opened<BackendObject> {
    fn adapt(&self, pilot: RecordBatch, params: &str, watch: &dyn Watch) -> Reply<u64> {
        let pilot = export_batch(pilot).map_err(crossing)?;
        reply(self.0.adapt(pilot, params.into(), control(&watch)))
    }

    fn respond(&self, handle: u64, requests: RecordBatch, watch: &dyn Watch) -> Reply<RecordBatch> {
        let requests = export_batch(requests).map_err(crossing)?;
        let answers = reply(self.0.respond(handle, requests, "{}".into(), control(&watch)))?;
        import_batch(answers).map_err(crossing)
    }

    fn release(&self, handle: u64) -> Reply<()> {
        reply(self.0.release(handle))
    }

    fn usage(&self) -> Reply<String> {
        reply(self.0.usage()).map(Into::into)
    }

    fn resident_bytes(&self) -> Option<u64> {
        resident_bytes()
    }
}

impl OpenMetric for Opened<MetricObject> {
    fn evaluate(
        &self,
        [human, simulated, pilot, weights]: [RecordBatch; 4],
        context: &str,
        watch: &dyn Watch,
    ) -> Reply<RecordBatch> {
        let table = reply(self.0.evaluate(
            export_batch(human).map_err(crossing)?,
            export_batch(simulated).map_err(crossing)?,
            export_batch(pilot).map_err(crossing)?,
            export_batch(weights).map_err(crossing)?,
            context.into(),
            control(&watch),
        ))?;
        import_batch(table).map_err(crossing)
    }

    fn resident_bytes(&self) -> Option<u64> {
        resident_bytes()
    }
}

/// The only object of a list of descriptions.
fn the_only(list: Res<RString>) -> Reply<String> {
    let list = reply(list)?;
    let mut list: Vec<serde_json::Value> =
        serde_json::from_str(&list).map_err(|e| Failure::new(Class::Other, e.to_string()))?;
    let one = list.pop().filter(|_| list.is_empty());
    one.map(|one| one.to_string()).ok_or(Failure::new(Class::Other, "not one description"))
}

fn reply<T>(reply: Res<T>) -> Reply<T> {
    match reply {
        RResult::ROk(value) => Ok(value),
        RResult::RErr(error) => Err(failure(&error)),
    }
}

fn failure(error: &PluginError) -> Failure {
    let class = match error.code {
        ErrorCode::CONFIG => Class::Config,
        ErrorCode::CANCELLED => Class::Cancelled,
        ErrorCode::UNKNOWN_HANDLE => Class::UnknownHandle,
        ErrorCode::EMPTY_PILOT => Class::EmptyPilot,
        ErrorCode::BAD_INPUT => Class::BadInput,
        ErrorCode::PANICKED => Class::Panicked,
        ErrorCode::UNSUPPORTED => Class::Unsupported,
        _ => Class::Other,
    };
    let place = if error.detail.is_empty() { "" } else { " at " };
    Failure::new(class, format!("{}{place}{}", error.message, error.detail))
}

fn crossing(error: crate::Error) -> Failure {
    Failure::new(Class::Other, error.to_string())
}

/// The callbacks of one call. The context points to the caller's reference, which outlives the call.
fn control(watch: &&dyn Watch) -> Control {
    Control { context: std::ptr::from_ref(watch).cast(), progress, cancelled, log }
}

/// The watch of the call in progress.
///
/// # Safety
/// `context` is the one that [`control`] made, and its call has not returned.
unsafe fn watch_of<'a>(context: *const c_void) -> &'a dyn Watch {
    // SAFETY: by the caller's promise this points to a live `&dyn Watch`.
    unsafe { *context.cast::<&dyn Watch>() }
}

extern "C" fn progress(context: *const c_void, share: f64, what: RStr<'_>) {
    // SAFETY: the SDK lets no `Control` outlive the call that received it.
    unsafe { watch_of(context) }.progress(share, what.as_str());
}

extern "C" fn cancelled(context: *const c_void) -> bool {
    // SAFETY: as above.
    unsafe { watch_of(context) }.is_stopped()
}

extern "C" fn log(_: *const c_void, _: u32, _: RStr<'_>) {}
