/// The stream of random numbers that a law draws from: SplitMix64 (Steele, Lea and Flood 2014).
///
/// It is part of the definition of a population: another generator would give other people for the
/// same seed.
#[derive(Debug, Clone)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// A stream from its state.
    pub fn new(state: u64) -> Self {
        Self { state }
    }

    /// Uniform in `[0, 1)`, a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Approximately standard normal: twelve uniforms less six (Irwin–Hall), so that no function of
    /// a mathematical library decides the bits.
    pub fn near_normal(&mut self) -> f64 {
        let mut total = 0.0;
        for _ in 0..12 {
            total += self.uniform();
        }
        total - 6.0
    }

    /// An index into shares that sum to 1.
    pub fn pick(&mut self, shares: &[f64]) -> usize {
        let u = self.uniform();
        let mut cumulated = 0.0;
        for (i, share) in shares.iter().enumerate() {
            cumulated += share;
            if u < cumulated {
                return i;
            }
        }
        // Shares that sum to a little less than 1 by rounding.
        shares.len().saturating_sub(1)
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence() {
        // First outputs of the reference implementation for state 1234567.
        let mut stream = Stream::new(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([stream.next(), stream.next()], expected);
    }

    #[test]
    fn near_normal_has_mean_0_and_variance_1() {
        let mut stream = Stream::new(149);
        let draws: Vec<f64> = (0..20_000).map(|_| stream.near_normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let square = draws.iter().map(|x| x * x).sum::<f64>() / 20_000.0;
        // Standard errors .0071 and .0098.
        assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.04, "{mean}, {square}");
    }

    #[test]
    fn shares_are_picked_as_often_as_they_say() {
        let mut stream = Stream::new(7);
        let mut hits = [0u32; 3];
        for _ in 0..10_000 {
            hits[stream.pick(&[0.5, 0.2, 0.3])] += 1;
        }
        assert!(hits.iter().zip([5000, 2000, 3000]).all(|(h, due)| h.abs_diff(due) < 200));
    }
}
