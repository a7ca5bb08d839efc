use crate::{Side, Value};

/// Size, mean and sum of squares about the mean of a table of counts.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// People.
    pub n: f64,
    /// Mean of their values.
    pub mean: f64,
    /// Sum of squared distances from the mean; exactly 0 when all took one level.
    pub squares: f64,
}

impl Moments {
    /// Moments of counts by level; `None` when there is nobody.
    #[inline]
    pub fn of_counts(counts: &[u32], values: &[f64]) -> Option<Self> {
        let total: u32 = counts.iter().sum();
        if total == 0 {
            return None;
        }
        let n = f64::from(total);
        if let Some(level) = counts.iter().position(|c| *c == total) {
            return Some(Self { n, mean: values[level], squares: 0.0 });
        }
        let pairs = || counts.iter().map(|c| f64::from(*c)).zip(values);
        let mean = pairs().map(|(c, v)| c * v).sum::<f64>() / n;
        let squares = pairs().map(|(c, v)| c * (v - mean) * (v - mean)).sum();
        Some(Self { n, mean, squares })
    }

    /// Variance with `n - 1` in the denominator.
    #[inline]
    pub fn variance(&self) -> Option<f64> {
        (self.n >= 2.0).then(|| self.squares / (self.n - 1.0))
    }
}

/// Mean and standard deviation of values, `n - 1` in the denominator; `None` for fewer than two
/// people or when all took one level.
pub fn mean_and_sd(counts: &[u32], values: &[f64]) -> Option<(f64, f64)> {
    let moments = Moments::of_counts(counts, values)?;
    let variance = moments.variance().filter(|variance| *variance > 0.0)?;
    Some((moments.mean, variance.sqrt()))
}

/// Means of a value over rows at every weight index; the value is undefined where no weight is.
pub fn weighted_means(side: &Side, rows: &[(usize, f64)], empty: &'static str) -> Vec<Value> {
    let width = side.weights.width();
    let (mut sums, mut totals) = (vec![0.0; width], vec![0u32; width]);
    for (row, value) in rows {
        let weights = side.weights.row(*row).iter();
        for ((sum, total), weight) in sums.iter_mut().zip(&mut totals).zip(weights) {
            *sum += f64::from(*weight) * value;
            *total += u32::from(*weight);
        }
    }
    let mean = |(sum, n): (f64, u32)| if n == 0 { Err(empty) } else { Ok(sum / f64::from(n)) };
    sums.into_iter().zip(totals).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogue_values() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        let (p, q) = ([1, 2, 4, 2, 1], [0, 1, 3, 4, 2]);
        let population = |counts: &[u32]| {
            let moments = Moments::of_counts(counts, &values).unwrap();
            moments.squares / moments.n
        };
        assert!((population(&p) - 1.2).abs() < 1e-12);
        assert!((population(&q) - 0.81).abs() < 1e-12);
        assert!((population(&q) / population(&p) - 0.675).abs() < 1e-12);
        let sample =
            |counts: &[u32]| Moments::of_counts(counts, &values).unwrap().variance().unwrap();
        let (human, simulated) = (sample(&[1, 2, 3, 1, 1]), sample(&[0, 0, 4, 4, 0]));
        assert!((human - 1.5536).abs() < 5e-5 && (simulated - 0.2857).abs() < 5e-5);
        assert!((simulated / human - 0.1839).abs() < 5e-5);
    }

    #[test]
    fn one_level_has_no_spread() {
        let moments = Moments::of_counts(&[0, 3], &[0.1, 0.3]).unwrap();
        assert_eq!((moments.mean, moments.squares), (0.3, 0.0));
        assert!(Moments::of_counts(&[0, 1], &[0.1, 0.3]).unwrap().variance().is_none());
        assert!(Moments::of_counts(&[0, 0], &[0.1, 0.3]).is_none());
        assert!(mean_and_sd(&[0, 3], &[0.1, 0.3]).is_none());
    }
}
