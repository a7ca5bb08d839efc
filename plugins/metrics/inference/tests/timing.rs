//! How long an evaluation takes: `cargo test --release -- --ignored --nocapture`.

mod support;

use metric_common::testing::Toy;
use metric_inference::Inference;
use pilotbench_plugin_sdk::{Control, Evaluation, Metric, MetricTable};
use std::time::{Duration, Instant};
use support::{disclosure, population};

fn time(metric: &Inference, input: &Evaluation) -> Duration {
    let start = Instant::now();
    let mut table = MetricTable::default();
    metric.evaluate(input, &mut table, &Control::none()).expect("the metric evaluates");
    table.finish().expect("a table");
    start.elapsed()
}

#[test]
#[ignore = "a measurement, of use in release builds only"]
fn evaluation() {
    let experiment = disclosure();
    let human = population(&experiment, 149, 929);
    let mut weights = vec![vec![0u16; 100]; 929];
    let mut stream = pilotbench_synthetic::Stream::new(1);
    for draw in 0..100 * 929 {
        weights[(stream.uniform() * 929.0) as usize][draw % 100] += 1;
    }
    // One simulated side as good as another study, one that repeats eight people.
    let fresh = population(&experiment, 150, 929);
    let mut eight = fresh.clone();
    (0..929).for_each(|row| eight[row].answers.clone_from(&fresh[row * 7 % 8].answers));
    for (name, simulated) in [("fresh people", fresh), ("eight people, repeated", eight)] {
        let toy = Toy {
            experiment: experiment.clone(),
            human: human.clone(),
            simulated,
            pilot: Vec::new(),
            weights: weights.clone(),
        };
        let input = toy.evaluation();
        let open =
            || Inference::open(serde_json::from_str("{}").expect("settings")).expect("opens");
        let cold = (0..20).map(|_| time(&open(), &input)).min();
        let metric = open();
        let warm = (0..20).map(|_| time(&metric, &input)).skip(1).min();
        println!("929 participants, 20 refits, {name}: {cold:?}, humans fitted before: {warm:?}");
    }
}
