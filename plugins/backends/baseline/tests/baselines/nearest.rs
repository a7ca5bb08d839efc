//! `nn-hotdeck`.

use super::{Ready, answering, mixed, near, person};
use backend_baseline::NnHotDeck;
use pilotbench_plugin_sdk::testing;
use proptest::prelude::*;

const NAN: f64 = f64::NAN;
const ASKED: [i32; 3] = [-1, -1, -1];

/// Ages 20, 40, 30, 30 of standard deviation 8.16: within 4.08 is equal.
fn ready() -> Ready<NnHotDeck> {
    let pilot = [
        person(0, &[20.0, 0.0], &[0, 0, 0]),
        person(0, &[40.0, 0.0], &[1, 1, 1]),
        person(1, &[30.0, 1.0], &[2, 2, 1]),
        person(1, &[30.0, 2.0], &[2, 0, 0]),
    ];
    Ready::new(&mixed(), &pilot)
}

#[test]
fn the_most_equal_fields_win_and_ties_stay() {
    let ready = ready();
    // Arm, group and age of the first.
    near(&ready.one(&person(0, &[23.0, 0.0], &ASKED), 0), &[1.0, 0.0, 0.0]);
    // Age 30 is near neither 20 nor 40: both of arm 0 and group x tie at two fields.
    near(&ready.one(&person(0, &[30.0, 0.0], &ASKED), 0), &[0.5, 0.5, 0.0]);
    // The tie is one of people: after the first answer one of them is left.
    near(&ready.one(&person(0, &[30.0, 0.0], &[1, -1, -1]), 1), &[0.0, 1.0, 0.0]);
    // Arm 1 and age 30 tie; the level y decides for the third.
    near(&ready.one(&person(1, &[30.0, 1.0], &ASKED), 1), &[0.0, 0.0, 1.0]);
    near(&ready.one(&person(1, &[30.0, 0.0], &ASKED), 1), &[0.5, 0.0, 0.5]);
}

#[test]
fn numbers_are_equal_within_half_a_deviation() {
    let ready = ready();
    let half = 0.5 * (200.0f64 / 3.0).sqrt();
    let at = |age: f64| ready.one(&person(0, &[age, NAN], &ASKED), 0);
    near(&at(20.0 + half - 1e-9), &[1.0, 0.0, 0.0]);
    near(&at(20.0 + half + 1e-9), &[0.5, 0.5, 0.0]);
}

#[test]
fn missing_values_equal_nothing() {
    let ready = ready();
    near(&ready.one(&person(-1, &[NAN, NAN], &ASKED), 0), &[0.25, 0.25, 0.5]);
    near(&ready.one(&person(-1, &[NAN, 2.0], &ASKED), 1), &[1.0, 0.0, 0.0]);
    let pilot = [person(-1, &[NAN, NAN], &[0, 0, 0]), person(0, &[1.0, NAN], &[1, 1, 1])];
    let sparse = Ready::<NnHotDeck>::new(&mixed(), &pilot);
    near(&sparse.one(&person(0, &[2.0, 0.0], &ASKED), 0), &[0.0, 1.0, 0.0]);
    near(&sparse.one(&person(1, &[2.0, 0.0], &ASKED), 0), &[0.5, 0.5, 0.0]);
    // One number has no deviation: only itself is equal.
    near(&sparse.one(&person(1, &[1.0, 0.0], &ASKED), 0), &[0.0, 1.0, 0.0]);
}

#[test]
fn the_nearest_are_sought_among_those_who_answered() {
    let pilot = [
        person(0, &[20.0, 0.0], &[-1, 0, 0]),
        person(0, &[60.0, 0.0], &[1, 1, 1]),
        person(1, &[60.0, 2.0], &[2, 2, 1]),
    ];
    let ready = Ready::<NnHotDeck>::new(&mixed(), &pilot);
    near(&ready.one(&person(0, &[20.0, 0.0], &ASKED), 0), &[0.0, 1.0, 0.0]);
    near(&ready.one(&person(0, &[20.0, 0.0], &[1, -1, -1]), 1), &[1.0, 0.0, 0.0]);
}

#[test]
fn without_fields_everybody_is_nearest() {
    let experiment = testing::ordinal_experiment(&[2, 2]);
    let pilot = [answering(&[0, 1]), answering(&[1, 0])];
    let ready = Ready::<NnHotDeck>::new(&experiment, &pilot);
    near(&ready.one(&answering(&[-1, -1]), 0), &[0.5, 0.5]);
}

proptest! {
    /// Against counting equal fields one donor at a time.
    #[test]
    fn the_bit_planes_count_equal_fields(
        donors in prop::collection::vec((-1..2i32, -1..6i32, -1..3i32, 0..3i32), 1..140),
        (arm, age, group) in (-1..2i32, -1..6i32, -1..3i32),
    ) {
        let field = |code: i32| if code < 0 { NAN } else { f64::from(code) };
        let pilot: Vec<_> = donors
            .iter()
            .map(|(arm, age, group, q)| person(*arm, &[field(*age), field(*group)], &[*q, 0, 0]))
            .collect();
        let ready = Ready::<NnHotDeck>::new(&mixed(), &pilot);
        let ages: Vec<f64> = donors.iter().map(|d| field(d.1)).filter(|v| !v.is_nan()).collect();
        let mean = ages.iter().sum::<f64>() / ages.len() as f64;
        let ss: f64 = ages.iter().map(|v| (v - mean).powi(2)).sum();
        let near_by = if ages.len() > 1 { 0.5 * (ss / (ages.len() - 1) as f64).sqrt() } else { 0.0 };
        let equal = |donor: &(i32, i32, i32, i32)| {
            usize::from(arm >= 0 && donor.0 == arm)
                + usize::from((field(donor.1) - field(age)).abs() <= near_by)
                + usize::from(group >= 0 && donor.2 == group)
        };
        let most = donors.iter().map(equal).max().unwrap();
        let nearest: Vec<_> = donors.iter().filter(|donor| equal(donor) == most).collect();
        let share = |q| nearest.iter().filter(|d| d.3 == q).count() as f64 / nearest.len() as f64;
        let ours = ready.one(&person(arm, &[field(age), field(group)], &ASKED), 0);
        near(&ours, &[share(0), share(1), share(2)]);
    }
}
