//! What this machine can do at most, measured in this process: multiply-adds of f32 in products of
//! matrices that caches hold, and bytes read from memory. A share of the peak says how much of the
//! machine a method uses.

use pilotbench_kernels::{Packed, Precision, Scratch, multiply};
use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

/// Time that multiplying takes.
const MULTIPLYING: Duration = Duration::from_millis(150);
/// Rows, inputs and outputs of a product.
const PRODUCT: [usize; 3] = [224, 512, 512];
/// Bytes that are read, more than caches hold.
const BYTES: usize = 256 << 20;
/// How often they are read; the fastest counts.
const PASSES: usize = 4;

/// What a machine did on some threads, per second.
pub(crate) struct Peak {
    pub(crate) multiply_adds: f64,
    pub(crate) bytes: f64,
}

impl Peak {
    /// Measures it.
    pub(crate) fn measure(threads: usize) -> Self {
        Self { multiply_adds: multiply_adds(threads), bytes: bytes(threads) }
    }
}

fn multiply_adds(threads: usize) -> f64 {
    let [rows, inputs, outputs] = PRODUCT;
    let one = |_| {
        let numbers = |count: usize| vec![0.5_f32; count];
        let weights = Packed::new(&[&numbers(inputs * outputs)], inputs, Precision::F32);
        let (x, mut y) = (numbers(rows * inputs), numbers(rows * outputs));
        let mut scratch = Scratch::default();
        let (began, mut done) = (Instant::now(), 0);
        while began.elapsed() < MULTIPLYING {
            multiply(&x, &weights, &mut y, &mut scratch);
            black_box(&y);
            done += rows * inputs * outputs;
        }
        done as f64 / began.elapsed().as_secs_f64()
    };
    at_once(threads, one).into_iter().sum()
}

fn bytes(threads: usize) -> f64 {
    let part = BYTES / 8 / threads.max(1);
    let parts: Vec<Vec<u64>> = at_once(threads, |at| vec![at as u64 + 1; part]);
    let fastest = (0..PASSES)
        .map(|_| {
            let began = Instant::now();
            black_box(at_once(threads, |at| sum(&parts[at])));
            began.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    (part * 8 * threads.max(1)) as f64 / fastest
}

fn sum(words: &[u64]) -> u64 {
    let (blocks, rest) = words.as_chunks::<32>();
    let mut sums = [0_u64; 32];
    for block in blocks {
        for lane in 0..32 {
            sums[lane] = sums[lane].wrapping_add(block[lane]);
        }
    }
    sums.iter().chain(rest).fold(0, |sum, word| sum.wrapping_add(*word))
}

/// Does the same on so many threads at once.
fn at_once<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads.max(1)).map(|at| scope.spawn(move || work(at))).collect();
        all.into_iter().map(|one| one.join().expect("counting does not panic")).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_done() {
        assert_eq!(sum(&(0..1000).collect::<Vec<u64>>()), 499_500);
        let peak = Peak::measure(2);
        assert!(peak.multiply_adds > 0.0 && peak.multiply_adds.is_finite());
        assert!(peak.bytes > 0.0 && peak.bytes.is_finite());
    }
}
