//! `plugin list` and `plugin info`.

use crate::{
    arguments::{Places, PluginCommand},
    exit::Exit,
    output, setting,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::{PluginFile, Plugins, Source, inspect},
};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn act(places: &Places, command: PluginCommand) -> Result<Exit> {
    let plugins = setting::plugins(places)?;
    match command {
        PluginCommand::List { json } => list(&plugins, json),
        PluginCommand::Info { name, json } => info(&plugins, &name, json),
        PluginCommand::Check(arguments) => super::check::check(places, &arguments),
    }
}

fn list(plugins: &Plugins, json: bool) -> Result<Exit> {
    let found = plugins.found();
    let used = found.plugins.iter().map(|entry| (entry, "used"));
    let shadowed = found.shadowed.iter().map(|entry| (entry, "shadowed"));
    let entries: Vec<_> = used.chain(shadowed).collect();
    if json {
        let plugins: Vec<Value> = entries
            .iter()
            .map(|((source, file), state)| {
                let mut value = facts(file);
                value["source"] = source.name().into();
                value["state"] = (*state).into();
                value
            })
            .collect();
        let refused: Vec<String> = found.refused.iter().map(ToString::to_string).collect();
        output::print_json(&json!({"plugins": plugins, "refused": refused}))?;
        return Ok(Exit::Done);
    }
    let mut table = output::table(["plugin", "version", "provides", "source", "", "sha256"]);
    for ((source, file), state) in &entries {
        table.add_row([
            file.probe.name.clone(),
            file.probe.version.clone(),
            provides(file),
            source.name().to_owned(),
            (*state).to_owned(),
            file.sha256[..16].to_owned(),
        ]);
    }
    output::print_line(&table.to_string());
    for fault in &found.refused {
        output::print_line(&format!("refused: {fault}"));
    }
    if entries.is_empty() {
        output::print_line("no plugins found; build them with `cargo build --release`");
    }
    Ok(Exit::Done)
}

fn info(plugins: &Plugins, wanted: &str, json: bool) -> Result<Exit> {
    let by_name = plugins.found().plugins.iter().find(|(_, file)| file.probe.name == wanted);
    let (source, file) = match by_name {
        Some((source, file)) => (*source, file.clone()),
        None if Path::new(wanted).exists() || wanted.contains('/') => {
            (Source::Argument, inspect(Path::new(wanted))?)
        }
        None => {
            let names: Vec<_> =
                plugins.found().plugins.iter().map(|(_, f)| f.probe.name.as_str()).collect();
            let fault = Fault::usage("", format!("there is no plugin `{}`", wanted.escape_debug()));
            return Err(fault.hint(format!("there are: {}", names.join(", "))));
        }
    };
    let backends = plugins.describe_backends(&file)?;
    let metrics = plugins.describe_metrics(&file)?;
    if json {
        let mut value = facts(&file);
        value["source"] = source.name().into();
        value["backends"] = json!(backends);
        value["metrics"] = json!(metrics);
        output::print_json(&value)?;
        return Ok(Exit::Done);
    }
    let probe = &file.probe;
    output::print_line(&format!("{} {} ({})", probe.name, probe.version, source.name()));
    output::print_line(&format!("  file       {}", file.path.display()));
    output::print_line(&format!("  sha256     {}", file.sha256));
    output::print_line(&format!("  built by   {}, SDK {}, {}", probe.rustc, probe.sdk, probe.arch));
    output::print_line(&format!("  interfaces {}", probe.interfaces.join(", ")));
    for backend in backends {
        let learns = json!(backend.learns_from);
        output::print_line(&format!(
            "  backend {}: {} (learns from {}, pilot of at least {})",
            backend.name,
            backend.summary,
            learns.as_str().unwrap_or_default(),
            backend.min_pilot
        ));
    }
    for metric in metrics {
        output::print_line(&format!("  metric {}: {}", metric.name, metric.summary));
        for score in metric.scores {
            output::print_line(&format!("    {}: {}", score.name, score.summary));
        }
    }
    Ok(Exit::Done)
}

fn facts(file: &PluginFile) -> Value {
    let probe = &file.probe;
    json!({
        "name": probe.name,
        "version": probe.version,
        "path": file.path,
        "sha256": file.sha256,
        "interfaces": probe.interfaces,
        "provides": probe.provides,
        "rustc": probe.rustc,
        "sdk": probe.sdk,
        "arch": probe.arch,
    })
}

fn provides(file: &PluginFile) -> String {
    file.probe.provides.join("\n")
}
