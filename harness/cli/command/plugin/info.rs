//! `plugin info`.

use super::{facts, named, unknown};
use crate::{
    exit::Exit,
    output::{self, inert},
};
use pilotbench_engine::{
    fault::Result,
    plugin::{
        BackendDescription, Entry, LockState, MetricDescription, PluginFile, Plugins, inspect_path,
    },
};
use serde_json::json;
use std::path::Path;

pub(super) fn info(plugins: &Plugins, wanted: &str, json: bool) -> Result<Exit> {
    let found = plugins.found();
    let entry = named(found, wanted).first().copied();
    let file = match entry {
        Some(entry) => entry.file.clone(),
        None if Path::new(wanted).exists() || wanted.contains('/') => {
            inspect_path(Path::new(wanted))?.0
        }
        None => return Err(unknown(found, wanted)),
    };
    let backends = plugins.describe_backends(&file)?;
    let metrics = plugins.describe_metrics(&file)?;
    if json {
        let mut value = entry.map_or_else(|| facts::of_file(&file), facts::of_entry);
        value["manifest"] = json!(entry.and_then(|e| e.placed.as_ref()).map(|p| &p.manifest));
        value["backends"] = json!(backends);
        value["metrics"] = json!(metrics);
        output::print_json(&value)?;
        return Ok(Exit::Done);
    }
    print_file(&file, entry);
    print_provided(&backends, &metrics);
    Ok(Exit::Done)
}

fn print_file(file: &PluginFile, entry: Option<&Entry>) {
    let probe = &file.probe;
    let line = |text: String| output::print_line(&inert(&text));
    match entry {
        Some(entry) => line(entry.title()),
        None => line(format!("{} {} (not installed)", probe.name, probe.version)),
    }
    line(format!("  file       {}", file.path.display()));
    line(format!("  sha256     {}", file.sha256));
    line(format!("  built by   {}, SDK {}, {}", probe.rustc, probe.sdk, probe.arch));
    line(format!("  interfaces {}", probe.interfaces.join(", ")));
    line(format!("  needs      {}", file.needs));
    let Some(entry) = entry else { return };
    match &entry.lock {
        LockState::Differs(locked) => line(format!("  lock       differs: it holds {locked}")),
        lock => line(format!("  lock       {}", lock.name())),
    }
    if let Some(winner) = &entry.shadowed_by {
        line(format!("  shadowed   by {winner}"));
    }
    let about = entry.placed.as_ref().map(|placed| &placed.manifest.plugin);
    if let Some(description) = about.and_then(|about| about.description.as_ref()) {
        line(format!("  about      {description}"));
    }
    if let Some(license) = about.and_then(|about| about.license.as_ref()) {
        line(format!("  licence    {license}"));
    }
}

fn print_provided(backends: &[BackendDescription], metrics: &[MetricDescription]) {
    let line = |text: String| output::print_line(&inert(&text));
    for backend in backends {
        let learns = json!(backend.learns_from);
        line(format!(
            "  backend {}: {} (learns from {}, pilot of at least {})",
            backend.name,
            backend.summary,
            learns.as_str().unwrap_or_default(),
            backend.min_pilot
        ));
    }
    for metric in metrics {
        line(format!("  metric {}: {}", metric.name, metric.summary));
        for score in &metric.scores {
            line(format!("    {}: {}", score.name, score.summary));
        }
    }
}
