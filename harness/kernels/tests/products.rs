//! Products of matrices.

mod support;

use pilotbench_kernels::{
    Packed, Precision, Scratch, accumulate_outer, has_bf16, multiply, multiply_add,
};
use proptest::prelude::*;
use support::{distance, numbers, on_all_levels, same};

fn product(x: &[f32], w: &Packed) -> Vec<f32> {
    let mut y = vec![0.0; x.len() / w.inputs() * w.outputs()];
    multiply(x, w, &mut y, &mut Scratch::default());
    y
}

fn naive(x: &[f32], w: &[f32], inputs: usize) -> Vec<f64> {
    let dot = |x: &[f32], w: &[f32]| -> f64 {
        x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum()
    };
    x.chunks(inputs).flat_map(|x| w.chunks(inputs).map(move |w| dot(x, w))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn as_written_out(rows in 1usize..40, inputs in 1usize..90, outputs in 1usize..100, seed: u32) {
        let (x, w) = (numbers(rows * inputs, seed), numbers(outputs * inputs, !seed));
        let packed = Packed::new(&[&w], inputs, Precision::F32);
        let y = on_all_levels(|| product(&x, &packed));
        prop_assert!(distance(&y, &naive(&x, &w, inputs)) < 1e-4);
        // A row is the same alone, and parts side by side are what they are apart.
        let row = rows / 2;
        let alone = product(&x[row * inputs..][..inputs], &packed);
        prop_assert!(same(&alone, &y[row * outputs..][..outputs]));
        let (first, second) = w.split_at(outputs / 2 * inputs);
        let joined = Packed::new(&[first, second], inputs, Precision::F32);
        prop_assert!(same(&product(&x, &joined), &y));
        let mut sum = numbers(y.len(), 7);
        let right: Vec<f32> = sum.iter().zip(&y).map(|(a, b)| a + b).collect();
        multiply_add(&x, &packed, &mut sum, &mut Scratch::default());
        prop_assert!(same(&sum, &right));
    }

    #[test]
    fn bf16_is_the_product_of_rounded_numbers(
        rows in 1usize..33, inputs in 1usize..90, outputs in 1usize..70, seed: u32,
    ) {
        prop_assume!(has_bf16());
        let (x, w) = (numbers(rows * inputs, seed), numbers(outputs * inputs, !seed));
        let y = product(&x, &Packed::new(&[&w], inputs, Precision::Bf16));
        let rounded = |values: &[f32]| -> Vec<f32> {
            let round = |v: &f32| {
                let bits = v.to_bits();
                f32::from_bits((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
            };
            values.iter().map(round).collect()
        };
        prop_assert!(distance(&y, &naive(&rounded(&x), &rounded(&w), inputs)) < 1e-4);
        let row = rows / 2;
        let alone = product(&x[row * inputs..][..inputs], &Packed::new(&[&w], inputs, Precision::Bf16));
        prop_assert!(same(&alone, &y[row * outputs..][..outputs]));
    }

    #[test]
    fn sums_of_outer_products(rows in 1usize..30, m in 1usize..40, n in 1usize..40, seed: u32) {
        let (a, b) = (numbers(rows * m, seed), numbers(rows * n, !seed));
        let c = on_all_levels(|| {
            let mut c = vec![1.0; m * n];
            accumulate_outer(&a, &b, rows, &mut c);
            c
        });
        let right: Vec<f64> = (0..m * n)
            .map(|at| {
                let (i, j) = (at / n, at % n);
                let term = |r: usize| f64::from(a[r * m + i]) * f64::from(b[r * n + j]);
                1.0 + (0..rows).map(term).sum::<f64>()
            })
            .collect();
        prop_assert!(distance(&c, &right) < 1e-5);
    }
}

#[test]
#[should_panic(expected = "y is not 2 rows of 3")]
fn lengths_are_checked() {
    let w = Packed::new(&[&[0.0; 6]], 2, Precision::F32);
    multiply(&[0.0; 4], &w, &mut [0.0; 5], &mut Scratch::default());
}
