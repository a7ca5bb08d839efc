//! All plugins of a run: found once, loaded when first used.

use super::{
    call::{BackendSession, MetricSession},
    file::PluginFile,
    find::{Entry, Found},
    load::Loaded,
    needs::Needs,
    worker::{Described, Link, Open, WorkerBackend, WorkerMetric, WorkerSettings},
};
use crate::{
    fault::{Fault, Result},
    plan::{BackendFacts, LearnsFrom, MetricFacts, PluginFacts},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

/// Where plugins run.
#[derive(Debug, Clone)]
pub enum Executor {
    /// In this process: for trusted plugins, debugging and measuring.
    InProcess,
    /// In processes of their own.
    Workers(WorkerSettings),
}

/// Workers by the hash of their plugin and what they open.
type Links = HashMap<(String, Option<Open>), Arc<Link>>;

/// Plugins as found, and those loaded so far.
pub struct Plugins {
    found: Found,
    executor: Executor,
    /// Libraries of this process, by their hash.
    loaded: Mutex<HashMap<String, Arc<Loaded>>>,
    links: Mutex<Links>,
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
    /// Ways of learning from the pilot that it offers.
    #[serde(default)]
    pub adapters: Vec<AdapterDescription>,
    /// So many people are interviewed at a time.
    #[serde(default)]
    pub people_per_call: Option<usize>,
}

/// A way of learning as its backend describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterDescription {
    /// Name.
    pub name: String,
    /// One line for people.
    pub summary: String,
}

/// What a backend's counters of use carry besides.
#[derive(Deserialize)]
struct Used {
    #[serde(default)]
    provenance: BTreeMap<String, String>,
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
    /// Plugins as found, and where they shall run.
    pub fn new(found: Found, executor: Executor) -> Self {
        Self { found, executor, loaded: Mutex::default(), links: Mutex::default() }
    }

    /// The same plugins, run as these are, sharing no worker and no open backend with them.
    pub fn again(&self) -> Self {
        Self::new(self.found.clone(), self.executor.clone())
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
        let open = Open::Backend(name.clone(), settings.clone());
        let all: Vec<BackendDescription> =
            parsed(file, self.described(file, Some(open))?.backends)?;
        let described = all.into_iter().find(|d| d.name == name);
        let described = described.ok_or_else(|| undescribed(file, &name))?;
        Ok(BackendFacts {
            plugin: plugin_facts(file),
            summary: described.summary,
            learns_from: described.learns_from,
            min_pilot: described.min_pilot,
            needs_messages: described.needs_messages,
            deterministic: described.deterministic,
            adapters: described.adapters.into_iter().map(|adapter| adapter.name).collect(),
            people_per_call: described.people_per_call.filter(|people| *people > 0),
            provenance: self.provenance(wanted, settings)?,
        })
    }

    /// What of a backend, opened with these settings, changes its answers and is no setting.
    ///
    /// # Errors
    /// As [`Plugins::backend_facts`].
    pub fn provenance(&self, wanted: &str, settings: &Value) -> Result<BTreeMap<String, String>> {
        let usage = self.open_backend(wanted, settings)?.usage()?;
        let used: Used = serde_json::from_str(&usage)
            .map_err(|e| Fault::plugin(wanted, format!("its counters of use are wrong: {e}")))?;
        Ok(used.provenance)
    }

    /// What a metric says of itself, its settings checked by opening it.
    ///
    /// # Errors
    /// As [`Plugins::backend_facts`].
    pub fn metric_facts(&self, wanted: &str, settings: &Value) -> Result<MetricFacts> {
        let (file, _) = self.found.provider("metric", wanted)?;
        let described = self.metric_description(wanted, settings)?;
        if let Some(info) = described.scores.iter().find(|info| !info.is_sound()) {
            let message = format!("describes a score `{}` with a wrong name or range", info.name);
            return Err(Fault::plugin(file.path.display(), message.escape_debug()));
        }
        let scores = described.scores.into_iter().map(|info| info.name).collect();
        Ok(MetricFacts { plugin: plugin_facts(file), summary: described.summary, scores })
    }

    /// The description of a metric with its scores; the metric is opened with these settings.
    ///
    /// # Errors
    /// When there is no such metric, it cannot be loaded, or refuses the settings.
    pub fn metric_description(&self, wanted: &str, settings: &Value) -> Result<MetricDescription> {
        let (file, name) = self.found.provider("metric", wanted)?;
        let open = Open::Metric(name.clone(), settings.clone());
        let all: Vec<MetricDescription> = parsed(file, self.described(file, Some(open))?.metrics)?;
        all.into_iter().find(|d| d.name == name).ok_or_else(|| undescribed(file, &name))
    }

    /// Descriptions of all backends of a plugin.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn describe_backends(&self, file: &PluginFile) -> Result<Vec<BackendDescription>> {
        parsed(file, self.described(file, None)?.backends)
    }

    /// Descriptions of all metrics of a plugin.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn describe_metrics(&self, file: &PluginFile) -> Result<Vec<MetricDescription>> {
        parsed(file, self.described(file, None)?.metrics)
    }

    /// Opens a backend, or gives the one that is open with these settings.
    ///
    /// # Errors
    /// When there is no such backend, it cannot be loaded, or refuses the settings.
    pub fn open_backend(&self, wanted: &str, settings: &Value) -> Result<Arc<dyn BackendSession>> {
        let (file, name) = self.found.provider("backend", wanted)?;
        match &self.executor {
            Executor::InProcess => {
                let session = self.load(file)?.open_backend(&name, settings, &never())?;
                Ok(Arc::new(session))
            }
            Executor::Workers(_) => {
                let link = self.link(file, Some(Open::Backend(name, settings.clone())))?;
                link.worker()?;
                Ok(Arc::new(WorkerBackend::new(link)))
            }
        }
    }

    /// Opens a metric, or gives the one that is open with these settings.
    ///
    /// # Errors
    /// As [`Plugins::open_backend`].
    pub fn open_metric(&self, wanted: &str, settings: &Value) -> Result<Arc<dyn MetricSession>> {
        let (file, name) = self.found.provider("metric", wanted)?;
        match &self.executor {
            Executor::InProcess => {
                let session = self.load(file)?.open_metric(&name, settings, &never())?;
                Ok(Arc::new(session))
            }
            Executor::Workers(_) => {
                let link = self.link(file, Some(Open::Metric(name, settings.clone())))?;
                link.worker()?;
                Ok(Arc::new(WorkerMetric::new(link)))
            }
        }
    }

    /// How a plugin that a plan names is kept from the rest of the machine.
    pub fn isolation(&self, facts: &PluginFacts) -> String {
        let links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_plugin = links.iter().filter(|((sha256, _), _)| *sha256 == facts.sha256);
        let worker = of_plugin.find_map(|(_, link)| link.worker().ok());
        worker.map_or_else(|| "in-process".to_owned(), |worker| worker.isolation.clone())
    }

    /// Descriptions of a plugin; what is to be opened is opened on the way.
    fn described(&self, file: &PluginFile, open: Option<Open>) -> Result<Described> {
        match &self.executor {
            Executor::InProcess => {
                let loaded = self.load(file)?;
                let plugin = &file.probe.name;
                match open {
                    None => {}
                    Some(Open::Backend(name, settings)) => {
                        loaded.open_backend(&name, &settings, &never())?;
                    }
                    Some(Open::Metric(name, settings)) => {
                        loaded.open_metric(&name, &settings, &never())?;
                    }
                }
                let backends = loaded.described_backends(plugin)?;
                Ok(Described { backends, metrics: loaded.described_metrics(plugin)? })
            }
            Executor::Workers(_) => Ok(self.link(file, open)?.worker()?.described.clone()),
        }
    }

    /// The worker of a plugin and configuration; there is one of each.
    fn link(&self, file: &PluginFile, open: Option<Open>) -> Result<Arc<Link>> {
        let Executor::Workers(settings) = &self.executor else {
            return Err(Fault::plugin(file.path.display(), "runs in this process"));
        };
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let link = links.entry((file.sha256.clone(), open.clone()));
        let link = link.or_insert_with(|| Arc::new(Link::new(settings, file, open)));
        Ok(Arc::clone(link))
    }

    /// The library as it is now of a plugin that a plan names.
    ///
    /// # Errors
    /// When it is missing.
    pub fn current(&self, facts: &PluginFacts) -> Result<PluginFacts> {
        self.planned(facts).map(|entry| plugin_facts(&entry.file))
    }

    /// What a plugin that a plan names says that it needs.
    ///
    /// # Errors
    /// When it is missing.
    pub fn needs(&self, facts: &PluginFacts) -> Result<&Needs> {
        self.planned(facts).map(|entry| &entry.file.needs)
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
        if let Some(library) = loaded.get(&file.sha256) {
            return Ok(Arc::clone(library));
        }
        let library = Arc::new(Loaded::open(file)?);
        loaded.insert(file.sha256.clone(), Arc::clone(&library));
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

/// What is told to nobody and never stopped.
fn never() -> AtomicBool {
    AtomicBool::new(false)
}

fn parsed<T: DeserializeOwned>(file: &PluginFile, described: Value) -> Result<T> {
    serde_json::from_value(described)
        .map_err(|e| Fault::plugin(file.path.display(), format!("its description is wrong: {e}")))
}

fn undescribed(file: &PluginFile, name: &str) -> Fault {
    let message = format!("lists `{name}` in its probe and does not describe it");
    Fault::plugin(file.path.display(), message)
}
