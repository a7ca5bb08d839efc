//! Whether a score is best where a simulation is perfect.

use super::{
    bench::{Bench, Better},
    comparison::{Comparison, Quality},
    table::{Key, Table, name},
};
use crate::checks::{Stop, Verdict, failed};
use std::collections::BTreeSet;

/// Values are equal within this.
const TOLERANCE: f64 = 1e-6;
/// Simulations that no score may prefer to the humans themselves.
const WRONG: [Quality; 3] = [Quality::First, Quality::Last, Quality::Random];
/// Seeds under which a score is computed, to see whether it draws.
const SEEDS: [u64; 2] = [11, 12];

/// A number that is smaller for a better value.
fn badness(better: Better, value: f64) -> f64 {
    match better {
        Better::Lower | Better::Describes => value,
        Better::Higher => -value,
        Better::At(best) => (value - best).abs(),
    }
}

/// A directed score of humans against themselves is not worse than of any wrong simulation, and at
/// its best value where it has one. A score that draws (it changes with the seed) can miss both by
/// chance: it may only not be worse than of all of them.
pub(super) fn itself(bench: &Bench) -> Verdict {
    let info = bench.described()?;
    let perfect = tables(bench, Quality::Perfect)?;
    let wrong = WRONG.iter().map(|quality| tables(bench, *quality));
    let wrong: Vec<[Table; SEEDS.len()]> = wrong.collect::<Result<_, Stop>>()?;
    let mut draws = BTreeSet::new();
    for [first, second] in wrong.iter().chain([&perfect]) {
        let second = second.by_key();
        let differs = |row: &&super::table::Row| {
            second.get(&row.key).is_none_or(|twin| twin.value != row.value)
        };
        draws.extend(first.0.iter().filter(differs).map(|row| row.key.0.clone()));
    }
    for row in &perfect[0].0 {
        let Some(score) = info.score(&row.key.0) else { continue };
        let (Some(value), true) = (row.value, score.better != Better::Describes) else { continue };
        let drawn = draws.contains(&row.key.0);
        if let Better::At(best) = score.better
            && !drawn
            && (value - best).abs() > TOLERANCE * (1.0 + best.abs())
        {
            return failed(format!(
                "{} of humans against themselves is {value}; described as best at {best}",
                name(&row.key)
            ));
        }
        compare(&row.key, score.better, value, &others(&wrong, &row.key), drawn)?;
    }
    Ok(())
}

fn tables(bench: &Bench, quality: Quality) -> Result<[Table; SEEDS.len()], Stop> {
    let comparison = bench.comparison(quality)?;
    let table = |seed| bench.table(&Comparison { seed, ..comparison.clone() });
    Ok([table(SEEDS[0])?, table(SEEDS[1])?])
}

/// The values that wrong simulations have.
fn others(wrong: &[[Table; SEEDS.len()]], key: &Key) -> Vec<f64> {
    let value = |table: &Table| table.by_key().get(key).and_then(|row| row.value);
    wrong.iter().filter_map(|tables| value(&tables[0])).collect()
}

fn compare(key: &Key, better: Better, value: f64, others: &[f64], drawn: bool) -> Verdict {
    let ours = badness(better, value) - TOLERANCE * (1.0 + value.abs());
    let worse = |other: &f64| ours > badness(better, *other);
    let found = match drawn {
        false => others.iter().copied().find(worse),
        true if others.iter().all(worse) => others.first().copied(),
        true => None,
    };
    match found {
        None => Ok(()),
        Some(other) => failed(format!(
            "{} of humans against themselves is {value}, of a wrong simulation {other}; described \
             as {better:?}",
            name(key)
        )),
    }
}
