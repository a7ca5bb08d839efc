//! The interview in words, for backends that read.

use crate::experiment::{CovariateKind, Design, Item, People, code};
use arrow_array::StringArray;
use serde::Serialize;

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: String,
}

/// The beginning of an interview in words: the first `asked` questions with the first `answered`
/// answers, as JSON text. What most participants share comes first: what `before` says, then the
/// person, then the arm, then questions and answers in order.
pub(super) fn chat(
    design: &Design,
    people: &People,
    row: usize,
    before: &str,
    (asked, answered): (usize, usize),
    level: &dyn Fn(usize) -> Option<usize>,
) -> String {
    let person = person(design, people, row);
    let words: Vec<&str> = [before, &person].into_iter().filter(|w| !w.is_empty()).collect();
    let mut messages = vec![Message { role: "system", content: words.join(" ") }];
    let arm = arm(design, people, row);
    for (i, item) in design.items.iter().enumerate().take(asked) {
        let lead = if i == 0 && !arm.is_empty() { format!("{arm}\n\n") } else { String::new() };
        messages.push(Message { role: "user", content: lead + &question(item) });
        if i < answered {
            messages.push(Message { role: "assistant", content: answer(item, level(i)) });
        }
    }
    crate::identity::canonical_json(&messages)
}

/// The whole interview of each person, as JSON text, with the answers that they gave.
pub fn whole(design: &Design, people: &People) -> StringArray {
    let (before, all) = (design.preamble.trim(), design.items.len());
    let chat = |row: usize| {
        let level = |item: usize| code(&people.answers[item], row);
        Some(chat(design, people, row, before, (all, all), &level))
    };
    (0..people.len()).map(chat).collect()
}

/// What is told of earlier participants, after the preamble and before everybody's own words: the
/// questions once, then each person with arm and answers.
pub(super) fn examples(design: &Design, people: &People) -> String {
    let mut text = design.preamble.trim().to_owned();
    if people.is_empty() {
        return text;
    }
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str("Earlier participants were asked:");
    for (i, item) in design.items.iter().enumerate() {
        text.push_str(&format!("\n{}. {}", i + 1, item.text.trim()));
    }
    text.push_str("\n\nThis is how some of them answered.");
    for row in 0..people.len() {
        text.push_str("\n\n");
        let words = [person(design, people, row), arm(design, people, row).to_owned()];
        let words: Vec<&str> = words.iter().map(String::as_str).filter(|w| !w.is_empty()).collect();
        text.push_str(&words.join(" "));
        for (i, item) in design.items.iter().enumerate() {
            text.push_str(&format!("\n{}. {}", i + 1, answer(item, code(&people.answers[i], row))));
        }
    }
    text.push_str("\n\nNow it is your turn, another participant.");
    text
}

fn arm<'a>(design: &'a Design, people: &People, row: usize) -> &'a str {
    people.arm(row).map(|arm| design.arms[arm].text.trim()).unwrap_or_default()
}

fn answer(item: &Item, level: Option<usize>) -> String {
    let label = level.map(|level| item.levels[level].label.clone());
    label.unwrap_or_else(|| "(no answer)".to_owned())
}

fn person(design: &Design, people: &People, row: usize) -> String {
    let mut text = String::new();
    for (i, covariate) in design.covariates.iter().enumerate() {
        let told = match covariate.kind {
            CovariateKind::Numeric => people
                .number(row, i)
                .map(|number| covariate.told.replace("{value}", &number.to_string())),
            CovariateKind::Categorical => people.level(row, i).map(|level| {
                let level = &covariate.levels[level];
                let sentence = level.told.as_ref().unwrap_or(&covariate.told);
                sentence.replace("{value}", &level.label)
            }),
        };
        if let Some(sentence) = told.filter(|sentence| !sentence.is_empty()) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&sentence);
        }
    }
    text.trim().to_owned()
}

fn question(item: &Item) -> String {
    let mut text = item.text.trim().to_owned();
    text.push_str("\nAnswer with one of:");
    for level in &item.levels {
        text.push_str("\n- ");
        text.push_str(&level.label);
    }
    text
}
