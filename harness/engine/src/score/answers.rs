//! Where the simulated answers of a replicate come from: a record, or a table of somebody else's.

use crate::{
    experiment::{Columns, Experiment, People},
    fault::{Fault, Result},
    interview::Used,
    plan::{Plan, PlannedMethod, PluginFacts, Replicate},
    record::{self, Counts, Record},
    run,
};
use arrow_array::{Array, RecordBatch, StringArray};
use std::sync::Arc;

/// The simulated answers of one replicate beside the people they stand in for.
pub struct Answered {
    /// Requests by what became of them.
    pub counts: Counts,
    /// What they took of a service.
    pub used: Option<Used>,
    /// What answered.
    pub plugin: PluginFacts,
    /// Rows of the held-out people who are compared.
    pub asked: Vec<u32>,
    /// Rows of the pilot.
    pub pilot: Vec<u32>,
    /// The simulated people as metrics see them.
    pub simulated: RecordBatch,
    /// Whether the simulated people stand in for nobody in particular: their identifiers are their
    /// own, and so are their arms and covariates.
    pub unpaired: bool,
}

/// A source of simulated answers.
pub trait Answers: Sync {
    /// The answers of a replicate; `None` when there are none yet.
    ///
    /// # Errors
    /// When they are damaged.
    fn of(
        &self,
        experiment: &Experiment,
        method: &PlannedMethod,
        replicate: &Replicate,
    ) -> Result<Option<Answered>>;
}

/// The answers that a run recorded.
pub struct Recorded<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// Its record.
    pub record: &'a Record,
}

impl Answers for Recorded<'_> {
    fn of(
        &self,
        experiment: &Experiment,
        method: &PlannedMethod,
        replicate: &Replicate,
    ) -> Result<Option<Answered>> {
        let Some(manifest) = self.record.manifest(replicate)? else { return Ok(None) };
        let answers = record::decode(self.record.answers(&manifest)?)?;
        let participants = run::participants(self.plan, experiment, method, replicate)?;
        let asked = participants.revelation.asked;
        let people = experiment.people.take(&asked);
        let simulated = joined(&people, experiment, &answers)
            .map_err(|message| Fault::store(&replicate.id, message))?;
        Ok(Some(Answered {
            counts: manifest.counts,
            used: manifest.used,
            plugin: manifest.plugin,
            asked,
            pilot: participants.pilot,
            simulated,
            unpaired: false,
        }))
    }
}

/// Stored answers as metrics see them: who the participants are comes from the experiment, joined by
/// identifier, so that a stored table cannot tell another story of them.
fn joined(
    asked: &People,
    experiment: &Experiment,
    answers: &RecordBatch,
) -> std::result::Result<RecordBatch, String> {
    let design = &experiment.design;
    let column = |name: &str| {
        answers.column_by_name(name).ok_or_else(|| format!("column `{name}` is missing"))
    };
    let ids = column("participant_id")?;
    let ids = ids.as_any().downcast_ref::<StringArray>();
    if ids != Some(&asked.ids) {
        return Err("the answers are not of the participants whom the plan asks".to_owned());
    }
    let mut columns: Columns = asked.who(design);
    for item in &design.items {
        for kind in ["answer", "probability"] {
            let name = format!("{kind}.{}", item.id);
            let found = Arc::clone(column(&name)?);
            columns.push(name, found);
        }
    }
    Ok(columns.batch())
}
