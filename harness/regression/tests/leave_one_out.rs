//! The approximation against refitting without each observation.

#![allow(clippy::unwrap_used)] // helpers of tests, not only tests, unwrap

use pilotbench_regression::{Data, Family, Outcome, choose_penalty, fit, fit_path};

/// A small generator, so that the test needs no crate for it.
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    fn logistic(&mut self) -> f64 {
        let u = self.uniform();
        (u / (1.0 - u)).ln()
    }
}

struct Made {
    design: Vec<f64>,
    outcomes: Vec<usize>,
    levels: usize,
}

/// Outcomes from the first two of `columns` predictors.
fn made(family: Family, n: usize, columns: usize, seed: u64) -> Made {
    let mut numbers = Numbers(seed);
    let (mut design, mut outcomes) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let x: Vec<f64> = (0..columns).map(|_| numbers.normal()).collect();
        let v = 0.9 * x[0] - 0.6 * x[1] + numbers.logistic();
        outcomes.push(match family {
            Family::Binary => usize::from(v > 0.0),
            Family::Ordinal => [-1.5, -0.5, 0.5, 1.5].iter().filter(|cut| v > **cut).count(),
            Family::Multinomial => match (v > 0.5, x[1] + numbers.logistic() > 0.3) {
                (true, _) => 2,
                (_, true) => 1,
                _ => 0,
            },
        });
        design.extend(x);
    }
    let levels = [2, 5, 3][family as usize];
    Made { design, outcomes, levels }
}

/// Log loss of each observation under the fit to the others.
fn exact(family: Family, made: &Made, columns: usize, penalty: f64, floor: f64) -> f64 {
    let n = made.outcomes.len();
    let losses = (0..n).map(|out| {
        let keep = |row: &usize| *row != out;
        let rows: Vec<usize> = (0..n).filter(keep).collect();
        let x = |row: usize| &made.design[row * columns..(row + 1) * columns];
        let design: Vec<f64> = rows.iter().flat_map(|row| x(*row).to_vec()).collect();
        let outcomes: Vec<usize> = rows.iter().map(|row| made.outcomes[*row]).collect();
        let data = Data::new(&design, columns, &outcomes, made.levels).unwrap();
        let mut p = vec![0.0; made.levels];
        match fit(family, &data, penalty) {
            Ok(fit) => fit.model.probabilities(x(out), &mut p),
            Err(_) => p.fill(0.0), // its level is gone
        }
        -p[made.outcomes[out]].max(floor).ln()
    });
    losses.sum()
}

#[test]
fn is_near_the_exact_loss_and_mostly_chooses_the_same_penalty() {
    let (mut same, mut all) = (0, 0);
    for family in [Family::Binary, Family::Ordinal, Family::Multinomial] {
        for (n, columns, seed) in [(40, 4, 1), (60, 8, 2), (100, 12, 3), (50, 5, 4)] {
            let made = made(family, n, columns, seed);
            let floor = 1.0 / (n * made.levels) as f64;
            let data = Data::new(&made.design, columns, &made.outcomes, made.levels).unwrap();
            let grid: Vec<f64> =
                (0..8).rev().map(|i| n as f64 * 10f64.powf(-2.5 + 0.5 * i as f64)).collect();
            let path = fit_path(family, &data, &grid, floor).unwrap();
            assert!(path.fits.iter().all(|fit| fit.outcome == Outcome::Converged));
            let exact: Vec<f64> =
                grid.iter().map(|p| exact(family, &made, columns, *p, floor)).collect();
            for (i, exact) in exact.iter().enumerate() {
                let loss = path.losses[i].unwrap();
                let gap = (loss / exact - 1.0).abs();
                // The weakest penalties are where one step falls short of the refit.
                let allowed = if grid[i] < 0.02 * n as f64 { 0.06 } else { 0.02 };
                assert!(
                    gap < allowed,
                    "{family:?} {n} {columns} {}: {loss} against {exact}",
                    grid[i]
                );
            }
            let least =
                |losses: &[f64]| (0..8).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap();
            let approximate: Vec<f64> = path.losses.iter().map(|loss| loss.unwrap()).collect();
            let (a, b) = (least(&approximate), least(&exact));
            assert!(a.abs_diff(b) <= 1, "{family:?} {n} {columns}: choice {a} against {b}");
            same += usize::from(a == b);
            all += 1;
        }
    }
    assert!(same * 4 >= all * 3, "the same penalty in {same} of {all}");
}

#[test]
fn the_only_observation_at_a_level_counts_with_the_floor() {
    let design = [0.1, -0.4, 0.9, 1.2, -1.0, 0.3, 0.5];
    let outcomes = [0, 0, 2, 2, 0, 1, 2];
    let data = Data::new(&design, 1, &outcomes, 3).unwrap();
    for family in [Family::Ordinal, Family::Multinomial] {
        let losses = fit(family, &data, 1.0).unwrap().leave_one_out(&data, 0.01).unwrap();
        assert!(losses.iter().all(|loss| loss.is_finite() && *loss > 0.0));
        assert!(losses[5] > 2.0 && losses[5] <= -(0.01f64.ln()), "{family:?}: {}", losses[5]);
    }
}

#[test]
fn a_path_started_warm_ends_where_cold_fits_end() {
    let made = made(Family::Ordinal, 60, 6, 9);
    let data = Data::new(&made.design, 6, &made.outcomes, 5).unwrap();
    for fit_on_path in
        fit_path(Family::Ordinal, &data, &[100.0, 10.0, 1.0, 0.1], 1e-3).unwrap().fits
    {
        let cold = fit(Family::Ordinal, &data, fit_on_path.penalty).unwrap();
        for (a, b) in cold.model.slopes(0).iter().zip(fit_on_path.model.slopes(0)) {
            assert!((a - b).abs() < 1e-9);
        }
    }
}

#[test]
fn the_search_finds_the_smallest_loss_of_the_path() {
    for (n, columns, seed) in [(40, 4, 11), (80, 10, 12), (120, 20, 13)] {
        let made = made(Family::Ordinal, n, columns, seed);
        let data = Data::new(&made.design, columns, &made.outcomes, 5).unwrap();
        let grid = [1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3];
        let path = fit_path(Family::Ordinal, &data, &grid, 1e-3).unwrap();
        let best = path.best().unwrap();
        let found = choose_penalty(Family::Ordinal, &data, &grid, 1e-3).unwrap().unwrap();
        assert_eq!(best.model, found.model);
    }
}

#[test]
fn a_fit_that_did_not_converge_has_no_leave_one_out() {
    let data = Data::new(&[0.0, 1.0, 2.0, 3.0], 1, &[0, 0, 1, 1], 2).unwrap();
    let separated = fit(Family::Binary, &data, 0.0).unwrap();
    assert!(separated.leave_one_out(&data, 1e-3).is_none());
    assert!(fit_path(Family::Binary, &data, &[0.0], 1e-3).unwrap().best().is_none());
    assert!(choose_penalty(Family::Binary, &data, &[0.0], 1e-3).unwrap().is_none());
}
