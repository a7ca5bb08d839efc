//! `plugins.lock`: which plugins a project uses, by hash. It is committed with the project, so that
//! a run elsewhere, or later, uses the same ones or says that it does not.

use super::{
    file::{PluginFile, check_name},
    manifest::{host_target, sha256},
};
use crate::{
    experiment::{read_text, toml_fault},
    fault::{Fault, FaultKind, Result},
    whole,
};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Name of the file in the working folder.
pub const LOCK_FILE: &str = "plugins.lock";
const BYTES_MAX: usize = 4 << 20;
const FORMAT: u32 = 1;
const HEADING: &str =
    "# Plugins of this project, by hash. Written by `pilotbench plugin`; commit it.\n";

/// The locked plugins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginLock {
    path: PathBuf,
    plugins: BTreeMap<(String, Version), Locked>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    format: u32,
    #[serde(default, rename = "plugin")]
    plugins: Vec<Locked>,
}

/// A locked plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Name.
    pub name: String,
    /// Version.
    pub version: Version,
    /// Interfaces that it speaks.
    pub interfaces: Vec<String>,
    /// Version of its SDK.
    pub sdk: String,
    /// Version of its compiler.
    pub rustc: String,
    /// What it was locked from.
    pub source: Added,
    /// SHA-256 of its library for each target.
    pub sha256: BTreeMap<String, Hash>,
}

/// A SHA-256 in a lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hash(#[serde(deserialize_with = "sha256")] pub String);

/// What a plugin was added from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Added {
    /// A library file.
    Library,
    /// A folder with a manifest.
    Folder,
    /// A crate that was built.
    Crate,
    /// Found installed, and accepted.
    Found,
}

/// What `plugins.lock` says of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockState {
    /// Built-in plugins are not locked: they come with the binary.
    BuiltIn,
    /// It is the locked file.
    Locked,
    /// Nothing.
    Unlocked,
    /// Another file, or another version: what is locked.
    Differs(String),
}

impl LockState {
    /// Word for tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Locked => "locked",
            Self::Unlocked => "unlocked",
            Self::Differs(_) => "differs",
        }
    }
}

impl PluginLock {
    /// Reads the lock of a project; without file nothing is locked.
    ///
    /// # Errors
    /// When the file cannot be read or says anything else.
    pub fn read(project: &Path) -> Result<Self> {
        let path = project.join(LOCK_FILE);
        match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(Fault::store(path.display(), "not a regular file")),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { path, plugins: BTreeMap::new() });
            }
            Err(e) => return Err(Fault::store(path.display(), e)),
        }
        let store = |fault: Fault| Fault { kind: FaultKind::Store, ..fault };
        let text = read_text(&path, BYTES_MAX).map_err(store)?;
        Self::parse(path, &text)
    }

    fn parse(path: PathBuf, text: &str) -> Result<Self> {
        let shown = path.display().to_string();
        let read: Text = toml::from_str(text).map_err(|e| {
            let fault = toml_fault(&shown, text, &e);
            let fault = Fault::store(fault.place, fault.message.escape_debug());
            fault.hint(
                "restore it from version control, or delete it and lock again with \
                        `pilotbench plugin update --accept`",
            )
        })?;
        if read.format != FORMAT {
            let message = format!("format {}; this version reads {FORMAT}", read.format);
            return Err(Fault::store(shown, message));
        }
        let mut lock = Self { path, plugins: BTreeMap::new() };
        for locked in read.plugins {
            check_name(&locked.name).map_err(|m| Fault::store(&shown, format!("name: {m}")))?;
            let (name, version) = (locked.name.clone(), locked.version.clone());
            if lock.plugins.insert((name.clone(), version.clone()), locked).is_some() {
                return Err(Fault::store(&shown, format!("{name} {version} stands twice")));
            }
        }
        Ok(lock)
    }

    /// All locked plugins, in order.
    pub fn plugins(&self) -> impl Iterator<Item = &Locked> {
        self.plugins.values()
    }

    /// What is locked of a plugin that was found.
    pub fn state(&self, file: &PluginFile) -> LockState {
        self.state_of(&file.probe.name, &file.probe.version, &file.sha256)
    }

    fn state_of(&self, name: &str, version: &str, sha256: &str) -> LockState {
        let mut of_name = self.plugins.values().filter(|locked| locked.name == name).peekable();
        if of_name.peek().is_none() {
            return LockState::Unlocked;
        }
        let versions: Vec<String> = of_name.clone().map(|l| l.version.to_string()).collect();
        let Some(locked) = of_name.find(|locked| locked.version.to_string() == version) else {
            return LockState::Differs(format!("{name} {}", versions.join(", ")));
        };
        match locked.sha256.get(&host_target()) {
            None => LockState::Unlocked,
            Some(Hash(hash)) if hash == sha256 => LockState::Locked,
            Some(Hash(hash)) => LockState::Differs(format!("{name} {version} of sha256 {hash}")),
        }
    }

    /// Whether another build of this version is locked for this host: its hash.
    pub fn other_build(&self, file: &PluginFile, version: &Version) -> Option<&str> {
        let locked = self.plugins.get(&(file.probe.name.clone(), version.clone()))?;
        let Hash(hash) = locked.sha256.get(&host_target())?;
        (*hash != file.sha256).then_some(hash)
    }

    /// Locks a plugin; hashes for other targets of the same version stay.
    pub fn put(&mut self, mut locked: Locked) {
        let key = (locked.name.clone(), locked.version.clone());
        if let Some(known) = self.plugins.remove(&key) {
            for (target, hash) in known.sha256 {
                locked.sha256.entry(target).or_insert(hash);
            }
        }
        self.plugins.insert(key, locked);
    }

    /// Forgets a plugin; whether it was there.
    pub fn forget(&mut self, name: &str, version: &Version) -> bool {
        self.plugins.remove(&(name.to_owned(), version.clone())).is_some()
    }

    /// Writes the file beside its place and renames it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self) -> Result<()> {
        let text = Text { format: FORMAT, plugins: self.plugins.values().cloned().collect() };
        let text = toml::to_string(&text).map_err(|e| Fault::store(self.path.display(), e))?;
        whole::write(&self.path, (HEADING.to_owned() + &text).as_bytes())
    }
}

impl Locked {
    /// A plugin for this host as it is locked.
    pub fn of(file: &PluginFile, version: Version, source: Added) -> Self {
        let probe = &file.probe;
        let hash = Hash(file.sha256.clone());
        Self {
            name: probe.name.clone(),
            version,
            interfaces: probe.interfaces.clone(),
            sdk: probe.sdk.clone(),
            rustc: probe.rustc.clone(),
            source,
            sha256: BTreeMap::from([(host_target(), hash)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(name: &str, version: &str, digit: &str, target: &str) -> Locked {
        Locked {
            name: name.into(),
            version: version.parse().unwrap(),
            interfaces: vec!["backend/1".into()],
            sdk: "0.1.0".into(),
            rustc: "rustc 1.95.0".into(),
            source: Added::Crate,
            sha256: BTreeMap::from([(target.to_owned(), Hash(digit.repeat(64)))]),
        }
    }

    #[test]
    fn written_sorted_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut lock = PluginLock::read(folder.path()).unwrap();
        for (name, version) in [("b", "0.1.0"), ("a", "0.10.0"), ("a", "0.9.0")] {
            lock.put(locked(name, version, "0", &host_target()));
        }
        lock.write().unwrap();
        let text = std::fs::read_to_string(folder.path().join(LOCK_FILE)).unwrap();
        assert!(text.starts_with(HEADING), "{text}");
        let order: Vec<_> = text.lines().filter(|l| l.starts_with("version")).collect();
        assert_eq!(order, ["version = \"0.9.0\"", "version = \"0.10.0\"", "version = \"0.1.0\""]);
        assert_eq!(PluginLock::read(folder.path()).unwrap(), lock);
    }

    #[test]
    fn states() {
        let mut lock = PluginLock::default();
        let zero = "0".repeat(64);
        assert_eq!(lock.state_of("a", "0.1.0", &zero), LockState::Unlocked);
        lock.put(locked("a", "0.1.0", "1", "other-target"));
        assert_eq!(lock.state_of("a", "0.1.0", &zero), LockState::Unlocked);
        lock.put(locked("a", "0.1.0", "0", &host_target()));
        assert_eq!(lock.state_of("a", "0.1.0", &zero), LockState::Locked);
        let one = "1".repeat(64);
        let differs = LockState::Differs(format!("a 0.1.0 of sha256 {zero}"));
        assert_eq!(lock.state_of("a", "0.1.0", &one), differs);
        assert_eq!(lock.state_of("a", "0.2.0", &zero), LockState::Differs("a 0.1.0".into()));
        assert_eq!(lock.plugins().next().unwrap().sha256.len(), 2);
        assert!(lock.forget("a", &"0.1.0".parse().unwrap()));
        assert_eq!(lock.state_of("a", "0.1.0", &one), LockState::Unlocked);
    }

    #[test]
    fn faults_name_file_and_line() {
        let good = {
            let mut lock = PluginLock::default();
            lock.put(locked("a", "0.1.0", "0", &host_target()));
            let text = Text { format: 1, plugins: lock.plugins.into_values().collect() };
            toml::to_string(&text).unwrap()
        };
        let cases = [
            ("format = 1", "format = 2", "plugins.lock: format 2; this version reads 1"),
            ("version = \"0.1.0\"", "version = \"x\"", "plugins.lock:5: "),
            ("name = \"a\"", "name = \"/\"", "plugins.lock: name: `/`"),
            ("000\"", "00\"", "sha256: not 64 digits"),
            ("sdk", "kit", "plugins.lock:7: unknown field `kit`"),
            ("[[plugin]]", "<<<<<<< HEAD", "plugins.lock:3: "),
        ];
        for (from, to, expected) in cases {
            let text = good.replacen(from, to, 1);
            let fault = PluginLock::parse(LOCK_FILE.into(), &text).unwrap_err();
            assert!(fault.to_string().contains(expected), "{to}: {fault}");
        }
        let entry = good.split_once("[[plugin]]").unwrap().1;
        let twice = format!("{good}\n[[plugin]]{entry}");
        let fault = PluginLock::parse(LOCK_FILE.into(), &twice).unwrap_err();
        assert!(fault.message.contains("a 0.1.0 stands twice"), "{fault}");
    }
}
