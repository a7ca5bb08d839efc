//! How long a refit takes: `cargo test --release -p pilotbench-regression -- --ignored --nocapture`.

use pilotbench_regression::{Data, Fitter, Kind};
use std::time::Instant;

/// SplitMix64, uniform.
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[test]
#[ignore = "a measurement, of use in release builds only"]
fn refits() {
    let (rows, columns, refits) = (929, 12, 1000);
    let mut numbers = Numbers(149);
    let design: Vec<f64> = (0..rows * columns)
        .map(|i| match i % columns {
            0..4 => 1.0 + (5.0 * numbers.uniform()).floor(),
            _ => f64::from(u8::from(numbers.uniform() < 0.4)),
        })
        .collect();
    let outcomes: Vec<usize> = (0..rows)
        .map(|row| {
            let x = &design[row * columns..];
            let eta = 0.55 * (x[0] - 3.0) - 0.65 * (x[1] - 3.0) + 0.4 * (x[2] - x[3]) + 0.3 * x[4];
            usize::from(numbers.uniform() < 1.0 / (1.0 + (-eta).exp()))
        })
        .collect();
    let separated: Vec<usize> =
        (0..rows).map(|row| usize::from(design[row * columns] > 3.0)).collect();
    for (name, kind, outcomes) in [
        ("logit", Kind::Binary, &outcomes),
        ("least squares", Kind::LeastSquares, &outcomes),
        ("ordinal logit", Kind::Ordinal, &outcomes),
        ("Firth's logit", Kind::Binary, &separated),
    ] {
        let data = Data::new(&design, columns, outcomes, 2).expect("data");
        let fitter = Fitter::new(kind, &data, &[0.0, 1.0]).expect("a table");
        let mut scratch = fitter.scratch();
        let start = fitter.fit(&vec![1.0; rows], None, &mut scratch).expect("estimates");
        let (mut shortest, mut steps) = (f64::INFINITY, 0);
        for _ in 0..3 {
            let begin = Instant::now();
            steps = 0;
            for _ in 0..refits {
                let mut weights = vec![0.0; rows];
                (0..rows).for_each(|_| weights[(numbers.uniform() * rows as f64) as usize] += 1.0);
                steps += fitter.fit(&weights, Some(&start), &mut scratch).expect("estimates").steps;
            }
            shortest = shortest.min(begin.elapsed().as_secs_f64());
        }
        println!(
            "{name}: {rows} rows, {columns} columns: {:.3} ms a refit, {:.1} steps",
            shortest * 1000.0 / f64::from(refits),
            steps as f64 / f64::from(refits)
        );
    }
}
