//! The interview in words, for backends that read.

use super::Transcript;
use crate::experiment::{CovariateKind, Design, Item, People};
use serde::Serialize;

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: String,
}

/// The chat up to the question `item`, as JSON text. What most participants share comes first: the
/// preamble, then the person, then the arm, then questions and answers in order.
pub(super) fn chat(
    design: &Design,
    people: &People,
    transcript: &Transcript,
    row: usize,
    item: usize,
) -> String {
    let mut messages = vec![Message { role: "system", content: person(design, people, row) }];
    let arm = people.arm(row).map(|arm| design.arms[arm].text.trim()).unwrap_or_default();
    for (i, asked) in design.items.iter().enumerate().take(item + 1) {
        let lead = if i == 0 && !arm.is_empty() { format!("{arm}\n\n") } else { String::new() };
        messages.push(Message { role: "user", content: lead + &question(asked) });
        if i < item {
            let answer = transcript.level(row, i).map(|level| asked.levels[level].label.clone());
            let content = answer.unwrap_or_else(|| "(no answer)".to_owned());
            messages.push(Message { role: "assistant", content });
        }
    }
    crate::identity::canonical_json(&messages)
}

fn person(design: &Design, people: &People, row: usize) -> String {
    let mut text = design.preamble.trim().to_owned();
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
            text.push(if text.is_empty() || text.ends_with('\n') { '\n' } else { ' ' });
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
