//! When requests come in: a Poisson process with a fixed seed.

use pilotbench_engine::random::SplitMix64;

/// Times of arrival, seconds from the beginning, rising: until both the duration is over and there
/// are as many as wanted. The same for all methods of a run; another run has others.
pub(crate) fn arrivals(run: usize, rate: f64, seconds: f64, count: usize) -> Vec<f64> {
    let mut stream = SplitMix64::of(&["throughput arrivals", &run.to_string()]);
    let mut times = Vec::new();
    let mut at = 0.0;
    while at < seconds || times.len() < count {
        // Of 1 − u, which is never 0.
        at -= (1.0 - stream.uniform()).ln() / rate;
        times.push(at);
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_exponential() {
        let times = arrivals(1, 50.0, 0.0, 100_000);
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        // The standard error of the mean is 0.02 / √100 000.
        assert!((mean - 0.02).abs() < 4.0 * 0.02 / (gaps.len() as f64).sqrt(), "{mean}");
        // An exponential gap is longer than twice its mean with probability e⁻².
        let long = gaps.iter().filter(|gap| **gap > 0.04).count() as f64 / gaps.len() as f64;
        assert!((long - (-2.0_f64).exp()).abs() < 0.005, "{long}");
    }

    #[test]
    fn seeds_are_fixed_and_runs_differ() {
        assert_eq!(arrivals(1, 10.0, 5.0, 10), arrivals(1, 10.0, 5.0, 10));
        assert_ne!(arrivals(1, 10.0, 5.0, 10), arrivals(2, 10.0, 5.0, 10));
        let times = arrivals(3, 10.0, 5.0, 500);
        assert!(times.len() >= 500 && *times.last().unwrap() >= 5.0);
    }
}
