//! Data without a finite or unique fit, and data that make no model.

use pilotbench_regression::{Data, Family, Invalid, Outcome, fit};

const LINE: [f64; 8] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

#[test]
fn perfect_separation_is_flagged_and_a_penalty_cures_it() {
    let data = Data::new(&LINE, 1, &[0, 0, 0, 0, 1, 1, 1, 1], 2).unwrap();
    for family in [Family::Binary, Family::Ordinal, Family::Multinomial] {
        assert_eq!(fit(family, &data, 0.0).unwrap().outcome, Outcome::Separated, "{family:?}");
        assert_eq!(fit(family, &data, 0.01).unwrap().outcome, Outcome::Converged, "{family:?}");
    }
}

#[test]
fn quasi_complete_separation_is_flagged() {
    // At 3 both levels occur; elsewhere the number decides.
    let x = [0.0, 1.0, 3.0, 3.0, 3.0, 5.0, 6.0, 7.0];
    let data = Data::new(&x, 1, &[0, 0, 0, 1, 1, 1, 1, 1], 2).unwrap();
    assert_eq!(fit(Family::Binary, &data, 0.0).unwrap().outcome, Outcome::Separated);
}

#[test]
fn a_dummy_that_fixes_one_level_separates_multinomial_and_ordinal_fits() {
    let x = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let data = Data::new(&x, 1, &[2, 2, 0, 1, 2, 0, 1, 2], 3).unwrap();
    for family in [Family::Multinomial, Family::Ordinal] {
        assert_eq!(fit(family, &data, 0.0).unwrap().outcome, Outcome::Separated, "{family:?}");
    }
}

#[test]
fn separation_does_not_depend_on_the_scale_of_a_column() {
    for scale in [1e-6, 1.0, 1e6] {
        let x: Vec<f64> = LINE.iter().map(|v| v * scale).collect();
        let apart = Data::new(&x, 1, &[0, 0, 0, 0, 1, 1, 1, 1], 2).unwrap();
        let overlapping = Data::new(&x, 1, &[0, 0, 0, 1, 0, 1, 1, 1], 2).unwrap();
        assert_eq!(fit(Family::Binary, &apart, 0.0).unwrap().outcome, Outcome::Separated);
        assert_eq!(fit(Family::Binary, &overlapping, 0.0).unwrap().outcome, Outcome::Converged);
    }
}

#[test]
fn dependent_columns_are_singular_without_penalty_only() {
    let x: Vec<f64> = LINE.iter().flat_map(|v| [*v, 2.0 * v + 1.0]).collect();
    let data = Data::new(&x, 2, &[0, 1, 0, 1, 0, 1, 1, 1], 2).unwrap();
    assert_eq!(fit(Family::Binary, &data, 0.0).unwrap().outcome, Outcome::Singular);
    assert_eq!(fit(Family::Binary, &data, 0.5).unwrap().outcome, Outcome::Converged);
}

#[test]
fn without_columns_the_shares_come_back() {
    let outcomes = [0, 0, 1, 2, 2, 2];
    let data = Data::new(&[], 0, &outcomes, 3).unwrap();
    for family in [Family::Ordinal, Family::Multinomial] {
        let fit = fit(family, &data, 0.0).unwrap();
        let mut p = [0.0; 3];
        fit.model.probabilities(&[], &mut p);
        for (p, share) in p.iter().zip([2.0 / 6.0, 1.0 / 6.0, 3.0 / 6.0]) {
            assert!((p - share).abs() < 1e-12);
        }
        assert!(fit.pseudo_r2().abs() < 1e-12);
    }
}

#[test]
fn bad_data_are_named() {
    let invalid = |design: &[f64], outcomes: &[usize], levels| {
        Data::new(design, 1, outcomes, levels).unwrap_err()
    };
    assert_eq!(invalid(&[1.0], &[0, 1], 2), Invalid::Shape);
    assert_eq!(invalid(&[f64::NAN], &[0], 2), Invalid::NotFinite);
    assert_eq!(invalid(&[1.0], &[0], 1), Invalid::LevelCount);
    assert_eq!(invalid(&[1.0], &[2], 2), Invalid::LevelOutOfRange);
    let data = Data::new(&LINE, 1, &[0, 0, 2, 2, 0, 0, 2, 2], 3).unwrap();
    assert_eq!(fit(Family::Ordinal, &data, 1.0).unwrap_err(), Invalid::LevelAbsent(1));
    assert_eq!(fit(Family::Binary, &data, 1.0).unwrap_err(), Invalid::LevelCount);
    assert_eq!(fit(Family::Ordinal, &data, -1.0).unwrap_err(), Invalid::Penalty);
    assert_eq!(data.weighted(&[1.0]).unwrap_err(), Invalid::Shape);
    assert_eq!(data.weighted(&[-1.0; 8]).unwrap_err(), Invalid::NotFinite);
}
