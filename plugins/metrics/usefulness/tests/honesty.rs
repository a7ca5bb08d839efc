//! Whether intervals cover as they promise, over 500 populations of a known law.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // helpers unwrap, and show what they found

use metric_common::testing::{Scores, Toy, fresh_answers, score};
use metric_usefulness::Usefulness;
use pilotbench_synthetic::{Person, Stream};

const POPULATIONS: u64 = 500;
const PEOPLE: usize = 400;

/// Means over populations of what is printed over items.
fn means(
    simulate: impl Fn(&mut Stream, &Person, &Person) -> Vec<Option<i32>>,
) -> impl Fn(&str) -> f64 {
    let scores = |seed| {
        let input = Toy::fresh(seed, PEOPLE, 0, &simulate).evaluation_of(seed);
        score::<Usefulness>("{}", &input)
    };
    let all: Vec<Scores> = (0..POPULATIONS).map(scores).collect();
    move |name| {
        let values = all.iter().map(|scores| scores.value(name, "").unwrap());
        let mean = values.sum::<f64>() / all.len() as f64;
        println!("{name}: {mean:.4}");
        mean
    }
}

fn assert_coverage(mean: &impl Fn(&str) -> f64) {
    for name in ["classical_coverage", "ppi_coverage", "ppi_tuned_coverage"] {
        let coverage = mean(name);
        assert!((0.93..=0.97).contains(&coverage), "{name}: {coverage}");
    }
    // A standard error of the mean is about .25 √(1/500) = .01.
    assert!(mean("ppi_bias").abs() < 0.05);
}

#[test]
fn a_perfect_simulator() {
    let mean = means(|_, _, fresh| fresh_answers(fresh));
    assert_coverage(&mean);
    assert!(mean("simulation_bias").abs() < 0.02);
    // It knows the population and not the person: one draw adds noise, which tuning leaves out.
    assert!((0.4..0.7).contains(&mean("ppi_ess_gain")));
    assert!((0.97..1.1).contains(&mean("ppi_tuned_ess_gain")));
}

#[test]
fn a_simulator_that_is_wrong_about_everybody() {
    let mean = means(|_, _, fresh| {
        let fresh = fresh_answers(fresh);
        let (beliefs, action) = fresh.split_at(4);
        let high = beliefs.iter().map(|level| level.map(|level| (level + 2).min(4)));
        high.chain([action[0].map(|_| 1)]).collect()
    });
    assert_coverage(&mean);
    assert!(mean("simulation_bias") > 0.8);
    assert!((0.5..1.0).contains(&mean("ppi_ess_gain")));
    assert!((0.97..1.1).contains(&mean("ppi_tuned_ess_gain")));
}

#[test]
fn a_simulator_that_often_knows_the_answer() {
    let mean = means(|stream, person, fresh| {
        let pairs = fresh_answers(person).into_iter().zip(fresh_answers(fresh));
        pairs.map(|(own, other)| if stream.uniform() < 0.8 { own } else { other }).collect()
    });
    assert_coverage(&mean);
    assert!(mean("ppi_ess_gain") > 1.5);
    assert!(mean("ppi_tuned_ess_gain") > 1.6);
    assert!((0.5..0.9).contains(&mean("ppi_tuned_lambda")));
}
