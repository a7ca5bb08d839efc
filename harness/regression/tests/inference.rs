//! Coefficients, standard errors and p-values against statsmodels and numpy
//! (`fixtures/inference.py`), and what must hold for any data.

#![allow(clippy::unwrap_used)] // helpers of tests, not only tests, unwrap

use pilotbench_regression::{
    Coefficient, Data, Estimates, Estimator, Family, Fitter, Kind, NoEstimate, fit,
};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[derive(Clone)]
struct Table {
    kind: Kind,
    columns: usize,
    levels: usize,
    values: Vec<f64>,
    design: Vec<f64>,
    outcomes: Vec<usize>,
    weights: Vec<f64>,
}

impl Table {
    fn fitter(&self) -> Fitter {
        let data = Data::new(&self.design, self.columns, &self.outcomes, self.levels).unwrap();
        Fitter::new(self.kind, &data, &self.values).unwrap()
    }

    fn fit(&self) -> Result<Estimates, NoEstimate> {
        let fitter = self.fitter();
        fitter.fit(&self.weights, None, &mut fitter.scratch())
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.design[row * self.columns..(row + 1) * self.columns]
    }

    /// Rows in this order, with repetitions, all of weight 1.
    fn rows(&self, rows: &[usize]) -> Self {
        Self {
            design: rows.iter().flat_map(|row| self.row(*row).to_vec()).collect(),
            outcomes: rows.iter().map(|row| self.outcomes[*row]).collect(),
            weights: vec![1.0; rows.len()],
            ..self.clone()
        }
    }
}

fn cases() -> Vec<(Table, Value)> {
    let json: Value = serde_json::from_str(include_str!("fixtures/inference.json")).unwrap();
    let cases = json["cases"].as_array().unwrap().iter().map(|case| {
        let table = Table {
            kind: match case["kind"].as_str().unwrap() {
                "binary" => Kind::Binary,
                "ordinal" => Kind::Ordinal,
                _ => Kind::LeastSquares,
            },
            columns: case["columns"].as_u64().unwrap() as usize,
            levels: case["levels"].as_u64().unwrap() as usize,
            values: numbers(&case["values"]),
            design: numbers(&case["design"]),
            outcomes: numbers(&case["outcomes"]).iter().map(|v| *v as usize).collect(),
            weights: numbers(&case["weights"]),
        };
        (table, case.clone())
    });
    cases.collect()
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * b.abs().max(1e-3)
}

#[test]
fn estimates_are_those_of_the_reference() {
    let cases = cases();
    assert_eq!(cases.len(), 14);
    for (number, (table, case)) in cases.iter().enumerate() {
        let found = table.fit().unwrap();
        let estimator = match case["estimator"].as_str().unwrap() {
            "ml" => Estimator::MaximumLikelihood,
            "firth" => Estimator::Firth,
            "ridge" => Estimator::Ridge,
            _ => Estimator::LeastSquares,
        };
        assert_eq!(found.estimator, estimator, "case {number}");
        let check = |ours: &Coefficient, reference: &Value| {
            let [value, error, p] = numbers(reference)[..] else { panic!("three numbers") };
            assert!(near(ours.value, value, 1e-7), "case {number}: {ours:?} for {reference}");
            assert!(near(ours.error, error, 1e-7), "case {number}: {ours:?} for {reference}");
            assert!(near(ours.p_value(), p, 1e-6), "case {number}: {ours:?} for {reference}");
        };
        let intercepts = case["intercepts"].as_array().unwrap();
        assert_eq!(found.intercepts.len(), intercepts.len());
        found.intercepts.iter().zip(intercepts).for_each(|(ours, value)| check(ours, value));
        for (ours, reference) in found.slopes.iter().zip(case["slopes"].as_array().unwrap()) {
            match ours {
                Some(ours) => check(ours, reference),
                None => assert!(reference.is_null(), "case {number}"),
            }
        }
        let dropped = found.slopes.iter().filter(|slope| slope.is_none()).count();
        assert_eq!(found.dropped().count(), dropped);
    }
}

/// Firth's logit of one dummy adds half a person to each cell of the table of two by two (Firth
/// 1993, section 3.3), so its estimates are Haldane's.
#[test]
fn firth_of_two_groups_adds_half_to_each_cell() {
    // predictor 0: 7 zeros, 5 ones; predictor 1: 0 zeros, 9 ones
    let (design, outcomes) = ([0.0, 0.0, 1.0], [0, 1, 1]);
    let data = Data::new(&design, 1, &outcomes, 2).unwrap();
    let fitter = Fitter::new(Kind::Binary, &data, &[]).unwrap();
    let found = fitter.fit(&[7.0, 5.0, 9.0], None, &mut fitter.scratch()).unwrap();
    assert_eq!(found.estimator, Estimator::Firth);
    let (a, b) = (5.5f64 / 7.5, 9.5f64 / 0.5);
    let slope = found.slopes[0].unwrap();
    assert!(near(found.intercepts[0].value, a.ln(), 1e-9));
    assert!(near(slope.value, (b / a).ln(), 1e-9), "{slope:?} {}", (b / a).ln());
    let information = |n: f64, odds: f64| n * odds / (1.0 + odds) / (1.0 + odds);
    let variance = 1.0 / information(12.0, a) + 1.0 / information(9.0, b);
    assert!(near(slope.error, variance.sqrt(), 1e-9), "{slope:?}");
}

fn all(estimates: &Estimates) -> Vec<Option<Coefficient>> {
    estimates.intercepts.iter().copied().map(Some).chain(estimates.slopes.clone()).collect()
}

fn assert_same(a: &Estimates, b: &Estimates, tolerance: f64) {
    assert_eq!(a.estimator, b.estimator);
    for (a, b) in all(a).iter().zip(all(b)) {
        match (a, b) {
            (Some(a), Some(b)) => {
                let same = near(a.value, b.value, tolerance) && near(a.error, b.error, tolerance);
                assert!(same, "{a:?} {b:?}");
            }
            (a, b) => assert!(a.is_none() && b.is_none(), "{a:?} {b:?}"),
        }
    }
}

#[test]
fn weights_count_as_repeated_rows_in_any_order() {
    for (table, _) in cases() {
        for turn in 1..5 {
            let n = table.outcomes.len();
            let weights: Vec<f64> =
                (0..n).map(|row| ((row * row + turn * row) % 4) as f64).collect();
            let rows: Vec<usize> =
                (0..n).flat_map(|row| vec![row; weights[row] as usize]).rev().collect();
            let weighted = Table { weights, ..table.clone() }.fit().unwrap();
            assert_same(&weighted, &table.rows(&rows).fit().unwrap(), 1e-7);
        }
    }
}

#[test]
fn units_of_a_column_do_not_matter() {
    for (table, _) in cases() {
        let factors = [1e-3, -1e4, 7.0, 0.5, 1e6];
        let shift = [1e-3, 1e3, -5.0, 0.0, 2.0];
        let mut other = table.clone();
        for (i, value) in other.design.iter_mut().enumerate() {
            *value = *value * factors[i % table.columns] + shift[i % table.columns];
        }
        let (own, other) = (table.fit().unwrap(), other.fit().unwrap());
        assert_eq!(own.estimator, other.estimator);
        for (column, (a, b)) in own.slopes.iter().zip(&other.slopes).enumerate() {
            assert_eq!(a.is_some(), b.is_some());
            if let (Some(a), Some(b)) = (a, b) {
                let (a, b) = (a.value / a.error, b.value / b.error * factors[column].signum());
                assert!((a - b).abs() < 1e-6, "{a} {b}");
            }
        }
    }
}

#[test]
fn a_warm_start_ends_in_the_same_place() {
    for (table, _) in cases() {
        let fitter = table.fitter();
        let mut scratch = fitter.scratch();
        let start = fitter.fit(&table.weights, None, &mut scratch).unwrap();
        for turn in 1..6 {
            let weights: Vec<f64> =
                (0..fitter.len()).map(|row| ((row * row + turn) % 4) as f64).collect();
            let warm = fitter.fit(&weights, Some(&start), &mut scratch).unwrap();
            let cold = fitter.fit(&weights, None, &mut scratch).unwrap();
            assert_same(&warm, &cold, 1e-7);
        }
    }
}

#[test]
fn a_column_that_a_part_of_the_people_share_is_dropped_there() {
    let (table, _) = &cases()[0];
    let fitter = table.fitter();
    let mut scratch = fitter.scratch();
    let start = fitter.fit(&table.weights, None, &mut scratch).unwrap();
    let weights: Vec<f64> =
        (0..fitter.len()).map(|row| f64::from(u8::from(table.row(row)[2] == 0.0))).collect();
    let part = fitter.fit(&weights, Some(&start), &mut scratch).unwrap();
    assert_eq!(part.dropped().collect::<Vec<_>>(), [2]);
    let rows: Vec<usize> = (0..fitter.len()).filter(|row| weights[*row] > 0.0).collect();
    assert_same(&part, &table.rows(&rows).fit().unwrap(), 1e-7);
}

#[test]
fn what_has_no_estimates_says_why() {
    let design = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let outcomes = [0, 1, 0, 1, 1, 0];
    let fit = |kind, weights: &[f64], outcomes: &[usize], levels| {
        let data = Data::new(&design, 1, outcomes, levels).unwrap();
        let values: Vec<f64> = (0..levels).map(|level| level as f64).collect();
        let fitter = Fitter::new(kind, &data, &values)?;
        fitter.fit(weights, None, &mut fitter.scratch())
    };
    for kind in [Kind::Binary, Kind::Ordinal, Kind::LeastSquares] {
        let constant = fit(kind, &[1.0, 0.0, 2.0, 0.0, 0.0, 1.0], &outcomes, 2);
        assert_eq!(constant.unwrap_err(), NoEstimate::ConstantOutcome);
        assert_eq!(fit(kind, &[0.0; 6], &outcomes, 2).unwrap_err(), NoEstimate::Nobody);
        assert_eq!(fit(kind, &[1.0; 5], &outcomes, 2).unwrap_err(), NoEstimate::Unfit);
        assert_eq!(fit(kind, &[-1.0; 6], &outcomes, 2).unwrap_err(), NoEstimate::Unfit);
    }
    let squares = |weights: &[f64], outcomes| fit(Kind::LeastSquares, weights, outcomes, 6);
    let two = squares(&[1.0, 1.0, 0.0, 0.0, 0.0, 0.0], &[0, 1, 0, 1, 1, 0]);
    assert_eq!(two.unwrap_err(), NoEstimate::TooFewPeople);
    let line = squares(&[1.0; 6], &[0, 1, 2, 3, 4, 5]);
    assert_eq!(line.unwrap_err(), NoEstimate::ExactFit);
    assert_eq!(fit(Kind::Binary, &[1.0; 6], &outcomes, 3).unwrap_err(), NoEstimate::Unfit);
    // one person of each outcome, and nobody in common: still an answer
    let two = fit(Kind::Binary, &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0], &outcomes, 2).unwrap();
    assert_eq!(two.estimator, Estimator::Firth);
}

/// Two groups whose people all answer alike, and one whose people do not.
#[test]
fn a_coefficient_without_residuals_is_dropped() {
    let design = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
    let data = Data::new(&design, 2, &[1, 1, 2, 2, 0, 3], 4).unwrap();
    let fitter = Fitter::new(Kind::LeastSquares, &data, &[0.0, 1.0, 2.0, 3.0]).unwrap();
    let found = fitter.fit(&[1.0; 6], None, &mut fitter.scratch()).unwrap();
    assert_eq!(found.dropped().collect::<Vec<_>>(), [0]);
    // 1.5 − 1, with residuals ±1.5 in a group of two: √(2 · 2.25 / 4 · 6 / 3)
    let other = found.slopes[1].unwrap();
    assert!(near(other.value, 0.5, 1e-9) && near(other.error, 1.5, 1e-9), "{other:?}");
}

#[test]
fn without_columns_only_the_intercept_is_estimated() {
    let data = Data::new(&[], 0, &[0, 1, 1, 1], 2).unwrap();
    for (kind, value) in [(Kind::Binary, 3f64.ln()), (Kind::LeastSquares, 0.75)] {
        let fitter = Fitter::new(kind, &data, &[0.0, 1.0]).unwrap();
        let found = fitter.fit(&[1.0; 4], None, &mut fitter.scratch()).unwrap();
        assert!(near(found.intercepts[0].value, value, 1e-9) && found.slopes.is_empty());
    }
}

/// The general solver and the fast one have the same errors.
#[test]
fn a_fit_has_the_errors_of_the_fitter() {
    for (table, case) in cases().iter().filter(|(_, case)| case["estimator"] == "ml") {
        if case["slopes"].as_array().unwrap().iter().any(Value::is_null) || table.levels == 3 {
            continue;
        }
        let family = if table.kind == Kind::Binary { Family::Binary } else { Family::Ordinal };
        let data = Data::new(&table.design, table.columns, &table.outcomes, table.levels).unwrap();
        let data = data.weighted(&table.weights).unwrap();
        let Ok(fit) = fit(family, &data, 0.0) else { continue };
        let errors = fit.standard_errors(&data).unwrap();
        let expected = all(&table.fit().unwrap());
        assert_eq!(errors.len(), expected.len());
        for (error, expected) in errors.iter().zip(expected) {
            assert!(near(*error, expected.unwrap().error, 1e-6));
        }
    }
}
