//! What this machine can do at most, measured in this process: multiply-adds of f32 in registers, and
//! bytes read from memory. A share of the peak says how much of the machine a method uses.

use multiversion::{multiversion, target::match_target};
use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

/// Time that multiplying takes.
const MULTIPLYING: Duration = Duration::from_millis(150);
/// Sums that do not wait for each other: enough for the latency of an operation.
const SUMS: usize = 12;
/// Steps between two looks at the clock.
const STEPS: usize = 20_000;
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
    let one = || {
        let (began, mut done) = (Instant::now(), 0.0);
        while began.elapsed() < MULTIPLYING {
            done += multiply(black_box(STEPS)) as f64;
        }
        done / began.elapsed().as_secs_f64()
    };
    at_once(threads, |_| one()).into_iter().sum()
}

/// Multiplies and adds; how often.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma", "aarch64+neon"))]
fn multiply(steps: usize) -> usize {
    match_target! {
        "x86_64+avx512f" => fused::<16>(steps),
        "x86_64+avx2+fma" => fused::<8>(steps),
        "aarch64+neon" => fused::<4>(steps),
        _ => apart::<4>(steps),
    }
}

#[inline(always)]
fn fused<const LANES: usize>(steps: usize) -> usize {
    stepped::<LANES>(steps, |sum, x, y| x.mul_add(y, sum))
}

/// Where there is no fused operation: calling a function for it would measure the call.
#[inline(always)]
fn apart<const LANES: usize>(steps: usize) -> usize {
    stepped::<LANES>(steps, |sum, x, y| x * y + sum)
}

#[inline(always)]
fn stepped<const LANES: usize>(steps: usize, step: impl Fn(f32, f32, f32) -> f32) -> usize {
    let (x, y) = (black_box([1.000_1_f32; LANES]), black_box([1e-7_f32; LANES]));
    let mut sums = [[0.0_f32; LANES]; SUMS];
    for _ in 0..steps {
        for sum in &mut sums {
            for lane in 0..LANES {
                sum[lane] = step(sum[lane], x[lane], y[lane]);
            }
        }
    }
    black_box(sums);
    steps * SUMS * LANES
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

#[multiversion(targets("x86_64+avx512f", "x86_64+avx2", "aarch64+neon"))]
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
        assert_eq!(multiply(10) % (10 * SUMS), 0);
    }
}
