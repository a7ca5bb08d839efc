//! Classifier two-sample test (Lopez-Paz and Oquab 2017): can a classifier tell human rows from
//! simulated ones?

mod classifier;
mod features;

use crate::Config;
use classifier::TwoSample;
use features::Features;
use metric_common::{People as Counts, Random, Report, Value, order_by_id};
use pilotbench_plugin_sdk::{Evaluation, Group};

/// Random halves over which the matched comparison and its control are averaged.
const HALVES: u32 = 5;
/// AUCs nearer than this are equal: they are means of fractions.
const TIE: f64 = 1e-9;

/// No resamples: a participant drawn twice would stand in the rows that train and in those that test.
pub(crate) fn report(config: Config, input: &Evaluation, report: &mut Report) {
    let everybody = Group::everybody();
    let features = Features::new(input);
    let (n, half) = (features.people(), features.people() / 2);
    let mut push = |score, human, simulated, value: Value| {
        report.push(score, None, &everybody, Counts { human, simulated }, [value]);
    };
    let (auc, p) = whole(config, input, &features);
    push("c2st_auc", n, n, auc);
    push("c2st_p", n, n, p);
    let halves = halves(config, input, &features);
    push("c2st_auc_human", 2 * half, 0, halves.map(|(control, _)| control));
    push("c2st_auc_matched", half, half, halves.map(|(_, matched)| matched));
    push("c2st_excess", 2 * half, half, halves.map(|(control, matched)| matched - control));
}

/// Every fold is to train on and be tested with two participants at least.
fn enough(people: usize, folds: usize) -> Result<(), &'static str> {
    if people < 2 * folds {
        return Err("fewer than two participants a fold with all answers on both sides");
    }
    Ok(())
}

/// Everybody: AUC and p-value. A participant's two rows are in one fold.
fn whole(config: Config, input: &Evaluation, features: &Features) -> (Value, Value) {
    if let Err(reason) = enough(features.people(), config.folds) {
        return (Err(reason), Err(reason));
    }
    let mut random = Random::new(input.seed, &[u64::from_le_bytes(*b"c2st_all")]);
    let mut order: Vec<usize> = (0..features.people()).collect();
    random.draw(&mut order, usize::MAX);
    let human = order.iter().map(|member| features.human(*member));
    let simulated = order.iter().map(|member| features.simulated(*member));
    let test = TwoSample::new(human.collect(), simulated.collect(), config.folds);
    let auc = test.auc(&vec![false; order.len()]);
    let p = match config.permutations {
        0 => Err("no permutations asked"),
        permutations => auc.and_then(|auc| p_value(&test, auc, permutations, &mut random)),
    };
    (auc, p)
}

/// Swaps the labels of each participant's two rows at random: both rows are of one person, so only
/// these permutations are as likely as what was observed, and every fold stays balanced.
fn p_value(test: &TwoSample, observed: f64, permutations: u32, random: &mut Random) -> Value {
    let mut as_large = 0;
    let mut swapped = vec![false; test.pairs()];
    for _ in 0..permutations {
        swapped.iter_mut().for_each(|swapped| *swapped = random.below(2) == 1);
        as_large += u32::from(test.auc(&swapped)? >= observed - TIE);
    }
    Ok(f64::from(as_large + 1) / f64::from(permutations + 1))
}

/// Mean AUC over random halves: humans against other humans, and against their stand-ins.
fn halves(
    config: Config,
    input: &Evaluation,
    features: &Features,
) -> Result<(f64, f64), &'static str> {
    let half = features.people() / 2;
    enough(half, config.folds)?;
    let mut random = Random::new(input.seed, &[u64::from_le_bytes(*b"c2sthalf")]);
    let mut order: Vec<usize> = (0..features.people()).collect();
    let (mut control, mut matched) = (0.0, 0.0);
    let labels = vec![false; half];
    for _ in 0..HALVES {
        random.draw(&mut order, usize::MAX);
        let (first, second) = order[..2 * half].split_at(half);
        let own = || first.iter().map(|member| features.human(*member)).collect();
        let humans = second.iter().map(|member| features.human(*member)).collect();
        let others = second.iter().map(|member| features.simulated(*member)).collect();
        control += TwoSample::new(own(), humans, config.folds).auc(&labels)?;
        matched += TwoSample::new(own(), others, config.folds).auc(&labels)?;
    }
    Ok((control / f64::from(HALVES), matched / f64::from(HALVES)))
}

/// Rows (human, simulated) of the participants with all answers on both sides, in an order that
/// depends on their identifiers. Who refused to answer would give itself away.
fn complete_pairs(input: &Evaluation) -> Vec<(usize, usize)> {
    let items = input.experiment.items.len();
    let twins = input.human.rows_in(input.simulated.people());
    let complete = |(human, simulated): &(usize, usize)| {
        (0..items).all(|item| {
            input.human.answer(*human, item).is_some()
                && input.simulated.answer(*simulated, item).is_some()
        })
    };
    let order = order_by_id(&input.human, 0..input.human.len());
    order.into_iter().filter_map(|row| Some((row, twins[row]?))).filter(complete).collect()
}
