//! Plugins: which are found, whether they are the locked ones, and whether the run file's are there.

use super::Finding;
use crate::{command::plugin::verify, setting};
use pilotbench_engine::{
    fault::{Fault, Result},
    plan::RunFile,
    plugin::{Entry, Found, PluginLock, Source},
};
use std::path::Path;

const PURPOSE: &str = "backends answer and metrics score";

pub(super) fn look(found: std::result::Result<&Found, &Fault>) -> Vec<Finding> {
    match found {
        Ok(found) => of(found),
        Err(fault) => vec![Finding::broken("plugins", fault, PURPOSE).needed()],
    }
}

fn of(found: &Found) -> Vec<Finding> {
    let mut findings = vec![built_in(found)];
    if let Ok(file) = setting::run_file(None) {
        findings.push(of_run_file(found, &file));
    }
    findings.extend(others(found));
    findings
}

fn built_in(found: &Found) -> Finding {
    let built_in = |entry: &&Entry| entry.source == Source::BuiltIn;
    let names: Vec<&str> =
        found.plugins.iter().filter(built_in).map(|e| e.file.probe.name.as_str()).collect();
    match names.is_empty() {
        false => Finding::ok("built in", names.join(", "), PURPOSE),
        true => Finding::missing("built in", "none beside the binary", PURPOSE).remedy(
            "`cargo build --release` in the sources; who copies the binary copies libbackend_* and \
             libmetric_* into `plugins` beside it",
        ),
    }
}

/// Whether all that the run file names is provided by some plugin.
fn of_run_file(found: &Found, file: &RunFile) -> Finding {
    let purpose = "the backends and metrics that the run file names";
    let provided = || -> Result<usize> {
        let methods = file.all_methods();
        let metrics = file.metric_specs();
        for method in &methods {
            found.provider("backend", &method.get_ref().backend)?;
        }
        for metric in &metrics {
            found.provider("metric", &metric.metric)?;
        }
        Ok(methods.len() + metrics.len())
    };
    match provided() {
        Ok(count) => Finding::ok("run file's", format!("{count} of {count} are provided"), purpose),
        Err(fault) => Finding::broken("run file's", &fault, purpose),
    }
    .needed()
}

/// Plugins that did not come with the binary, against plugin.toml and plugins.lock.
fn others(found: &Found) -> Vec<Finding> {
    let lock = match PluginLock::read(Path::new("")) {
        Ok(lock) => lock,
        Err(fault) => return vec![Finding::broken("plugins.lock", &fault, PURPOSE)],
    };
    let of = |verdict: verify::Verdict| match verdict.difference {
        None => Finding::ok(verdict.plugin, verdict.lock, PURPOSE),
        Some(difference) => {
            let remedy = "`pilotbench plugin verify` says more; `pilotbench plugin update --accept` \
                          locks what is here";
            let fault = Fault::plugin("", difference).hint(remedy);
            Finding::broken(verdict.plugin, &fault, PURPOSE)
        }
    };
    verify::all(found, &lock).into_iter().map(of).collect()
}
