//! Stage 9: the replicates of a plan are executed and committed.
//!
//! Invariants: what is left to do is computed from plan and store; a replicate that fails is
//! recorded and the others go on; what is left of a method whose service is of no more use is left
//! for later; a store that fails stops the run.

mod commit;
mod execute;
mod given_up;
mod learned;
mod ledger;
mod pilots;
mod replicate;
mod reveal;
mod status;
mod tally;
mod taught;
mod tellers;

pub use execute::{Outcome, Progress, execute};
pub use given_up::GivenUp;
pub use ledger::Ledger;
pub use pilots::pilots;
pub use replicate::{Participants, participants, sets};
pub use reveal::check_adapter;
pub use status::{Status, status};
pub use taught::{Taught, taught};

use crate::{
    experiment::{self, Experiment},
    fault::{Fault, Result},
    plan::{Plan, PlannedExperiment},
};
use std::path::Path;

/// Loads the experiments of a plan and checks that they are the ones it was made from.
///
/// # Errors
/// When one is missing or has changed.
pub fn load_experiments(plan: &Plan, datasets: &Path, paths: &[String]) -> Result<Vec<Experiment>> {
    let load = |planned: &PlannedExperiment| {
        let is_path_of = |path: &&String| {
            path.contains('/') && Path::new(path).file_name().is_some_and(|n| *n == *planned.id)
        };
        let by_path = paths.iter().find(is_path_of);
        let name = by_path.map_or(planned.id.as_str(), String::as_str);
        let experiment = Experiment::load(&experiment::find(datasets, name)?)
            .map_err(|faults| faults.first().expect_err("there is a fault"))?;
        match PlannedExperiment::of(&experiment, planned.largest_pilot) == *planned {
            true => Ok(experiment),
            false => {
                let message =
                    format!("experiment {} has changed since the plan was made", planned.id);
                let hint = "put card and table back, or start afresh with another run name";
                Err(Fault::usage("", message).hint(hint))
            }
        }
    };
    plan.experiments.iter().map(load).collect()
}
