//! Where plugins run: a call to a library of this process against the bare trait call, and a worker
//! process against a library of this process. Guards the price of isolation.
#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros; a bench may unwrap")]

mod support;

use arrow_array::{
    Array, RecordBatch, StructArray,
    ffi::{from_ffi, to_ffi},
};
use backend_baseline::Uniform;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pilotbench_engine::{
    experiment::{Design, Experiment},
    fault::Result,
    identity::canonical_json,
    interview::{Interview, conduct},
    plugin::{
        BackendSession, Executor, Plugins, Search, Watch,
        worker::{Sandbox, WorkerSettings},
    },
};
use pilotbench_plugin_sdk::{Answers, Backend, Control, NoConfig, Pilot, Requests};
use serde_json::json;
use std::{
    hint::black_box,
    path::Path,
    sync::{Mutex, atomic::AtomicBool},
};

fn plugins(sandbox: Option<Sandbox>) -> Plugins {
    let executor = match sandbox {
        None => Executor::InProcess,
        Some(sandbox) => {
            let mut settings = WorkerSettings::new(env!("CARGO_BIN_EXE_pilotbench").into());
            settings.sandbox = sandbox;
            Executor::Workers(settings)
        }
    };
    Plugins::new(Search::usual(Vec::new()).run().unwrap(), executor)
}

/// The first batch of requests that an interview makes.
fn requests(experiment: &Experiment, people: usize) -> RecordBatch {
    struct Catcher(Mutex<Option<RecordBatch>>);
    impl BackendSession for Catcher {
        fn adapt(&self, _: RecordBatch, _: &str, _: &dyn Watch) -> Result<u64> {
            Ok(0)
        }
        fn respond(
            &self,
            _: u64,
            requests: RecordBatch,
            _: &str,
            _: &dyn Watch,
        ) -> Result<RecordBatch> {
            self.0.lock().unwrap().get_or_insert(requests.clone());
            Ok(requests)
        }
        fn release(&self, _: u64) -> Result<()> {
            Ok(())
        }
        fn usage(&self) -> Result<String> {
            Ok(String::new())
        }
        fn resident_bytes(&self) -> Option<u64> {
            None
        }
    }
    let rows: Vec<u32> = (0..people as u32).map(|i| i % experiment.people.len() as u32).collect();
    let people = experiment.people.take(&rows);
    let catcher = Catcher(Mutex::default());
    let design = &experiment.design;
    let interview = Interview::new(design, &people, 1);
    let _ = conduct(&interview, &catcher, 0, &AtomicBool::new(false));
    catcher.0.into_inner().unwrap().unwrap()
}

fn params(design: &Design) -> String {
    canonical_json(&json!({"experiment": design, "seed": 1}))
}

/// Over the C Data Interface and back, as between host and plugin.
fn crossed(batch: &RecordBatch) -> RecordBatch {
    let (array, schema) = to_ffi(&StructArray::from(batch.clone()).to_data()).unwrap();
    // SAFETY: both structs are of this process, made right above.
    #[allow(unsafe_code)]
    let data = unsafe { from_ffi(array, &schema) }.unwrap();
    StructArray::from(data).into()
}

/// What is done without any boundary but Arrow's: the author's own code, called as a trait.
fn direct(
    uniform: &Uniform,
    learned: &<Uniform as Backend>::Adapted,
    pilot: &Pilot,
    batch: &RecordBatch,
) -> RecordBatch {
    let requests = Requests::new(&crossed(batch), &pilot.experiment).unwrap();
    let mut answers = Answers::with_capacity(requests.len());
    uniform.respond(learned, &requests, &mut answers, &Control::none()).unwrap();
    crossed(&answers.finish().unwrap())
}

fn respond(c: &mut Criterion) {
    let experiment = support::disclosure();
    let params = params(&experiment.design);
    let stop = AtomicBool::new(false);
    for people in [1, 1_000] {
        let batch = requests(&experiment, people);
        let mut group = c.benchmark_group(format!("respond, {people} answers"));
        group.throughput(Throughput::Elements(people as u64));
        let uniform = Uniform::open(NoConfig {}).unwrap();
        let pilot =
            Pilot::new(&experiment.people.columns(&experiment.design).batch(), &params).unwrap();
        let learned = uniform.adapt(&pilot, &Control::none()).unwrap();
        group.bench_function("direct", |bencher| {
            bencher.iter(|| black_box(direct(&uniform, &learned, &pilot, &batch)));
        });
        for (name, sandbox) in [
            ("in-process", None),
            ("worker", Some(Sandbox::BestEffort)),
            ("worker without sandbox", Some(Sandbox::Off)),
        ] {
            let plugins = plugins(sandbox);
            let backend = plugins.open_backend("uniform", &json!({})).unwrap();
            let nobody = experiment.people.take(&[]).columns(&experiment.design).batch();
            let handle = backend.adapt(nobody, &params, &stop).unwrap();
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    black_box(backend.respond(handle, batch.clone(), "{}", &stop).unwrap())
                });
            });
        }
        group.finish();
    }
}

fn score(c: &mut Criterion) {
    let comparison = support::comparison::Comparison::of(929, 100);
    let mut group = c.benchmark_group("evaluate, 929 people, 100 resamples");
    for (name, sandbox) in [("in-process", None), ("worker", Some(Sandbox::BestEffort))] {
        let metric = plugins(sandbox).open_metric("individual", &json!({})).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(comparison.evaluate(metric.as_ref())));
        });
    }
    group.finish();
}

fn start(c: &mut Criterion) {
    assert!(Path::new(env!("CARGO_BIN_EXE_pilotbench")).is_file());
    let mut group = c.benchmark_group("start of a worker");
    for (name, sandbox) in [("shut in", Sandbox::BestEffort), ("without sandbox", Sandbox::Off)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                // Another `Plugins` shares no workers; the search is no part of it.
                let plugins = plugins(Some(sandbox));
                black_box(plugins.open_backend("uniform", &json!({})).unwrap());
            });
        });
    }
    group.bench_function("search alone", |bencher| {
        bencher.iter(|| black_box(plugins(None)));
    });
    group.finish();
}

criterion_group!(benches, respond, score, start);
criterion_main!(benches);
