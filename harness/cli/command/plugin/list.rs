//! `plugin list`.

use super::facts;
use crate::{
    color::{self, Tone},
    exit::Exit,
    output,
};
use pilotbench_engine::{
    fault::Result,
    plugin::{Entry, Found, LockState},
};
use serde_json::{Value, json};

/// Refused files shown; more are only counted.
const REFUSED_SHOWN: usize = 20;

pub(super) fn list(found: &Found, json: bool) -> Result<Exit> {
    let entries: Vec<&Entry> = found.plugins.iter().chain(&found.shadowed).collect();
    if json {
        let plugins: Vec<Value> = entries.iter().map(|entry| facts::of_entry(entry)).collect();
        let refused: Vec<String> = found.refused.iter().map(|r| r.fault.to_string()).collect();
        output::print_json(&json!({"plugins": plugins, "refused": refused}))?;
        return Ok(Exit::Done);
    }
    let heading = ["plugin", "version", "provides", "source", "", "lock", "needs", "sha256"];
    let mut table = output::table(heading);
    for entry in &entries {
        let probe = &entry.file.probe;
        let state = match &entry.shadowed_by {
            Some(by) => format!("shadowed by {by}"),
            None => facts::state(entry).to_owned(),
        };
        table.add_row([
            probe.name.clone(),
            probe.version.clone(),
            probe.provides.join("\n"),
            entry.source.name().to_owned(),
            state,
            lock(entry),
            entry.file.needs.to_string(),
            entry.file.sha256[..16].to_owned(),
        ]);
    }
    output::print_line(&table.to_string());
    for refused in found.refused.iter().take(REFUSED_SHOWN) {
        output::print_line(&format!("refused: {}", output::inert(&refused.fault.to_string())));
    }
    if found.refused.len() > REFUSED_SHOWN {
        let more = found.refused.len() - REFUSED_SHOWN;
        output::print_line(&format!("refused: {more} more; --json shows all"));
    }
    if entries.is_empty() {
        output::print_line("no plugins found; build them with `cargo build --release`");
    }
    Ok(Exit::Done)
}

fn lock(entry: &Entry) -> String {
    match &entry.lock {
        LockState::BuiltIn => "–".to_owned(),
        state @ LockState::Differs(_) => color::of_result(Tone::Bad, state.name()),
        state => state.name().to_owned(),
    }
}
