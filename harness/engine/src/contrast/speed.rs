//! How fast the cells of two runs were answered.

use super::{Incomparable, Outcome};
use crate::{
    compare::Difference,
    fault::Result,
    plan::Plan,
    record::Record,
    score::{CellFacts, CellScores, cells, deviation},
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

/// A rate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// Answers a second, geometric mean over seeds.
    pub value: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl CellSpeed {
    /// Whether this is the speed of that cell.
    pub fn is_of(&self, facts: &CellFacts) -> bool {
        facts.is(&self.experiment, &self.method, self.size, &self.strategy)
    }

    /// Answers a second with Student's interval of the logarithm over seeds; `None` for fewer than two
    /// of them, since a rate without its spread says nothing.
    pub fn rate(&self, confidence: f64) -> Option<Rate> {
        let (mean, variance) = self.logarithm()?;
        let df = self.rates.len() as f64 - 1.0;
        let log = Difference::of_error(mean, variance.sqrt(), df, confidence);
        Some(Rate { value: mean.exp(), low: log.low.exp(), high: log.high.exp() })
    }

    /// Mean of the logarithms of the rates, and the variance of that mean.
    fn logarithm(&self) -> Option<(f64, f64)> {
        let logs: Vec<f64> = self.rates.iter().map(|(_, rate)| rate.ln()).collect();
        let n = logs.len() as f64;
        let sd = deviation(&logs)?;
        Some((logs.iter().sum::<f64>() / n, sd * sd / n))
    }
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
pub(super) fn compared<'a>(
    base: &'a [CellSpeed],
    new: &'a [CellSpeed],
    matched: &[(&CellScores, &CellScores)],
) -> (Vec<SpeedChange>, Vec<Incomparable>) {
    let (mut changes, mut others) = (Vec::new(), Vec::new());
    for (_, cell) in matched {
        let of = |speeds: &'a [CellSpeed]| speeds.iter().find(|speed| speed.is_of(&cell.facts));
        let (Some(a), Some(b)) = (of(new), of(base)) else { continue };
        match change(a, b) {
            Ok(change) => changes.push(change),
            Err(why) => others.push(Incomparable::cell(&cell.facts, format!("speed: {why}"))),
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
    let both = new.logarithm().zip(base.logarithm());
    let ((a, va), (b, vb)) = both.ok_or("fewer than two seeds")?;
    let df = (new.rates.len() + base.rates.len()) as f64 - 2.0;
    Ok(SpeedChange {
        experiment: new.experiment.clone(),
        method: new.method.clone(),
        size: new.size,
        strategy: new.strategy.clone(),
        base: b.exp(),
        new: a.exp(),
        ratio: (a - b).exp(),
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

    /// Bounds by numpy and scipy.
    const RATE: (f64, f64) = (17.87310617947373, 559.4998373301466);

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
    fn a_rate_has_its_spread_or_is_none() {
        // numpy: l = log([50, 100, 200]); exp(mean(l)), exp(mean(l) ∓ t.ppf(0.975, 2)·std(l, ddof=1)/√3)
        let rate = speed("a", &[50.0, 100.0, 200.0]).rate(0.95).unwrap();
        assert!((rate.value - 100.0).abs() < 1e-9, "{rate:?}");
        assert!((rate.low - RATE.0).abs() < 1e-4 && (rate.high - RATE.1).abs() < 1e-3, "{rate:?}");
        assert_eq!(speed("a", &[50.0]).rate(0.95), None);
    }

    #[test]
    fn other_machines_are_incomparable() {
        let (a, b) = (speed("a", &[1.0, 2.0]), speed("b", &[1.0, 2.0]));
        assert!(change(&a, &b).is_err() && change(&a, &speed("a", &[1.0])).is_err());
        assert!(change(&a, &speed("", &[1.0, 2.0])).is_err());
    }
}
