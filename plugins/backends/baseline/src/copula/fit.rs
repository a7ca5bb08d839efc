//! How the variables of ordered items hang together in a pilot.

use super::margin::Margin;
use pilotbench_plugin_sdk::People;

/// Largest correlation of two variables in size: no answer may rule another one out.
const LARGEST: f64 = 0.95;
/// Smallest variance that a variable may keep when all earlier ones are known.
const SMALLEST: f64 = 0.01;

/// A positive definite correlation matrix.
#[derive(Debug)]
pub(super) struct Correlations {
    size: usize,
    values: Vec<f64>,
}

impl Correlations {
    /// Between the variables of these items, given with their margins.
    pub(super) fn new(people: &People, items: &[(usize, &Margin)], shrink: f64) -> Self {
        let size = items.len();
        let mut values = vec![1.0; size * size];
        for (i, (first, x)) in items.iter().enumerate() {
            for (j, (second, y)) in items.iter().enumerate().take(i) {
                let both = (0..people.len()).filter_map(|row| {
                    let (a, b) = (people.answer(row, *first)?, people.answer(row, *second)?);
                    Some((x.rank[a], y.rank[b]))
                });
                let both: Vec<(usize, usize)> = both.collect();
                let correlation = spearman(&both, x.rank.len(), y.rank.len()).map_or(0.0, |r| {
                    let n = both.len() as f64;
                    x.correlation(y, r * n / (n + shrink), LARGEST)
                });
                values[i * size + j] = correlation;
                values[j * size + i] = correlation;
            }
        }
        Self::definite(size, values)
    }

    /// Shrinks all correlations alike, by steps of a twentieth, until the matrix is definite.
    fn definite(size: usize, values: Vec<f64>) -> Self {
        for step in (0..=20).rev() {
            let part = f64::from(step) / 20.0;
            let entry = |(at, value): (usize, &f64)| {
                if at % (size + 1) == 0 { 1.0 } else { part * value }
            };
            let values = values.iter().enumerate().map(entry).collect();
            let matrix = Self { size, values };
            let all: Vec<usize> = (0..size).collect();
            if matrix.root(&all).iter().enumerate().all(|(i, row)| row[i].powi(2) >= SMALLEST) {
                return matrix;
            }
        }
        Self { size, values }
    }

    pub(super) fn get(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.size + j]
    }

    /// Lower Cholesky factor of the part for these variables, in this order. A pivot that is not
    /// positive becomes 0.
    pub(super) fn root(&self, variables: &[usize]) -> Vec<Vec<f64>> {
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(variables.len());
        for (i, variable) in variables.iter().enumerate() {
            let mut row: Vec<f64> = Vec::with_capacity(i + 1);
            for (j, above) in rows.iter().enumerate() {
                let known: f64 = row.iter().zip(above).map(|(a, b)| a * b).sum();
                let rest = self.get(*variable, variables[j]) - known;
                row.push(if above[j] > 0.0 { rest / above[j] } else { 0.0 });
            }
            let known: f64 = row.iter().map(|a| a * a).sum();
            row.push((1.0 - known).max(0.0).sqrt());
            rows.push(row);
        }
        rows
    }
}

/// Spearman correlation with average ranks for ties; `None` when one of the two does not vary.
fn spearman(pairs: &[(usize, usize)], first: usize, second: usize) -> Option<f64> {
    let x = average_ranks(pairs.iter().map(|pair| pair.0), first);
    let y = average_ranks(pairs.iter().map(|pair| pair.1), second);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        xy += x[*a] * y[*b];
        xx += x[*a] * x[*a];
        yy += y[*b] * y[*b];
    }
    // Sums of whole numbers: without variation they are exactly 0.
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

/// By place: twice the average rank less twice the mean rank, a whole number.
fn average_ranks(places: impl Iterator<Item = usize>, count: usize) -> Vec<f64> {
    let mut counts = vec![0.0; count];
    let mut n = 0.0;
    for place in places {
        counts[place] += 1.0;
        n += 1.0;
    }
    let mut below = 0.0;
    let rank = |count: f64| {
        below += count;
        2.0 * below - count - n
    };
    counts.into_iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spearman_with_ties_is_that_of_scipy() {
        let x = [0, 1, 1, 2, 4, 4, 3, 0, 2, 2];
        let y = [1, 0, 1, 1, 2, 1, 2, 0, 0, 2];
        let pairs: Vec<(usize, usize)> = x.into_iter().zip(y).collect();
        let r = spearman(&pairs, 5, 3).unwrap();
        assert!((r - SCIPY).abs() < 1e-12, "{r}");
        assert_eq!(spearman(&[(1, 0), (1, 2)], 2, 3), None);
        assert_eq!(spearman(&[], 2, 3), None);
    }

    const SCIPY: f64 = 0.574_144_015_218_281_7;

    #[test]
    fn an_impossible_matrix_is_shrunk_until_it_is_one() {
        let values = vec![1.0, 0.9, -0.9, 0.9, 1.0, 0.9, -0.9, 0.9, 1.0];
        let matrix = Correlations::definite(3, values);
        // The determinant is (1 + r)² (1 − 2r): positive for r below a half.
        assert!((matrix.get(0, 1) - 0.495).abs() < 1e-12);
        assert!((matrix.get(0, 2) + 0.495).abs() < 1e-12);
        let root = matrix.root(&[2, 0, 1]);
        for (i, row) in root.iter().enumerate() {
            let length: f64 = row.iter().map(|a| a * a).sum();
            assert!((length - 1.0).abs() < 1e-12 && row[i] > 0.0);
        }
        let possible = Correlations::definite(2, vec![1.0, 0.9, 0.9, 1.0]);
        assert_eq!(possible.get(1, 0), 0.9);
    }
}
