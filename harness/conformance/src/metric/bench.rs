//! The workbench: one open metric, and what its checks share.

use super::{
    comparison::{Comparison, Quality},
    table::Table,
};
use crate::{
    checks::{Options, Stop, during, failed, skipped},
    subject::{Class, MetricSubject, OpenMetric, Quiet, Reply},
    world::{self, World},
};
use arrow_array::RecordBatch;
use serde::Deserialize;
use std::{cell::OnceCell, sync::Arc};

/// People in an ordinary comparison.
pub(super) const PEOPLE: usize = 150;

/// What a metric says of itself, as the host reads it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Info {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) scores: Vec<Score>,
}

impl Info {
    /// A score by name.
    pub(super) fn score(&self, name: &str) -> Option<&Score> {
        self.scores.iter().find(|score| score.name == name)
    }
}

/// What it says of a score.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Score {
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) better: Better,
    #[serde(rename = "heading")]
    _heading: Heading,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
}

/// Which way a score is good.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Better {
    Lower,
    Higher,
    At(f64),
    Describes,
}

/// Headings that reports have.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Heading {
    Marginal,
    Structural,
    Individual,
    Inference,
}

pub(super) struct Bench {
    pub(super) subject: Arc<dyn MetricSubject>,
    pub(super) settings: String,
    pub(super) options: Options,
    worlds: Vec<World>,
    info: OnceCell<Result<Info, String>>,
    session: OnceCell<Result<Arc<dyn OpenMetric>, String>>,
    /// The first experiment that the metric supports, and its reply there.
    pub(super) main: OnceCell<(usize, RecordBatch)>,
}

impl Bench {
    pub(super) fn new(subject: Arc<dyn MetricSubject>, settings: &str, options: Options) -> Self {
        Self {
            subject,
            settings: settings.to_owned(),
            options,
            worlds: vec![world::plain(), world::bare(), world::odd()],
            info: OnceCell::new(),
            session: OnceCell::new(),
            main: OnceCell::new(),
        }
    }

    pub(super) fn name(&self) -> String {
        self.info().map_or_else(|_| "(no name)".to_owned(), |info| info.name.clone())
    }

    /// The description.
    pub(super) fn info(&self) -> Result<&Info, Stop> {
        let info = self.info.get_or_init(|| {
            let text = self.subject.describe().map_err(|failure| failure.to_string())?;
            serde_json::from_str(&text).map_err(|e| format!("the description is wrong: {e}"))
        });
        info.as_ref().map_err(|message| Stop::Failed(message.clone()))
    }

    /// The description, where another check says what is wrong with it.
    pub(super) fn described(&self) -> Result<&Info, Stop> {
        self.info().map_err(|_| Stop::Skipped("it does not describe itself".into()))
    }

    /// The open metric.
    pub(super) fn session(&self) -> Result<&Arc<dyn OpenMetric>, Stop> {
        let open = || self.subject.open(&self.settings).map_err(|failure| failure.to_string());
        let session = self.session.get_or_init(open);
        session.as_ref().map_err(|message| Stop::Failed(message.clone()))
    }

    /// Finds the first experiment that the metric scores.
    pub(super) fn choose(&self) -> Result<(), Stop> {
        let mut refusals = Vec::new();
        for (place, world) in self.worlds.iter().enumerate() {
            match self.call(&Comparison::new(world, PEOPLE, Quality::Likely))? {
                Ok(reply) => {
                    let _ = self.main.set((place, reply));
                    return Ok(());
                }
                Err(failure) if failure.class == Class::Unsupported => {
                    refusals.push(format!("{}: {}", world.name, failure.message));
                }
                Err(failure) => return failed(format!("experiment {}: {failure}", world.name)),
            }
        }
        failed(format!("it supports no experiment ({})", refusals.join("; ")))
    }

    /// The experiment of most checks.
    pub(super) fn world(&self) -> Result<&World, Stop> {
        match self.main.get() {
            Some((place, _)) => Ok(&self.worlds[*place]),
            None => skipped("it supports none of the experiments"),
        }
    }

    /// The other experiments without odd text.
    pub(super) fn others(&self) -> Result<Vec<&World>, Stop> {
        let main = self.world()?.name;
        Ok(self.worlds.iter().filter(|world| world.name != main && !world.odd).collect())
    }

    /// The experiment of odd text.
    pub(super) fn odd(&self) -> Result<&World, Stop> {
        self.worlds.iter().find(|world| world.odd).ok_or(Stop::Skipped("none".into()))
    }

    /// An ordinary comparison of a quality.
    pub(super) fn comparison(&self, quality: Quality) -> Result<Comparison<'_>, Stop> {
        Ok(Comparison::new(self.world()?, PEOPLE, quality))
    }

    /// One call.
    pub(super) fn call(&self, comparison: &Comparison) -> Result<Reply<RecordBatch>, Stop> {
        Ok(self.session()?.evaluate(comparison.tables(), &comparison.context(), &Quiet))
    }

    /// The table of a comparison, which must be sound.
    pub(super) fn table(&self, comparison: &Comparison) -> Result<Table, Stop> {
        let reply = self.call(comparison)?;
        let place = format!("experiment {}", comparison.world.name);
        let table = Table::read(&reply.map_err(during(&place))?).map_err(Stop::Failed)?;
        table.sound(self.described()?, comparison).map_err(Stop::Failed)?;
        Ok(table)
    }
}
