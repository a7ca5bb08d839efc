//! Metrics as the host calls them, on the disclosure population: 27 groups, five items.
//! Guards the time of 1,000 bootstrap resamples (the goal for both metrics together is 1 s) and its
//! growth with the number of people.
#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros; a bench may unwrap")]

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::{cell::LazyCell, hint::black_box, time::Duration};
use support::comparison::{Comparison, metric};

const METRICS: [&str; 2] = ["distribution", "heterogeneity"];

fn resamples(c: &mut Criterion) {
    // Lazy, so that a filter spares the others.
    let comparison = LazyCell::new(|| Comparison::of(pilotbench_synthetic::PARTICIPANTS, 1000));
    let sessions = METRICS.map(metric);
    let mut group = c.benchmark_group("score/1000 resamples");
    for (name, session) in METRICS.iter().zip(&sessions) {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| black_box(comparison.evaluate(session.as_ref())));
        });
    }
    group.bench_function("both on two cores", |bencher| {
        let comparison = &*comparison;
        let evaluate = |place: usize| comparison.evaluate(sessions[place].as_ref());
        bencher.iter(|| black_box(rayon::join(|| evaluate(0), || evaluate(1))));
    });
    group.finish();
}

/// 10 resamples, so that the largest tables fit into memory. The time per person is to fall or stay.
fn people(c: &mut Criterion) {
    let sessions = METRICS.map(metric);
    let mut group = c.benchmark_group("score/people");
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(4));
    for people in [1_000, 10_000, 100_000, 1_000_000] {
        let comparison = LazyCell::new(|| Comparison::of(people, 10));
        group.throughput(Throughput::Elements(people as u64));
        for (name, session) in METRICS.iter().zip(&sessions) {
            group.bench_function(BenchmarkId::new(*name, people), |bencher| {
                bencher.iter(|| black_box(comparison.evaluate(session.as_ref())));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, resamples, people);
criterion_main!(benches);
