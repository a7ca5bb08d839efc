//! The example in Python, where there is one with pyarrow (`PILOTBENCH_PYTHON`, else `python3`).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may")]

mod support;

use backend_process::Process;
use pilotbench_plugin_sdk::{
    Backend, Result,
    arrow_array::{Array, cast::AsArray, types::Float64Type},
    testing::{self, Person},
};
use support::{Marginal, answers_of, example};

/// 40 people; every fifth did not answer the second item.
fn people() -> Vec<Person> {
    let person = |i: i32| Person {
        answers: vec![Some(i % 3), (i % 5 != 0).then_some(i * i % 4), Some(i32::from(i > 31))],
        ..Person::answering(format!("p{i}"), &[])
    };
    (0..40).map(person).collect()
}

#[test]
fn the_example_answers_with_the_smoothed_frequencies() -> Result<()> {
    let Some(config) = example() else {
        println!("skipped: no Python with pyarrow; name one in PILOTBENCH_PYTHON");
        return Ok(());
    };
    let experiment = testing::ordinal_experiment(&[3, 4, 2]);
    let pilot = testing::pilot(&experiment, &people(), 7)?;
    let process = Process::open(config)?;
    for item in 0..3 {
        let requests = testing::requests(&experiment, &people(), item)?;
        let theirs = answers_of(&process, &pilot, &requests)?;
        let ours = answers_of(&Marginal, &pilot, &requests)?;
        assert_eq!(theirs["request_id"].to_data(), ours["request_id"].to_data());
        let (theirs, ours) = (theirs["logprobs"].as_list::<i32>(), ours["logprobs"].as_list());
        assert_eq!(theirs.offsets(), ours.offsets());
        let theirs = theirs.values().as_primitive::<Float64Type>();
        let ours = ours.values().as_primitive::<Float64Type>();
        assert!(!ours.is_empty());
        for (a, b) in theirs.values().iter().zip(ours.values()) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }
    Ok(())
}
