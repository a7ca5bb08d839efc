//! Prints what this machine's kernels do, in GFLOP/s of one thread.
#![allow(clippy::print_stdout)]

use pilotbench_kernels::{
    Packed, Precision, Scratch, Shape, Span, attention, has_bf16, multiply, rms_norm, silu_product,
};
use std::{hint::black_box, time::Instant};

const ROWS: usize = 240;

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|at| ((at * 7919 % 1013) as f32 - 506.0) / 506.0).collect()
}

/// The best of several rates.
fn rate(operations: usize, mut act: impl FnMut()) -> f64 {
    act();
    let seconds = (0..8).map(|_| {
        let start = Instant::now();
        act();
        start.elapsed().as_secs_f64()
    });
    operations as f64 / seconds.fold(f64::INFINITY, f64::min) / 1e9
}

fn main() {
    let mut scratch = Scratch::default();
    for precision in [Precision::F32, Precision::Bf16] {
        if precision == Precision::Bf16 && !has_bf16() {
            continue;
        }
        for (inputs, outputs) in [(576, 960), (576, 576), (576, 3072), (1536, 576)] {
            let w = Packed::new(&[&numbers(inputs * outputs)], inputs, precision);
            let (x, mut y) = (numbers(ROWS * inputs), vec![0.0; ROWS * outputs]);
            let rate = rate(2 * ROWS * inputs * outputs, || {
                multiply(&x, &w, &mut y, &mut scratch);
                black_box(&y);
            });
            println!("{precision:?} {ROWS} x {inputs} x {outputs}: {rate:.1} GFLOP/s");
        }
    }
    let shape = Shape { heads: 9, kv_heads: 3, dim: 64 };
    for past in [240, 2400] {
        let keys = numbers((past + ROWS) * 192);
        let span = Span { keys: &keys, values: &keys };
        let (queries, mut out) = (numbers(ROWS * 960), vec![0.0; ROWS * 576]);
        let seen = past * ROWS + ROWS * (ROWS + 1) / 2;
        let rate = rate(4 * 576 * seen, || {
            attention(&queries, 960, &[span], shape, &mut out, &mut scratch);
            black_box(&out);
        });
        println!("attention of {ROWS} on {past}: {rate:.1} GFLOP/s");
    }
    let (x, weight, mut out) = (numbers(ROWS * 3072), numbers(576), vec![0.0; ROWS * 1536]);
    let per_number = rate(ROWS * 1536, || silu_product(&x, 1536, &mut out));
    println!("silu: {per_number:.2} G numbers/s");
    let per_number =
        rate(ROWS * 576, || rms_norm(&x[..ROWS * 576], &weight, 1e-5, &mut out[..ROWS * 576]));
    println!("norm: {per_number:.2} G numbers/s");
}
