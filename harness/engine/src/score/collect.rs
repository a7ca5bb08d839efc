//! From the seeds of a cell to a mean and its interval.

use super::interval::{bca, deviation, half_width, percentile};
use crate::plan::IntervalKind;
use serde::{Deserialize, Serialize};

/// From which sources of chance an interval is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalSource {
    /// Pilot draws and participants.
    SeedsAndParticipants,
    /// Pilot draws alone: the metric gives no resamples.
    Seeds,
    /// Participants alone: there is one seed.
    Participants,
    /// Neither: there is no interval.
    None,
}

impl IntervalSource {
    /// Word in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::SeedsAndParticipants => "seeds+participants",
            Self::Seeds => "seeds",
            Self::Participants => "participants",
            Self::None => "none",
        }
    }
}

/// A mean over seeds with its uncertainty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean over the seeds at which the score is defined; `None` when it is nowhere.
    pub mean: Option<f64>,
    /// Bounds of the interval.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Standard error from pilot draws: standard deviation over seeds by the root of their number.
    pub se_seeds: Option<f64>,
    /// Standard error from participants: standard deviation over bootstrap resamples of the mean
    /// over seeds.
    pub se_participants: Option<f64>,
    /// Resamples at which the score is defined at every one of those seeds: the standard error from
    /// participants rests on these.
    pub resamples: usize,
    /// From what the interval is made.
    pub interval: IntervalSource,
    /// Seeds at which the score is defined.
    pub seeds: usize,
    /// Seeds at which it is not.
    pub undefined: usize,
    /// The first reason why not.
    pub reason: Option<String>,
}

/// A score of a cell under resampling. Draws of the same number are of the same people and seeds
/// for all cells of an experiment: what is compared draw by draw is paired.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Draws {
    /// Mean over seeds.
    pub mean: f64,
    /// The seeds at which the score is defined, with its value.
    pub seeds: Vec<(u32, f64)>,
    /// The mean in each draw of seeds and participants together; `None` where it is undefined.
    pub values: Vec<Option<f64>>,
}

impl Draws {
    /// The draws moved to have the estimate as their mean. A distance of two distributions is larger
    /// in resamples than in the table they are of, and methods are compared without that bias.
    pub fn centred(&self) -> Vec<Option<f64>> {
        let known: Vec<f64> = self.values.iter().copied().flatten().collect();
        let shift = match known.len() {
            0 => 0.0,
            n => self.mean - known.iter().sum::<f64>() / n as f64,
        };
        self.values.iter().map(|value| value.map(|value| value + shift)).collect()
    }
}

/// Weighted means at every index of the resamples. A total that lacks a value is NaN, which stays so:
/// thus one loop without branches adds up a hundred of them.
#[derive(Debug, Clone, Default)]
struct Means {
    totals: Vec<f64>,
    weights: Vec<u32>,
}

impl Means {
    /// Adds values, NaN where there is none, each with its weight; one of no weight is not looked at.
    fn add(&mut self, values: &[f64], weight: impl Fn(usize) -> u16) {
        let length = self.totals.len().max(values.len());
        self.totals.resize(length, 0.0);
        self.weights.resize(length, 0);
        let sums = self.totals.iter_mut().zip(&mut self.weights);
        for (index, ((total, sum), value)) in sums.zip(values).enumerate() {
            let weight = weight(index);
            *total += if weight == 0 { 0.0 } else { f64::from(weight) * value };
            *sum += u32::from(weight);
        }
    }

    fn iter(&self) -> impl Iterator<Item = Option<f64>> {
        let sums = self.totals.iter().zip(&self.weights);
        sums.map(|(total, weight)| {
            (*weight > 0 && !total.is_nan()).then(|| total / f64::from(*weight))
        })
    }
}

/// The values of one score over the seeds of a cell, added up as they come.
#[derive(Debug, Default)]
pub(super) struct Collected {
    values: Vec<(u32, f64)>,
    undefined: Vec<String>,
    /// Per resample of participants, the mean over seeds.
    participants: Means,
    /// Per draw of participants and seeds.
    both: Means,
    /// Per group of participants left out.
    left_out: Means,
}

impl Collected {
    /// Adds one seed. `drawn` says how often the seed is drawn in each resample; of `resamples` (NaN
    /// where there is no value), as many are of the bootstrap, the others of the jackknife.
    pub(super) fn add(
        &mut self,
        seed: u32,
        drawn: &[u16],
        value: std::result::Result<f64, String>,
        resamples: &[f64],
    ) {
        let value = match value {
            Ok(value) => value,
            // A resample of an undefined value says nothing of the mean of the defined ones.
            Err(reason) => return self.undefined.push(reason),
        };
        self.values.push((seed, value));
        let (bootstrap, jackknife) = resamples.split_at(drawn.len().min(resamples.len()));
        self.participants.add(bootstrap, |_| 1);
        self.left_out.add(jackknife, |_| 1);
        match bootstrap.len() == drawn.len() {
            true => self.both.add(bootstrap, |draw| drawn[draw]),
            // Without resamples of participants the seeds alone are drawn.
            false => {
                let mut values = vec![value; drawn.len()];
                values[..bootstrap.len()].copy_from_slice(bootstrap);
                self.both.add(&values, |draw| drawn[draw]);
            }
        }
    }

    /// The score under resampling; `None` where it is undefined at every seed.
    pub(super) fn draws(&self) -> Option<Draws> {
        let mean = self.mean()?;
        let values = self.both.iter().collect();
        Some(Draws { mean, seeds: self.values.clone(), values })
    }

    fn mean(&self) -> Option<f64> {
        let seeds = self.values.len();
        (seeds > 0).then(|| self.values.iter().map(|(_, value)| value).sum::<f64>() / seeds as f64)
    }

    /// Mean and interval, cut at `range`, the score's possible values.
    pub(super) fn estimate(
        &self,
        confidence: f64,
        kind: IntervalKind,
        range: (f64, f64),
    ) -> Estimate {
        let seeds = self.values.len();
        let mean = self.mean();
        let values: Vec<f64> = self.values.iter().map(|(_, value)| *value).collect();
        let se_seeds = deviation(&values).map(|sd| sd / (seeds as f64).sqrt());
        let means: Vec<f64> = self.participants.iter().flatten().collect();
        let se_participants = deviation(&means);
        let interval = match (se_seeds, se_participants) {
            (Some(_), Some(_)) => IntervalSource::SeedsAndParticipants,
            (Some(_), None) => IntervalSource::Seeds,
            (None, Some(_)) => IntervalSource::Participants,
            (None, None) => IntervalSource::None,
        };
        let bounds = mean.and_then(|mean| match kind {
            IntervalKind::Student => {
                let parts = [(se_seeds, seeds), (se_participants, means.len())];
                let half = half_width(&parts, confidence)?;
                Some((mean - half, mean + half))
            }
            IntervalKind::Percentile => percentile(&self.both_drawn(), confidence),
            IntervalKind::Bca => bca(mean, &self.both_drawn(), &self.jackknives(), confidence),
        });
        let bound = |value: f64| value.clamp(range.0, range.1);
        Estimate {
            mean,
            low: bounds.map(|(low, _)| bound(low)),
            high: bounds.map(|(_, high)| bound(high)),
            se_seeds,
            se_participants,
            resamples: means.len(),
            interval,
            seeds,
            undefined: self.undefined.len(),
            reason: self.undefined.first().cloned(),
        }
    }

    fn both_drawn(&self) -> Vec<f64> {
        self.both.iter().flatten().collect()
    }

    /// Means without one group of participants, and without one seed.
    fn jackknives(&self) -> Vec<Vec<f64>> {
        let total: f64 = self.values.iter().map(|(_, value)| value).sum();
        let others = self.values.len() as f64 - 1.0;
        let without = self.values.iter().map(|(_, value)| (total - value) / others);
        let seeds = if others > 0.0 { without.collect() } else { Vec::new() };
        vec![self.left_out.iter().flatten().collect(), seeds]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

    fn close(a: Option<f64>, b: f64) {
        assert!((a.unwrap() - b).abs() < 1e-9, "{a:?} is not {b}");
    }

    #[test]
    fn seeds_alone_give_students_interval() {
        let mut collected = Collected::default();
        for (seed, value) in (1..).zip([1.0, 2.0, 3.0, 4.0]) {
            collected.add(seed, &[], Ok(value), &[]);
        }
        let estimate = collected.estimate(0.95, IntervalKind::Student, ANY);
        close(estimate.mean, 2.5);
        // sd √(5/3), se √(5/12); t(3, 0.975) = 3.182446305284263 (scipy.stats.t.ppf).
        close(estimate.se_seeds, (5.0_f64 / 12.0).sqrt());
        assert!(
            (estimate.high.unwrap() - 2.5 - 3.182_446_305_284 * (5.0_f64 / 12.0).sqrt()).abs()
                < 1e-6
        );
        assert_eq!(estimate.interval, IntervalSource::Seeds);
    }

    #[test]
    fn both_sources_add_in_squares() {
        let mut collected = Collected::default();
        let drawn = [[2, 1, 0], [0, 1, 2]];
        collected.add(1, &drawn[0], Ok(1.0), &[0.0, 1.0, 2.0]);
        collected.add(2, &drawn[1], Ok(3.0), &[2.0, 3.0, 4.0]);
        let estimate = collected.estimate(0.9, IntervalKind::Student, ANY);
        close(estimate.se_seeds, 1.0);
        close(estimate.se_participants, 1.0);
        // df = 4 / (1/1 + 1/2) = 8/3; the factor is scipy.stats.t.ppf(0.95, 8/3)
        let half = estimate.high.unwrap() - 2.0;
        assert!((half / 2.0_f64.sqrt() - 2.4782720159176703).abs() < 1e-6, "{half}");
        assert_eq!(estimate.interval, IntervalSource::SeedsAndParticipants);
        // Both together: 2·0 / 2, (1 + 3) / 2, 2·4 / 2.
        let draws = collected.draws().unwrap();
        assert_eq!(draws.values, [Some(0.0), Some(2.0), Some(4.0)]);
        assert_eq!(draws.centred(), draws.values);
    }

    #[test]
    fn a_draw_without_one_of_its_values_is_none() {
        let mut collected = Collected::default();
        collected.add(1, &[1, 2], Ok(1.0), &[2.0, 2.0]);
        collected.add(2, &[1, 0], Ok(3.0), &[f64::NAN, f64::NAN]);
        // The second draw does not draw the seed whose resample is undefined.
        assert_eq!(collected.draws().unwrap().values, [None, Some(2.0)]);
        assert_eq!(collected.draws().unwrap().centred(), [None, Some(2.0)]);
        assert_eq!(collected.estimate(0.95, IntervalKind::Student, ANY).resamples, 0);
    }

    #[test]
    fn undefined_values_are_counted_and_left_out() {
        let mut collected = Collected::default();
        collected.add(1, &[], Ok(1.0), &[]);
        collected.add(2, &[], Err("nobody".into()), &[]);
        let estimate = collected.estimate(0.95, IntervalKind::Student, ANY);
        close(estimate.mean, 1.0);
        assert_eq!((estimate.seeds, estimate.undefined), (1, 1));
        assert_eq!(estimate.reason.as_deref(), Some("nobody"));
        assert_eq!(estimate.interval, IntervalSource::None);
        let nothing = Collected::default().estimate(0.95, IntervalKind::Student, ANY);
        assert_eq!((nothing.mean, nothing.low), (None, None));
    }

    #[test]
    fn intervals_stay_in_the_range() {
        let mut collected = Collected::default();
        collected.add(1, &[], Ok(0.0), &[]);
        collected.add(2, &[], Ok(0.2), &[]);
        let estimate = collected.estimate(0.95, IntervalKind::Student, (0.0, 1.0));
        close(estimate.low, 0.0);
        close(estimate.high, 1.0);
    }

    /// 500 worlds: people and seeds drawn anew, a score that is the mean of the people plus noise of
    /// the seed, and the truth 0.
    #[test]
    fn intervals_of_both_sources_cover_as_they_say() {
        const WORLDS: u64 = 500;
        let (people, seeds, draws) = (100, 30, 200);
        let normal = |stream: &mut SplitMix64| -> f64 {
            (0..12).map(|_| stream.uniform()).sum::<f64>() - 6.0
        };
        let kinds = [IntervalKind::Student, IntervalKind::Percentile, IntervalKind::Bca];
        let mut covered = [0; 3];
        for world in 0..WORLDS {
            let mut stream = SplitMix64::new(world);
            let values: Vec<f64> = (0..people).map(|_| normal(&mut stream)).collect();
            let mean = |rows: &[usize]| {
                rows.iter().map(|row| values[*row]).sum::<f64>() / rows.len() as f64
            };
            let everybody: Vec<usize> = (0..people).collect();
            let resample = |stream: &mut SplitMix64| {
                let rows: Vec<usize> = (0..people).map(|_| stream.below(people)).collect();
                mean(&rows)
            };
            let resampled: Vec<f64> = (0..draws).map(|_| resample(&mut stream)).collect();
            let left_out = |group: usize| {
                let kept = everybody.iter().copied().filter(|row| row % 20 != group);
                mean(&kept.collect::<Vec<_>>())
            };
            let jackknife: Vec<f64> = (0..20).map(left_out).collect();
            let mut drawn = vec![vec![0_u16; draws]; seeds];
            let picks = (0..draws).flat_map(|draw| std::iter::repeat_n(draw, seeds));
            picks.for_each(|draw| drawn[stream.below(seeds)][draw] += 1);
            let mut collected = Collected::default();
            for (seed, drawn) in drawn.iter().enumerate() {
                let noise = 0.5 * normal(&mut stream);
                let others = resampled.iter().chain(&jackknife).map(|value| value + noise);
                let others: Vec<f64> = others.collect();
                collected.add(seed as u32, drawn, Ok(mean(&everybody) + noise), &others);
            }
            for (kind, covered) in kinds.iter().zip(&mut covered) {
                let estimate = collected.estimate(0.95, *kind, ANY);
                let (low, high) = (estimate.low.unwrap(), estimate.high.unwrap());
                *covered += u64::from(low <= 0.0 && 0.0 <= high);
            }
        }
        let shares = covered.map(|covered| covered as f64 / WORLDS as f64);
        assert!(shares.iter().all(|share| (0.93..=0.97).contains(share)), "{shares:?}");
    }
}
