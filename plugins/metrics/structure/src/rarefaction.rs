//! How many different belief vectors to expect among a given number of people.

use crate::Config;
use metric_common::{Layout, People as Counts, Report, Side, Structures, Value, VectorCounts};
use pilotbench_plugin_sdk::{Evaluation, Group};

const SCORES: [&str; 2] = ["rarefied_structures_human", "rarefied_structures_simulated"];

/// Both at one number of people, `m = min(N_h, N_s, rarefy)`, in each resample by itself.
pub(crate) fn report(
    config: Config,
    input: &Evaluation,
    structures: Result<&Structures, &&'static str>,
    report: &mut Report,
) {
    let everybody = Group::everybody();
    let structures = match structures {
        Ok(structures) => structures,
        Err(reason) => {
            for score in SCORES {
                report.push(score, None, &everybody, Counts::default(), [Err(*reason)]);
            }
            return;
        }
    };
    let layout = Layout::everybody();
    let human = VectorCounts::new(&Side::human(input, &layout), &structures.human);
    let simulated = VectorCounts::new(&Side::simulated(input, &layout), &structures.simulated);
    let size = |index| -> Result<u32, &'static str> {
        let (humans, others) = human.both(&simulated, index)?;
        Ok(humans.min(others).min(config.rarefy))
    };
    let people = Counts { human: human.people(), simulated: simulated.people() };
    for (score, side) in SCORES.into_iter().zip([&human, &simulated]) {
        let value = |index| -> Value { Ok(side.rarefied(index, size(index)?)) };
        let values = (0..side.totals().len()).map(value);
        report.push(score, None, &everybody, people, values);
    }
}
