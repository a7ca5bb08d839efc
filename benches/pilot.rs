//! Division of people into pilot and held-out. Guards its growth with the number of people.
#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros; a bench may unwrap")]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use pilotbench_engine::pilot::{Split, Strategy};
use std::hint::black_box;

fn splits(c: &mut Criterion) {
    let experiment = support::disclosure();
    let mut group = c.benchmark_group("pilot");
    for strategy in ["random", "stratified-arm", "equal-group(eth)", "proportional(eth)"] {
        let parsed: Strategy = strategy.parse().unwrap();
        group.bench_function(strategy, |bencher| {
            bencher.iter(|| black_box(Split::new(&experiment, &parsed, 1, 120, None).unwrap()));
        });
    }
    group.finish();
}

criterion_group!(benches, splits);
criterion_main!(benches);
