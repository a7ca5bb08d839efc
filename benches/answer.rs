//! The whole way of an answer: planned, asked, answered, stored durably, scored with 100 resamples.
//! Guards the harness's cost per simulated answer; the goal is under 50 µs of CPU.
#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros; a bench may unwrap")]

mod support;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pilotbench_engine::{
    fault::Fault,
    plan::Replicate,
    record::{Lock, Record},
    run::{self, Progress},
    score,
};
use std::sync::atomic::AtomicBool;

struct Silent;

impl Progress for Silent {
    fn begin(&self, _: usize, _: usize) {}
    fn committed(&self, _: usize) {}
    fn failed(&self, _: &Replicate, _: &Fault) {}
}

fn whole_way(c: &mut Criterion) {
    let mut group = c.benchmark_group("answer");
    group.sample_size(20);
    for method in ["uniform", "marginal", "ridge"] {
        let seeds = 4;
        let work = support::work(method, seeds);
        let planned = &work.plan.experiments[0];
        let asked = planned.participants - planned.largest_pilot;
        group.throughput(Throughput::Elements((asked * 5 * seeds) as u64));
        group.bench_function(method, |bencher| {
            bencher.iter_batched(
                || tempfile::tempdir().unwrap(),
                |folder| {
                    let stop = AtomicBool::new(false);
                    let lock = Lock::take(folder.path()).unwrap();
                    let record =
                        Record::create(folder.path(), &work.plan, &work.run_file, &lock).unwrap();
                    let (plan, experiments, plugins) =
                        (&work.plan, &work.experiments, &work.plugins);
                    let outcome =
                        run::execute(plan, experiments, plugins, &record, None, &Silent, &stop);
                    assert_eq!(outcome.unwrap().committed, seeds);
                    let answers = score::Recorded { plan, record: &record };
                    score::score(plan, experiments, plugins, &answers, &|| {}, &stop).unwrap();
                    folder
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, whole_way);
criterion_main!(benches);
