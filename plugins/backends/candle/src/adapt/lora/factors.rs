//! The two thin matrices of every changed linear map.

use super::LoraSettings;
use crate::{source::Config, weights::Linear};

/// `W + scale · B·A`: `a` is `[rank][inputs]`, `b` is `[outputs][rank]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Factor {
    pub(super) a: Vec<f32>,
    pub(super) b: Vec<f32>,
}

/// Factors of the last layers, by layer and [`Linear`]; gradients have the same form.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Factors {
    pub(super) layers: Vec<[Option<Factor>; 7]>,
}

impl Factors {
    /// As PEFT begins: `a` uniform within `±1/√inputs`, `b` zero, so that nothing is changed yet.
    pub(super) fn new(config: &Config, settings: &LoraSettings, seed: u64) -> Self {
        let first = config.layers - settings.last_layers;
        let layers = (first..config.layers).map(|layer| {
            Linear::ALL.map(|linear| {
                let [outputs, inputs] = linear.shape(config);
                settings.changes(linear).then(|| {
                    let mut random = SplitMix(seed ^ (layer as u64) << 40 ^ (linear as u64) << 32);
                    let bound = 1.0 / (inputs as f32).sqrt();
                    let a = (0..settings.rank * inputs).map(|_| bound * random.symmetric());
                    Factor { a: a.collect(), b: vec![0.0; outputs * settings.rank] }
                })
            })
        });
        Self { layers: layers.collect() }
    }

    /// The same form, all zero.
    pub(super) fn zeros(&self) -> Self {
        let mut zeros = self.clone();
        zeros.matrices_mut().for_each(|matrix| matrix.fill(0.0));
        zeros
    }

    /// All matrices in a fixed order.
    pub(super) fn matrices(&self) -> impl Iterator<Item = &Vec<f32>> {
        self.layers.iter().flatten().flatten().flat_map(|factor| [&factor.a, &factor.b])
    }

    /// All matrices in a fixed order.
    pub(super) fn matrices_mut(&mut self) -> impl Iterator<Item = &mut Vec<f32>> {
        let factors = self.layers.iter_mut().flatten().flatten();
        factors.flat_map(|factor| [&mut factor.a, &mut factor.b])
    }

    /// Adds another of the same form.
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, terms) in self.matrices_mut().zip(other.matrices()) {
            sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
    }

    /// Whether all is finite.
    pub(super) fn is_finite(&self) -> bool {
        self.matrices().flatten().all(|value| value.is_finite())
    }
}

impl Factor {
    pub(super) fn rank(&self, inputs: usize) -> usize {
        self.a.len() / inputs
    }

    /// Adds `scale · B·A` to a weight of so many inputs.
    pub(super) fn add_to(&self, weight: &mut [f32], inputs: usize, scale: f32) {
        let rank = self.rank(inputs);
        for (row, b) in weight.chunks_exact_mut(inputs).zip(self.b.chunks_exact(rank)) {
            for (factor, a) in b.iter().zip(self.a.chunks_exact(inputs)) {
                let factor = scale * factor;
                row.iter_mut().zip(a).for_each(|(w, a)| *w = factor.mul_add(*a, *w));
            }
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
pub(super) struct SplitMix(pub(super) u64);

impl SplitMix {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in `[-1, 1)`.
    fn symmetric(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// The numbers below `n` in a random order.
    pub(super) fn order(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            // n is a number of people: the bias of the remainder is below 1e-15.
            order.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
        order
    }
}
