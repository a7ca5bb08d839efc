//! All plugins of a run: found once, loaded when first used.

use super::{
    call::{BackendSession, InProcessBackend, InProcessMetric, MetricSession, control, reply_of},
    file::PluginFile,
    find::{Entry, Found},
    load::Loaded,
};
use crate::{
    fault::{Fault, Result},
    plan::{BackendFacts, LearnsFrom, MetricFacts, PluginFacts},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

/// Plugins as found, and those loaded so far.
pub struct Plugins {
    found: Found,
    loaded: Mutex<HashMap<PathBuf, Arc<Loaded>>>,
}

/// A backend as its plugin describes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackendDescription {
    /// Name.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// Whose answers it may see.
    pub learns_from: LearnsFrom,
    /// Fewest pilot participants.
    pub min_pilot: usize,
    /// Whether requests carry chat messages.
    #[serde(default)]
    pub needs_messages: bool,
    /// Same seed, same requests, same answers.
    #[serde(default)]
    pub deterministic: bool,
}

/// A metric as its plugin describes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MetricDescription {
    /// Name.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// Scores it can report.
    pub scores: Vec<ScoreInfo>,
}

impl MetricDescription {
    /// What a score is; `None` when the metric does not give it.
    pub fn score(&self, name: &str) -> Option<&ScoreInfo> {
        self.scores.iter().find(|info| info.name == name)
    }
}

/// A score as its metric describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreInfo {
    /// Identifier.
    pub name: String,
    /// Definition, unit, source.
    pub summary: String,
    /// Which way is good.
    pub better: Better,
    /// Heading of reports.
    pub heading: Heading,
    /// Smallest possible value.
    pub min: Option<f64>,
    /// Largest possible value.
    pub max: Option<f64>,
}

/// Values may miss the end of their range by this much: rounding.
const RANGE_TOLERANCE: f64 = 1e-9;

impl ScoreInfo {
    /// Whether a value lies in the described range.
    pub fn allows(&self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min - RANGE_TOLERANCE)
            && self.max.is_none_or(|max| value <= max + RANGE_TOLERANCE)
    }

    /// Whether name and range are such that tables can hold them.
    fn is_sound(&self) -> bool {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c);
        let (min, max) = (self.min.unwrap_or(f64::MIN), self.max.unwrap_or(f64::MAX));
        !self.name.is_empty() && self.name.chars().all(plain) && min <= max
    }
}

/// Which way a score is good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Lower is better.
    Lower,
    /// Higher is better.
    Higher,
    /// Best at this value.
    At(f64),
    /// Neither.
    Describes,
}

impl Better {
    /// A number that is smaller for a better value.
    pub fn badness(self, value: f64) -> f64 {
        match self {
            Self::Lower | Self::Describes => value,
            Self::Higher => -value,
            Self::At(best) => (value - best).abs(),
        }
    }
}

/// Heading of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Heading {
    Marginal,
    Structural,
    Individual,
    Inference,
}

impl Plugins {
    /// Plugins as found.
    pub fn new(found: Found) -> Self {
        Self { found, loaded: Mutex::default() }
    }

    /// What the search found.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// What a backend says of itself, its settings checked by opening it.
    ///
    /// # Errors
    /// When there is no such backend, it cannot be loaded, or refuses the settings.
    pub fn backend_facts(&self, wanted: &str, settings: &Value) -> Result<BackendFacts> {
        let (file, name) = self.found.provider("backend", wanted)?;
        let all = self.describe_backends(file)?;
        let described = all.into_iter().find(|d| d.name == name);
        let described = described.ok_or_else(|| undescribed(file, &name))?;
        self.open_backend(wanted, settings)?;
        Ok(BackendFacts {
            plugin: plugin_facts(file),
            summary: described.summary,
            learns_from: described.learns_from,
            min_pilot: described.min_pilot,
            needs_messages: described.needs_messages,
            deterministic: described.deterministic,
        })
    }

    /// What a metric says of itself, its settings checked by opening it.
    ///
    /// # Errors
    /// As [`Plugins::backend_facts`].
    pub fn metric_facts(&self, wanted: &str, settings: &Value) -> Result<MetricFacts> {
        let (file, _) = self.found.provider("metric", wanted)?;
        let described = self.metric_description(wanted)?;
        if let Some(info) = described.scores.iter().find(|info| !info.is_sound()) {
            let message = format!("describes a score `{}` with a wrong name or range", info.name);
            return Err(Fault::plugin(file.path.display(), message.escape_debug()));
        }
        self.open_metric(wanted, settings)?;
        let scores = described.scores.into_iter().map(|info| info.name).collect();
        Ok(MetricFacts { plugin: plugin_facts(file), summary: described.summary, scores })
    }

    /// The description of a metric with its scores.
    ///
    /// # Errors
    /// When there is no such metric or it cannot be loaded.
    pub fn metric_description(&self, wanted: &str) -> Result<MetricDescription> {
        let (file, name) = self.found.provider("metric", wanted)?;
        let all = self.describe_metrics(file)?;
        all.into_iter().find(|d| d.name == name).ok_or_else(|| undescribed(file, &name))
    }

    /// Descriptions of all backends of a plugin.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn describe_backends(&self, file: &PluginFile) -> Result<Vec<BackendDescription>> {
        let module = self.load(file)?.backends()?;
        parsed(file, reply_of(&file.probe.name, "describe", module.describe()())?.as_str())
    }

    /// Descriptions of all metrics of a plugin.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn describe_metrics(&self, file: &PluginFile) -> Result<Vec<MetricDescription>> {
        let module = self.load(file)?.metrics()?;
        parsed(file, reply_of(&file.probe.name, "describe", module.describe()())?.as_str())
    }

    /// Opens a backend.
    ///
    /// # Errors
    /// When there is no such backend, it cannot be loaded, or refuses the settings.
    pub fn open_backend(&self, wanted: &str, settings: &Value) -> Result<Arc<dyn BackendSession>> {
        let (file, name) = self.found.provider("backend", wanted)?;
        let module = self.load(file)?.backends()?;
        let stop = AtomicBool::new(false);
        let settings = settings.to_string();
        let opened = module.open()(name.as_str().into(), settings.as_str().into(), control(&stop));
        let object = reply_of(&name, "open", opened)?;
        Ok(Arc::new(InProcessBackend { name, object }))
    }

    /// Opens a metric.
    ///
    /// # Errors
    /// As [`Plugins::open_backend`].
    pub fn open_metric(&self, wanted: &str, settings: &Value) -> Result<Arc<dyn MetricSession>> {
        let (file, name) = self.found.provider("metric", wanted)?;
        let module = self.load(file)?.metrics()?;
        let stop = AtomicBool::new(false);
        let settings = settings.to_string();
        let opened = module.open()(name.as_str().into(), settings.as_str().into(), control(&stop));
        let object = reply_of(&name, "open", opened)?;
        Ok(Arc::new(InProcessMetric { name, object }))
    }

    /// The library as it is now of a plugin that a plan names.
    ///
    /// # Errors
    /// When it is missing.
    pub fn current(&self, facts: &PluginFacts) -> Result<PluginFacts> {
        self.planned(facts).map(|entry| plugin_facts(&entry.file))
    }

    /// How a plan's plugin is asked for what it provides: by the version that the plan was made
    /// with where that is still here, else as whichever is used now.
    ///
    /// # Errors
    /// When the plugin is missing.
    pub fn wanted(&self, facts: &PluginFacts, provided: &str) -> Result<String> {
        let entry = self.planned(facts)?;
        Ok(match entry.version() {
            Some(version) => format!("{}@={version}/{provided}", facts.name),
            None => format!("{}/{provided}", facts.name),
        })
    }

    fn planned(&self, facts: &PluginFacts) -> Result<&Entry> {
        let mut of_version =
            self.found.of_name(&facts.name).filter(|e| e.file.probe.version == facts.version);
        let planned = of_version.next().or_else(|| self.found.of_name(&facts.name).next());
        planned.ok_or_else(|| Fault::plugin(&facts.name, "the plan's plugin was not found"))
    }

    /// Whether a plugin is still the file that a plan names.
    ///
    /// # Errors
    /// When it is missing, or is another file than the plan was made with.
    pub fn check_locked(&self, facts: &PluginFacts) -> Result<()> {
        let current = self.current(facts)?;
        if current.sha256 == facts.sha256 {
            return Ok(());
        }
        let message = format!(
            "another file than the one that began this run (sha256 {}, was {})",
            current.sha256, facts.sha256
        );
        let hint = "restore the earlier build, or start afresh with `run --fresh`, or accept the \
                    mix with --allow-changed-plugins";
        Err(Fault::store(format!("plugin {}", facts.name), message).hint(hint))
    }

    fn load(&self, file: &PluginFile) -> Result<Arc<Loaded>> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = loaded.get(&file.path) {
            return Ok(Arc::clone(library));
        }
        let library = Arc::new(Loaded::open(file)?);
        loaded.insert(file.path.clone(), Arc::clone(&library));
        Ok(library)
    }
}

/// A plugin as recorded with results.
fn plugin_facts(file: &PluginFile) -> PluginFacts {
    let probe = &file.probe;
    PluginFacts {
        name: probe.name.clone(),
        version: probe.version.clone(),
        sha256: file.sha256.clone(),
        rustc: probe.rustc.clone(),
        sdk: probe.sdk.clone(),
    }
}

fn parsed<T: DeserializeOwned>(file: &PluginFile, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|e| Fault::plugin(file.path.display(), format!("its description is wrong: {e}")))
}

fn undescribed(file: &PluginFile, name: &str) -> Fault {
    let message = format!("lists `{name}` in its probe and does not describe it");
    Fault::plugin(file.path.display(), message)
}
