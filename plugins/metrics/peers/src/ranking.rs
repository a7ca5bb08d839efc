//! Whether the levels of an item stand in the same order of frequency on both sides, and how far
//! their shares are apart.

use metric_common::{
    ItemTables, NO_HUMANS, NO_SIMULATED, Report, Value, average_ranks, pearson, total_variation,
};

/// Why a ranking has no correlation.
pub(crate) const CONSTANT: &str = "all levels are equally frequent";

type Score = fn(&[u32], &[u32]) -> Value;

const SCORES: [(&str, Score); 4] = [
    ("radius_style_top1", top1),
    ("radius_style_kendall", kendall),
    ("radius_style_spearman", spearman),
    ("radius_style_tv", total_variation),
];

pub(crate) fn report(tables: &ItemTables, report: &mut Report) {
    for (name, score) in SCORES {
        let people = |item| tables.people(0, item);
        report.by_item(name, &tables.groups[0], people, |item| tables.values(0, item, score));
    }
}

/// Both sides must have answers.
pub(crate) fn both(human: &[u32], simulated: &[u32]) -> Result<(), &'static str> {
    if human.iter().all(|count| *count == 0) {
        return Err(NO_HUMANS);
    }
    if simulated.iter().all(|count| *count == 0) {
        return Err(NO_SIMULATED);
    }
    Ok(())
}

/// 1 when a mode of the humans is a mode of the simulated people.
fn top1(human: &[u32], simulated: &[u32]) -> Value {
    both(human, simulated)?;
    let (most_human, most_simulated) = (human.iter().max(), simulated.iter().max());
    let shared = |(h, s)| Some(h) == most_human && Some(s) == most_simulated;
    Ok(if human.iter().zip(simulated).any(shared) { 1.0 } else { 0.0 })
}

/// Kendall's tau-b (Kendall 1945): `S / √((P - T_x)(P - T_y))` over the `P` pairs of levels, `T`
/// of them tied. Shares of one side have one denominator, so counts are compared.
fn kendall(human: &[u32], simulated: &[u32]) -> Value {
    both(human, simulated)?;
    let (mut untied_human, mut untied_simulated) = (0u32, 0u32);
    for (first, second) in pairs(human.len()) {
        untied_human += u32::from(human[first] != human[second]);
        untied_simulated += u32::from(simulated[first] != simulated[second]);
    }
    if untied_human == 0 || untied_simulated == 0 {
        return Err(CONSTANT);
    }
    let untied = f64::from(untied_human) * f64::from(untied_simulated);
    Ok((concordance(human, simulated) as f64 / untied.sqrt()).clamp(-1.0, 1.0))
}

/// Kendall's `S`: concordant less discordant pairs of levels.
pub(crate) fn concordance(human: &[u32], simulated: &[u32]) -> i64 {
    let agreement = |(first, second): (usize, usize)| {
        let order = |counts: &[u32]| counts[first].cmp(&counts[second]) as i64;
        order(human) * order(simulated)
    };
    pairs(human.len()).map(agreement).sum()
}

fn pairs(levels: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..levels).flat_map(|second| (0..second).map(move |first| (first, second)))
}

/// Spearman correlation of the shares, average ranks for ties.
fn spearman(human: &[u32], simulated: &[u32]) -> Value {
    both(human, simulated)?;
    let ranks = |counts: &[u32]| {
        average_ranks(&counts.iter().map(|count| f64::from(*count)).collect::<Vec<_>>())
    };
    pearson(&ranks(human), &ranks(simulated)).ok_or(CONSTANT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_of_the_mode_share_any() {
        assert_eq!(top1(&[3, 3, 1], &[0, 5, 2]), Ok(1.0));
        assert_eq!(top1(&[3, 3, 1], &[0, 1, 2]), Ok(0.0));
        assert_eq!(top1(&[0, 0], &[0, 2]), Err(NO_HUMANS));
        assert_eq!(top1(&[1, 0], &[0, 0]), Err(NO_SIMULATED));
    }

    #[test]
    fn rankings_at_the_ends() {
        assert_eq!(kendall(&[1, 2, 3], &[10, 20, 30]), Ok(1.0));
        assert_eq!(kendall(&[1, 2, 3], &[3, 2, 1]), Ok(-1.0));
        assert_eq!(kendall(&[2, 2, 2], &[3, 2, 1]), Err(CONSTANT));
        assert_eq!(spearman(&[1, 2], &[4, 4]), Err(CONSTANT));
        assert_eq!(spearman(&[1], &[4]), Err(CONSTANT));
    }
}
