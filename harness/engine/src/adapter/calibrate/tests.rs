use super::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    log_probabilities: Vec<Vec<f64>>,
    answers: Vec<usize>,
    penalty: f64,
    theta: Vec<f64>,
    value: f64,
}

fn told(log_probabilities: &[Vec<f64>], answers: &[usize]) -> Vec<Told> {
    let pairs = log_probabilities.iter().zip(answers);
    pairs.map(|(logs, level)| Told { log_probabilities: logs.clone(), level: *level }).collect()
}

fn logs(probabilities: &[f64]) -> Vec<f64> {
    probabilities.iter().map(|p| p.ln()).collect()
}

/// `reference.py` made them.
#[test]
fn fits_as_scipy() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("reference.json")).unwrap();
    for case in cases {
        let told = told(&case.log_probabilities, &case.answers);
        let told: Vec<&Told> = told.iter().collect();
        let levels = case.theta.len() - 1;
        let fit = solve(&told, levels, case.penalty).unwrap();
        let found: Vec<f64> = std::iter::once(fit.slope).chain(fit.shifts.clone()).collect();
        for (found, right) in found.iter().zip(&case.theta) {
            assert!((found - right).abs() < 1e-4, "{found} for {right}");
        }
        let problem = Problem { told: &told, levels, weight: case.penalty * told.len() as f64 };
        let value = problem.value(&DVector::from_vec(found));
        assert!(value <= case.value + 1e-9, "{value} above scipy's {}", case.value);
    }
}

#[test]
fn a_pilot_that_answers_as_the_model_says_changes_nothing() {
    let even = vec![logs(&[0.25; 4]); 40];
    let answers: Vec<usize> = (0..40).map(|person| person % 4).collect();
    let fit = Calibration::fit(&told(&even, &answers), 4, &[10.0, 1.0, 0.1], 5);
    assert_eq!((fit.penalty, fit.slope, fit.answers), (None, 1.0, 40));
    let mut same = logs(&[0.7, 0.1, 0.1, 0.1]);
    fit.apply(&mut same);
    assert!((same[0].exp() - 0.7).abs() < 1e-12);
    // Nor does a pilot of nobody, or of one.
    assert_eq!(Calibration::fit(&[], 3, &[1.0], 5).penalty, None);
    assert_eq!(Calibration::fit(&told(&even[..1], &[2]), 4, &[1.0], 5).penalty, None);
}

#[test]
fn shares_move_to_the_pilots() {
    let wrong = vec![logs(&[0.9, 0.05, 0.05]); 60];
    let answers: Vec<usize> = (0..60).map(|person| [0, 1, 1, 2, 2, 2][person % 6]).collect();
    let penalties = [10.0, 1.0, 0.1, 0.01, 0.001];
    let fit = Calibration::fit(&told(&wrong, &answers), 3, &penalties, 5);
    let mut moved = wrong[0].clone();
    fit.apply(&mut moved);
    for (log, share) in moved.iter().zip([1.0 / 6.0, 2.0 / 6.0, 3.0 / 6.0]) {
        assert!((log.exp() - share).abs() < 0.06, "{} for {share}", log.exp());
    }
    let [as_is, chosen] = fit.losses.unwrap();
    assert!(chosen < as_is);
}

#[test]
fn the_impossible_stays_impossible() {
    let said = vec![vec![0.5f64.ln(), 0.5f64.ln(), f64::NEG_INFINITY]; 30];
    // Ten people did what the model rules out: they have no say.
    let answers: Vec<usize> = (0..30).map(|person| person % 3).collect();
    let skewed: Vec<usize> = answers.iter().map(|a| if *a == 1 { 0 } else { *a }).collect();
    let fit = Calibration::fit(&told(&said, &skewed), 3, &[1.0, 0.01], 5);
    assert_eq!(fit.answers, 20);
    let mut scaled = said[0].clone();
    fit.apply(&mut scaled);
    assert_eq!(scaled[2].exp(), 0.0);
    assert!((scaled[0].exp() + scaled[1].exp() - 1.0).abs() < 1e-12);
    assert!(scaled[0] > scaled[1]);
}
