//! Where plugins are looked for, and which file wins.

use super::file::{PluginFile, inspect};
use crate::fault::{Fault, Result};
use std::path::{Path, PathBuf};

/// Where a plugin was found, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `--plugin PATH`.
    Argument,
    /// `.pilotbench/plugins` below the working folder.
    Project,
    /// A folder of `PILOTBENCH_PLUGIN_PATH`.
    Environment,
    /// The user's data folder.
    User,
    /// Beside the executable.
    BuiltIn,
}

impl Source {
    /// Word for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Argument => "argument",
            Self::Project => "project",
            Self::Environment => "environment",
            Self::User => "user",
            Self::BuiltIn => "built-in",
        }
    }
}

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Files named on the command line.
    pub arguments: Vec<PathBuf>,
    folders: Vec<(Source, PathBuf)>,
}

impl Search {
    /// The usual places; `arguments` come first.
    pub fn usual(arguments: Vec<PathBuf>) -> Self {
        let mut folders = vec![(Source::Project, PathBuf::from(".pilotbench/plugins"))];
        let listed = std::env::var_os("PILOTBENCH_PLUGIN_PATH").unwrap_or_default();
        let absolute = |folder: &PathBuf| folder.is_absolute();
        folders.extend(
            std::env::split_paths(&listed).filter(absolute).map(|f| (Source::Environment, f)),
        );
        let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
        if let Some(data) = data.filter(absolute).or(home) {
            folders.push((Source::User, data.join("pilotbench/plugins")));
        }
        if let Some(beside) =
            std::env::current_exe().ok().and_then(|p| Some(p.parent()?.to_owned()))
        {
            // Cargo leaves a dependency's library in `deps`, an installer puts it into `plugins`.
            for folder in ["plugins", ".", "deps"] {
                folders.push((Source::BuiltIn, beside.join(folder)));
            }
        }
        Self { arguments, folders }
    }

    /// All plugins, the winner of each name first. Nothing is loaded.
    ///
    /// # Errors
    /// When a file named on the command line is not a plugin. Other files that are not are listed
    /// as such.
    pub fn run(&self) -> Result<Found> {
        let mut found = Found::default();
        for path in &self.arguments {
            found.add(Source::Argument, inspect(path)?);
        }
        for (source, folder) in &self.folders {
            for path in libraries(*source, folder) {
                match inspect(&path) {
                    Ok(file) => found.add(*source, file),
                    Err(fault) => found.refused.push(fault),
                }
            }
        }
        Ok(found)
    }
}

/// Library files of a folder, in order of name. Among the build's own products only those named
/// like our plugins are looked at: the rest are compiler plugins.
fn libraries(source: Source, folder: &Path) -> Vec<PathBuf> {
    let ours = |name: &str| name.starts_with("libbackend_") || name.starts_with("libmetric_");
    let fits = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(std::env::consts::DLL_SUFFIX) && (source != Source::BuiltIn || ours(name))
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(fits).collect();
    files.sort();
    files
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The plugin of each name that is used.
    pub plugins: Vec<(Source, PluginFile)>,
    /// Plugins hidden by one of the same name found earlier.
    pub shadowed: Vec<(Source, PluginFile)>,
    /// Files that are not plugins of this host, with the reason.
    pub refused: Vec<Fault>,
}

impl Found {
    fn add(&mut self, source: Source, file: PluginFile) {
        let same = |(_, other): &&(Source, PluginFile)| other.probe.name == file.probe.name;
        match self.plugins.iter().find(same) {
            None => self.plugins.push((source, file)),
            // The same library under a second path (cargo's hard links) hides nothing.
            Some((_, winner)) if winner.sha256 == file.sha256 => {}
            Some(_) => self.shadowed.push((source, file)),
        }
    }

    /// The plugin that provides this (`backend:NAME`, `metric:NAME`); `wanted` may be
    /// `PLUGIN/NAME`.
    ///
    /// # Errors
    /// When none does, or several do.
    pub fn provider(&self, kind: &str, wanted: &str) -> Result<(&PluginFile, String)> {
        let (plugin, name) = match wanted.split_once('/') {
            Some((plugin, name)) => (Some(plugin), name),
            None => (None, wanted),
        };
        let entry = format!("{kind}:{name}");
        let fits = |(_, file): &&(Source, PluginFile)| {
            plugin.is_none_or(|plugin| file.probe.name == plugin)
                && file.probe.provides.contains(&entry)
        };
        let mut providers = self.plugins.iter().filter(fits);
        match (providers.next(), providers.next()) {
            (Some((_, file)), None) => Ok((file, name.to_owned())),
            (Some((_, a)), Some((_, b))) => {
                let message = format!(
                    "{kind} `{name}` is in plugins `{}` and `{}`",
                    a.probe.name, b.probe.name
                );
                let hint = format!("write `{}/{name}`", a.probe.name);
                Err(Fault::usage("", message).hint(hint))
            }
            (None, _) => Err(self.unknown(kind, wanted)),
        }
    }

    fn unknown(&self, kind: &str, wanted: &str) -> Fault {
        let prefix = format!("{kind}:");
        let mut known: Vec<&str> = self
            .plugins
            .iter()
            .flat_map(|(_, file)| &file.probe.provides)
            .filter_map(|entry| entry.strip_prefix(&prefix))
            .collect();
        known.sort_unstable();
        let hint = match known.is_empty() {
            true => "no plugin was found; build with `cargo build --release`".to_owned(),
            false => format!("there are: {}", known.join(", ")),
        };
        let message = format!("there is no {kind} `{}`", wanted.escape_debug());
        Fault::usage("", message).hint(hint)
    }
}
