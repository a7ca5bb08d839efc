use super::{Ready, answering, near};
use backend_baseline::HotDeck;
use pilotbench_plugin_sdk::testing;
use proptest::prelude::*;

fn ready(levels: &[usize], pilot: &[&[i32]]) -> Ready<HotDeck> {
    let people: Vec<_> = pilot.iter().map(|answers| answering(answers)).collect();
    Ready::new(&testing::ordinal_experiment(levels), &people)
}

#[test]
fn each_answer_narrows_the_donors() {
    let ready = ready(&[3, 2, 2], &[&[0, 0, 1], &[0, 1, 1], &[0, 1, 0], &[2, 0, 0]]);
    near(&ready.one(&answering(&[-1, -1, -1]), 0), &[0.75, 0.0, 0.25]);
    near(&ready.one(&answering(&[0, -1, -1]), 1), &[1.0 / 3.0, 2.0 / 3.0]);
    near(&ready.one(&answering(&[0, 1, -1]), 2), &[0.5, 0.5]);
    near(&ready.one(&answering(&[0, 0, -1]), 2), &[0.0, 1.0]);
    near(&ready.one(&answering(&[2, 0, -1]), 2), &[1.0, 0.0]);
}

#[test]
fn an_item_without_an_answer_asks_nothing_of_donors() {
    let ready = ready(&[2, 2, 2], &[&[0, 0, 0], &[0, 1, 1], &[1, 1, 1]]);
    near(&ready.one(&answering(&[-1, 1, -1]), 2), &[0.0, 1.0]);
    near(&ready.one(&answering(&[0, -1, -1]), 2), &[0.5, 0.5]);
}

#[test]
fn donors_count_only_for_items_they_answered() {
    let ready = ready(&[2, 2, 2], &[&[0, -1, -1], &[0, 1, -1], &[1, 0, -1]]);
    near(&ready.one(&answering(&[0, -1, -1]), 1), &[0.0, 1.0]);
    near(&ready.one(&answering(&[0, 1, -1]), 2), &[0.5, 0.5]); // nobody answered it
}

#[test]
fn where_nobody_fits_recent_answers_go_before_old_ones() {
    // (0, 1) was given by nobody who answered the last item: 1 is the more recent, and decides.
    let two = ready(&[2, 2, 2], &[&[0, 1, -1], &[0, 0, 0], &[1, 1, 1], &[-1, 1, 1]]);
    near(&two.one(&answering(&[0, 1, -1]), 2), &[0.0, 1.0]);
    // The answer in the middle was given by nobody left, and is passed over; the older still counts.
    let three =
        ready(&[2, 3, 2, 2], &[&[0, 0, 0, 0], &[1, 0, 0, 1], &[0, 2, 0, -1], &[1, 1, 1, 1]]);
    near(&three.one(&answering(&[0, 2, 0, -1]), 3), &[1.0, 0.0]);
    near(&three.one(&answering(&[1, 2, 0, -1]), 3), &[0.0, 1.0]);
}

#[test]
fn more_donors_than_one_word_holds() {
    let records: Vec<[i32; 2]> = (0..150).map(|i| [i % 3, (i / 3) % 2]).collect();
    let records: Vec<&[i32]> = records.iter().map(|r| r.as_slice()).collect();
    let ready = ready(&[3, 2], &records);
    near(&ready.one(&answering(&[-1, -1]), 0), &[1.0 / 3.0; 3]);
    near(&ready.one(&answering(&[2, -1]), 1), &[0.5, 0.5]);
}

proptest! {
    /// The product of the conditionals of a whole interview is the share of its record.
    #[test]
    fn the_joint_distribution_is_the_pilots(
        records in prop::collection::vec((0..3i32, 0..2i32, 0..3i32), 1..90),
    ) {
        let rows: Vec<[i32; 3]> = records.iter().map(|(a, b, c)| [*a, *b, *c]).collect();
        let slices: Vec<&[i32]> = rows.iter().map(|r| r.as_slice()).collect();
        let ready = ready(&[3, 2, 3], &slices);
        let first = ready.one(&answering(&[-1, -1, -1]), 0);
        for (a, pa) in (0..).zip(&first) {
            if *pa == 0.0 {
                continue;
            }
            let second = ready.one(&answering(&[a, -1, -1]), 1);
            for (b, pb) in (0..).zip(&second) {
                if *pb == 0.0 {
                    prop_assert!(!rows.iter().any(|r| r[..2] == [a, b]));
                    continue;
                }
                let third = ready.one(&answering(&[a, b, -1]), 2);
                for (c, pc) in (0..).zip(&third) {
                    let share = rows.iter().filter(|r| **r == [a, b, c]).count() as f64;
                    prop_assert!((pa * pb * pc - share / rows.len() as f64).abs() < 1e-12);
                }
            }
        }
    }
}
