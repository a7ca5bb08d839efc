//! A folder with the tiny experiment and a run file, and the binary to run in it.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part, and may unwrap")]

use assert_cmd::Command;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A working folder of a user.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with this run file.
    pub(crate) fn with(run_file: &str) -> Self {
        let place = Self::new();
        place.write("pilotbench.toml", run_file);
        place
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The binary, in this folder, over the test kit's experiments and with the stress plugin.
    pub(crate) fn pilotbench(&self, arguments: &[&str]) -> Command {
        let mut command = self.pilotbench_alone(&["--plugin", stress_plugin().to_str().unwrap()]);
        command.args(arguments);
        command
    }

    /// The binary as [`Place::pilotbench`], with no plugins but those installed and the built-in.
    pub(crate) fn pilotbench_alone(&self, arguments: &[&str]) -> Command {
        self.binary(env!("CARGO_BIN_EXE_pilotbench").as_ref(), arguments)
    }

    /// A binary in this folder, over the test kit's experiments.
    pub(crate) fn binary(&self, path: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(path);
        command
            .current_dir(self.folder.path())
            .env("XDG_DATA_HOME", self.folder.path().join("data"))
            .env("XDG_CACHE_HOME", self.folder.path().join("cache"))
            .env_remove("PILOTBENCH_PLUGIN_PATH")
            .arg("--datasets")
            .arg(pilotbench_testkit::experiments())
            .args(arguments);
        command
    }

    /// Standard error of a command that must end with this code.
    pub(crate) fn fails(&self, arguments: &[&str], code: i32) -> String {
        let output = self.pilotbench(arguments).assert().code(code).get_output().clone();
        String::from_utf8(output.stderr).unwrap()
    }

    /// The only run recorded here.
    pub(crate) fn run(&self) -> PathBuf {
        let runs: Vec<_> = fs::read_dir(self.folder.path().join("results/runs"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            // A ledger of what was spent lies beside them.
            .filter(|path| path.is_dir())
            .collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }

    /// The files of the leaderboard of the only run.
    pub(crate) fn leaderboard(&self) -> Vec<(String, Vec<u8>)> {
        files_of(&self.run().join("leaderboard"))
    }
}

/// Names and bytes of the files of a folder, in order.
pub(crate) fn files_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// All files below a folder that end like this.
pub(crate) fn below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The library of a plugin of this workspace, where cargo leaves that of a dependency.
pub(crate) fn library(name: &str) -> PathBuf {
    let beside = Path::new(env!("CARGO_BIN_EXE_pilotbench")).parent().unwrap();
    let path = beside.join("deps").join(format!("lib{name}.so"));
    assert!(path.is_file(), "{} was not built", path.display());
    path
}

/// The plugin that misbehaves.
pub(crate) fn stress_plugin() -> PathBuf {
    library("pilotbench_testkit")
}

/// Where the probe lies in the stress plugin.
pub(crate) fn probe_at(bytes: &[u8]) -> usize {
    // The magic also stands in the code that compares it: the probe is the one with the size after.
    let is_probe = |at: &usize| bytes[at + 12..at + 16] == [1, 0, 0, 0] && bytes[at + 8] != 0;
    let found: Vec<usize> = (0..bytes.len() - 2048)
        .filter(|at| bytes[*at..].starts_with(b"PILOTBEN"))
        .filter(is_probe)
        .collect();
    assert_eq!(found.len(), 1);
    found[0]
}

/// A run file over the tiny experiment.
pub(crate) fn run_file(methods: &str, rest: &str) -> String {
    format!(
        "name = \"test\"\nexperiments = [\"tiny\"]\nsizes = [0, 8, 15]\nseeds = 4\nmethods = [{methods}]\n\
         metrics = [\"distribution\", \"individual\"]\n{rest}\n[score]\nresamples = 20\n"
    )
}

/// A run file whose only method is the stress backend with a fault.
pub(crate) fn stress_file(fault: &str) -> String {
    format!(
        "name = \"stress\"\nexperiments = [\"tiny\"]\nsizes = [8]\nseeds = 6\nmetrics = [\"stress-metric\"]\n\
         [[method]]\nbackend = \"stress\"\nsettings = {{ fault = \"{fault}\" }}\n"
    )
}
