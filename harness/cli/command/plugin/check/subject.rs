//! A plugin of the engine as the conformance kit sees it.

use arrow_array::RecordBatch;
use pilotbench_conformance::{
    BackendSubject, Class, Failure, MetricSubject, OpenBackend, OpenMetric, Reply, Watch,
};
use pilotbench_engine::{
    fault::{Fault, FaultKind},
    plugin::{BackendSession, MetricSession, PluginFile, Plugins, Reference, Tables},
};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// A backend or metric of a plugin file.
pub(super) struct Subject {
    plugins: Arc<Plugins>,
    file: PluginFile,
    name: String,
}

impl Subject {
    pub(super) fn new(plugins: &Arc<Plugins>, file: &PluginFile, name: &str) -> Self {
        Self { plugins: Arc::clone(plugins), file: file.clone(), name: name.to_owned() }
    }

    /// The name with its plugin, so that no other of the same name is meant.
    fn wanted(&self) -> String {
        format!("{}/{}", self.file.probe.name, self.name)
    }

    /// The description under the subject's name, as JSON text.
    fn described<T: Serialize>(&self, all: &[T]) -> Reply<String> {
        let mut all = all.iter().filter_map(|one| serde_json::to_value(one).ok());
        let found = all.find(|one| one["name"] == self.name.as_str());
        let missing = || Failure::new(Class::Other, "its probe lists it, and it is not described");
        found.map(|one| one.to_string()).ok_or_else(missing)
    }
}

/// Settings as the engine takes them; what is no JSON stays text.
fn value_of(settings: &str) -> Value {
    serde_json::from_str(settings).unwrap_or_else(|_| Value::String(settings.to_owned()))
}

impl BackendSubject for Subject {
    fn describe(&self) -> Reply<String> {
        self.described(&self.plugins.describe_backends(&self.file).map_err(failure)?)
    }

    fn open(&self, settings: &str) -> Reply<Arc<dyn OpenBackend>> {
        let session = self.plugins.open_backend(&self.wanted(), &value_of(settings));
        Ok(Arc::new(Backend(session.map_err(failure)?)))
    }
}

impl MetricSubject for Subject {
    fn describe(&self) -> Reply<String> {
        self.described(&self.plugins.describe_metrics(&self.file).map_err(failure)?)
    }

    fn open(&self, settings: &str) -> Reply<Arc<dyn OpenMetric>> {
        let session = self.plugins.open_metric(&self.wanted(), &value_of(settings));
        Ok(Arc::new(Metric(session.map_err(failure)?)))
    }
}

struct Backend(Arc<dyn BackendSession>);

impl OpenBackend for Backend {
    fn adapt(&self, pilot: RecordBatch, params: &str, watch: &dyn Watch) -> Reply<u64> {
        self.0.adapt(pilot, params, &Watched(watch)).map_err(failure)
    }

    fn respond(&self, handle: u64, requests: RecordBatch, watch: &dyn Watch) -> Reply<RecordBatch> {
        self.0.respond(handle, requests, "{}", &Watched(watch)).map_err(failure)
    }

    fn release(&self, handle: u64) -> Reply<()> {
        self.0.release(handle).map_err(failure)
    }

    fn usage(&self) -> Reply<String> {
        self.0.usage().map_err(failure)
    }

    fn resident_bytes(&self) -> Option<u64> {
        self.0.resident_bytes()
    }
}

struct Metric(Arc<dyn MetricSession>);

impl OpenMetric for Metric {
    fn evaluate(
        &self,
        tables: [RecordBatch; 4],
        context: &str,
        watch: &dyn Watch,
    ) -> Reply<RecordBatch> {
        let [human, simulated, pilot, weights] = tables;
        let reference = Arc::new(Reference::new(human, weights));
        let tables = Tables::new(reference, simulated, pilot, context.to_owned());
        self.0.evaluate(&tables, &Watched(watch)).map_err(failure)
    }

    fn resident_bytes(&self) -> Option<u64> {
        self.0.resident_bytes()
    }
}

/// The kit's watch as the engine's.
struct Watched<'a>(&'a dyn Watch);

impl pilotbench_engine::plugin::Watch for Watched<'_> {
    fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }

    fn progress(&self, share: f64, what: &str) {
        self.0.progress(share, what);
    }
}

/// What kind of error a fault stands for. The engine's message begins with the code's name.
fn failure(fault: Fault) -> Failure {
    const CLASSES: [Class; 5] = [
        Class::UnknownHandle,
        Class::EmptyPilot,
        Class::BadInput,
        Class::Panicked,
        Class::Unsupported,
    ];
    let class = match fault.kind {
        FaultKind::Usage => Class::Config,
        FaultKind::Interrupted => Class::Cancelled,
        _ => {
            let named = |class: &Class| fault.message.starts_with(&format!("{}: ", class.name()));
            CLASSES.into_iter().find(named).unwrap_or(Class::Other)
        }
    };
    let prefix = format!("{}: ", class.name());
    let message = fault.message.strip_prefix(&prefix).unwrap_or(&fault.message);
    Failure::new(class, message)
}
