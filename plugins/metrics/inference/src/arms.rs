//! Whether arms stand in the same order.

use metric_common::{
    Codes, ItemMeans, Layout, NOMINAL, People, Report, Side, Tally, Value, average_ranks, pearson,
};
use pilotbench_plugin_sdk::{Evaluation, Group, Role};

const SCORE: &str = "arm_effect_rank";
const FEW_ARMS: &str = "fewer than three arms";

/// One row per action, and their mean.
pub(crate) fn report(input: &Evaluation, report: &mut Report) {
    let arms = input.experiment.arms.len();
    let layout = Layout { arms: 1..1 + arms, columns: Vec::new(), groups: 1 + arms };
    let sides = [Side::human(input, &layout), Side::simulated(input, &layout)];
    let everybody = Group::everybody();
    let width = input.human_weights.width();
    let mut means = ItemMeans::new(width);
    let mut people = People::default();
    for item in input.experiment.items_with_role(Role::Action) {
        let levels = input.experiment.items[item].levels.len();
        let tallies = sides
            .each_ref()
            .map(|side| Tally::new(side, &[Codes::of_item(side.people, item, levels)]));
        let values: Vec<Value> =
            (0..width).map(|index| rank(input, item, arms, &tallies, index)).collect();
        let own = People { human: tallies[0].people(0, 0), simulated: tallies[1].people(0, 0) };
        people.human = people.human.max(own.human);
        people.simulated = people.simulated.max(own.simulated);
        means.add(&values);
        report.push(SCORE, Some(item), &everybody, own, values);
    }
    report.push(SCORE, None, &everybody, people, means.finish());
}

/// Spearman correlation over arms of the mean outcomes.
fn rank(input: &Evaluation, item: usize, arms: usize, tallies: &[Tally; 2], index: usize) -> Value {
    let item = &input.experiment.items[item];
    if !item.is_ordered() {
        return Err(NOMINAL);
    }
    let values = item.values();
    let mean = |tally: &Tally, arm: usize| {
        let counts = tally.counts(1 + arm, 0, index).iter().map(|count| f64::from(*count));
        let (n, sum) = counts
            .zip(&values)
            .fold((0.0, 0.0), |(n, sum), (count, value)| (n + count, sum + count * value));
        (n > 0.0).then(|| sum / n)
    };
    let both = |arm| Some((mean(&tallies[0], arm)?, mean(&tallies[1], arm)?));
    let (human, simulated): (Vec<f64>, Vec<f64>) = (0..arms).filter_map(both).unzip();
    if human.len() < 3 {
        return Err(FEW_ARMS);
    }
    pearson(&average_ranks(&human), &average_ranks(&simulated)).ok_or("arms do not differ")
}
