//! Frozen linear maps of the same rows, with low-rank changes, forward and backward.

use super::factors::Factor;
use crate::{
    source::Config,
    weights::{Linear, RawLayer},
};
use pilotbench_kernels::{Packed, Precision, Scratch, accumulate_outer, multiply, multiply_add};

/// Linear maps that are multiplied with the same rows, their outputs side by side.
pub(super) struct Group {
    parts: &'static [Linear],
    inputs: usize,
    /// Outputs of each part.
    outputs: Vec<usize>,
    forward: Packed,
    /// The transpose.
    backward: Packed,
}

/// The thin products `x·Aᵀ` of each part, kept for the way back.
pub(super) type Thin = Vec<Option<Vec<f32>>>;

impl Group {
    pub(super) fn new(raw: &RawLayer, config: &Config, parts: &'static [Linear]) -> Self {
        let [_, inputs] = parts[0].shape(config);
        let outputs: Vec<usize> = parts.iter().map(|part| part.shape(config)[0]).collect();
        let joined = raw.parts(parts);
        let forward = Packed::new(&joined, inputs, Precision::F32);
        let all: usize = outputs.iter().sum();
        let turned = transposed(&joined.concat(), inputs);
        Self {
            parts,
            inputs,
            outputs,
            forward,
            backward: Packed::new(&[&turned], all, Precision::F32),
        }
    }

    /// Numbers in a row of outputs.
    pub(super) fn width(&self) -> usize {
        self.outputs.iter().sum()
    }

    /// `x·(W + scale·B·A)ᵀ`.
    pub(super) fn run(
        &self,
        x: &[f32],
        factors: &[Option<Factor>; 7],
        scale: f32,
        scratch: &mut Scratch,
    ) -> (Vec<f32>, Thin) {
        let (rows, width) = (x.len() / self.inputs, self.width());
        let mut y = vec![0.0; rows * width];
        multiply(x, &self.forward, &mut y, scratch);
        let mut start = 0;
        let thin = self.parts.iter().zip(&self.outputs).map(|(part, outputs)| {
            let factor = factors[*part as usize].as_ref();
            let thin = factor.map(|Factor { a, b }| {
                let rank = a.len() / self.inputs;
                let mut thin = vec![0.0; rows * rank];
                multiply(x, &pack(a, self.inputs), &mut thin, scratch);
                let mut change = vec![0.0; rows * outputs];
                multiply(&thin, &pack(b, rank), &mut change, scratch);
                for (y, change) in y.chunks_exact_mut(width).zip(change.chunks_exact(*outputs)) {
                    let y = &mut y[start..start + outputs];
                    y.iter_mut().zip(change).for_each(|(y, c)| *y = scale.mul_add(*c, *y));
                }
                thin
            });
            start += outputs;
            thin
        });
        let thin = thin.collect();
        (y, thin)
    }

    /// Adds to the factors' gradients what the gradient of the outputs says, and to `grad_x`, where
    /// it is asked for, the gradient of the inputs.
    pub(super) fn back(
        &self,
        (x, thin): (&[f32], &Thin),
        grad: &[f32],
        (factors, scale): (&[Option<Factor>; 7], f32),
        gradients: &mut [Option<Factor>; 7],
        mut grad_x: Option<&mut [f32]>,
        scratch: &mut Scratch,
    ) {
        let (rows, width) = (x.len() / self.inputs, self.width());
        if let Some(grad_x) = &mut grad_x {
            multiply_add(grad, &self.backward, grad_x, scratch);
        }
        let mut start = 0;
        for ((part, outputs), thin) in self.parts.iter().zip(&self.outputs).zip(thin) {
            let at = *part as usize;
            if let (Some(factor), Some(gradient), Some(thin)) =
                (&factors[at], &mut gradients[at], thin)
            {
                let rank = factor.rank(self.inputs);
                let own = grad.chunks_exact(width).flat_map(|row| &row[start..start + outputs]);
                let own: Vec<f32> = own.map(|g| scale * g).collect();
                accumulate_outer(&own, thin, rows, &mut gradient.b);
                let mut grad_thin = vec![0.0; rows * rank];
                let b = pack(&transposed(&factor.b, rank), *outputs);
                multiply(&own, &b, &mut grad_thin, scratch);
                accumulate_outer(&grad_thin, x, rows, &mut gradient.a);
                if let Some(grad_x) = &mut grad_x {
                    let a = pack(&transposed(&factor.a, self.inputs), rank);
                    multiply_add(&grad_thin, &a, grad_x, scratch);
                }
            }
            start += outputs;
        }
    }
}

fn pack(weight: &[f32], inputs: usize) -> Packed {
    Packed::new(&[weight], inputs, Precision::F32)
}

/// Rows become columns.
fn transposed(weight: &[f32], columns: usize) -> Vec<f32> {
    let rows = weight.len() / columns;
    (0..weight.len()).map(|at| weight[at % rows * columns + at / rows]).collect()
}
