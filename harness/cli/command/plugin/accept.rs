//! What a plugin must pass before it is installed.

use super::check;
use crate::{arguments::Places, output, setting};
use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::{PluginFile, Plugins},
};
use std::sync::Arc;

/// Loads a plugin, lets it describe all that its probe promises, and asks it the quick questions of
/// `plugin check`.
///
/// # Errors
/// When it cannot be loaded, does not describe what it provides, or breaks the contract.
pub(super) fn accept(places: &Places, file: &PluginFile, quiet: bool) -> Result<()> {
    let mut places = places.clone();
    places.plugin.insert(0, file.path.clone());
    let plugins = Arc::new(setting::plugins(&places)?);
    describes_itself(&plugins, file)?;
    for report in check::quick(&plugins, file, quiet) {
        if report.is_closed() {
            if quiet {
                continue;
            }
            output::remark(&format!(
                "{}: not checked, for it does not open without settings; \
                 `pilotbench plugin check {} --settings JSON` does",
                report.name, file.probe.name
            ));
        } else if !report.conforms {
            output::remark(&report.text());
            let message = format!("`{}` breaks the contract", report.name);
            let fault = Fault::plugin(file.path.display(), message);
            return Err(fault.hint("`--unchecked` installs it all the same"));
        }
    }
    Ok(())
}

fn describes_itself(plugins: &Plugins, file: &PluginFile) -> Result<()> {
    let backends = plugins.describe_backends(file)?;
    let metrics = plugins.describe_metrics(file)?;
    let described = |entry: &str| match entry.split_once(':') {
        Some(("backend", name)) => backends.iter().any(|described| described.name == name),
        Some((_, name)) => metrics.iter().any(|described| described.name == name),
        None => false,
    };
    match file.probe.provides.iter().find(|entry| !described(entry)) {
        None => Ok(()),
        Some(missing) => Err(Fault::plugin(
            file.path.display(),
            format!("lists `{missing}` in its probe and does not describe it"),
        )),
    }
}
