//! Worked values of the metric catalogue, through the whole metric.

use metric_common::testing::{Scores, Toy, score};
use metric_peers::Peers;
use pilotbench_plugin_sdk::testing::{Person, evaluation, ordinal_experiment};

/// Ten people with these counts by level of each item.
fn people(items: &[&[usize]]) -> Vec<Person> {
    let answers: Vec<Vec<i32>> = items
        .iter()
        .map(|counts| {
            let levels = counts.iter().enumerate();
            levels.flat_map(|(level, count)| vec![level as i32; *count]).collect()
        })
        .collect();
    let person = |i: usize| {
        let own: Vec<i32> = answers.iter().map(|item| item[i]).collect();
        Person::answering(format!("p{i}"), &own)
    };
    (0..answers[0].len()).map(person).collect()
}

fn scores(levels: &[usize], human: &[&[usize]], simulated: &[&[usize]], settings: &str) -> Scores {
    let (human, simulated) = (people(human), people(simulated));
    let input = evaluation(&ordinal_experiment(levels), &human, &simulated, &[], &[]);
    score::<Peers>(settings, &input.expect("a comparison"))
}

fn close(scores: &Scores, name: &str, item: &str, printed: f64) {
    let value = scores.value(name, item).expect("a value");
    assert!((value - printed).abs() < 5e-5, "{name} of `{item}` is {value}, not {printed}");
}

// P = (.1,.2,.4,.2,.1), Q = (0,.1,.3,.4,.2)
const P: &[usize] = &[1, 2, 4, 2, 1];
const Q: &[usize] = &[0, 1, 3, 4, 2];

#[test]
fn one_item() {
    let scores = scores(&[5], &[P], &[Q], "{}");
    close(&scores, "simbench", "q0", -50.0);
    close(&scores, "simbench", "", -50.0);
    close(&scores, "radius_style_kendall", "q0", 0.4472);
    close(&scores, "radius_style_spearman", "q0", 0.5798);
    close(&scores, "radius_style_tv", "q0", 0.3);
    close(&scores, "radius_style_top1", "q0", 0.0);
    assert_eq!(scores.value("radius_style_rejected", ""), Ok(0.0));
}

#[test]
fn two_items_have_one_norm() {
    let both = scores(&[5, 2], &[P, &[7, 3]], &[Q, &[6, 4]], "{}");
    close(&both, "simbench", "q0", -50.0);
    close(&both, "simbench", "q1", 50.0);
    close(&both, "simbench", "", 0.0);
    // The norm is the experiment's: (.2 + .4)/2, not .2 and .4.
    let uneven = scores(&[5, 2], &[P, &[9, 1]], &[Q, &[9, 1]], "{}");
    close(&uneven, "simbench", "q0", 0.0);
    close(&uneven, "simbench", "q1", 100.0);
}

#[test]
fn what_has_no_value_says_why() {
    let uniform = scores(&[2], &[&[5, 5]], &[&[9, 1]], "{}");
    assert_eq!(uniform.value("simbench", "q0"), Err("human answers are uniform"));
    let constant = Err("all levels are equally frequent");
    assert_eq!(uniform.value("radius_style_kendall", "q0"), constant);
    assert_eq!(uniform.value("radius_style_ranking_p", "q0"), constant);
    let few = scores(&[2], &[&[5, 5]], &[&[9, 1]], r#"{"permutations": 9}"#);
    let reason = "too few permutations for this many items";
    assert_eq!(few.value("radius_style_rejected", ""), Err(reason));
    let human = [Person::answering("p0", &[0])];
    let input = evaluation(&ordinal_experiment(&[2]), &human, &[], &[], &[]).unwrap();
    let nobody = score::<Peers>("{}", &input);
    for name in ["simbench", "radius_style_top1", "radius_style_rejected"] {
        assert_eq!(nobody.value(name, ""), Err("no simulated answers"), "{name}");
    }
}

#[test]
fn other_people_of_the_same_population_are_not_rejected() {
    let scores = score::<Peers>("{}", &Toy::disclosure(0).evaluation());
    assert_eq!(scores.value("radius_style_rejected", ""), Ok(0.0));
    assert!(scores.value("simbench", "").unwrap() > 90.0);
}

#[test]
fn uniform_answers_are_rejected_and_score_zero() {
    let mut toy = Toy::disclosure(0);
    for (i, person) in toy.simulated.iter_mut().enumerate() {
        person.answers =
            (0..5).map(|item| Some((i % if item < 4 { 5 } else { 2 }) as i32)).collect();
    }
    let scores = score::<Peers>("{}", &toy.evaluation());
    let (simbench, rejected) =
        (scores.value("simbench", "").unwrap(), scores.value("radius_style_rejected", "").unwrap());
    assert!(simbench.abs() < 1.0, "{simbench}");
    assert!(rejected >= 0.8, "{rejected}");
    assert_eq!(scores.value("radius_style_distribution_p", "benefit"), Ok(1.0 / 200.0));
}
