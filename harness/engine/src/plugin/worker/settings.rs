//! How workers are started, and what follows from a plugin's needs and settings.

use super::sandbox::{Limits, Sandbox};
use crate::plugin::needs::Needs;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How workers are started and what they may use.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// The executable whose first argument `worker` makes it one.
    pub executable: PathBuf,
    /// Whether they are shut in.
    pub sandbox: Sandbox,
    /// Longest time without a sign of life (a reply, or progress) in a call.
    pub patience: Duration,
    /// Bytes of address space of one worker; no limit: `None`.
    pub memory: Option<u64>,
    /// Threads that a plugin's own pools get.
    pub threads: usize,
}

impl WorkerSettings {
    /// Workers of this executable with the usual limits.
    pub fn new(executable: PathBuf) -> Self {
        Self {
            executable,
            sandbox: Sandbox::default(),
            patience: Duration::from_secs(600),
            memory: physical_memory(),
            threads: rayon::current_num_threads(),
        }
    }

    /// What a plugin with these needs and settings may use.
    pub(super) fn limits(&self, needs: &Needs, settings: &Value, own: &Path) -> Limits {
        let mut read: Vec<PathBuf> = needs.read.iter().map(|path| expanded(path)).collect();
        named_paths(settings, &mut read);
        let mut write: Vec<PathBuf> = needs.write.iter().map(|path| expanded(path)).collect();
        write.push(own.to_owned());
        Limits {
            sandbox: self.sandbox,
            read,
            write,
            network: needs.network,
            programs: needs.programs,
            memory: self.memory,
        }
    }
}

/// A path with the user's home for `~/`.
fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// Files and folders that settings name: who names a model's file wants it read.
fn named_paths(settings: &Value, into: &mut Vec<PathBuf>) {
    match settings {
        Value::String(text) => {
            let path = expanded(text);
            // Neither everything nor the working folder, where human answers lie.
            let is_wide = path.parent().is_none() || matches!(text.as_str(), "" | "." | "./");
            if !is_wide && path.exists() {
                into.push(path);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| named_paths(value, into)),
        Value::Object(map) => map.values().for_each(|value| named_paths(value, into)),
        _ => {}
    }
}

fn physical_memory() -> Option<u64> {
    let info = rustix::system::sysinfo();
    Some(info.totalram.checked_mul(u64::from(info.mem_unit))?.max(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_open_what_they_name_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.bin");
        std::fs::write(&file, "").unwrap();
        let settings = json!({
            "model": file, "missing": "/no/such/file", "n": 3, "name": "", "here": ".", "all": "/",
            "more": [folder.path(), {"x": "words"}],
        });
        let mut paths = Vec::new();
        named_paths(&settings, &mut paths);
        paths.sort();
        assert_eq!(paths, [folder.path().to_owned(), file]);
    }
}
