//! Numbers to test with.
#![allow(dead_code)]

use pilotbench_kernels::{Level, with_level};

/// Numbers between -1 and 1, the same for the same seed.
pub(crate) fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Whether two lists are the same bits.
pub(crate) fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// What the machine's best form gives; the others must give the same bits.
pub(crate) fn on_all_levels(act: impl Fn() -> Vec<f32>) -> Vec<f32> {
    let best = act();
    for level in [Level::Avx2, Level::Portable] {
        assert!(same(&best, &with_level(level, &act)), "{level:?} gives other bits");
    }
    best
}

/// Largest difference from numbers in f64.
pub(crate) fn distance(a: &[f32], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max)
}
