//! The run file, `pilotbench.toml`, key by key.

use super::Adapter;
use crate::{
    experiment::{line_of, read_text, toml_fault},
    fault::{Fault, Result},
    money,
    pilot::{Size, Strategy},
};
use serde::{Deserialize, Serialize};
use std::path::Path;
use toml::Spanned;

const RUN_FILE_BYTES_MAX: usize = 1 << 20;
/// The cap on a plan's replicates unless the run file sets another.
const REPLICATES_MAX: usize = 100_000;

/// A run file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// Name of the run, `[a-z0-9-]`.
    pub name: String,
    /// Experiments by name or path.
    pub experiments: Vec<String>,
    /// Pilot sizes: a list, or `"card"` for the sizes each card names.
    #[serde(default)]
    pub sizes: Sizes,
    /// How pilots are chosen.
    #[serde(default = "random")]
    pub strategies: Vec<Strategy>,
    /// Seeds: a count (1, 2, … n) or a list.
    pub seeds: Seeds,
    /// How many held-out people are scored: `"all"`, or at most a number.
    #[serde(default)]
    pub held_out: HeldOut,
    /// Backends without settings, by name.
    #[serde(default)]
    pub methods: Vec<Spanned<String>>,
    /// Methods with settings.
    #[serde(default, rename = "method")]
    pub detailed_methods: Vec<Spanned<MethodSpec>>,
    /// Metrics without settings, by name.
    #[serde(default)]
    pub metrics: Vec<Spanned<String>>,
    /// Metrics with settings.
    #[serde(default, rename = "metric")]
    pub detailed_metrics: Vec<Spanned<MetricSpec>>,
    /// How scores are made.
    #[serde(default)]
    pub score: ScoreSpec,
    /// What leaderboards show.
    #[serde(default)]
    pub leaderboard: LeaderboardSpec,
    /// Caps.
    #[serde(default)]
    pub limits: Limits,
    /// US dollars that all runs of this name may spend; part of no identity.
    pub budget_usd: Option<f64>,
    #[serde(skip)]
    path: String,
    #[serde(skip)]
    text: String,
}

fn random() -> Vec<Strategy> {
    vec![Strategy::Random]
}

/// Pilot sizes as written.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(try_from = "SizesText")]
pub enum Sizes {
    /// Those of each card.
    #[default]
    Card,
    /// These.
    List(Vec<Size>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "sizes: \"card\" or a list ([0, 8, 30])")]
enum SizesText {
    Word(String),
    List(Vec<toml::Value>),
}

impl TryFrom<SizesText> for Sizes {
    type Error = String;
    fn try_from(sizes: SizesText) -> std::result::Result<Self, String> {
        match sizes {
            SizesText::Word(word) if word == "card" => Ok(Self::Card),
            SizesText::Word(word) => {
                Err(format!("sizes: `{}` is not \"card\"", word.escape_debug()))
            }
            SizesText::List(list) if list.is_empty() => Err("sizes: the list is empty".into()),
            SizesText::List(list) => {
                let sizes =
                    list.into_iter().map(|v| v.try_into().map_err(|e| format!("sizes: {e}")));
                Ok(Self::List(sizes.collect::<std::result::Result<_, String>>()?))
            }
        }
    }
}

/// Seeds as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "seeds: a count (20) or a list ([1, 2, 3])")]
pub enum Seeds {
    /// 1, 2, … n.
    Count(u32),
    /// These.
    List(Vec<u32>),
}

impl Seeds {
    /// The seeds.
    pub fn list(&self) -> Vec<u32> {
        match self {
            Self::Count(count) => (1..=*count).collect(),
            Self::List(list) => list.clone(),
        }
    }
}

/// How many held-out people are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(try_from = "HeldOutText")]
pub enum HeldOut {
    /// Everyone outside the largest pilot.
    #[default]
    All,
    /// At most so many of them, the first of a random order.
    AtMost(usize),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "held_out: \"all\" or a number of at least 2")]
enum HeldOutText {
    Word(String),
    Count(usize),
}

impl TryFrom<HeldOutText> for HeldOut {
    type Error = String;
    fn try_from(text: HeldOutText) -> std::result::Result<Self, String> {
        match text {
            HeldOutText::Count(count) if count >= 2 => Ok(Self::AtMost(count)),
            HeldOutText::Word(word) if word == "all" => Ok(Self::All),
            _ => Err("held_out: \"all\" or a number of at least 2".into()),
        }
    }
}

impl HeldOut {
    /// The cap, if any.
    pub fn cap(self) -> Option<usize> {
        match self {
            Self::All => None,
            Self::AtMost(count) => Some(count),
        }
    }
}

/// A method with settings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodSpec {
    /// Name in tables; the backend's unless given.
    pub name: Option<String>,
    /// Backend, `NAME`, `PLUGIN/NAME` or `PLUGIN@VERSION/NAME`.
    pub backend: String,
    /// How it learns from the pilot: a name, or `{ name = "…", … }` with settings.
    #[serde(default)]
    pub adapter: Adapter,
    /// Settings for the backend.
    #[serde(default)]
    pub settings: toml::Table,
    /// Sizes for this method instead of the run's.
    pub sizes: Option<Sizes>,
}

/// A metric with settings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricSpec {
    /// Metric, `NAME`, `PLUGIN/NAME` or `PLUGIN@VERSION/NAME`.
    pub metric: String,
    /// Settings for the metric.
    #[serde(default)]
    pub settings: toml::Table,
}

impl MetricSpec {
    /// A metric without settings.
    fn plain(name: &str) -> Self {
        Self { metric: name.to_owned(), settings: toml::Table::new() }
    }
}

/// How scores are made.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScoreSpec {
    /// Bootstrap resamples of participants.
    pub resamples: usize,
    /// Coverage of intervals.
    pub confidence: f64,
    /// How intervals are made.
    pub interval: IntervalKind,
}

impl Default for ScoreSpec {
    fn default() -> Self {
        Self { resamples: 100, confidence: 0.95, interval: IntervalKind::Student }
    }
}

impl ScoreSpec {
    /// The key that is wrong, and why.
    pub(crate) fn check(&self) -> std::result::Result<(), (&'static str, String)> {
        if !(0.5..1.0).contains(&self.confidence) {
            return Err(("confidence", "confidence lies in 0.5..1".to_owned()));
        }
        if self.interval != IntervalKind::Student && self.resamples < 2 {
            return Err(("interval", "percentile and bca intervals need resamples".to_owned()));
        }
        if self.resamples > 10_000 {
            return Err(("resamples", "at most 10000 resamples".to_owned()));
        }
        Ok(())
    }
}

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalKind {
    /// Student's, with the errors of both sources added in squares and Welch's and Satterthwaite's
    /// degrees of freedom (Welch 1947), centred on the mean.
    #[default]
    Student,
    /// Percentiles of draws of participants and seeds together (Efron 1979). Distances of
    /// distributions are biased upward in resamples, and so are their percentiles.
    Percentile,
    /// Bias-corrected and accelerated percentiles (Efron 1987).
    Bca,
}

/// Groups of participants left out in turn for the acceleration of [`IntervalKind::Bca`].
const JACKKNIFE_GROUPS: usize = 20;

impl IntervalKind {
    /// Columns of weights that its intervals need beside the resamples.
    pub fn jackknife_groups(self) -> usize {
        if self == Self::Bca { JACKKNIFE_GROUPS } else { 0 }
    }
}

/// How a finished run, or a table of answers, is scored: the part of a run file that says so.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoringFile {
    /// Metrics without settings, by name.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// Metrics with settings.
    #[serde(default, rename = "metric")]
    pub detailed_metrics: Vec<MetricSpec>,
    /// How scores are made; as the run has it unless given.
    pub score: Option<ScoreSpec>,
    /// What leaderboards show; the usual unless given.
    #[serde(default)]
    pub leaderboard: LeaderboardSpec,
}

impl ScoringFile {
    /// Reads a scoring file.
    ///
    /// # Errors
    /// When it cannot be read or says anything else.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path, RUN_FILE_BYTES_MAX)?;
        let shown = path.display().to_string();
        let file: Self = toml::from_str(&text).map_err(|e| toml_fault(&shown, &text, &e))?;
        let fault = |message: String| Fault::usage(&shown, message);
        file.score.iter().try_for_each(|score| score.check().map_err(|(_, m)| fault(m)))?;
        Ok(file)
    }

    /// All metrics: those by name, then those with settings.
    pub fn all_metrics(&self) -> Vec<MetricSpec> {
        let plain = self.metrics.iter().map(|name| MetricSpec::plain(name));
        plain.chain(self.detailed_metrics.iter().cloned()).collect()
    }
}

/// What leaderboards show; empty: the usual scores.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeaderboardSpec {
    /// The score that orders the rows.
    pub headline: Option<String>,
    /// Scores shown as columns.
    pub columns: Vec<String>,
}

/// Caps against a plan that nobody meant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most replicates.
    pub replicates: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { replicates: REPLICATES_MAX }
    }
}

impl RunFile {
    /// Reads a run file.
    ///
    /// # Errors
    /// When it cannot be read, is not a run file, or asks for something impossible.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path, RUN_FILE_BYTES_MAX).map_err(|fault| {
            fault.hint(
                "give the path of a run file; `pilotbench.toml` in this folder is the default",
            )
        })?;
        Self::parse(&path.display().to_string(), text)
    }

    /// Reads the text of a run file; `path` is shown in faults.
    ///
    /// # Errors
    /// As [`RunFile::read`].
    pub fn parse(path: &str, text: String) -> Result<Self> {
        let parsed: Self = toml::from_str(&text).map_err(|e| toml_fault(path, &text, &e))?;
        let file = Self { path: path.to_owned(), text, ..parsed };
        file.check()?;
        Ok(file)
    }

    /// The fault of a plan beyond its cap.
    pub(super) fn too_many(&self) -> Fault {
        let message = format!("the plan has more than {} replicates", self.limits.replicates);
        self.fault_at_key("seeds", message).hint("ask for less, or raise `replicates` in [limits]")
    }

    /// What all runs of this name may spend, billionths of a US dollar.
    pub fn budget(&self) -> Option<u64> {
        self.budget_usd.and_then(money::nano)
    }

    /// The text as written, kept with the run.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A fault at a key, as near as the text tells.
    pub fn fault_at_key(&self, key: &str, message: impl std::fmt::Display) -> Fault {
        let starts = |line: &str| {
            line.trim_start().strip_prefix(key).is_some_and(|r| r.trim_start().starts_with('='))
        };
        let line = self.text.lines().position(starts).map_or(1, |i| i + 1);
        Fault::usage(format!("{}:{line}", self.path), message)
    }

    /// A fault at a spanned place.
    pub fn fault<T>(&self, at: &Spanned<T>, message: impl std::fmt::Display) -> Fault {
        Fault::usage(format!("{}:{}", self.path, line_of(&self.text, at.span().start)), message)
    }

    /// All methods: those by name, then those with settings.
    pub fn all_methods(&self) -> Vec<Spanned<MethodSpec>> {
        let plain = self.methods.iter().map(|name| {
            let spec = MethodSpec {
                name: None,
                backend: name.get_ref().clone(),
                adapter: Adapter::default(),
                settings: toml::Table::new(),
                sizes: None,
            };
            Spanned::new(name.span(), spec)
        });
        plain.chain(self.detailed_methods.iter().cloned()).collect()
    }

    /// All metrics without their places.
    pub fn metric_specs(&self) -> Vec<MetricSpec> {
        self.all_metrics().into_iter().map(Spanned::into_inner).collect()
    }

    /// All metrics: those by name, then those with settings.
    pub fn all_metrics(&self) -> Vec<Spanned<MetricSpec>> {
        let plain = self
            .metrics
            .iter()
            .map(|name| Spanned::new(name.span(), MetricSpec::plain(name.get_ref())));
        plain.chain(self.detailed_metrics.iter().cloned()).collect()
    }

    fn check(&self) -> Result<()> {
        crate::experiment::check_folder_id(&self.name)
            .map_err(|fault| self.fault_at_key("name", fault.message))?;
        let empty = |key: &str| Err(self.fault_at_key(key, format!("`{key}` is empty")));
        // Before the list is made: a count costs nothing to write and its list may cost everything.
        if let Seeds::Count(count) = self.seeds
            && count as usize > self.limits.replicates
        {
            return Err(self.too_many());
        }
        let mut strategies = self.strategies.clone();
        strategies.sort();
        if strategies.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(self.fault_at_key("strategies", "a strategy stands twice"));
        }
        let mut seeds = self.seeds.list();
        let count = seeds.len();
        seeds.sort_unstable();
        seeds.dedup();
        if self.experiments.is_empty() {
            return empty("experiments");
        }
        if self.strategies.is_empty() {
            return empty("strategies");
        }
        if seeds.is_empty() {
            return empty("seeds");
        }
        if seeds.len() < count {
            return Err(self.fault_at_key("seeds", "a seed stands twice"));
        }
        if self.budget_usd.is_some() && self.budget().is_none() {
            return Err(self.fault_at_key("budget_usd", "`budget_usd` is no amount of money"));
        }
        if self.methods.is_empty() && self.detailed_methods.is_empty() {
            return empty("methods");
        }
        if self.metrics.is_empty() && self.detailed_metrics.is_empty() {
            return empty("metrics");
        }
        self.score.check().map_err(|(key, message)| self.fault_at_key(key, message))?;
        Ok(())
    }
}
