//! A small experiment for the engine's own tests.

use super::Experiment;

/// `n` participants, two arms, a three-level covariate in shares 3 : 2 : 1, a numeric one, two
/// beliefs and an action.
pub(crate) fn experiment(n: usize) -> Experiment {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("tiny");
    write(&place, n);
    Experiment::load(&place).expect("the tiny experiment is valid")
}

/// Writes card and table of the tiny experiment.
pub(crate) fn write(place: &std::path::Path, n: usize) {
    std::fs::create_dir_all(place).expect("a folder");
    let mut table = String::from("id,arm,group,age,b1,b2,act\n");
    for i in 0..n {
        let group = ["x", "x", "x", "y", "y", "z"][i % 6];
        let row =
            format!("u{i:03},{},{group},{},{},{},{}\n", i % 2, 20 + i, i % 3, i % 4, i / 2 % 2);
        table.push_str(&row);
    }
    std::fs::write(place.join("participants.csv"), &table).expect("the table is written");
    let card = CARD
        .replace(
            &crate::identity::sha256(SIXTY.as_bytes()),
            &crate::identity::sha256(table.as_bytes()),
        )
        .replace("rows = 60", &format!("rows = {n}"));
    std::fs::write(place.join(super::CARD_FILE), card).expect("the card is written");
}

/// The card, and its table of sixty, as shipped with the test kit.
const CARD: &str = include_str!("../../../testkit/experiments/tiny/experiment.toml");
const SIXTY: &str = include_str!("../../../testkit/experiments/tiny/participants.csv");
