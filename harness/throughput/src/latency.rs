//! Quantiles of latencies.

use pilotbench_engine::score::quantile;

/// Shares of requests that were answered within a latency.
pub(crate) const SHARES: [f64; 3] = [0.5, 0.9, 0.99];

/// The latencies within which these shares were answered, interpolated linearly as numpy does.
/// Seconds become milliseconds. `None` where nothing was answered.
pub(crate) fn quantiles_ms(seconds: &[f64]) -> Option<[f64; 3]> {
    let mut sorted: Vec<f64> = seconds.iter().map(|latency| latency * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let [a, b, c] = SHARES.map(|share| quantile(&sorted, share));
    Some([a?, b?, c?])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of numpy 2.4: `tests/reference.py`.
    #[test]
    fn quantiles_are_numpys() {
        let latencies: Vec<f64> = (0..37).map(|i| f64::from((i * i * 7) % 101) / 1e3).collect();
        let [p50, p90, p99] = quantiles_ms(&latencies).unwrap();
        for (found, expected) in [(p50, 55.0), (p90, 91.8), (p99, 98.64)] {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        assert_eq!(quantiles_ms(&[]), None);
    }
}
