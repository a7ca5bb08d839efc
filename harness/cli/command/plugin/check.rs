//! `plugin check`: whether a plugin keeps the contract.

use crate::{
    arguments::{CheckArguments, Places},
    exit::Exit,
    output, setting,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pilotbench_conformance::{self as kit, Kind, Options, PluginIdentity, Report};
use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::{PluginFile, Plugins},
};
use serde_json::{Map, Value, json};
use std::{path::PathBuf, sync::Arc};

mod subject;

/// One backend or metric to check.
struct Target {
    kind: Kind,
    name: String,
    file: PluginFile,
}

pub(super) fn check(places: &Places, arguments: &CheckArguments) -> Result<Exit> {
    if arguments.list {
        list(arguments.json)?;
        return Ok(Exit::Done);
    }
    let wanted = arguments.name.as_deref().unwrap_or_default();
    let plugins = Arc::new(plugins(places, wanted)?);
    let settings = settings(&arguments.settings)?;
    let targets = targets(&plugins, wanted, arguments)?;
    let options = if arguments.quick { Options::quick() } else { Options::default() };
    let is_watched = output::is_watched() && !arguments.quiet;
    let reports: Vec<Report> = targets
        .iter()
        .map(|target| report(&plugins, target, (&settings, options), is_watched))
        .collect();
    match arguments.json {
        true => output::print_json(&reports)?,
        false => {
            for report in &reports {
                output::print_line(&report.text());
            }
        }
    }
    match reports.iter().all(|report| report.conforms) {
        true => Ok(Exit::Done),
        false => Ok(Exit::Integrity),
    }
}

/// All checks there are.
fn list(as_json: bool) -> Result<()> {
    let checks: Vec<_> = kit::backend_checks().into_iter().chain(kit::metric_checks()).collect();
    if as_json {
        let of = |check: &kit::Check| json!({ "id": check.id, "question": check.question });
        return output::print_json(&checks.iter().map(of).collect::<Vec<_>>());
    }
    let mut table = output::table(["check", "question"]);
    for check in checks {
        table.add_row([check.id, check.question]);
    }
    output::print_line(&table.to_string());
    Ok(())
}

/// The plugins of the usual places; a path comes first.
fn plugins(places: &Places, wanted: &str) -> Result<Plugins> {
    let mut places = places.clone();
    if is_path(wanted) {
        places.plugin.insert(0, PathBuf::from(wanted));
    }
    setting::plugins(&places)
}

fn is_path(wanted: &str) -> bool {
    wanted.contains('/') || wanted.ends_with(std::env::consts::DLL_SUFFIX)
}

/// Settings must be an object, as they are in a run file.
fn settings(text: &str) -> Result<String> {
    let parsed: Map<String, Value> = serde_json::from_str(text).map_err(|e| {
        let fault = Fault::usage("--settings", format!("no JSON object: {e}"));
        fault.hint("for example --settings '{\"alpha\": 0.5}'")
    })?;
    Ok(Value::Object(parsed).to_string())
}

/// What is checked: all of the plugin, or the one that was named.
fn targets(plugins: &Plugins, wanted: &str, arguments: &CheckArguments) -> Result<Vec<Target>> {
    let found = plugins.found();
    let entry = match is_path(wanted) {
        // The path was searched first.
        true => found.plugins.first(),
        false => super::named(found, wanted).into_iter().next(),
    };
    let file = &entry.ok_or_else(|| super::unknown(found, wanted))?.file;
    let mut targets = all_of(file);
    let known: Vec<String> = file.probe.provides.clone();
    let chosen = match (&arguments.backend, &arguments.metric) {
        (Some(name), _) => Some((Kind::Backend, name)),
        (None, Some(name)) => Some((Kind::Metric, name)),
        (None, None) => None,
    };
    if let Some((kind, name)) = chosen {
        targets.retain(|target| target.kind == kind && target.name == *name);
    }
    if targets.is_empty() {
        let what = chosen.map_or_else(
            || "nothing".to_owned(),
            |(kind, name)| format!("no {} `{}`", kind.name(), name.escape_debug()),
        );
        let message = format!("plugin `{}` provides {what}", file.probe.name);
        return Err(Fault::usage("", message).hint(format!("it has {}", known.join(", "))));
    }
    Ok(targets)
}

/// All that a plugin provides.
fn all_of(file: &PluginFile) -> Vec<Target> {
    let target = |entry: &String| {
        let (kind, name) = entry.split_once(':')?;
        let kind = if kind == "backend" { Kind::Backend } else { Kind::Metric };
        Some(Target { kind, name: name.to_owned(), file: file.clone() })
    };
    file.probe.provides.iter().filter_map(target).collect()
}

/// Asks all that a plugin provides the quick questions, with default settings.
pub(super) fn quick(plugins: &Arc<Plugins>, file: &PluginFile, quiet: bool) -> Vec<Report> {
    let asked = ("{}", Options::quick());
    let is_watched = output::is_watched() && !quiet;
    all_of(file).iter().map(|target| report(plugins, target, asked, is_watched)).collect()
}

fn report(
    plugins: &Arc<Plugins>,
    target: &Target,
    (settings, options): (&str, Options),
    is_watched: bool,
) -> Report {
    let Target { kind, name, file } = target;
    let subject = subject::Subject::new(plugins, file, name);
    let bar = bar(name, *kind, is_watched);
    let step = |check: &kit::Check| {
        bar.inc(1);
        bar.set_message(check.id);
    };
    let mut report = match kind {
        Kind::Backend => kit::check_backend(Arc::new(subject), settings, options, &step),
        Kind::Metric => kit::check_metric(Arc::new(subject), settings, options, &step),
    };
    bar.finish_and_clear();
    report.plugin = Some(PluginIdentity {
        name: file.probe.name.clone(),
        version: file.probe.version.clone(),
        sha256: file.sha256.clone(),
    });
    report.name.clone_from(name);
    report
}

/// A bar on stderr when somebody watches.
fn bar(name: &str, kind: Kind, is_watched: bool) -> ProgressBar {
    let checks = match kind {
        Kind::Backend => kit::backend_checks().len(),
        Kind::Metric => kit::metric_checks().len(),
    };
    let bar = ProgressBar::new(checks as u64);
    bar.set_draw_target(match is_watched {
        true => ProgressDrawTarget::stderr_with_hz(5),
        false => ProgressDrawTarget::hidden(),
    });
    if let Ok(style) = ProgressStyle::with_template("{prefix:>18} [{bar:30}] {pos}/{len} {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(name.to_owned());
    bar
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn settings_are_an_object() {
        assert_eq!(settings("{\"a\": 1}").unwrap(), "{\"a\":1}");
        for text in ["", "[]", "7", "{"] {
            let fault = settings(text).unwrap_err();
            assert!(fault.message.starts_with("no JSON object"), "{fault}");
        }
    }
}
