//! `copula`.

use super::{Ready, answering, mixed, near, person, setting_error};
use backend_baseline::{Copula, Marginal};
use pilotbench_plugin_sdk::{
    Experiment,
    testing::{self, Person},
};
use serde_json::Value;

const NAN: f64 = f64::NAN;

fn fixture() -> Value {
    serde_json::from_str(include_str!("../fixtures/copula.json")).unwrap()
}

fn codes(value: &Value) -> Vec<i32> {
    value.as_array().unwrap().iter().map(|v| v.as_i64().unwrap() as i32).collect()
}

fn levels(json: &Value) -> Vec<usize> {
    codes(&json["levels"]).into_iter().map(|count| count as usize).collect()
}

fn records(json: &Value) -> Vec<Vec<i32>> {
    json["pilot"].as_array().unwrap().iter().map(codes).collect()
}

fn ready(experiment: &Experiment, records: &[Vec<i32>], settings: &str) -> Ready<Copula> {
    let people: Vec<Person> = records.iter().map(|answers| answering(answers)).collect();
    Ready::with(settings, &testing::pilot(experiment, &people, 0).unwrap())
}

/// `fixtures/make_copula.py` has the reference: normal rectangles by scipy.
#[test]
fn conditionals_are_those_of_the_reference() {
    let json = fixture();
    let experiment = testing::ordinal_experiment(&levels(&json));
    let ready = ready(&experiment, &records(&json), "{}");
    let mut most = 0;
    for case in json["cases"].as_array().unwrap() {
        let item = case["item"].as_u64().unwrap() as usize;
        let earlier = codes(&case["earlier"]);
        let given = earlier.iter().filter(|level| **level >= 0).count();
        let room = [1e-9, 3e-4, 3e-3, 4e-3][given];
        most = most.max(given);
        let expected = case["probabilities"].as_array().unwrap();
        let found = ready.one(&answering(&earlier), item);
        assert_eq!(found.len(), expected.len());
        for (p, q) in found.iter().zip(expected) {
            let gap = (p - q.as_f64().unwrap()).abs();
            assert!(gap < room, "item {item} after {earlier:?}: {found:?}, not {expected:?}");
        }
    }
    assert_eq!(most, 3, "no case has three earlier answers");
}

/// The probability of every record, by the chain of conditionals of an interview.
fn joint(ready: &Ready<Copula>, levels: &[usize]) -> Vec<(Vec<i32>, f64)> {
    let mut records = vec![(vec![-1; levels.len()], 1.0)];
    for item in 0..levels.len() {
        let grown = records.iter().flat_map(|(answers, share)| {
            let next = ready.one(&answering(answers), item);
            next.into_iter().zip(0..).map(move |(p, level)| {
                let mut answers = answers.clone();
                answers[item] = level;
                (answers, share * p)
            })
        });
        records = grown.collect();
    }
    records
}

fn shares(joint: &[(Vec<i32>, f64)], item: usize, levels: usize) -> Vec<f64> {
    let mut shares = vec![0.0; levels];
    joint.iter().for_each(|(answers, share)| shares[answers[item] as usize] += share);
    shares
}

fn spearman(joint: &[(Vec<i32>, f64)], items: [usize; 2], levels: &[usize]) -> f64 {
    let rank = items.map(|item| {
        let mut below = 0.0;
        let rank = |share: f64| {
            below += share;
            below - 0.5 * share - 0.5
        };
        shares(joint, item, levels[item]).into_iter().map(rank).collect::<Vec<f64>>()
    });
    let sum = |a: usize, b: usize| -> f64 {
        let at = |answers: &[i32], i: usize| rank[i][answers[items[i]] as usize];
        joint.iter().map(|(answers, share)| share * at(answers, a) * at(answers, b)).sum()
    };
    sum(0, 1) / (sum(0, 0) * sum(1, 1)).sqrt()
}

/// Average ranks by counting, and the correlation of the ranks.
fn spearman_of(records: &[Vec<i32>], items: [usize; 2]) -> (f64, f64) {
    let both: Vec<[i32; 2]> = records
        .iter()
        .map(|answers| items.map(|item| answers[item]))
        .filter(|pair| pair.iter().all(|level| *level >= 0))
        .collect();
    let weighted: Vec<(Vec<i32>, f64)> =
        both.iter().map(|pair| (pair.to_vec(), 1.0 / both.len() as f64)).collect();
    (spearman(&weighted, [0, 1], &[5, 5]), both.len() as f64)
}

#[test]
fn interviews_keep_the_shares_and_the_shrunk_rank_correlations() {
    let json = fixture();
    let (levels, records) = (levels(&json), records(&json));
    let experiment = testing::ordinal_experiment(&levels);
    for shrink in [0.0, 10.0] {
        let ready = ready(&experiment, &records, &format!(r#"{{"shrink": {shrink}}}"#));
        let joint = joint(&ready, &levels);
        assert!((joint.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-9);
        for item in 0..levels.len() {
            let marginal = ready.one(&answering(&[-1; 4]), item);
            for (share, due) in shares(&joint, item, levels[item]).iter().zip(marginal) {
                assert!((share - due).abs() < 1e-3, "item {item}: {share}, not {due}");
            }
            for other in 0..item {
                let (r, n) = spearman_of(&records, [other, item]);
                let (found, due) = (spearman(&joint, [other, item], &levels), r * n / (n + shrink));
                assert!((found - due).abs() < 5e-3, "{other}, {item}: {found}, not {due}");
            }
        }
    }
}

#[test]
fn single_items_are_the_marginal() {
    let json = fixture();
    let experiment = testing::ordinal_experiment(&levels(&json));
    let people: Vec<Person> = records(&json).iter().map(|answers| answering(answers)).collect();
    let marginal = Ready::<Marginal>::new(&experiment, &people);
    let copula = Ready::<Copula>::new(&experiment, &people);
    let alone = ready(&experiment, &records(&json), r#"{"shrink": 1000000}"#);
    for item in 0..4 {
        let nobody = answering(&[-1; 4]);
        near(&copula.one(&nobody, item), &marginal.one(&nobody, item));
        // Correlations that are shrunk away leave independent items.
        let after = alone.one(&answering(&[4, 0, 2, -1]), item);
        for (p, q) in after.iter().zip(marginal.one(&nobody, item)) {
            assert!((p - q).abs() < 1e-4);
        }
    }
}

#[test]
fn nominal_items_arms_and_covariates_have_no_say() {
    let pilot: Vec<Person> = (0..30)
        .map(|i| {
            person(i % 2, &[f64::from(i), f64::from(i % 3)], &[i % 3, i % 3, i32::from(i % 3 > 1)])
        })
        .collect();
    let copula = Ready::<Copula>::new(&mixed(), &pilot);
    let asked = |arm, covariates: [f64; 2], party| person(arm, &covariates, &[2, party, -1]);
    let first = copula.one(&asked(0, [20.0, 0.0], 0), 2);
    assert!(first[1] > 0.6, "the belief decides: {first:?}");
    near(&copula.one(&asked(1, [60.0, 2.0], 2), 2), &first);
    near(&copula.one(&asked(1, [NAN, NAN], -1), 2), &first);
    let third = 1.0 / 3.0;
    near(&copula.one(&asked(0, [20.0, 0.0], -1), 1), &[third; 3]);
}

#[test]
fn falling_values_are_the_same_law() {
    let json = fixture();
    let (levels, pilot) = (levels(&json), records(&json));
    let experiment = testing::ordinal_experiment(&levels);
    let mut turned = experiment.clone();
    turned.items[0].levels.reverse();
    let turn = |answers: &[i32]| -> Vec<i32> {
        let mut answers = answers.to_vec();
        answers[0] = if answers[0] < 0 { -1 } else { 4 - answers[0] };
        answers
    };
    let other: Vec<Vec<i32>> = pilot.iter().map(|answers| turn(answers)).collect();
    let (plain, turned) = (ready(&experiment, &pilot, "{}"), ready(&turned, &other, "{}"));
    let answers = [3, 1, 0, -1];
    near(&plain.one(&answering(&answers), 3), &turned.one(&answering(&turn(&answers)), 3));
    let mut first = turned.one(&answering(&[-1; 4]), 0);
    first.reverse();
    near(&plain.one(&answering(&[-1; 4]), 0), &first);
}

#[test]
fn small_and_odd_pilots() {
    let experiment = testing::ordinal_experiment(&[5, 5, 2]);
    let asked = answering(&[4, 0, -1]);
    // Two people: a correlation of ±1, shrunk to a sixth.
    let two = ready(&experiment, &[vec![0, 0, 0], vec![4, 4, 1]], "{}");
    let act = two.one(&asked, 2);
    assert!((act[1] - 0.5).abs() < 0.1, "{act:?}");
    // Unshrunk, everybody answers alike as far as .95 lets them.
    let sure = ready(&experiment, &[vec![0, 0, 0], vec![4, 4, 1]], r#"{"shrink": 0}"#);
    assert!(sure.one(&answering(&[4, 4, -1]), 2)[1] > 0.9);
    // Nothing varies, or nobody answered both: no correlation.
    let constant = ready(&experiment, &[vec![2, 3, 1], vec![2, 1, -1], vec![2, -1, 0]], "{}");
    near(&constant.one(&asked, 2), &constant.one(&answering(&[-1, -1, -1]), 2));
}

#[test]
fn wrong_settings_are_named() {
    setting_error::<Copula>(r#"{"shrink": -1}"#, "shrink");
    setting_error::<Copula>(r#"{"alpha": 1}"#, "");
}
