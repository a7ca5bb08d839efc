//! What a metric says of itself, and its settings.

use super::bench::{Bench, Better, Score};
use crate::{
    checks::{Verdict, failed},
    settings, words,
};
use std::collections::BTreeSet;

pub(super) fn describes(bench: &Bench) -> Verdict {
    let info = bench.info()?;
    words::check_name(&info.name)?;
    words::check_summary(&info.summary)?;
    if info.scores.is_empty() {
        return failed("it describes no scores");
    }
    let mut seen = BTreeSet::new();
    for score in &info.scores {
        check_score(score)?;
        if !seen.insert(&score.name) {
            return failed(format!("score `{}` is described twice", score.name));
        }
    }
    Ok(())
}

fn check_score(score: &Score) -> Verdict {
    let name = &score.name;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return failed(format!("the score name `{name}` is not of [a-z0-9_.]"));
    }
    words::check_summary(&score.summary)?;
    let (min, max) = (score.min.unwrap_or(f64::MIN), score.max.unwrap_or(f64::MAX));
    if min > max || min.is_nan() || max.is_nan() {
        return failed(format!("score `{name}` has the range {min} to {max}"));
    }
    match score.better {
        Better::At(best) if !best.is_finite() || best < min || best > max => {
            failed(format!("score `{name}` is best at {best}, outside of {min:?} to {max:?}"))
        }
        _ => Ok(()),
    }
}

pub(super) fn opens(bench: &Bench) -> Verdict {
    bench.session().map(drop)
}

pub(super) fn unknown_setting(bench: &Bench) -> Verdict {
    settings::unknown(&bench.settings, |settings| bench.subject.open(settings))
}

pub(super) fn wrong_settings(bench: &Bench) -> Verdict {
    settings::wrong(&bench.settings, |settings| bench.subject.open(settings))
}
