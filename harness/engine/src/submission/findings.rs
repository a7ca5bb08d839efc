use crate::fault::Fault;
use serde::Serialize;

/// Findings of one check that are told one by one; more are only counted.
const TOLD: usize = 20;
/// Characters of a text that is told.
const LONGEST: usize = 300;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// File, replicate or key.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// What is wrong, and where.
    pub fn new(place: impl ToString, message: impl ToString) -> Self {
        Self { place: told(&place.to_string()), message: told(&message.to_string()), hint: None }
    }

    /// Says what would be right.
    pub fn hint(self, hint: impl ToString) -> Self {
        Self { hint: Some(hint.to_string()), ..self }
    }

    /// A fault as a finding, at this place where it has none of its own.
    pub(super) fn of(place: &str, fault: &Fault) -> Self {
        let Fault { place: own, message, hint, .. } = fault;
        let place = if own.is_empty() { place } else { own };
        Self { hint: hint.clone(), ..Self::new(place, message) }
    }
}

/// A text of a stranger, with what could act on a terminal shown and not sent, and cut.
fn told(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if is_active(c) { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

/// Whether a character acts on what shows it: control characters, and those that turn the direction
/// of writing or take no room.
pub(super) fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nothing is wrong.
    Passed,
    /// Something is.
    Failed,
    /// It could not be looked at, since an earlier check failed, or was not asked for.
    Skipped,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// How it ended.
    pub status: Status,
    /// What was found to be so, or why it was not looked at.
    pub said: String,
    /// What is wrong, the first of it.
    pub findings: Vec<Finding>,
    /// How much is wrong in all.
    pub found: usize,
}

impl Check {
    /// A check that was made.
    pub fn made(name: &'static str, said: impl ToString, mut findings: Vec<Finding>) -> Self {
        let found = findings.len();
        findings.truncate(TOLD);
        let status = if found == 0 { Status::Passed } else { Status::Failed };
        Self { name, status, said: said.to_string(), findings, found }
    }

    /// One that was not.
    pub fn skipped(name: &'static str, why: &str) -> Self {
        let said = why.to_owned();
        Self { name, status: Status::Skipped, said, findings: Vec::new(), found: 0 }
    }
}
