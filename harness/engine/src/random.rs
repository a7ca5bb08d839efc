//! Seeded randomness. Streams come from identities, never from time or threads, and their bits are
//! fixed for good: a later version of pilotbench draws the same pilots.

use crate::identity::Digest;

/// SplitMix64 (Steele, Lea and Flood 2014): 64 bits of state, one output per step.
#[derive(Debug, Clone)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// A stream from its state.
    pub fn new(state: u64) -> Self {
        Self { state }
    }

    /// The stream that belongs to these words.
    pub fn of(words: &[&str]) -> Self {
        Self::new(key(words))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// Uniform in `[0, 1)`, a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        unit(self.next_u64())
    }

    /// Uniform in `0..bound`, without bias (Lemire 2019).
    ///
    /// # Panics
    /// When `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "nothing is below 0");
        let bound = bound as u64;
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as usize;
            }
        }
    }

    /// Puts the values in random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for i in (1..values.len()).rev() {
            values.swap(i, self.below(i + 1));
        }
    }
}

/// The 64 bits that belong to these words.
pub fn key(words: &[&str]) -> u64 {
    let mut digest = Digest::default();
    for word in words {
        digest.word(word);
    }
    digest.finish_u64()
}

/// A uniform number that belongs to a combination of keys, in `[0, 1)`.
pub fn uniform_at(keys: [u64; 3]) -> f64 {
    let [a, b, c] = keys;
    unit(mix(mix(mix(a).wrapping_add(b)).wrapping_add(c)))
}

/// The output function of SplitMix64: a bijection that scatters its input.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence() {
        // First outputs of the reference implementation for state 1234567.
        let mut stream = SplitMix64::new(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([stream.next_u64(), stream.next_u64()], expected);
    }

    #[test]
    fn words_are_kept_apart() {
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_eq!(key(&["ab", "c"]), key(&["ab", "c"]));
    }

    #[test]
    fn bounded_numbers_are_even() {
        let mut stream = SplitMix64::of(&["test"]);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[stream.below(7)] += 1;
        }
        assert!(counts.iter().all(|c| c.abs_diff(10_000) < 500), "{counts:?}");
    }

    #[test]
    fn a_shuffle_keeps_everybody() {
        let mut values: Vec<u32> = (0..100).collect();
        SplitMix64::of(&["shuffle"]).shuffle(&mut values);
        assert_ne!(values, (0..100).collect::<Vec<_>>());
        values.sort_unstable();
        assert_eq!(values, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn uniform_numbers_of_keys_fill_the_interval() {
        let mean = (0..10_000).map(|i| uniform_at([1, i, 7])).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
    }
}
