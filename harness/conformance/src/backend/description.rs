//! What a backend says of itself, and its settings.

use super::bench::{Bench, LearnsFrom};
use crate::{
    checks::{Verdict, failed},
    settings, words,
};

pub(super) fn describes(bench: &Bench) -> Verdict {
    let info = bench.info()?;
    words::check_name(&info.name)?;
    words::check_summary(&info.summary)?;
    let learns = !matches!(info.learns_from, LearnsFrom::Nothing | LearnsFrom::Law);
    match info.min_pilot {
        0 => Ok(()),
        n if !learns => failed(format!("it learns from no pilot, and min_pilot is {n}, not 0")),
        n if n > 10_000 => failed(format!("min_pilot is {n}; no experiment has such a pilot")),
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
