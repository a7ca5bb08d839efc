//! Answers in plain text.

use super::choices::{Choice, Choices};
use super::law::Law;
use super::token::{Token, Ways};

/// What is said where nothing is offered.
const UNSURE: &str = "I am not sure.";

/// Answers a question of which the answer is begun; `lead` stands before an answer.
pub(super) fn answer(law: &Law, choices: &Choices, begun: &str, lead: &str) -> Vec<Token> {
    let (ways, begun) = begin(law, choices, begun, lead);
    let open: Vec<_> = ways.whole.iter().filter(|(whole, _)| whole.starts_with(begun)).collect();
    let shares: Vec<_> = open.iter().map(|(_, p)| *p).collect();
    let chosen = &open[law.draw(&shares, "")].0;
    ways.speak(chosen, begun)
}

/// What could be said, and how much of it is said: nothing if what is begun is no such answer.
fn begin<'a>(law: &Law, choices: &Choices, begun: &'a str, lead: &str) -> (Ways, &'a str) {
    let is_begun = |ways: &Ways| ways.whole.iter().any(|(way, _)| way.starts_with(begun));
    let said = ways(law, choices, Choice::said, lead);
    if is_begun(&said) {
        return (said, begun);
    }
    let labels = ways(law, choices, |option| &option.label, lead);
    if is_begun(&labels) {
        return (labels, begun);
    }
    let glued = begun.ends_with(|c: char| c.is_whitespace() || "(\"'>".contains(c));
    (ways(law, choices, Choice::said, if glued { "" } else { " " }), "")
}

/// What could be said after a text.
pub(super) fn ways(
    law: &Law,
    choices: &Choices,
    said: impl Fn(&Choice) -> &str,
    lead: &str,
) -> Ways {
    let labels: Vec<_> = choices.options.iter().map(|option| option.label.as_str()).collect();
    let options = choices.options.iter().map(|option| format!("{lead}{}", said(option)));
    let mut whole: Vec<_> = options.zip(law.shares(&labels, "")).collect();
    if whole.is_empty() {
        whole.push((format!("{lead}{UNSURE}"), 1.0));
    }
    Ways { whole, lettered: choices.lettered() }
}
