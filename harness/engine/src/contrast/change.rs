//! One score of one cell in two runs.

use super::{Rules, Side};
use crate::{
    compare::{Difference, Interval, holm},
    plugin::Better,
    score::{CellScores, Draws, deviation},
};
use serde::Serialize;

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The same to the last digit.
    Identical,
    /// Clearly worse.
    Worse,
    /// Clearly better.
    Better,
    /// The interval lies inside the margin.
    Equivalent,
    /// Neither: more seeds would tell.
    Noisy,
}

impl Outcome {
    /// Word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Equivalent => "equivalent",
            Self::Noisy => "noisy",
        }
    }
}

/// What two runs have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// The same seeds and people: a paired difference.
    SeedsAndPeople,
    /// The same people, other seeds: each run's own spread over its seeds.
    People,
}

impl Pairing {
    /// Words in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::SeedsAndPeople => "seeds, people",
            Self::People => "other seeds",
        }
    }
}

/// A score of a cell in a base and in a new run.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// Experiment.
    pub experiment: String,
    /// Method.
    pub method: String,
    /// Pilot size.
    pub size: usize,
    /// How pilots are chosen.
    pub strategy: String,
    /// Score.
    pub score: String,
    /// Its mean over seeds in the base.
    pub base: f64,
    /// Its mean over seeds in the new run.
    pub new: f64,
    /// New less base, as badness: above 0 is worse. `p_adjusted` is Holm's over the whole contrast.
    pub difference: Difference,
    /// On what the difference rests.
    pub pairing: Pairing,
    /// What became of it.
    pub outcome: Outcome,
}

impl Change {
    /// Of a score; the outcome is judged with all others.
    pub(super) fn of(
        score: &str,
        (base, base_cell): (&Side, &CellScores),
        (new, new_cell): (&Side, &CellScores),
        rules: &Rules,
    ) -> Result<Self, String> {
        let info = new.scores.infos.iter().find(|info| info.name == score);
        let info = info.ok_or("no metric of the new run gives it")?;
        let none = |which: &str| format!("it has no value in the {which}");
        let a = new_cell.draws.get(score).ok_or_else(|| none("new run"))?;
        let b = base_cell.draws.get(score).ok_or_else(|| none("base"))?;
        let is_paired =
            seeds(a) == seeds(b) && base.plan.score.resamples == new.plan.score.resamples;
        let interval = Interval { kind: new.plan.score.interval, confidence: rules.confidence };
        let (difference, pairing) = match is_paired {
            true => (Difference::paired(info.better, a, b, interval)?, Pairing::SeedsAndPeople),
            false => (independent(info.better, a, b, rules.confidence)?, Pairing::People),
        };
        let facts = &new_cell.facts;
        let outcome = if same(a, b) { Outcome::Identical } else { Outcome::Noisy };
        Ok(Self {
            experiment: facts.experiment.clone(),
            method: facts.method.clone(),
            size: facts.size,
            strategy: facts.strategy.clone(),
            score: score.to_owned(),
            base: b.mean,
            new: a.mean,
            difference,
            pairing,
            outcome,
        })
    }
}

fn seeds(draws: &Draws) -> Vec<u32> {
    draws.seeds.iter().map(|(seed, _)| *seed).collect()
}

/// Whether every seed has the same value.
fn same(a: &Draws, b: &Draws) -> bool {
    a.seeds == b.seeds
}

/// The difference of two runs of other seeds (Welch 1947): the held-out people are the same
/// population in both, so that the seeds' spread is what may part them.
fn independent(
    better: Better,
    a: &Draws,
    b: &Draws,
    confidence: f64,
) -> Result<Difference, String> {
    let of = |draws: &Draws| {
        let values: Vec<f64> = draws.seeds.iter().map(|(_, v)| better.badness(*v)).collect();
        let n = values.len() as f64;
        let variance = deviation(&values).map(|sd| sd * sd / n);
        variance.map(|variance| (variance, n)).ok_or("other seeds, and fewer than two of them")
    };
    let ((va, na), (vb, nb)) = (of(a)?, of(b)?);
    let value = better.badness(a.mean) - better.badness(b.mean);
    let df = match va + vb {
        0.0 => na + nb - 2.0,
        sum => sum * sum / (va * va / (na - 1.0) + vb * vb / (nb - 1.0)),
    };
    Ok(Difference::of_error(value, (va + vb).sqrt(), df, confidence))
}

/// Adjusts all tests together and says what became of each.
pub(super) fn judge(changes: &mut [Change], rules: &Rules) {
    let p: Vec<f64> = changes.iter().map(|change| change.difference.p).collect();
    for (change, adjusted) in changes.iter_mut().zip(holm(&p)) {
        let difference = &mut change.difference;
        difference.p_adjusted = adjusted;
        let is_clear = adjusted < 1.0 - rules.confidence;
        let is_inside = difference.low > -rules.margin && difference.high < rules.margin;
        change.outcome = match () {
            () if change.outcome == Outcome::Identical => Outcome::Identical,
            () if is_inside => Outcome::Equivalent,
            () if is_clear && difference.value > 0.0 => Outcome::Worse,
            () if is_clear => Outcome::Better,
            () => Outcome::Noisy,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    fn draws(values: &[f64]) -> Draws {
        let seeds = (1..).zip(values.iter().copied()).collect();
        Draws { mean: values.iter().sum::<f64>() / values.len() as f64, seeds, values: vec![] }
    }

    #[test]
    fn other_seeds_are_compared_by_welch() {
        // scipy.stats.ttest_ind([0.31, 0.35, 0.29, 0.4], [0.2, 0.22, 0.25, 0.19, 0.21],
        // equal_var=False)
        let (a, b) = (draws(&[0.31, 0.35, 0.29, 0.4]), draws(&[0.2, 0.22, 0.25, 0.19, 0.21]));
        let difference = independent(Better::Lower, &a, &b, 0.95).unwrap();
        assert!((difference.value / difference.se - WELCH.0).abs() < 1e-5, "{difference:?}");
        assert!((difference.p - WELCH.1).abs() < 1e-6, "{difference:?}");
        let higher = independent(Better::Higher, &a, &b, 0.95).unwrap();
        assert!(higher.value < 0.0 && (higher.p - difference.p).abs() < 1e-12);
        assert!(independent(Better::Lower, &a, &draws(&[0.1]), 0.95).is_err());
    }

    /// Contrasts of two runs of one law and other seeds: 20 cells each, differing in nothing but
    /// chance. At a rate of 5 % a handful of 200 may say otherwise.
    #[test]
    fn false_alarms_are_as_rare_as_stated() {
        let mut stream = SplitMix64::new(7);
        let mut normal = || (0..12).map(|_| stream.uniform()).sum::<f64>() - 6.0;
        let mut run = || draws(&(0..10).map(|_| 0.3 + 0.05 * normal()).collect::<Vec<_>>());
        let rules = Rules { scores: vec![], confidence: 0.95, margin: 0.0, speed_margin: None };
        let mut alarms = 0;
        for _ in 0..200 {
            let change = |_| {
                let (a, b) = (run(), run());
                let difference = independent(Better::Lower, &a, &b, 0.95).unwrap();
                changed(difference)
            };
            let mut changes: Vec<Change> = (0..20).map(change).collect();
            judge(&mut changes, &rules);
            let is_alarm = |c: &Change| matches!(c.outcome, Outcome::Worse | Outcome::Better);
            alarms += usize::from(changes.iter().any(is_alarm));
        }
        assert!(alarms <= 16, "{alarms} of 200");
    }

    fn changed(difference: Difference) -> Change {
        Change {
            experiment: "e".into(),
            method: "m".into(),
            size: 8,
            strategy: "random".into(),
            score: "s".into(),
            base: 0.3,
            new: 0.3 + difference.value,
            difference,
            pairing: Pairing::People,
            outcome: Outcome::Noisy,
        }
    }

    #[test]
    fn outcomes_follow_interval_and_margin() {
        let outcome = |value: f64, se: f64, margin: f64| {
            let mut changes = vec![changed(Difference::of_error(value, se, 20.0, 0.95))];
            let rules = Rules { scores: vec![], confidence: 0.95, margin, speed_margin: None };
            judge(&mut changes, &rules);
            changes[0].outcome
        };
        assert_eq!(outcome(0.1, 0.01, 0.02), Outcome::Worse);
        assert_eq!(outcome(-0.1, 0.01, 0.02), Outcome::Better);
        assert_eq!(outcome(0.005, 0.002, 0.02), Outcome::Equivalent);
        assert_eq!(outcome(0.01, 0.05, 0.02), Outcome::Noisy);
    }

    /// Statistic and p-value by scipy.
    const WELCH: (f64, f64) = (4.682657286414445, 0.009004026075073997);
}
