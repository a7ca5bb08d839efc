//! Whether a plugin keeps the contract: the same checks wherever the plugin runs.
//!
//! A backend or metric stands behind a small trait ([`BackendSubject`], [`MetricSubject`]), so that
//! an author's test can check a type without any library, and the host one that it has loaded.
//! Everything crosses as it does in a run: Arrow tables and JSON text.
//!
//! Each [check](Check) has an id, a question and one [`Outcome`]. A check whose ground is missing (a
//! backend that cannot learn is not asked for answers) is skipped with the reason, so that one fault
//! fails one check. All experiments are made here, from fixed seeds: a report says the same today
//! and tomorrow.
//!
//! Rejected: random inputs with shrinking. Authors need the same failure twice; what random inputs
//! find goes into the made experiments.

mod backend;
mod checks;
mod memory;
mod metric;
mod report;
mod settings;
mod subject;
mod watch;
mod words;
mod world;

pub use backend::{backend_checks, check_backend};
pub use checks::{Check, Options};
pub use memory::resident_bytes;
pub use metric::{check_metric, metric_checks};
pub use report::{Checked, FORMAT, Kind, Outcome, PluginIdentity, Report};
pub use subject::{
    BackendSubject, Class, Failure, MetricSubject, OpenBackend, OpenMetric, Quiet, Reply, Watch,
};

/// The experiments of the checks, as JSON, the plain one first.
pub fn experiments() -> Vec<serde_json::Value> {
    [world::plain(), world::bare(), world::odd(), world::law()].map(|world| world.design).into()
}
