//! Whether two rankings of the levels agree more than chance has it.

use crate::{
    Config,
    ranking::{CONSTANT, both, concordance},
};
use metric_common::{ItemTables, Random, Report, Value};
use pilotbench_plugin_sdk::Evaluation;

const SCORE: &str = "radius_style_ranking_p";
/// Up to this many levels all permutations are tried: 7! = 5040.
const EXACT: usize = 7;

/// A p-value per item; their mean would mean nothing, and a resample has no p-value.
pub(crate) fn report(config: Config, input: &Evaluation, tables: &ItemTables, report: &mut Report) {
    for item in 0..input.experiment.items.len() {
        let (human, simulated) = tables.counts(0, item, 0);
        let purpose = [u64::from_le_bytes(*b"ranking_"), item as u64];
        let mut random = Random::new(input.seed, &purpose);
        let p = p_value(human, simulated, config.permutations, &mut random);
        report.push(SCORE, Some(item), &tables.groups[0], tables.people(0, Some(item)), [p]);
    }
}

/// Share of the pairings of human and simulated shares whose tau-b is at least the observed one:
/// of all pairings, else of random ones and the observed, `(b + 1)/(B + 1)`. Ties are the same in
/// every pairing, so tau-b is compared by its numerator, a whole number.
fn p_value(human: &[u32], simulated: &[u32], permutations: u32, random: &mut Random) -> Value {
    both(human, simulated)?;
    let varies = |counts: &[u32]| counts.iter().any(|count| *count != counts[0]);
    if !varies(human) || !varies(simulated) {
        return Err(CONSTANT);
    }
    let observed = concordance(human, simulated);
    let mut as_large = 0u32;
    let mut count = |simulated: &[u32]| {
        as_large += u32::from(concordance(human, simulated) >= observed);
    };
    if human.len() <= EXACT {
        let mut simulated = simulated.to_vec();
        let all = permute(&mut simulated, &mut count);
        return Ok(f64::from(as_large) / f64::from(all));
    }
    // The order in which levels are listed must not decide what is drawn.
    let mut levels: Vec<(u32, u32)> =
        human.iter().copied().zip(simulated.iter().copied()).collect();
    levels.sort_unstable();
    let (human, mut simulated): (Vec<u32>, Vec<u32>) = levels.into_iter().unzip();
    let mut as_large = 0u32;
    for _ in 0..permutations {
        random.draw(&mut simulated, usize::MAX);
        as_large += u32::from(concordance(&human, &simulated) >= observed);
    }
    Ok(f64::from(as_large + 1) / f64::from(permutations + 1))
}

/// Calls with every permutation (Heap 1963); returns how many there are.
fn permute(values: &mut [u32], each: &mut impl FnMut(&[u32])) -> u32 {
    let mut counters = vec![0; values.len()];
    let (mut at, mut all) = (1, 1);
    each(values);
    while at < values.len() {
        if counters[at] < at {
            let other = if at % 2 == 0 { 0 } else { counters[at] };
            values.swap(other, at);
            each(values);
            all += 1;
            counters[at] += 1;
            at = 1;
        } else {
            counters[at] = 0;
            at += 1;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_permutation_once() {
        let mut seen = BTreeSet::new();
        let all = permute(&mut [1, 2, 3, 4, 5], &mut |values: &[u32]| {
            seen.insert(values.to_vec());
        });
        assert_eq!((all, seen.len()), (120, 120));
    }

    #[test]
    fn few_levels_are_exact() {
        let mut random = Random::new(1, &[]);
        // One pairing of 3! is as good as the same order; all are as good as the reverse.
        assert_eq!(p_value(&[1, 2, 3], &[5, 6, 9], 9, &mut random), Ok(1.0 / 6.0));
        assert_eq!(p_value(&[1, 2, 3], &[9, 6, 5], 9, &mut random), Ok(1.0));
        assert_eq!(p_value(&[1, 2], &[4, 4], 9, &mut random), Err(CONSTANT));
    }

    #[test]
    fn random_permutations_are_near_the_exact_share() {
        let (human, simulated) = ([9, 8, 3, 5, 1, 4, 2, 7], [6, 9, 1, 4, 3, 8, 2, 5]);
        let observed = concordance(&human, &simulated);
        let mut as_large = 0u32;
        let all = permute(&mut simulated.clone(), &mut |values: &[u32]| {
            as_large += u32::from(concordance(&human, values) >= observed);
        });
        let exact = f64::from(as_large) / f64::from(all);
        let drawn = 20_000;
        let p = p_value(&human, &simulated, drawn, &mut Random::new(7, &[])).unwrap();
        let sd = (exact * (1.0 - exact) / f64::from(drawn)).sqrt();
        assert!((p - exact).abs() < 4.0 * sd, "{p} is not {exact}");
        let reversed = |counts: [u32; 8]| counts.into_iter().rev().collect::<Vec<u32>>();
        let (human, simulated) = (reversed(human), reversed(simulated));
        assert_eq!(p_value(&human, &simulated, drawn, &mut Random::new(7, &[])), Ok(p));
    }
}
