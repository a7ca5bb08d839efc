//! Attention, forward and backward.

mod support;

use pilotbench_kernels::{Scratch, Shape, Span, attention, attention_backward};
use proptest::prelude::*;
use support::{distance, numbers, on_all_levels, same};

#[derive(Debug)]
struct Case {
    shape: Shape,
    past: usize,
    rows: usize,
    stride: usize,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Case {
    fn width(&self) -> usize {
        self.shape.kv_heads * self.shape.dim
    }

    fn wide(&self) -> usize {
        self.shape.heads * self.shape.dim
    }

    fn run(&self, cuts: &[usize]) -> Vec<f32> {
        let mut spans = Vec::new();
        let mut start = 0;
        for end in cuts.iter().copied().chain([self.past + self.rows]) {
            let at = start * self.width()..end * self.width();
            spans.push(Span { keys: &self.keys[at.clone()], values: &self.values[at] });
            start = end;
        }
        let mut out = vec![0.0; self.rows * self.wide()];
        attention(
            &self.queries,
            self.stride,
            &spans,
            self.shape,
            &mut out,
            &mut Scratch::default(),
        );
        out
    }

    /// Written out in f64, with queries given.
    fn naive(&self, queries: &[f64], keys: &[f64], values: &[f64]) -> Vec<f64> {
        let Shape { heads, kv_heads, dim } = self.shape;
        let mut out = vec![0.0; self.rows * self.wide()];
        for row in 0..self.rows {
            for head in 0..heads {
                let q = &queries[row * self.stride + head * dim..][..dim];
                let at = |key: usize| key * self.width() + head / (heads / kv_heads) * dim;
                let seen = self.past + row + 1;
                let score = |key: usize| -> f64 {
                    let k = &keys[at(key)..][..dim];
                    q.iter().zip(k).map(|(q, k)| q * k).sum::<f64>() / (dim as f64).sqrt()
                };
                let exps: Vec<f64> = (0..seen).map(|key| score(key).exp()).collect();
                let sum: f64 = exps.iter().sum();
                for (key, e) in exps.iter().enumerate() {
                    for d in 0..dim {
                        out[row * self.wide() + head * dim + d] += e / sum * values[at(key) + d];
                    }
                }
            }
        }
        out
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

fn case() -> impl Strategy<Value = Case> {
    let sizes = (1usize..4, 1usize..4, 1usize..10, 0usize..50, 1usize..30, 0usize..9, any::<u32>());
    sizes.prop_map(|(kv_heads, group, half, past, rows, extra, seed)| {
        let shape = Shape { heads: kv_heads * group, kv_heads, dim: 2 * half };
        let stride = shape.heads * shape.dim + extra;
        let keys = (past + rows) * kv_heads * shape.dim;
        Case {
            shape,
            past,
            rows,
            stride,
            queries: numbers(rows * stride, seed).iter().map(|q| 3.0 * q).collect(),
            keys: numbers(keys, seed ^ 1),
            values: numbers(keys, seed ^ 2),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn as_written_out_however_it_is_cut(case in case(), cut in 0.0f64..1.0) {
        let out = on_all_levels(|| case.run(&[]));
        let right = case.naive(&wide(&case.queries), &wide(&case.keys), &wide(&case.values));
        prop_assert!(distance(&out, &right) < 2e-6);
        let cut = (cut * case.past as f64) as usize;
        prop_assert!(same(&case.run(&[cut / 2, cut, cut]), &out));
        // The last row alone sees the rest as its past.
        let last = Case {
            past: case.past + case.rows - 1,
            rows: 1,
            queries: case.queries[(case.rows - 1) * case.stride..].to_vec(),
            keys: case.keys.clone(),
            values: case.values.clone(),
            ..case
        };
        prop_assert!(same(&last.run(&[]), &out[out.len() - case.wide()..]));
    }

    #[test]
    fn gradients_are_slopes(case in case(), seed: u32) {
        let case = Case {
            past: 0,
            keys: case.keys[..case.rows * case.width()].to_vec(),
            values: case.values[..case.rows * case.width()].to_vec(),
            ..case
        };
        let grad = numbers(case.rows * case.wide(), seed);
        let width = case.rows * case.width();
        let (mut q, mut k, mut v) = (vec![0.0; grad.len()], vec![0.0; width], vec![0.0; width]);
        let span = Span { keys: &case.keys, values: &case.values };
        attention_backward(
            &case.queries, case.stride, span, case.shape, &grad, &mut q, &mut k, &mut v,
            &mut Scratch::default(),
        );
        let inputs = [wide(&case.queries), wide(&case.keys), wide(&case.values)];
        let loss = |inputs: &[Vec<f64>; 3]| -> f64 {
            let out = case.naive(&inputs[0], &inputs[1], &inputs[2]);
            out.iter().zip(&grad).map(|(out, g)| out * f64::from(*g)).sum()
        };
        let slope = |which: usize, at: usize| {
            let mut moved = inputs.clone();
            moved[which][at] += 1e-5;
            let up = loss(&moved);
            moved[which][at] -= 2e-5;
            (up - loss(&moved)) / 2e-5
        };
        let pick = |n: usize| (seed as usize).wrapping_mul(2_654_435_761) % n;
        let at = pick(grad.len());
        let in_rows = at / case.wide() * case.stride + at % case.wide();
        prop_assert!((slope(0, in_rows) - f64::from(q[at])).abs() < 2e-5);
        let at = pick(width);
        prop_assert!((slope(1, at) - f64::from(k[at])).abs() < 2e-5);
        prop_assert!((slope(2, at) - f64::from(v[at])).abs() < 2e-5);
    }
}
