//! What a plugin must pass before it is installed.

use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::{Found, PluginFile, Plugins},
};

/// Loads a plugin and lets it describe all that its probe promises.
///
/// # Errors
/// When it cannot be loaded, or does not describe what it provides.
pub(super) fn check(file: &PluginFile) -> Result<()> {
    let plugins = Plugins::new(Found::default());
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
