//! From the seeds of a cell to a mean and its interval.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

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

/// The values of one score over the seeds of a cell.
#[derive(Debug, Default)]
pub(super) struct Collected {
    values: Vec<f64>,
    undefined: Vec<String>,
    /// Per resample, sum and number of the seeds at which it is defined.
    resamples: Vec<(f64, usize)>,
}

impl Collected {
    /// Adds one seed.
    pub(super) fn add(
        &mut self,
        value: std::result::Result<f64, String>,
        resamples: &[Option<f64>],
    ) {
        match value {
            Ok(value) => self.values.push(value),
            // A resample of an undefined value says nothing of the mean of the defined ones.
            Err(reason) => return self.undefined.push(reason),
        }
        self.resamples.resize(self.resamples.len().max(resamples.len()), (0.0, 0));
        for (sum, value) in self.resamples.iter_mut().zip(resamples) {
            if let Some(value) = value {
                sum.0 += value;
                sum.1 += 1;
            }
        }
    }

    /// Mean and interval. The two standard errors are of independent sources and add in squares;
    /// the interval is Student's with Welch's and Satterthwaite's degrees of freedom (Welch 1947),
    /// centred on the mean (a percentile interval of a distance would inherit the bootstrap's upward
    /// bias), and cut at `range`, the score's possible values.
    pub(super) fn estimate(self, confidence: f64, range: (f64, f64)) -> Estimate {
        let seeds = self.values.len();
        let mean = (seeds > 0).then(|| self.values.iter().sum::<f64>() / seeds as f64);
        let se_seeds = deviation(&self.values).map(|sd| sd / (seeds as f64).sqrt());
        let means: Vec<f64> = self
            .resamples
            .iter()
            .filter(|(_, count)| *count == seeds && seeds > 0)
            .map(|(sum, count)| sum / *count as f64)
            .collect();
        let se_participants = deviation(&means);
        let interval = match (se_seeds, se_participants) {
            (Some(_), Some(_)) => IntervalSource::SeedsAndParticipants,
            (Some(_), None) => IntervalSource::Seeds,
            (None, Some(_)) => IntervalSource::Participants,
            (None, None) => IntervalSource::None,
        };
        let parts = [(se_seeds, seeds), (se_participants, means.len())];
        let half = half_width(&parts, confidence);
        let bound = |sign: f64| Some((mean? + sign * half?).clamp(range.0, range.1));
        Estimate {
            mean,
            low: bound(-1.0),
            high: bound(1.0),
            se_seeds,
            se_participants,
            resamples: means.len(),
            interval,
            seeds,
            undefined: self.undefined.len(),
            reason: self.undefined.into_iter().next(),
        }
    }
}

/// Half the width of the interval of a sum of independent errors `(standard error, values)`.
fn half_width(parts: &[(Option<f64>, usize)], confidence: f64) -> Option<f64> {
    let known = parts.iter().filter_map(|(se, count)| Some(((*se)?, *count as f64 - 1.0)));
    let known: Vec<(f64, f64)> = known.collect();
    let variance: f64 = known.iter().map(|(se, _)| se * se).sum();
    if known.is_empty() {
        return None;
    }
    if variance <= 0.0 {
        return Some(0.0);
    }
    let spread: f64 = known.iter().map(|(se, df)| se.powi(4) / df).sum();
    let df = variance * variance / spread;
    let quantile = StudentsT::new(0.0, 1.0, df).ok()?.inverse_cdf(0.5 + confidence / 2.0);
    Some(quantile * variance.sqrt())
}

/// Standard deviation with n − 1; `None` for fewer than two values.
fn deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    Some((values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

    fn close(a: Option<f64>, b: f64) {
        assert!((a.unwrap() - b).abs() < 1e-9, "{a:?} is not {b}");
    }

    #[test]
    fn seeds_alone_give_students_interval() {
        let mut collected = Collected::default();
        for value in [1.0, 2.0, 3.0, 4.0] {
            collected.add(Ok(value), &[]);
        }
        let estimate = collected.estimate(0.95, ANY);
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
        collected.add(Ok(1.0), &[Some(0.0), Some(1.0), Some(2.0)]);
        collected.add(Ok(3.0), &[Some(2.0), Some(3.0), Some(4.0)]);
        let estimate = collected.estimate(0.9, ANY);
        close(estimate.se_seeds, 1.0);
        close(estimate.se_participants, 1.0);
        // df = 4 / (1/1 + 1/2) = 8/3; the factor is scipy.stats.t.ppf(0.95, 8/3)
        let half = estimate.high.unwrap() - 2.0;
        assert!((half / 2.0_f64.sqrt() - 2.4782720159176703).abs() < 1e-6, "{half}");
        assert_eq!(estimate.interval, IntervalSource::SeedsAndParticipants);
    }

    #[test]
    fn undefined_values_are_counted_and_left_out() {
        let mut collected = Collected::default();
        collected.add(Ok(1.0), &[]);
        collected.add(Err("nobody".into()), &[]);
        let estimate = collected.estimate(0.95, ANY);
        close(estimate.mean, 1.0);
        assert_eq!((estimate.seeds, estimate.undefined), (1, 1));
        assert_eq!(estimate.reason.as_deref(), Some("nobody"));
        assert_eq!(estimate.interval, IntervalSource::None);
        let nothing = Collected::default().estimate(0.95, ANY);
        assert_eq!((nothing.mean, nothing.low), (None, None));
    }

    #[test]
    fn intervals_stay_in_the_range() {
        let mut collected = Collected::default();
        collected.add(Ok(0.0), &[]);
        collected.add(Ok(0.2), &[]);
        let estimate = collected.estimate(0.95, (0.0, 1.0));
        close(estimate.low, 0.0);
        close(estimate.high, 1.0);
    }
}
