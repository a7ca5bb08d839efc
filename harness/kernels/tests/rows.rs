//! Norms, gates and turns, forward and backward.

mod support;

use pilotbench_kernels::{
    Rope, log_softmax, rms_norm, rms_norm_backward, silu_product, silu_product_backward,
};
use proptest::prelude::*;
use support::{distance, numbers, on_all_levels, same};

fn norm(x: &[f64], weight: &[f64], eps: f64) -> Vec<f64> {
    let scale = |row: &[f64]| {
        let mean = row.iter().map(|x| x * x).sum::<f64>() / row.len() as f64;
        1.0 / (mean + eps).sqrt()
    };
    let rows = x.chunks(weight.len());
    rows.flat_map(|row| row.iter().zip(weight).map(move |(x, w)| x * scale(row) * w)).collect()
}

fn silu(x: &[f64], width: usize) -> Vec<f64> {
    let rows = x.chunks(2 * width);
    rows.flat_map(|row| (0..width).map(move |i| row[i] / (1.0 + (-row[i]).exp()) * row[width + i]))
        .collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

/// Slope of `Σ grad · f(x)` along one number of `x`.
fn slope(x: &[f64], at: usize, grad: &[f32], f: impl Fn(&[f64]) -> Vec<f64>) -> f64 {
    let loss = |x: &[f64]| -> f64 { f(x).iter().zip(grad).map(|(y, g)| y * f64::from(*g)).sum() };
    let mut moved = x.to_vec();
    moved[at] += 1e-5;
    let up = loss(&moved);
    moved[at] -= 2e-5;
    (up - loss(&moved)) / 2e-5
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn norms(rows in 1usize..5, width in 1usize..70, seed: u32) {
        let (x, weight) = (numbers(rows * width, seed), numbers(width, !seed));
        let out = on_all_levels(|| {
            let mut out = vec![0.0; x.len()];
            rms_norm(&x, &weight, 1e-5, &mut out);
            out
        });
        let right = norm(&wide(&x), &wide(&weight), f64::from(1e-5f32));
        prop_assert!(distance(&out, &right) < 1e-5);
        let grad = numbers(x.len(), seed ^ 5);
        let grad_x = on_all_levels(|| {
            let mut grad_x = vec![1.0; x.len()];
            rms_norm_backward(&x, &weight, 1e-5, &grad, &mut grad_x);
            grad_x
        });
        let at = seed as usize % x.len();
        let slope = slope(&wide(&x), at, &grad, |x| norm(x, &wide(&weight), f64::from(1e-5f32)));
        prop_assert!((f64::from(grad_x[at]) - 1.0 - slope).abs() < 1e-4 * (1.0 + slope.abs()));
    }

    #[test]
    fn gates(rows in 1usize..5, width in 1usize..70, seed: u32) {
        let x: Vec<f32> = numbers(2 * rows * width, seed).iter().map(|x| 20.0 * x).collect();
        let out = on_all_levels(|| {
            let mut out = vec![0.0; x.len() / 2];
            silu_product(&x, width, &mut out);
            out
        });
        prop_assert!(distance(&out, &silu(&wide(&x), width)) < 1e-4);
        let grad = numbers(out.len(), seed ^ 5);
        let grad_x = on_all_levels(|| {
            let mut grad_x = vec![9.0; x.len()];
            silu_product_backward(&x, width, &grad, &mut grad_x);
            grad_x
        });
        let at = seed as usize % x.len();
        let slope = slope(&wide(&x), at, &grad, |x| silu(x, width));
        prop_assert!((f64::from(grad_x[at]) - slope).abs() < 1e-4 * (1.0 + slope.abs()));
    }

    #[test]
    fn turns_are_undone_and_depend_on_distance_alone(heads in 1usize..4, half in 1usize..20, seed: u32) {
        let frequencies = numbers(half, seed);
        let rope = Rope::new(&frequencies, 64);
        let (dim, stride) = (2 * half, heads * 2 * half + 3);
        let rows = numbers(4 * stride - 3, seed ^ 9);
        let turned = |positions: [u32; 4]| {
            let mut rows = rows.clone();
            rope.rotate(&mut rows, stride, heads, dim, &positions);
            rows
        };
        let first = turned([3, 10, 0, 63]);
        prop_assert!(same(&first[2 * stride..3 * stride], &rows[2 * stride..3 * stride]), "at 0");
        let mut back = first.clone();
        rope.rotate_back(&mut back, stride, heads, dim, &[3, 10, 0, 63]);
        prop_assert!(distance(&back, &wide(&rows)) < 1e-5);
        let dot = |rows: &[f32]| -> f64 {
            (0..dim).map(|d| f64::from(rows[d]) * f64::from(rows[stride + d])).sum()
        };
        prop_assert!((dot(&first) - dot(&turned([20, 27, 0, 0]))).abs() < 1e-3);
    }
}

#[test]
fn log_probabilities_sum_to_one() {
    let mut logits = [1000.0, 1001.0, f64::NEG_INFINITY];
    log_softmax(&mut logits);
    assert!((logits[0].exp() + logits[1].exp() - 1.0).abs() < 1e-12);
    assert!((logits[1] - logits[0] - 1.0).abs() < 1e-12);
    assert!(logits[2].exp() == 0.0);
}
