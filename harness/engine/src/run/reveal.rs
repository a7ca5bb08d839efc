//! What crosses to a backend when it learns.

use crate::{
    adapter::{Choice, Revelation},
    experiment::{Design, Experiment},
    fault::{FaultKind, Result},
    identity, interview,
    plan::Adapter,
    plugin::BackendSession,
};
use arrow_array::RecordBatch;
use serde::Serialize;
use std::sync::{Arc, atomic::AtomicBool};

#[derive(Serialize)]
struct AdaptParams<'a> {
    experiment: Design,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    adapter: Option<AdapterParams<'a>>,
}

#[derive(Serialize)]
struct AdapterParams<'a> {
    name: &'a str,
    settings: &'a serde_json::Map<String, serde_json::Value>,
}

/// Parameters of `adapt`, JSON text.
pub(super) fn adapt_params(design: &Design, seed: u64, choice: &Choice) -> String {
    let adapter = match choice {
        Choice::Backends(Adapter { name, settings }) => Some(AdapterParams { name, settings }),
        _ => None,
    };
    identity::canonical_json(&AdaptParams { experiment: design.without_truth(), seed, adapter })
}

/// The table of revealed people as it crosses to a backend.
pub(super) fn revealed(
    experiment: &Experiment,
    revelation: &Revelation,
    with_messages: bool,
) -> RecordBatch {
    let mut columns = revelation.columns(experiment);
    if with_messages {
        let people = experiment.people.take(&revelation.revealed);
        columns.push("messages", Arc::new(interview::whole(&experiment.design, &people)));
    }
    columns.batch()
}

/// Whether a backend takes the settings of an adapter of its own, by having it learn from nobody.
///
/// # Errors
/// When it refuses them, or a setting of the host's is wrong.
pub fn check_adapter(
    adapter: &Adapter,
    experiment: &Experiment,
    backend: &dyn BackendSession,
) -> Result<()> {
    let choice = Choice::of(adapter)?;
    if !matches!(choice, Choice::Backends(_)) {
        return Ok(());
    }
    let params = adapt_params(&experiment.design, 0, &choice);
    let nobody = revealed(experiment, &Revelation::nobody(), true);
    let stop = AtomicBool::new(false);
    match backend.adapt(nobody, &params, &stop) {
        Ok(handle) => backend.release(handle),
        // Other faults are of replicates: an empty pilot, an experiment that it cannot answer.
        Err(fault) if fault.kind == FaultKind::Usage => Err(fault),
        Err(_) => Ok(()),
    }
}
