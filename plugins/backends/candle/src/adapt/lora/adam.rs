//! AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2), as PyTorch does it.

use super::{LoraSettings, factors::Factors};

const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

/// The optimiser and its moments.
pub(super) struct AdamW {
    rate: f64,
    decay: f64,
    first: Factors,
    second: Factors,
    steps: i32,
}

impl AdamW {
    pub(super) fn new(factors: &Factors, settings: &LoraSettings) -> Self {
        Self {
            rate: settings.learning_rate,
            decay: settings.weight_decay,
            first: factors.zeros(),
            second: factors.zeros(),
            steps: 0,
        }
    }

    /// One step down the gradient.
    pub(super) fn step(&mut self, factors: &mut Factors, gradient: &Factors) {
        self.steps += 1;
        let correct = BETAS.map(|beta| 1.0 - beta.powi(self.steps));
        let moments = self.first.matrices_mut().zip(self.second.matrices_mut());
        let all = factors.matrices_mut().zip(gradient.matrices()).zip(moments);
        for ((values, gradient), (first, second)) in all {
            let moments = first.iter_mut().zip(second);
            for ((value, g), (m, v)) in values.iter_mut().zip(gradient).zip(moments) {
                let g = f64::from(*g);
                let mean = BETAS[0] * f64::from(*m) + (1.0 - BETAS[0]) * g;
                let square = BETAS[1] * f64::from(*v) + (1.0 - BETAS[1]) * g * g;
                (*m, *v) = (mean as f32, square as f32);
                let size = (square / correct[1]).sqrt() + EPSILON;
                let kept = f64::from(*value) * (1.0 - self.rate * self.decay);
                *value = (kept - self.rate * (mean / correct[0]) / size) as f32;
            }
        }
    }
}
