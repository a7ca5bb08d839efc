//! How workers are started, and what follows from a plugin's needs and settings.

use super::{
    sandbox::{Limits, Sandbox},
    variables,
};
use crate::plugin::needs::Needs;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// How workers are started and what they may use.
#[derive(Clone)]
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
    /// Environment variables that the host sets: a worker gets those that its plugin needs.
    pub variables: BTreeMap<String, OsString>,
}

/// Without the values of variables: keys are among them.
impl fmt::Debug for WorkerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerSettings")
            .field("executable", &self.executable)
            .field("sandbox", &self.sandbox)
            .field("patience", &self.patience)
            .field("memory", &self.memory)
            .field("threads", &self.threads)
            .field("variables", &self.variables.keys())
            .finish()
    }
}

impl WorkerSettings {
    /// Workers of this executable with the usual limits. Lets this process have as many open files
    /// as it may: each worker takes some.
    pub fn new(executable: PathBuf) -> Self {
        let limit = getrlimit(Resource::Nofile);
        // Where it is refused, there is what there was.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
        Self {
            executable,
            sandbox: Sandbox::default(),
            patience: Duration::from_secs(600),
            memory: physical_memory(),
            threads: rayon::current_num_threads(),
            variables: BTreeMap::new(),
        }
    }

    /// What a plugin with these needs and settings may use.
    pub(super) fn limits(&self, needs: &Needs, settings: &Value, own: &Path) -> Limits {
        let expanded = |path: &String| self.expanded(path);
        let mut read: Vec<PathBuf> = needs.read.iter().map(expanded).collect();
        named(settings, &mut |text| read.extend(self.named_path(text)));
        if needs.programs {
            named(settings, &mut |text| read.extend(installations(text)));
        }
        let mut write: Vec<PathBuf> = needs.write.iter().map(expanded).collect();
        // What is not there cannot be opened to the worker: our own places are made before.
        for path in write.iter().filter(|path| path.starts_with(self.expanded(OWN))) {
            // Where that fails the plugin finds out, and says so.
            let _ = std::fs::create_dir_all(path);
        }
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

    /// A path with the user's home for `~/`, the user's data folder for `~/.local/share`, and a variable's
    /// value for `$NAME`. What a variable that is not set names is not there.
    fn expanded(&self, path: &str) -> PathBuf {
        if let Some(name) = path.strip_prefix('$') {
            return variables::value(&self.variables, name).map(PathBuf::from).unwrap_or_default();
        }
        if let (Some(rest), Some(data)) = (path.strip_prefix(OWN), crate::plugin::user_data()) {
            return data.join(rest.trim_start_matches('/'));
        }
        match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
            (Some(rest), Some(home)) => Path::new(&home).join(rest),
            _ => PathBuf::from(path),
        }
    }

    /// The file or folder that a setting names: who names a model's file wants it read.
    fn named_path(&self, text: &str) -> Option<PathBuf> {
        let path = self.expanded(text);
        // Neither everything nor the working folder, where human answers lie.
        let is_wide = path.parent().is_none() || matches!(text, "" | "." | "./");
        (!is_wide && path.exists()).then_some(path)
    }
}

/// What of a user's home is ours.
const OWN: &str = "~/.local/share/pilotbench";

/// Calls this with every text in settings.
fn named(settings: &Value, act: &mut impl FnMut(&str)) {
    match settings {
        Value::String(text) => act(text),
        Value::Array(list) => list.iter().for_each(|value| named(value, act)),
        Value::Object(map) => map.values().for_each(|value| named(value, act)),
        _ => {}
    }
}

/// The program that a setting names and what was installed with it: what lies beside its `bin`, of
/// the program as it is called and of the file that a link leads to (a virtual environment has
/// both).
fn installations(text: &str) -> Vec<PathBuf> {
    let search = std::env::var_os("PATH").unwrap_or_default();
    let found = match text.contains('/') {
        true => Some(PathBuf::from(text)),
        false => std::env::split_paths(&search)
            .map(|folder| folder.join(text))
            .find(|path| is_program(path)),
    };
    let Some(program) = found.filter(|path| is_program(path)) else { return Vec::new() };
    let real = program.canonicalize().unwrap_or_else(|_| program.clone());
    [program, real]
        .into_iter()
        .flat_map(|file| [installation(&file), Some(file)])
        .flatten()
        .collect()
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The folder of an installation; a user's home and what is as wide is none.
fn installation(program: &Path) -> Option<PathBuf> {
    let bin = program.parent().filter(|folder| folder.ends_with("bin"))?;
    let prefix = bin.parent()?;
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let is_home = home.is_some_and(|home| prefix == home || home.starts_with(prefix));
    let is_shared = [".local", ".cargo"].iter().any(|name| prefix.ends_with(name));
    (prefix.parent().is_some() && !is_home && !is_shared).then(|| prefix.to_owned())
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
        let workers = WorkerSettings::new("worker".into());
        named(&settings, &mut |text| paths.extend(workers.named_path(text)));
        paths.sort();
        assert_eq!(paths, [folder.path().to_owned(), file]);
    }

    #[test]
    fn a_path_that_a_variable_names_is_the_hosts_first() {
        let mut settings = WorkerSettings::new("worker".into());
        settings.variables.insert("PILOTBENCH_LEDGER".into(), "/spent.jsonl".into());
        let needs = Needs::parse("write:$PILOTBENCH_LEDGER\n").unwrap();
        let limits = settings.limits(&needs, &Value::Null, Path::new("/own"));
        assert_eq!(limits.write, [Path::new("/spent.jsonl"), Path::new("/own")]);
    }

    #[test]
    fn a_program_brings_its_installation() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let program = |path: &Path| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        };
        let real = folder.join("python-3/bin/python3");
        program(&real);
        let venv = folder.join("venv/bin/python");
        std::fs::create_dir_all(venv.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&real, &venv).unwrap();
        let opened = installations(venv.to_str().unwrap());
        assert_eq!(opened, [folder.join("venv"), venv, folder.join("python-3"), real]);
        let alone = folder.join("answer.sh");
        program(&alone);
        assert_eq!(installations(alone.to_str().unwrap()), [alone.clone(), alone]);
        assert!(installations("no-such-program-anywhere").is_empty());
        assert_eq!(installation(Path::new("/bin/sh")), None);
    }
}
