//! Interviews alone: requests are built, cross to the backend and back, are checked and drawn.
//! Guards the boundary and the host's own work per answer.
#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros; a bench may unwrap")]

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pilotbench_engine::{
    adapter,
    identity::canonical_json,
    interview::{Interview, conduct},
    pilot::{Split, Strategy},
    plan::LearnsFrom,
};
use serde_json::json;
use std::{hint::black_box, sync::atomic::AtomicBool};

fn interviews(c: &mut Criterion) {
    let mut group = c.benchmark_group("interview");
    let stop = AtomicBool::new(false);
    for method in ["uniform", "marginal", "hotdeck", "nn-hotdeck", "ridge"] {
        let work = support::work(method, 1);
        let experiment = &work.experiments[0];
        let split = Split::new(experiment, &Strategy::Random, 1, 120, None).unwrap();
        let backend = work.plugins.open_backend(method, &json!({})).unwrap();
        let revelation = adapter::reveal(&split, 30, LearnsFrom::Pilot, experiment.people.len());
        let params = canonical_json(&json!({"experiment": experiment.design, "seed": 1}));
        let handle = backend.adapt(revelation.columns(experiment).batch(), &params, &stop).unwrap();
        let people = experiment.people.take(&revelation.asked);
        let design = &experiment.design;
        let interview = Interview::new(design, &people, 1);
        group.throughput(Throughput::Elements((people.len() * design.items.len()) as u64));
        group.bench_function(method, |bencher| {
            bencher
                .iter(|| black_box(conduct(&interview, backend.as_ref(), handle, &stop).unwrap()));
        });
    }
    group.finish();
}

criterion_group!(benches, interviews);
criterion_main!(benches);
