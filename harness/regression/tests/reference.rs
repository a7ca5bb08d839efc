//! Fits against statsmodels, scikit-learn and scipy; `fixtures/make.py` wrote the numbers.

#![allow(clippy::unwrap_used)] // helpers of tests, not only tests, unwrap

use pilotbench_regression::{Data, Family, Fit, Outcome, fit};
use serde_json::Value;

/// The reference optimisers stop at about this distance; ours goes on to rounding.
const TOLERANCE: f64 = 1e-6;

struct Case {
    name: String,
    family: Family,
    levels: usize,
    columns: usize,
    penalty: f64,
    design: Vec<f64>,
    outcomes: Vec<usize>,
    json: Value,
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn cases() -> Vec<Case> {
    let json: Value = serde_json::from_str(include_str!("fixtures/logit.json")).unwrap();
    let cases = json["cases"].as_array().unwrap().iter().map(|case| Case {
        name: format!("{} {} penalty {}", case["family"], case["reference"], case["penalty"]),
        family: match case["family"].as_str().unwrap() {
            "binary" => Family::Binary,
            "ordinal" => Family::Ordinal,
            _ => Family::Multinomial,
        },
        levels: case["levels"].as_u64().unwrap() as usize,
        columns: case["columns"].as_u64().unwrap() as usize,
        penalty: case["penalty"].as_f64().unwrap(),
        design: numbers(&case["design"]),
        outcomes: numbers(&case["outcomes"]).iter().map(|v| *v as usize).collect(),
        json: case.clone(),
    });
    cases.collect()
}

impl Case {
    fn data(&self) -> Data<'_> {
        Data::new(&self.design, self.columns, &self.outcomes, self.levels).unwrap()
    }

    fn fit(&self) -> Fit {
        fit(self.family, &self.data(), self.penalty).unwrap()
    }

    fn close(&self, what: &str, ours: f64, reference: f64) {
        let gap = (ours - reference).abs() / reference.abs().max(1.0);
        assert!(gap < TOLERANCE, "{}: {what}: {ours} against {reference}", self.name);
    }
}

#[test]
fn parameters_and_likelihoods_are_those_of_the_reference() {
    let cases = cases();
    assert_eq!(cases.len(), 12);
    for case in &cases {
        let fit = case.fit();
        assert_eq!(fit.outcome, Outcome::Converged, "{}", case.name);
        assert!(fit.steps <= 12, "{}: {} steps", case.name, fit.steps);
        for (ours, reference) in
            fit.model.intercepts().iter().zip(numbers(&case.json["intercepts"]))
        {
            case.close("intercept", *ours, reference);
        }
        assert_eq!(fit.model.intercepts().len(), numbers(&case.json["intercepts"]).len());
        let equations = case.json["slopes"].as_array().unwrap();
        for (equation, slopes) in equations.iter().enumerate() {
            for (ours, reference) in fit.model.slopes(equation).iter().zip(numbers(slopes)) {
                case.close("slope", *ours, reference);
            }
        }
        case.close(
            "log-likelihood",
            fit.log_likelihood,
            case.json["log_likelihood"].as_f64().unwrap(),
        );
        if let Some(reference) = case.json["pseudo_r2"].as_f64() {
            case.close("pseudo R²", fit.pseudo_r2(), reference);
        }
    }
}

#[test]
fn probabilities_make_up_the_likelihood() {
    for case in cases() {
        let (fit, data) = (case.fit(), case.data());
        let mut p = vec![0.0; case.levels];
        let mut sum = 0.0;
        for row in 0..data.len() {
            fit.model.probabilities(data.row(row), &mut p);
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{}", case.name);
            sum += p[data.outcome(row)].ln();
        }
        assert!((sum - fit.log_likelihood).abs() < 1e-9, "{}", case.name);
    }
}

#[test]
fn weights_count_as_repeated_observations() {
    for case in cases() {
        let weights: Vec<f64> = (0..case.outcomes.len()).map(|i| (i % 3) as f64).collect();
        let (mut design, mut outcomes) = (Vec::new(), Vec::new());
        for (row, weight) in weights.iter().enumerate() {
            for _ in 0..*weight as usize {
                design.extend_from_slice(case.data().row(row));
                outcomes.push(case.outcomes[row]);
            }
        }
        let repeated = Data::new(&design, case.columns, &outcomes, case.levels).unwrap();
        let repeated = fit(case.family, &repeated, case.penalty).unwrap();
        let weighted =
            fit(case.family, &case.data().weighted(&weights).unwrap(), case.penalty).unwrap();
        assert_eq!(weighted.outcome, Outcome::Converged);
        assert!((weighted.log_likelihood - repeated.log_likelihood).abs() < 1e-9);
        assert!((weighted.pseudo_r2() - repeated.pseudo_r2()).abs() < 1e-9);
        for (a, b) in weighted.model.slopes(0).iter().zip(repeated.model.slopes(0)) {
            assert!((a - b).abs() < 1e-8, "{}", case.name);
        }
    }
}
