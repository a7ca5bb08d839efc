//! Names and summaries that tables can hold.

use crate::checks::{Verdict, failed};

/// Longest name.
const NAME_MAX: usize = 64;
/// Longest summary.
const SUMMARY_MAX: usize = 400;

/// A name that a run file can hold.
pub(crate) fn check_name(name: &str) -> Verdict {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    match starts && name.len() <= NAME_MAX && name.chars().all(allowed) {
        true => Ok(()),
        false => failed(format!(
            "the name `{name}` is not of [a-z0-9_-], starting with a letter or digit, at most \
             {NAME_MAX} long"
        )),
    }
}

/// One line for people.
pub(crate) fn check_summary(summary: &str) -> Verdict {
    if summary.trim().is_empty() {
        return failed("the summary is empty");
    }
    match summary.chars().any(char::is_control) || summary.len() > SUMMARY_MAX {
        true => failed(format!("the summary `{summary}` is not one line of at most {SUMMARY_MAX}")),
        false => Ok(()),
    }
}
