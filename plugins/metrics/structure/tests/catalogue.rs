//! What the scores say of answers whose structure is known.

use metric_common::{
    Random,
    testing::{Scores, Toy, score},
};
use metric_structure::Structure;
use pilotbench_plugin_sdk::testing::{Person, evaluation, experiment, ordinal_experiment};

/// Simulated people with the humans' distributions, but each item drawn by itself.
fn independent(toy: &Toy) -> Toy {
    let mut toy = toy.clone();
    let mut random = Random::new(5, &[]);
    for item in 0..toy.experiment.items.len() {
        let mut answers: Vec<_> = toy.human.iter().map(|person| person.answers[item]).collect();
        random.draw(&mut answers, usize::MAX);
        for (person, answer) in toy.simulated.iter_mut().zip(answers) {
            person.answers[item] = answer;
        }
    }
    toy
}

fn value(scores: &Scores, name: &str) -> f64 {
    scores.value(name, "").expect("a value")
}

#[test]
fn independent_items_are_told_apart() {
    let settings = r#"{"permutations": 19}"#;
    let scores = score::<Structure>(settings, &independent(&Toy::disclosure(0)).evaluation());
    // Without products of items the classifier would see nothing: each item is as it should be.
    assert!(value(&scores, "c2st_auc") > 0.65);
    assert!(value(&scores, "c2st_excess") > 0.1);
    assert_eq!(value(&scores, "c2st_p"), 0.05);
    assert!(value(&scores, "rank_correlation_error") > 0.25);
    assert!(value(&scores, "cramers_v_ratio") < 0.5);
    assert!(value(&scores, "structure_novelty_excess") > 0.03);
    let ratio = value(&scores, "cramers_v_simulated") / value(&scores, "cramers_v_human");
    assert!((value(&scores, "cramers_v_ratio") - ratio).abs() < 1e-12);
}

#[test]
fn other_people_of_the_same_population_are_not_told_apart() {
    let (mut auc, mut excess, mut coverage, mut small) = (0.0, 0.0, 0.0, 0);
    let populations = 60;
    for seed in 0..populations {
        let settings = r#"{"permutations": 19}"#;
        let scores = score::<Structure>(settings, &Toy::new(seed, 200).unweighted().evaluation());
        auc += value(&scores, "c2st_auc") / populations as f64;
        excess += value(&scores, "c2st_excess") / populations as f64;
        coverage += value(&scores, "structure_coverage_excess") / populations as f64;
        small += u32::from(value(&scores, "c2st_p") <= 0.1);
    }
    // Within four standard errors; p-values are uniform, so about 6 are small.
    assert!((auc - 0.5).abs() < 0.035, "{auc}");
    assert!(excess.abs() < 0.035 && coverage.abs() < 0.02, "{excess} {coverage}");
    assert!((1..=16).contains(&small), "{small}");
}

#[test]
fn one_answer_for_all_is_told_apart_and_covers_nothing() {
    let mut toy = Toy::disclosure(0);
    for person in &mut toy.simulated {
        person.answers = [3, 2, 2, 2, 1].map(Some).to_vec();
    }
    let scores = score::<Structure>("{}", &toy.evaluation());
    assert!(value(&scores, "c2st_auc") > 0.99);
    assert!(value(&scores, "structure_coverage_matched") < 0.01);
    assert!(value(&scores, "structure_coverage_excess") < -0.5);
    assert!((value(&scores, "rarefied_structures_simulated") - 1.0).abs() < 1e-9);
    assert!(value(&scores, "rarefied_structures_human") > 50.0);
    assert_eq!(scores.value("rank_correlation_error", ""), Err("constant answers"));
    assert_eq!(scores.value("cramers_v_simulated", ""), Err("constant answers"));
    assert!(scores.value("cramers_v_human", "").is_ok());
    assert_eq!(scores.value("c2st_p", ""), Err("no permutations asked"));
}

#[test]
fn rarefied_vectors_of_the_catalogue() {
    // Vectors a, a, b, c, d, b, three people at a time: 2.6.
    let vectors = [[0, 0], [0, 0], [0, 1], [1, 0], [1, 1], [0, 1]];
    let people: Vec<Person> = vectors
        .iter()
        .enumerate()
        .map(|(i, v)| Person::answering(format!("p{i}"), &[v[0], v[1], 0]))
        .collect();
    let input = evaluation(&ordinal_experiment(&[2, 2, 2]), &people, &people, &[], &[]).unwrap();
    let scores = score::<Structure>(r#"{"rarefy": 3}"#, &input);
    assert!((value(&scores, "rarefied_structures_human") - 2.6).abs() < 1e-12);
}

#[test]
fn what_has_no_value_says_why() {
    let human = [Person::answering("p0", &[0])];
    let input = evaluation(&ordinal_experiment(&[2]), &human, &[], &[], &[]).unwrap();
    let scores = score::<Structure>("{}", &input);
    for name in ["rank_correlation_error", "cramers_v_human", "cramers_v_ratio"] {
        assert_eq!(scores.value(name, ""), Err("no pair of items"), "{name}");
    }
    for name in ["structure_coverage_half", "rarefied_structures_human"] {
        assert_eq!(scores.value(name, ""), Err("no belief items"), "{name}");
    }
    let few = Err("fewer than two participants a fold with all answers on both sides");
    for name in ["c2st_auc", "c2st_p", "c2st_auc_human", "c2st_excess"] {
        assert_eq!(scores.value(name, ""), few, "{name}");
    }
    let nominal = r#"{"id": "toy", "title": "Toy", "arms": [], "covariates": [], "items": [
        {"id": "q0", "role": "belief", "kind": "nominal", "levels": [
            {"label": "a", "value": 1}, {"label": "b", "value": 2}]},
        {"id": "q1", "role": "belief", "kind": "nominal", "levels": [
            {"label": "a", "value": 1}, {"label": "b", "value": 2}]}]}"#;
    let people = [Person::answering("p0", &[0, 0]), Person::answering("p1", &[1, 1])];
    let input = evaluation(&experiment(nominal), &people, &people[..1], &[], &[]).unwrap();
    let scores = score::<Structure>("{}", &input);
    assert_eq!(scores.value("rank_correlation_error", ""), Err("nominal item"));
    assert_eq!(scores.value("cramers_v_human", ""), Ok(1.0));
    let few = Err("fewer than two participants with complete beliefs on both sides");
    assert_eq!(scores.value("structure_coverage_half", ""), few);
}
