//! The disclosure card's logit of 12 predictors, fitted again and again with other case weights.
//! Guards the time of 1,000 bootstrap refits (the goal is 2 s on two cores) and its growth with the
//! number of people.
#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros; a bench may unwrap")]

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pilotbench_regression::Kind;
use std::{cell::LazyCell, hint::black_box, time::Duration};
use support::refits::Refits;

fn refits(c: &mut Criterion) {
    let mut group = c.benchmark_group("regression/1000 refits");
    group.sample_size(10);
    for (name, kind) in [("logit", Kind::Binary), ("least squares", Kind::LeastSquares)] {
        let refits = LazyCell::new(|| Refits::of(kind, pilotbench_synthetic::PARTICIPANTS, 1000));
        group.bench_function(BenchmarkId::new(name, "one core"), |bencher| {
            bencher.iter(|| black_box(refits.one_by_one()));
        });
        group.bench_function(BenchmarkId::new(name, "all cores"), |bencher| {
            bencher.iter(|| black_box(refits.in_parallel()));
        });
    }
    group.finish();
}

/// One refit. The time per person is to fall or stay.
fn people(c: &mut Criterion) {
    let mut group = c.benchmark_group("regression/people");
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(2));
    for people in [1_000, 10_000, 100_000, 1_000_000] {
        let refits = LazyCell::new(|| Refits::of(Kind::Binary, people, 1));
        group.throughput(Throughput::Elements(people as u64));
        group.bench_function(BenchmarkId::new("logit", people), |bencher| {
            bencher.iter(|| black_box(refits.one_by_one()));
        });
    }
    group.finish();
}

criterion_group!(benches, refits, people);
criterion_main!(benches);
