//! SimBench's score: total variation on a scale where uniform answers are at 0 and the humans'
//! own distribution at 100.

use metric_common::{ItemMeans, ItemTables, NO_HUMANS, Report, Value, total_variation};
use pilotbench_plugin_sdk::Evaluation;

const SCORE: &str = "simbench";
const ONE_LEVEL: &str = "the item has one level";

/// Every group is a data set of its own: its norm is that of its own humans.
pub(crate) fn report(input: &Evaluation, tables: &ItemTables, report: &mut Report) {
    let items = input.experiment.items.len();
    for (g, group) in tables.groups.iter().enumerate() {
        let mut means = ItemMeans::new(tables.width());
        for item in 0..items {
            means.add(&tables.values(g, item, |human, _| from_uniform(human)));
        }
        let norms: Vec<Value> = means.finish().collect();
        report.by_item(
            SCORE,
            group,
            |item| tables.people(g, item),
            |item| {
                let score = |(index, norm): (usize, &Value)| {
                    let (human, simulated) = tables.counts(g, item, index);
                    score(human, simulated, *norm)
                };
                norms.iter().enumerate().map(score).collect()
            },
        );
    }
}

/// `100 (1 - TV / norm)`, as `calculate_simbench_score.py` of SimBench has it: at most 100, below 0
/// where uniform answers would be nearer.
fn score(human: &[u32], simulated: &[u32], norm: Value) -> Value {
    if human.len() < 2 {
        return Err(ONE_LEVEL);
    }
    let distance = total_variation(human, simulated)?;
    match norm? {
        0.0 => Err("human answers are uniform"),
        norm => Ok(100.0 * (1.0 - distance / norm)),
    }
}

/// Total variation distance of human answers to uniform ones; exactly 0 when they are uniform.
fn from_uniform(human: &[u32]) -> Value {
    if human.len() < 2 {
        return Err(ONE_LEVEL);
    }
    let (levels, n) = (human.len() as i64, human.iter().map(|c| i64::from(*c)).sum::<i64>());
    if n == 0 {
        return Err(NO_HUMANS);
    }
    let sum: i64 = human.iter().map(|c| (i64::from(*c) * levels - n).abs()).sum();
    Ok(sum as f64 / (2 * levels * n) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_to_uniform_answers() {
        assert!((from_uniform(&[1, 2, 4, 2, 1]).unwrap() - 0.2).abs() < 1e-12);
        assert!((from_uniform(&[7, 3]).unwrap() - 0.2).abs() < 1e-12);
        assert_eq!(from_uniform(&[3, 3, 3]), Ok(0.0));
        assert_eq!(from_uniform(&[0, 0]), Err(NO_HUMANS));
        assert_eq!(from_uniform(&[4]), Err(ONE_LEVEL));
    }

    #[test]
    fn no_norm_no_score() {
        assert_eq!(score(&[3, 3], &[1, 2], Ok(0.0)), Err("human answers are uniform"));
        assert_eq!(score(&[3], &[2], Ok(0.1)), Err(ONE_LEVEL));
        assert_eq!(score(&[0, 0], &[2, 1], Ok(0.1)), Err(NO_HUMANS));
    }
}
