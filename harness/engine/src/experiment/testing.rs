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
        .replace("{sha256}", &crate::identity::sha256(table.as_bytes()))
        .replace("{rows}", &n.to_string());
    std::fs::write(place.join(super::CARD_FILE), card).expect("the card is written");
}

/// The card of the tiny experiment.
pub(crate) const CARD: &str = r#"
format = 1
id = "tiny"
title = "Tiny"
origin = "synthetic"
summary = "Made for tests."
preamble = "You are taking part in a test."
[source]
citation = "none"
licence = "CC0"
exposure = "low"
[table]
file = "participants.csv"
sha256 = "{sha256}"
rows = {rows}
participant = "id"
arm = "arm"
[[arm]]
id = "a"
code = "0"
label = "A"
text = "You are in arm A."
[[arm]]
id = "b"
code = "1"
label = "B"
text = "You are in arm B."
factors = { treated = 1 }
[[covariate]]
id = "group"
label = "Group"
kind = "categorical"
told = "You belong to group {value}."
levels = [{ code = "x", label = "X" }, { code = "y", label = "Y" }, { code = "z", label = "Z" }]
[[covariate]]
id = "age"
label = "Age"
kind = "numeric"
told = "You are {value} years old."
[[item]]
id = "b1"
label = "First"
role = "belief"
kind = "ordinal"
text = "How much?"
wording = "invented"
levels = [{ code = "0", label = "little" }, { code = "1", label = "some" }, { code = "2", label = "much" }]
[[item]]
id = "b2"
label = "Second"
role = "belief"
kind = "nominal"
text = "Which?"
wording = "invented"
levels = [{ code = "0", label = "red" }, { code = "1", label = "green" }, { code = "2", label = "blue" }, { code = "3", label = "grey" }]
[[item]]
id = "act"
label = "Act"
role = "action"
kind = "binary"
text = "Do it?"
wording = "invented"
levels = [{ code = "0", label = "no", value = 0 }, { code = "1", label = "yes", value = 1 }]
[implied_action]
action = "act"
rule = "linear"
terms = [{ item = "b1", weight = 1.0 }]
centre = 2
positive = "1"
negative = "0"
tie = "excluded"
[[regression]]
id = "r"
family = "logit"
formula = "act ~ b1 + treated + group[Y] + group[non-X] + age:treated"
[design]
subgroups = ["group"]
pilot_sizes = [0, 8, 15]
"#;
