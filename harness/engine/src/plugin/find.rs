//! Which of the plugins that lie around is used.

use super::{
    file::PluginFile,
    lock::{LockState, PluginLock},
    manifest::Placed,
    places::{Source, usual_places},
    scan::{inspect_path, scan},
};
use crate::fault::{Fault, Result};
use semver::{Version, VersionReq};
use std::{
    cmp::Reverse,
    path::{Path, PathBuf},
};

/// Most plugins that are kept open.
const PLUGINS_MAX: usize = 256;

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Files and folders named on the command line.
    pub arguments: Vec<PathBuf>,
    places: Vec<(Source, PathBuf)>,
    /// Folder of `plugins.lock`.
    project: PathBuf,
}

impl Search {
    /// The usual places; `arguments` come first.
    pub fn usual(arguments: Vec<PathBuf>) -> Self {
        Self { arguments, places: usual_places(), project: PathBuf::new() }
    }

    /// All plugins, the winner of each name first. Nothing is loaded.
    ///
    /// # Errors
    /// When what is named on the command line is not a plugin, or `plugins.lock` is damaged. Other
    /// files that are not plugins are listed as such.
    pub fn run(&self) -> Result<Found> {
        let lock = PluginLock::read(&self.project)?;
        let mut found = Found::default();
        for path in &self.arguments {
            found.add(Entry::new(Source::Argument, inspect_path(path)?, &lock));
        }
        for (source, place) in &self.places {
            found.search(*source, place, &lock);
        }
        Ok(found)
    }
}

/// A plugin that was found.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where.
    pub source: Source,
    /// Its library.
    pub file: PluginFile,
    /// Its manifest; a bare file has none.
    pub placed: Option<Placed>,
    /// What `plugins.lock` says of it.
    pub lock: LockState,
    /// The one of the same name that is used instead.
    pub shadowed_by: Option<String>,
}

impl Entry {
    fn new(
        source: Source,
        (file, placed): (PluginFile, Option<Placed>),
        lock: &PluginLock,
    ) -> Self {
        let lock = match source {
            Source::BuiltIn => LockState::BuiltIn,
            _ => lock.state(&file),
        };
        Self { source, file, placed, lock, shadowed_by: None }
    }

    /// Its version, where it has one.
    pub fn version(&self) -> Option<Version> {
        Version::parse(&self.file.probe.version).ok()
    }

    /// Name, version and place for people.
    pub fn title(&self) -> String {
        let probe = &self.file.probe;
        format!("{} {} ({})", probe.name, probe.version, self.source.name())
    }

    fn is_named(&self, name: &str) -> bool {
        self.file.probe.name == name
    }

    /// A fault when `plugins.lock` has another file.
    ///
    /// # Errors
    /// When it has.
    pub fn check_lock(&self) -> Result<()> {
        let LockState::Differs(locked) = &self.lock else { return Ok(()) };
        let PluginFile { path, probe, sha256, .. } = &self.file;
        let message = format!(
            "plugins.lock holds {locked}; this is {} of sha256 {sha256}",
            probe.version.escape_debug()
        );
        let hint = format!(
            "restore the locked one, or accept this one with `pilotbench plugin update {} --accept`",
            probe.name
        );
        Err(Fault::plugin(path.display(), message).hint(hint))
    }
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The plugin of each name that is used.
    pub plugins: Vec<Entry>,
    /// Plugins hidden by one of the same name; a run file reaches them as `NAME@VERSION/…`.
    pub shadowed: Vec<Entry>,
    /// Files that are not plugins of this host.
    pub refused: Vec<Refused>,
}

/// A file that is not a plugin of this host.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Where it was found.
    pub source: Source,
    /// The reason.
    pub fault: Fault,
}

impl Found {
    fn search(&mut self, source: Source, place: &Path, lock: &PluginLock) {
        let mut entries = Vec::new();
        for scanned in scan(source, place) {
            let room = self.plugins.len() + self.shadowed.len() + entries.len() < PLUGINS_MAX;
            match scanned {
                Ok(scanned) if room => entries.push(Entry::new(source, scanned, lock)),
                Ok((file, _)) => {
                    let message = format!("more than {PLUGINS_MAX} plugins; this one is left out");
                    let fault = Fault::plugin(file.path.display(), message);
                    self.refused.push(Refused { source, fault });
                }
                Err(fault) => self.refused.push(Refused { source, fault }),
            }
        }
        // Within a place the locked version wins, then the highest. The sort keeps the order of
        // paths among equals.
        entries.sort_by_cached_key(|entry| {
            let locked = entry.lock == LockState::Locked;
            (entry.file.probe.name.clone(), Reverse((locked, entry.version())))
        });
        entries.into_iter().for_each(|entry| self.add(entry));
    }

    fn add(&mut self, mut entry: Entry) {
        let name = &entry.file.probe.name;
        let Some(winner) = self.plugins.iter().find(|other| other.is_named(name)) else {
            self.plugins.push(entry);
            return;
        };
        let built_in = |entry: &Entry| entry.source == Source::BuiltIn;
        let same_bytes = winner.file.sha256 == entry.file.sha256;
        // The same library under a second path (cargo's hard links) hides nothing.
        if winner.file.opened.is_same(&entry.file.opened)
            || (same_bytes && built_in(winner) && built_in(&entry))
        {
            return;
        }
        entry.shadowed_by = Some(winner.title());
        self.shadowed.push(entry);
    }

    /// All plugins of a name, the one that is used first.
    pub fn of_name(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.plugins.iter().chain(&self.shadowed).filter(move |entry| entry.is_named(name))
    }

    /// The plugin that provides this (`backend`, `metric`) and its name there; `wanted` may be
    /// `PLUGIN/NAME`, or `PLUGIN@REQUIREMENT/NAME` for a certain version.
    ///
    /// # Errors
    /// When none does, several do, or `plugins.lock` holds another one.
    pub fn provider(&self, kind: &str, wanted: &str) -> Result<(&PluginFile, String)> {
        let (plugin, name) = match wanted.rsplit_once('/') {
            Some((plugin, name)) => (Some(plugin), name),
            None => (None, wanted),
        };
        let candidates = match plugin {
            None => self.plugins.iter().collect(),
            Some(plugin) => self.fitting(plugin)?.into_iter().collect::<Vec<_>>(),
        };
        let entry = format!("{kind}:{name}");
        let mut providers =
            candidates.into_iter().filter(|e| e.file.probe.provides.contains(&entry));
        match (providers.next(), providers.next()) {
            (Some(found), None) => {
                found.check_lock()?;
                Ok((&found.file, name.to_owned()))
            }
            (Some(a), Some(b)) => {
                let (a, b) = (&a.file.probe.name, &b.file.probe.name);
                let message = format!("{kind} `{name}` is in plugins `{a}` and `{b}`");
                Err(Fault::usage("", message).hint(format!("write `{a}/{name}`")))
            }
            (None, _) => Err(self.unknown(kind, wanted)),
        }
    }

    /// The plugin that `NAME` or `NAME@REQUIREMENT` means, if there is one of that name.
    fn fitting(&self, wanted: &str) -> Result<Option<&Entry>> {
        let Some((name, requirement)) = wanted.split_once('@') else {
            return Ok(self.of_name(wanted).next());
        };
        let requirement = VersionReq::parse(requirement).map_err(|e| {
            let fault = Fault::usage("", format!("version of `{}`: {e}", wanted.escape_debug()));
            fault.hint("write `NAME@0.3`, `NAME@=0.3.1` or `NAME@>=0.3, <0.5`")
        })?;
        let fits = |entry: &&Entry| entry.version().is_some_and(|v| requirement.matches(&v));
        let mut of_name = self.of_name(name).peekable();
        let Some(first) = of_name.peek().copied() else { return Ok(None) };
        let titles: Vec<String> = self.of_name(name).map(Entry::title).collect();
        of_name.find(fits).map(Some).ok_or_else(|| {
            let message =
                format!("no version of plugin `{}` fits `{requirement}`", first.file.probe.name);
            Fault::usage("", message).hint(format!("there are: {}", titles.join(", ")))
        })
    }

    fn unknown(&self, kind: &str, wanted: &str) -> Fault {
        let prefix = format!("{kind}:");
        let mut known: Vec<&str> = self
            .plugins
            .iter()
            .flat_map(|entry| &entry.file.probe.provides)
            .filter_map(|entry| entry.strip_prefix(&prefix))
            .collect();
        known.sort_unstable();
        let fault = Fault::usage("", format!("there is no {kind} `{}`", wanted.escape_debug()));
        match known.is_empty() {
            true => fault.hint("no plugin was found; build with `cargo build --release`"),
            false => fault.names(wanted, &known),
        }
    }
}
