//! How many belief vectors of one half of the humans the other half has too, and how many its
//! simulated stand-ins have: coverage and novelty at matched numbers of people.

use crate::Config;
use metric_common::{People as Counts, Random, Report, Structures, order_by_id};
use pilotbench_plugin_sdk::{Evaluation, Group};

const SCORES: [&str; 6] = [
    "structure_coverage_half",
    "structure_novelty_half",
    "structure_coverage_matched",
    "structure_novelty_matched",
    "structure_coverage_excess",
    "structure_novelty_excess",
];

/// No resamples: a participant drawn twice could stand in both halves and make them alike.
pub(crate) fn report(
    config: Config,
    input: &Evaluation,
    structures: Result<&Structures, &&'static str>,
    report: &mut Report,
) {
    let mut members = structures.map(|structures| (members(input, structures), structures));
    let (values, half) = match &mut members {
        Ok((members, _)) if members.len() < 2 => {
            (Err("fewer than two participants with complete beliefs on both sides"), 0)
        }
        Ok((members, structures)) => {
            let half = members.len() / 2;
            (Ok(means(config, input.seed, members, structures.distinct)), half)
        }
        Err(reason) => (Err(**reason), 0),
    };
    let sides = [(2, 0), (2, 0), (1, 1), (1, 1), (2, 1), (2, 1)]
        .map(|(human, simulated)| Counts { human: human * half, simulated: simulated * half });
    for (place, (score, people)) in SCORES.into_iter().zip(sides).enumerate() {
        let value = values.map(|values: [f64; 6]| values[place]);
        report.push(score, None, &Group::everybody(), people, [value]);
    }
}

/// Belief vectors of a participant: what the human said, and what was simulated.
type Member = (u32, u32);

/// Participants with complete beliefs on both sides, so that the compared halves have one size, in
/// an order that depends on their identifiers.
fn members(input: &Evaluation, structures: &Structures) -> Vec<Member> {
    let by_row = |rows: &[(u32, usize)], count: usize| {
        let mut vectors = vec![None; count];
        rows.iter().for_each(|(vector, row)| vectors[*row] = Some(*vector));
        vectors
    };
    let human = by_row(&structures.human, input.human.len());
    let simulated = by_row(&structures.simulated, input.simulated.len());
    let twins = input.human.rows_in(input.simulated.people());
    let order = order_by_id(&input.human, 0..input.human.len());
    order.into_iter().filter_map(|row| Some((human[row]?, simulated[twins[row]?]?))).collect()
}

/// The scores, in the order of [`SCORES`], averaged over random halves.
fn means(config: Config, seed: u64, members: &mut [Member], distinct: usize) -> [f64; 6] {
    let half = members.len() / 2;
    let mut random = Random::new(seed, &[u64::from_le_bytes(*b"s_halves")]);
    let mut sums = [0.0; 6];
    for _ in 0..config.splits {
        random.draw(members, 2 * half);
        let (first, second) = members[..2 * half].split_at(half);
        let own = given(distinct, first.iter().map(|(human, _)| *human));
        let humans = given(distinct, second.iter().map(|(human, _)| *human));
        let others = given(distinct, second.iter().map(|(_, simulated)| *simulated));
        let [coverage, novelty] = compare(&own, &humans);
        let [matched, new] = compare(&own, &others);
        let values = [coverage, novelty, matched, new, matched - coverage, new - novelty];
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    sums.map(|sum| sum / f64::from(config.splits))
}

/// By vector whether anybody gave it.
fn given(distinct: usize, vectors: impl Iterator<Item = u32>) -> Vec<bool> {
    let mut given = vec![false; distinct];
    vectors.for_each(|vector| given[vector as usize] = true);
    given
}

/// Coverage, the share of the own vectors that the others gave too, and novelty, the share of the
/// others' vectors that are not among the own.
fn compare(own: &[bool], others: &[bool]) -> [f64; 2] {
    let count = |given: &[bool]| given.iter().map(|given| u32::from(*given)).sum::<u32>();
    let shared: u32 = own.iter().zip(others).map(|(own, other)| u32::from(*own & *other)).sum();
    let share = |of: &[bool]| f64::from(shared) / f64::from(count(of));
    [share(own), 1.0 - share(others)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_and_novelty() {
        // {a, b, c, d} and {b, c}, then the other way round.
        let (own, others) = ([true, true, true, true], [false, true, true, false]);
        assert_eq!(compare(&own, &others), [0.5, 0.0]);
        assert_eq!(compare(&others, &own), [1.0, 0.5]);
    }
}
