//! Intervals: Student's from standard errors, or from bootstrap draws.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Half the width of Student's interval of a sum of independent errors `(standard error, values)`.
pub(super) fn half_width(parts: &[(Option<f64>, usize)], confidence: f64) -> Option<f64> {
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

/// Half the width of Student's interval of a value with this standard error; infinite where there is
/// no degree of freedom.
pub fn student_half(se: f64, df: f64, confidence: f64) -> f64 {
    StudentsT::new(0.0, 1.0, df)
        .map_or(f64::INFINITY, |t| t.inverse_cdf(0.5 + confidence / 2.0) * se)
}

/// Standard deviation with n − 1; `None` for fewer than two values.
pub fn deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    Some((values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

/// The quantile of sorted values, interpolated linearly (type 7 of Hyndman and Fan 1996, the default
/// of numpy and R). `None` when there are none.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (place - below as f64) * (sorted[above] - sorted[below]))
}

/// Bounds of the percentile interval; `None` for fewer than two draws.
pub fn percentile(draws: &[f64], confidence: f64) -> Option<(f64, f64)> {
    let sorted = sorted(draws)?;
    let tail = (1.0 - confidence) / 2.0;
    Some((quantile(&sorted, tail)?, quantile(&sorted, 1.0 - tail)?))
}

/// Bounds of the BCa interval (Efron 1987, equations 2.3 and 6.6; Efron and Tibshirani 1993,
/// equations 14.9 to 14.15). `jackknives` are the leave-one-out values of each independent source.
///
/// `None` for fewer than two draws, or when all draws lie on one side of the estimate, so that the
/// bias has no correction.
pub(super) fn bca(
    estimate: f64,
    draws: &[f64],
    jackknives: &[Vec<f64>],
    confidence: f64,
) -> Option<(f64, f64)> {
    let sorted = sorted(draws)?;
    let normal = Normal::standard();
    let below = draws.iter().filter(|draw| **draw < estimate).count();
    let up_to = draws.iter().filter(|draw| **draw <= estimate).count();
    let share = (below + up_to) as f64 / (2 * draws.len()) as f64;
    if share <= 0.0 || share >= 1.0 {
        return None;
    }
    let bias = normal.inverse_cdf(share);
    let acceleration = acceleration(jackknives);
    let bound = |tail: f64| {
        let z = bias + normal.inverse_cdf(tail);
        quantile(&sorted, normal.cdf(bias + z / (1.0 - acceleration * z)))
    };
    let tail = (1.0 - confidence) / 2.0;
    Some((bound(tail)?, bound(1.0 - tail)?))
}

/// Skewness of the estimate by the jackknife, over several independent sources.
fn acceleration(jackknives: &[Vec<f64>]) -> f64 {
    let (mut cubes, mut squares) = (0.0, 0.0);
    for values in jackknives.iter().filter(|values| values.len() > 1) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let influence = |value: &f64| (n - 1.0) * (mean - value);
        cubes += values.iter().map(|v| influence(v).powi(3)).sum::<f64>() / n.powi(3);
        squares += values.iter().map(|v| influence(v).powi(2)).sum::<f64>() / n.powi(2);
    }
    if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 }
}

fn sorted(draws: &[f64]) -> Option<Vec<f64>> {
    let mut sorted = draws.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted.len() > 1).then_some(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Fixture {
        intervals: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        estimate: f64,
        draws: Vec<f64>,
        jackknives: Vec<Vec<f64>>,
        confidence: f64,
        percentile: (f64, f64),
        bca: (f64, f64),
    }

    #[test]
    fn scipy_agrees() {
        let fixture: Fixture =
            serde_json::from_str(include_str!("../../fixtures/statistics.json")).unwrap();
        assert!(fixture.intervals.len() > 3);
        let close = |a: (f64, f64), b: (f64, f64)| {
            assert!((a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9, "{a:?} is not {b:?}");
        };
        for case in fixture.intervals {
            close(percentile(&case.draws, case.confidence).unwrap(), case.percentile);
            let found = bca(case.estimate, &case.draws, &case.jackknives, case.confidence);
            close(found.unwrap(), case.bca);
        }
    }

    #[test]
    fn what_has_no_interval() {
        assert_eq!(percentile(&[1.0], 0.95), None);
        assert_eq!(bca(5.0, &[1.0, 2.0, 3.0], &[], 0.95), None);
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(deviation(&[1.0]), None);
    }
}
