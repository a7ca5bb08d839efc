use crate::{
    experiment::Experiment,
    fault::{Fault, Result},
    pilot::{Split, Strategy},
    plan::Plan,
};
use std::collections::BTreeSet;

const HEADER: [&str; 6] = ["experiment", "strategy", "seed", "size", "participant_id", "role"];

/// Who is in which pilot and who is held out, as CSV, for a system that answers by itself: a row per
/// member of each pilot, and one without size per held-out participant.
///
/// # Errors
/// When the plan asks for more people than there are, which its making excludes.
pub fn pilots(plan: &Plan, experiments: &[Experiment]) -> Result<Vec<u8>> {
    let fault = |e: csv::Error| Fault::store("pilots", e);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(fault)?;
    for planned in &plan.experiments {
        let Some(experiment) = experiments.iter().find(|e| e.id() == planned.id) else { continue };
        let own = || plan.replicates.iter().filter(|r| r.experiment == planned.id);
        let draws: BTreeSet<(&Strategy, u32)> = own().map(|r| (&r.strategy, r.seed)).collect();
        let sizes: BTreeSet<usize> = own().map(|r| r.size).filter(|size| *size > 0).collect();
        for (strategy, seed) in draws {
            let largest = planned.largest_pilot;
            let split =
                Split::new(experiment, strategy, u64::from(seed), largest, plan.held_out_max)?;
            let mut rows = |people: &[u32], size: &str, role: &str| {
                people.iter().try_for_each(|row| {
                    let id = experiment.people.ids.value(*row as usize);
                    let (strategy, seed) = (strategy.to_string(), seed.to_string());
                    writer.write_record([&planned.id, &strategy, &seed, size, id, role])
                })
            };
            for size in &sizes {
                rows(split.pilot(*size), &size.to_string(), "pilot").map_err(fault)?;
            }
            rows(split.held_out(), "", "held-out").map_err(fault)?;
        }
    }
    writer.into_inner().map_err(|e| Fault::store("pilots", e))
}
