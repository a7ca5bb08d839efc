//! Where plugins are looked for.

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

/// The place of the project in the working folder.
pub fn project_place() -> PathBuf {
    PathBuf::from(".pilotbench/plugins")
}

/// The place of the user, where there is a home.
pub fn user_place() -> Option<PathBuf> {
    Some(user_data()?.join("plugins"))
}

/// Where the user's data of ours lie: plugins, models, adapters.
pub fn user_data() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let data = data.filter(|folder| folder.is_absolute()).or(home)?;
    Some(data.join("pilotbench"))
}

/// All folders that are searched, in order of precedence. Never the working folder itself, `PATH`
/// or the loader's own path.
pub(super) fn usual_places() -> Vec<(Source, PathBuf)> {
    let mut places = vec![(Source::Project, project_place())];
    let listed = std::env::var_os("PILOTBENCH_PLUGIN_PATH").unwrap_or_default();
    // A relative folder would mean another one in every working folder.
    let absolute = std::env::split_paths(&listed).filter(|folder| folder.is_absolute());
    places.extend(absolute.map(|folder| (Source::Environment, folder)));
    places.extend(user_place().map(|folder| (Source::User, folder)));
    let executable = std::env::current_exe().ok();
    if let Some(beside) = executable.as_deref().and_then(Path::parent) {
        // Cargo leaves a dependency's library in `deps`, an installer puts it into `plugins`.
        for folder in ["plugins", ".", "deps"] {
            places.push((Source::BuiltIn, beside.join(folder)));
        }
    }
    places
}
