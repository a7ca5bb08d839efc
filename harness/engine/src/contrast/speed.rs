//! How fast the cells of two runs were answered.

use super::{Incomparable, Outcome};
use crate::{
    compare::Difference,
    fault::Result,
    plan::Plan,
    record::Record,
    score::{CellScores, cells, deviation},
};
use serde::Serialize;

/// How fast a cell was answered.
#[derive(Debug, Clone, Serialize)]
pub struct CellSpeed {
    /// Experiment.
    pub experiment: String,
    /// Method.
    pub method: String,
    /// Pilot size.
    pub size: usize,
    /// How pilots are chosen.
    pub strategy: String,
    /// On which machines.
    pub machines: Vec<String>,
    /// Answers a second, by seed; answers that were known from before are no measure.
    pub rates: Vec<(u32, f64)>,
}

/// The speeds of a run, from its manifests.
///
/// # Errors
/// When a manifest is damaged.
pub fn speeds(plan: &Plan, record: &Record) -> Result<Vec<CellSpeed>> {
    let mut found = Vec::new();
    for cell in cells(plan) {
        let mut speed = CellSpeed {
            experiment: cell.experiment.to_owned(),
            method: cell.method.to_owned(),
            size: cell.size,
            strategy: cell.strategy.to_string(),
            machines: Vec::new(),
            rates: Vec::new(),
        };
        for replicate in &cell.replicates {
            let Some(manifest) = record.manifest(replicate)? else { continue };
            let (counts, volatile) = (manifest.counts, manifest.volatile);
            let answers = counts.ok + counts.refused + counts.invalid;
            let was_known = volatile.known.is_some_and(|[_, known]| known > 0);
            if answers > 0 && volatile.answer_ms > 0.0 && !was_known {
                speed.rates.push((replicate.seed, answers as f64 * 1e3 / volatile.answer_ms));
                if !speed.machines.contains(&volatile.machine) {
                    speed.machines.push(volatile.machine);
                }
            }
        }
        found.push(speed);
    }
    Ok(found)
}

/// How many times as fast a cell became.
#[derive(Debug, Clone, Serialize)]
pub struct SpeedChange {
    /// Experiment.
    pub experiment: String,
    /// Method.
    pub method: String,
    /// Pilot size.
    pub size: usize,
    /// How pilots are chosen.
    pub strategy: String,
    /// Answers a second in the base, geometric mean over seeds.
    pub base: f64,
    /// The same in the new run.
    pub new: f64,
    /// New by base: below 1 is slower.
    pub ratio: f64,
    /// Lower bound of the interval, adjusted for the number of cells (Bonferroni).
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// What became of it.
    pub outcome: Outcome,
    #[serde(skip)]
    error: (f64, f64),
}

/// Speeds of matched cells; those of other machines are incomparable.
pub(super) fn compared(
    base: &[CellSpeed],
    new: &[CellSpeed],
    matched: &[(&CellScores, &CellScores)],
) -> (Vec<SpeedChange>, Vec<Incomparable>) {
    let (mut changes, mut others) = (Vec::new(), Vec::new());
    for (_, cell) in matched {
        let facts = &cell.facts;
        let of = |speeds: &[CellSpeed]| {
            let fits = |speed: &&CellSpeed| {
                facts.is(&speed.experiment, &speed.method, speed.size, &speed.strategy)
            };
            speeds.iter().find(fits).cloned()
        };
        let (Some(a), Some(b)) = (of(new), of(base)) else { continue };
        match change(&a, &b) {
            Ok(change) => changes.push(change),
            Err(reason) => others.push(Incomparable::cell(facts, format!("speed: {reason}"))),
        }
    }
    (changes, others)
}

fn change(new: &CellSpeed, base: &CellSpeed) -> std::result::Result<SpeedChange, &'static str> {
    let is_one = |speed: &CellSpeed| speed.machines.len() == 1 && !speed.machines[0].is_empty();
    if new.rates.is_empty() || base.rates.is_empty() {
        return Err("nothing was measured: answers were known from before");
    }
    if !is_one(new) || !is_one(base) || new.machines != base.machines {
        return Err("the machines differ, or are not known");
    }
    let logs =
        |speed: &CellSpeed| -> Vec<f64> { speed.rates.iter().map(|(_, r)| r.ln()).collect() };
    let (a, b) = (logs(new), logs(base));
    let mean = |logs: &[f64]| logs.iter().sum::<f64>() / logs.len() as f64;
    let variance = |logs: &[f64]| deviation(logs).map(|sd| sd * sd / logs.len() as f64);
    let (va, vb) = (variance(&a), variance(&b));
    let (va, vb) = va.zip(vb).ok_or("fewer than two seeds")?;
    let df = (a.len() + b.len()) as f64 - 2.0;
    Ok(SpeedChange {
        experiment: new.experiment.clone(),
        method: new.method.clone(),
        size: new.size,
        strategy: new.strategy.clone(),
        base: mean(&b).exp(),
        new: mean(&a).exp(),
        ratio: (mean(&a) - mean(&b)).exp(),
        low: 0.0,
        high: 0.0,
        outcome: Outcome::Noisy,
        error: ((va + vb).sqrt(), df),
    })
}

/// Makes intervals for all cells together and says what became of each.
pub(super) fn judge(changes: &mut [SpeedChange], margin: f64, confidence: f64) {
    let each = 1.0 - (1.0 - confidence) / changes.len().max(1) as f64;
    for change in changes {
        let (se, df) = change.error;
        let log = Difference::of_error(change.ratio.ln(), se, df, each);
        (change.low, change.high) = (log.low.exp(), log.high.exp());
        let (slower, faster) = (1.0 / (1.0 + margin), 1.0 + margin);
        change.outcome = match () {
            () if change.high < slower => Outcome::Worse,
            () if change.low > faster => Outcome::Better,
            () if change.low >= slower && change.high <= faster => Outcome::Equivalent,
            () => Outcome::Noisy,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speed(machine: &str, rates: &[f64]) -> CellSpeed {
        CellSpeed {
            experiment: "e".into(),
            method: "m".into(),
            size: 8,
            strategy: "random".into(),
            machines: vec![machine.into()],
            rates: (1..).zip(rates.iter().copied()).collect(),
        }
    }

    #[test]
    fn a_clear_slowdown_is_one_and_noise_is_not() {
        let outcome = |new: &[f64]| {
            let base = speed("a", &[100.0, 104.0, 98.0, 101.0]);
            let mut changes = vec![change(&speed("a", new), &base).unwrap()];
            judge(&mut changes, 0.25, 0.95);
            changes[0].outcome
        };
        assert_eq!(outcome(&[50.0, 52.0, 49.0, 51.0]), Outcome::Worse);
        assert_eq!(outcome(&[200.0, 210.0, 205.0, 202.0]), Outcome::Better);
        assert_eq!(outcome(&[101.0, 99.0, 103.0, 100.0]), Outcome::Equivalent);
        assert_eq!(outcome(&[40.0, 160.0, 60.0, 150.0]), Outcome::Noisy);
    }

    #[test]
    fn other_machines_are_incomparable() {
        let (a, b) = (speed("a", &[1.0, 2.0]), speed("b", &[1.0, 2.0]));
        assert!(change(&a, &b).is_err() && change(&a, &speed("a", &[1.0])).is_err());
        assert!(change(&a, &speed("", &[1.0, 2.0])).is_err());
    }
}
