//! What a program costs beside the same method in this process. Printed, on demand only:
//! `cargo test --release -p backend-process --test timing -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may")]

mod support;

use backend_process::{Process, ProcessConfig};
use pilotbench_plugin_sdk::{
    Answers, Backend, Control, Pilot, Requests,
    testing::{self, Person},
};
use std::time::Instant;

const ROWS: usize = 1000;

/// Milliseconds of the fastest of many batches.
fn fastest<B: Backend>(backend: &B, pilot: &Pilot, requests: &Requests) -> f64 {
    let adapted = backend.adapt(pilot, &Control::none()).unwrap();
    let batch = || {
        let started = Instant::now();
        let mut answers = Answers::with_capacity(ROWS);
        backend.respond(&adapted, requests, &mut answers, &Control::none()).unwrap();
        assert_eq!(answers.finish().unwrap().num_rows(), ROWS);
        started.elapsed().as_secs_f64() * 1e3
    };
    (0..200).map(|_| batch()).fold(f64::INFINITY, f64::min)
}

#[test]
#[ignore = "a measurement"]
fn overhead_per_batch_of_a_thousand_answers() {
    let experiment = testing::ordinal_experiment(&[5, 5, 5, 5, 2]);
    let people: Vec<Person> = (0..ROWS as i32)
        .map(|i| Person::answering(format!("p{i:06}"), &[i % 5, i % 4, i % 3, 0, i % 2]))
        .collect();
    let pilot = testing::pilot(&experiment, &people[..60], 7).unwrap();
    let requests = testing::requests(&experiment, &people, 2).unwrap();
    let built_in = fastest(&support::Marginal, &pilot, &requests);
    println!("marginal, in process  {built_in:.3} ms");
    let program = env!("CARGO_BIN_EXE_process-test-program").to_owned();
    let rust = ProcessConfig { command: vec![program, "none".into()], ..support::settings() };
    for (name, config) in [("program in Rust", Some(rust)), ("marginal.py", support::example())] {
        match config {
            None => println!("{name:<21} skipped: no Python with pyarrow"),
            Some(config) => {
                let started = Instant::now();
                let process = Process::open(config).unwrap();
                let start = started.elapsed().as_secs_f64() * 1e3;
                let took = fastest(&process, &pilot, &requests);
                let ratio = took / built_in;
                println!("{name:<21} {took:.3} ms ({ratio:.0} times), start {start:.0} ms");
            }
        }
    }
}
