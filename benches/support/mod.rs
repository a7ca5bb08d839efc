//! What the benches work on: `disclosure` with one method, planned as a user would.
#![allow(dead_code, clippy::unwrap_used, reason = "each bench uses a part, and may unwrap")]

pub(crate) mod comparison;
pub(crate) mod population;
pub(crate) mod refits;

use pilotbench_engine::{
    experiment::Experiment,
    plan::{self, Plan, RunFile},
    plugin::{Executor, Plugins, Search},
};
use std::path::Path;

/// An experiment, plugins and a plan over both.
pub(crate) struct Work {
    pub(crate) experiments: Vec<Experiment>,
    pub(crate) plugins: Plugins,
    pub(crate) plan: Plan,
    pub(crate) run_file: String,
}

/// Plans one method at pilot size 30.
pub(crate) fn work(method: &str, seeds: usize) -> Work {
    let run_file = format!(
        "name = \"bench\"\nexperiments = [\"disclosure\"]\nsizes = [30]\nseeds = {seeds}\n\
         methods = [\"{method}\"]\n\
         metrics = [\"distribution\", \"heterogeneity\", \"coherence\", \"individual\"]\n"
    );
    let file = RunFile::parse("bench", run_file.clone()).unwrap();
    let experiments = vec![disclosure()];
    // The bench lies in `deps`, where the built-in plugins are.
    let plugins = Plugins::new(Search::usual(Vec::new()).run().unwrap(), Executor::InProcess);
    let plan = plan::expand(
        &file,
        &experiments,
        &|backend, settings, _| plugins.backend_facts(backend, settings),
        &|metric, settings| plugins.metric_facts(metric, settings),
    )
    .unwrap();
    Work { experiments, plugins, plan, run_file }
}

/// The embedded synthetic experiment: 929 people, five items.
pub(crate) fn disclosure() -> Experiment {
    Experiment::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/disclosure")).unwrap()
}
