//! One normal variable given that others lie in intervals: the sampler of Geweke, Hajivassiliou and
//! Keane (Geweke 1991; Hajivassiliou, McFadden and Ruud 1996) on lattice points.

use super::{
    fit::Correlations,
    margin::{Margin, below, quantile},
};

/// Points, and the generator of the lattice (Korobov 1959), chosen by trial for few dimensions.
const POINTS: u64 = 64;
const GENERATOR: u64 = 19;
/// A mass below this counts as 0: the numbers behind it are no longer exact.
const NOTHING: f64 = 1e-280;

/// That the variable of an item lies in an interval.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given {
    /// Place of the item in the correlations.
    pub(super) place: usize,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Points in the unit cube, never on its border.
#[derive(Debug)]
pub(super) struct Lattice {
    dimensions: usize,
    coordinates: Vec<f64>,
}

impl Lattice {
    pub(super) fn new(dimensions: usize) -> Self {
        let point = |n: u64| {
            let mut factor = 1;
            (0..dimensions).map(move |_| {
                let twice = (2 * n + 1) * factor % (2 * POINTS);
                factor = factor * GENERATOR % (2 * POINTS);
                twice as f64 / (2 * POINTS) as f64
            })
        };
        Self { dimensions, coordinates: (0..POINTS).flat_map(point).collect() }
    }

    /// Probabilities of an item's levels, given the earlier answers; `None` when those are out of
    /// reach of floating point, or none was given.
    pub(super) fn conditional(
        &self,
        correlations: &Correlations,
        given: &[Given],
        asked: usize,
        margin: &Margin,
    ) -> Option<Vec<f64>> {
        let variables: Vec<usize> = given.iter().map(|g| g.place).chain([asked]).collect();
        let root = correlations.root(&variables);
        let (last, known) = root.split_last().filter(|(_, known)| !known.is_empty())?;
        let mut masses = vec![0.0; margin.rank.len()];
        let mut z = vec![0.0; known.len()];
        for point in self.coordinates.chunks_exact(self.dimensions) {
            let mut weight = 1.0;
            for (at, row) in known.iter().enumerate() {
                let mean = dot(row, &z[..at]);
                let (low, high) = (given[at].low - mean, given[at].high - mean);
                let (mass, place) = truncated(low / row[at], high / row[at], point[at]);
                weight *= mass;
                z[at] = place;
            }
            if weight > 0.0 {
                add_levels(&mut masses, margin, weight, dot(last, &z), last[known.len()]);
            }
        }
        let total: f64 = masses.iter().sum();
        (total > NOTHING).then(|| margin.rank.iter().map(|rank| masses[*rank] / total).collect())
    }
}

/// Sum of products over the shorter of the two.
fn dot(row: &[f64], z: &[f64]) -> f64 {
    row.iter().zip(z).map(|(a, b)| a * b).sum()
}

/// Adds `weight` times the mass of each interval between cuts, by rank.
fn add_levels(masses: &mut [f64], margin: &Margin, weight: f64, mean: f64, deviation: f64) {
    let mut under = 0.0;
    for (mass, cut) in masses.iter_mut().zip(&margin.cuts) {
        let up_to = below((cut - mean) / deviation);
        *mass += weight * (up_to - under).max(0.0);
        under = up_to;
    }
    if let Some(mass) = masses.last_mut() {
        *mass += weight * (1.0 - under);
    }
}

/// Mass of an interval of the standard normal distribution, and the place where the share `u` of
/// it lies below. In the upper half everything is mirrored, for small masses are exact near 0 only.
fn truncated(low: f64, high: f64, u: f64) -> (f64, f64) {
    if low > 0.0 {
        let (mass, place) = truncated(-high, -low, 1.0 - u);
        return (mass, -place);
    }
    let start = below(low);
    let mass = below(high) - start;
    if mass < NOTHING { (0.0, 0.0) } else { (mass, quantile(start + u * mass)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_coordinate_is_even() {
        let lattice = Lattice::new(5);
        assert_eq!(lattice.coordinates.len(), 5 * 64);
        for dimension in 0..5 {
            let mut values: Vec<f64> =
                lattice.coordinates.iter().copied().skip(dimension).step_by(5).collect();
            values.sort_by(f64::total_cmp);
            for (i, value) in values.iter().enumerate() {
                assert!((value - (i as f64 + 0.5) / 64.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn tails_are_exact_on_both_sides() {
        let (mass, place) = truncated(8.0, 9.0, 0.25);
        let (mirrored, other) = truncated(-9.0, -8.0, 0.75);
        assert!((mass / mirrored - 1.0).abs() < 1e-12 && (place + other).abs() < 1e-12);
        // scipy: norm.sf(8) - norm.sf(9), truncnorm.ppf(.25, 8, 9)
        assert!((mass / TAIL - 1.0).abs() < 1e-9 && (place - PLACE).abs() < 1e-6);
        assert_eq!(truncated(60.0, f64::INFINITY, 0.5).0, 0.0);
        let (half, median) = truncated(f64::NEG_INFINITY, f64::INFINITY, 0.5);
        assert!((half - 1.0).abs() < 1e-15 && median.abs() < 1e-12);
    }

    const TAIL: f64 = 6.219_831_985_865_787e-16;
    const PLACE: f64 = 8.035_339_621_905_018;
}
