//! `compare`: one run against another.

mod forms;
mod junit;

pub(super) use forms::{data, escaped, property};

use super::{leaderboard, set_threads};
use crate::{
    arguments::{Chosen, CompareArguments, CompareFormat, FailOn, Places},
    exit::Exit,
    output,
    setting::{self, Recorded},
    signals,
};
use pilotbench_engine::{
    contrast::{CellSpeed, Contrast, Rules, Side, speeds},
    fault::{Fault, Result},
    plan::{Plan, PlannedMetric, VALID_RATE},
    score::{self, Scores},
};
use serde::Serialize;
use std::{fs, io::Write, path::Path, sync::atomic::AtomicBool};

/// Two runs and what they say of each other.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) base: String,
    pub(super) new: String,
    pub(super) rules: Rules,
    #[serde(flatten)]
    pub(super) contrast: Contrast,
    pub(super) regressions: usize,
    pub(super) changes_in_all: usize,
}

/// A run with its scores.
struct Scored {
    recorded: Recorded,
    plan: Plan,
    scores: Scores,
    speeds: Vec<CellSpeed>,
}

impl Scored {
    fn side(&self) -> Side<'_> {
        Side { plan: &self.plan, scores: &self.scores, speeds: &self.speeds }
    }
}

/// Compares two runs.
pub(super) fn compare(places: &Places, arguments: &CompareArguments) -> Result<Exit> {
    set_threads(places, &arguments.work)?;
    let mut rules = rules(arguments)?;
    let stop = signals::listen()?;
    let opened = |name: &String| {
        setting::recorded(places, &Chosen { run: Some(name.clone()), allow_changed_plugins: true })
    };
    let (base, new) = (opened(&arguments.base)?, opened(&arguments.new)?);
    if rules.scores.is_empty() {
        rules.scores.push(headline(&new.plan)?);
    }
    // Kept scores of one and the same library can be compared; else both runs are scored again.
    let may_keep = arguments.resamples.is_none()
        && metrics_of(&base.plan, &rules.scores) == metrics_of(&new.plan, &rules.scores);
    let base = scored(base, &rules.scores, may_keep, arguments, stop)?;
    let new = scored(new, &rules.scores, may_keep, arguments, stop)?;
    let contrast = Contrast::of(&base.side(), &new.side(), &rules);
    let report = Report {
        base: setting::folder_name(base.recorded.record.root()),
        new: setting::folder_name(new.recorded.record.root()),
        regressions: contrast.regressions(),
        changes_in_all: contrast.all_changes(),
        rules,
        contrast,
    };
    show(&report, arguments)?;
    let has_failed = match arguments.fail_on {
        FailOn::Never => false,
        FailOn::Regression => report.regressions > 0,
        FailOn::AnyChange => report.changes_in_all > 0,
    };
    Ok(if has_failed { Exit::Regression } else { Exit::Done })
}

fn rules(arguments: &CompareArguments) -> Result<Rules> {
    let CompareArguments { margin, confidence, speed_margin, no_speed, .. } = *arguments;
    if !(0.5..1.0).contains(&confidence) {
        return Err(Fault::usage(
            "--confidence",
            format!("{confidence} is not from 0.5 to below 1"),
        ));
    }
    for (name, value) in [("--margin", margin), ("--speed-margin", speed_margin)] {
        if !(value >= 0.0 && value.is_finite()) {
            return Err(Fault::usage(name, format!("{value} is no margin")));
        }
    }
    let speed_margin = (!no_speed).then_some(speed_margin);
    Ok(Rules { scores: arguments.score.clone(), confidence, margin, speed_margin })
}

/// The score that orders a run's board.
fn headline(plan: &Plan) -> Result<String> {
    let named =
        plan.leaderboard.headline.clone().or_else(|| plan.leaderboard.columns.first().cloned());
    let usual =
        || plan.metrics.iter().flat_map(|metric| metric.facts.scores.first()).next().cloned();
    named.or_else(usual).ok_or_else(|| {
        Fault::usage("--score", "the new run has no metric").hint("name a score of a metric")
    })
}

/// The metrics that give these scores, with their settings and libraries.
fn metrics_of<'a>(plan: &'a Plan, names: &[String]) -> Vec<&'a PlannedMetric> {
    let gives =
        |metric: &&PlannedMetric| names.iter().any(|name| metric.facts.scores.contains(name));
    plan.metrics.iter().filter(gives).collect()
}

/// Scores a run by the metrics alone that give these scores.
fn scored(
    recorded: Recorded,
    names: &[String],
    may_keep: bool,
    arguments: &CompareArguments,
    stop: &AtomicBool,
) -> Result<Scored> {
    let mut plan = recorded.plan.clone();
    plan.metrics = metrics_of(&recorded.plan, names).into_iter().cloned().collect();
    let is_given = |name: &String| {
        name == VALID_RATE || plan.metrics.iter().any(|metric| metric.facts.scores.contains(name))
    };
    if let Some(missing) = names.iter().find(|name| !is_given(name)) {
        let run = setting::folder_name(recorded.record.root());
        let message = format!("no metric of {run} gives `{}`", missing.escape_debug());
        let known: Vec<&str> = recorded
            .plan
            .metrics
            .iter()
            .flat_map(|metric| metric.facts.scores.iter().map(String::as_str))
            .collect();
        return Err(Fault::usage("--score", message).names(missing, &known));
    }
    let speeds = speeds(&recorded.plan, &recorded.record)?;
    // Scores that were kept when the run ended, where these are among them.
    let kept = if may_keep { score::kept(&recorded.plan, &recorded.record)? } else { None };
    if let Some(scores) = kept.filter(|kept| names.iter().all(|name| kept.shown.has(name))) {
        return Ok(Scored { recorded, plan, scores, speeds });
    }
    if let Some(resamples) = arguments.resamples {
        plan.score.resamples = resamples as usize;
    }
    plan.leaderboard.columns = names.to_vec();
    plan.leaderboard.headline = names.first().cloned();
    let answers = score::Recorded { plan: &plan, record: &recorded.record };
    let scores = leaderboard::scores(&recorded.sources, &plan, &answers, &arguments.work, stop)?;
    Ok(Scored { recorded, plan, scores, speeds })
}

fn show(report: &Report, arguments: &CompareArguments) -> Result<()> {
    let format = if arguments.json { CompareFormat::Json } else { arguments.format };
    let text = match format {
        CompareFormat::Terminal => forms::terminal(report, arguments.out.is_none()),
        CompareFormat::Markdown => forms::markdown(report),
        CompareFormat::Json => {
            serde_json::to_string_pretty(report).map_err(|e| Fault::usage("json", e))? + "\n"
        }
        CompareFormat::Junit => junit::junit(report)?,
        CompareFormat::Github => {
            if let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY") {
                append(Path::new(&file), &forms::markdown(report))?;
            }
            forms::github(report)
        }
    };
    match &arguments.out {
        Some(file) => fs::write(file, text).map_err(|e| Fault::store(file.display(), e)),
        None => {
            output::print(&text);
            Ok(())
        }
    }
}

/// Adds to a file, such as a step summary.
pub(super) fn append(path: &Path, text: &str) -> Result<()> {
    let file = fs::OpenOptions::new().append(true).create(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| Fault::store(path.display(), e))
}
