//! `verify`.

use super::{leaderboard, set_threads};
use crate::{
    arguments::{Places, RecordedArguments},
    exit::Exit,
    output, setting, signals,
};
use pilotbench_engine::{fault::Result, leaderboard as board};
use serde_json::json;

/// Recomputes every score of a run.
pub(crate) fn verify(places: &Places, arguments: &RecordedArguments) -> Result<Exit> {
    set_threads(places, &arguments.work)?;
    let recorded = setting::recorded(places, &arguments.chosen)?;
    let stop = signals::listen()?;
    let recompute = || leaderboard::make(&recorded, &arguments.work, stop).map(|(_, files)| files);
    let (checked, findings) = board::verify(
        &recorded.plan,
        &recorded.sources.experiments,
        &recorded.record,
        &recorded.record.root().join("leaderboard"),
        &recompute,
    )?;
    if arguments.json {
        let findings: Vec<_> =
            findings.iter().map(|f| json!({"place": f.place, "message": f.message})).collect();
        output::print_json(&json!({"replicates": checked, "findings": findings}))?;
    } else {
        for finding in &findings {
            output::print_line(&format!("{}: {}", finding.place, finding.message));
        }
        let verdict = match findings.len() {
            0 => "every hash agrees, every score follows from the stored answers".to_owned(),
            n => format!("{n} findings"),
        };
        output::print_line(&format!("{checked} replicates checked: {verdict}"));
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Integrity })
}
