//! Simulated answers that somebody else's system made, read from a table of theirs.
//!
//! One row is one simulated participant: `participant_id`, a column per item (by its column or id in
//! the card) with a level's code or label, and where the system gives them, the probabilities of an
//! item's levels in columns `probability.<item>.<code>`. An empty cell is no answer, `refused` a
//! refusal; both are counted, never imputed. `seed`, `size` and `strategy` say which replicate of a
//! plan a row belongs to.

use super::answers::{Answered, Answers};
use crate::{
    experiment::{Columns, Design, Experiment, Header, Item, each_row, read_others},
    fault::{Fault, Result},
    identity,
    pilot::Strategy,
    plan::{Plan, PlannedMethod, PluginFacts, Replicate},
    record::Counts,
    run,
};
use arrow_array::{
    Array, RecordBatch, StringArray,
    builder::{Float64Builder, Int32Builder, ListBuilder},
};
use arrow_schema::{DataType, Field};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

/// Word of a cell that refuses.
const REFUSED: &str = "refused";
/// Probabilities may miss a sum of 1 by so much.
const SUM_TOLERANCE: f64 = 1e-3;

/// A replicate as a table names it.
type Key = (Strategy, usize, u32);

/// One answer of one simulated participant.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Level(i32),
    Refused,
    Missing,
}

/// One row.
#[derive(Debug, Clone)]
struct Given {
    answers: Vec<Cell>,
    probabilities: Vec<Option<Vec<f64>>>,
}

/// A table of simulated answers.
#[derive(Debug)]
pub struct AnswerTable {
    path: String,
    sha256: String,
    /// By replicate, by participant's row in the experiment.
    replicates: BTreeMap<Key, BTreeMap<u32, Given>>,
    /// The simulated people by themselves, where they stand in for nobody in particular.
    unpaired: Option<(RecordBatch, Counts)>,
}

impl AnswerTable {
    /// Reads answers of an experiment's own participants.
    ///
    /// # Errors
    /// Names line and column of the first cell that is not what it should be.
    pub fn read(path: &Path, experiment: &Experiment) -> Result<Self> {
        let people = &experiment.people;
        let rows: HashMap<&str, u32> = people.ids.iter().flatten().zip(0..).collect();
        let mut replicates: BTreeMap<Key, BTreeMap<u32, Given>> = BTreeMap::new();
        let header = each_row(path, |header, line, cells| {
            let reader = Reader { path, header, line, cells };
            let id = reader.cell("participant_id")?.ok_or_else(|| {
                reader.fault("column `participant_id` is missing or empty").hint(
                    "name the participants as `pilotbench plan --pilots` does, or give --unpaired",
                )
            })?;
            let row = rows.get(id).copied().ok_or_else(|| {
                let message =
                    format!("`{}` is no participant of {}", id.escape_debug(), experiment.id());
                reader.fault(message)
            })?;
            let given = reader.given(&experiment.design)?;
            match replicates.entry(reader.key()?).or_default().insert(row, given) {
                None => Ok(()),
                Some(_) => {
                    Err(reader.fault(format!("participant `{id}` stands twice in a replicate")))
                }
            }
        })?;
        known_columns(path, &header, experiment)?;
        Self::new(path, replicates, None)
    }

    /// Reads answers of people of the table's own, with the arms and covariates of the experiment's
    /// table: a fresh population, say.
    ///
    /// # Errors
    /// As [`AnswerTable::read`].
    pub fn read_unpaired(path: &Path, experiment: &Experiment) -> Result<Self> {
        let mut people = read_others(&experiment.card, &experiment.design, path)
            .map_err(|faults| faults.first().expect_err("reading failed for a reason"))?;
        // They are nobody whom the experiment knows, whatever they are called.
        let ids = people.ids.iter().flatten().map(|id| Some(format!("simulated {id}")));
        people.ids = ids.collect::<StringArray>();
        let mut columns = people.columns(&experiment.design);
        let mut counts = Counts::default();
        for (item, codes) in experiment.design.items.iter().zip(&people.answers) {
            let missing = codes.null_count();
            counts.add(Counts { ok: codes.len() - missing, refused: 0, invalid: missing });
            columns
                .push(format!("probability.{}", item.id), Arc::new(no_probabilities(people.len())));
        }
        Self::new(path, BTreeMap::new(), Some((columns.batch(), counts)))
    }

    fn new(
        path: &Path,
        replicates: BTreeMap<Key, BTreeMap<u32, Given>>,
        unpaired: Option<(RecordBatch, Counts)>,
    ) -> Result<Self> {
        if replicates.is_empty() && unpaired.as_ref().is_none_or(|(table, _)| table.num_rows() == 0)
        {
            return Err(Fault::usage(path.display(), "the table has no rows"));
        }
        let sha256 = identity::sha256_file(path)?;
        Ok(Self { path: path.display().to_string(), sha256, replicates, unpaired })
    }

    /// The replicates that the table has: strategy, size and seed.
    pub fn replicates(&self) -> Vec<(Strategy, usize, u32)> {
        match self.unpaired {
            Some(_) => vec![(Strategy::Random, 0, 1)],
            None => self.replicates.keys().cloned().collect(),
        }
    }

    /// What stands for the plugin in results: the table's hash.
    pub fn facts(&self) -> PluginFacts {
        PluginFacts {
            name: "answers from a table".to_owned(),
            version: "-".to_owned(),
            sha256: self.sha256.clone(),
            rustc: "-".to_owned(),
            sdk: "-".to_owned(),
        }
    }

    fn answered(
        &self,
        experiment: &Experiment,
        rows: &BTreeMap<u32, Given>,
        asked: Vec<u32>,
        pilot: Vec<u32>,
    ) -> Answered {
        let given: Vec<Option<&Given>> = asked.iter().map(|row| rows.get(row)).collect();
        let mut columns = experiment.people.take(&asked).who(&experiment.design);
        let mut counts = Counts::default();
        for (i, item) in experiment.design.items.iter().enumerate() {
            counts.add(push_item(&mut columns, item, i, &given));
        }
        let (plugin, simulated) = (self.facts(), columns.batch());
        Answered { counts, used: None, plugin, asked, pilot, simulated, unpaired: false }
    }
}

/// Adds the columns of an item.
fn push_item(columns: &mut Columns, item: &Item, index: usize, given: &[Option<&Given>]) -> Counts {
    let mut counts = Counts::default();
    let mut codes = Int32Builder::with_capacity(given.len());
    let mut lists = probability_lists();
    for person in given {
        let cell = person.map_or(&Cell::Missing, |person| &person.answers[index]);
        match cell {
            Cell::Level(level) => {
                codes.append_value(*level);
                counts.ok += 1;
            }
            Cell::Refused => {
                codes.append_null();
                counts.refused += 1;
            }
            Cell::Missing => {
                codes.append_null();
                counts.invalid += 1;
            }
        }
        let probabilities = person.and_then(|person| person.probabilities[index].as_ref());
        lists.values().append_slice(probabilities.map_or(&[], Vec::as_slice));
        lists.append(probabilities.is_some());
    }
    columns.push(format!("answer.{}", item.id), Arc::new(codes.finish()));
    columns.push(format!("probability.{}", item.id), Arc::new(lists.finish()));
    counts
}

fn probability_lists() -> ListBuilder<Float64Builder> {
    let field = Field::new("item", DataType::Float64, false);
    ListBuilder::new(Float64Builder::new()).with_field(field)
}

fn no_probabilities(people: usize) -> arrow_array::ListArray {
    let mut lists = probability_lists();
    (0..people).for_each(|_| lists.append(false));
    lists.finish()
}

/// One row of the file.
struct Reader<'a> {
    path: &'a Path,
    header: &'a Header,
    line: usize,
    cells: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn fault(&self, message: impl std::fmt::Display) -> Fault {
        Fault::usage(format!("{}:{}", self.path.display(), self.line), message)
    }

    /// The text of a cell; `None` when it is empty or there is no such column.
    fn cell(&self, column: &str) -> Result<Option<&'a str>> {
        let Some(place) = self.header.position(column) else { return Ok(None) };
        let text = self.cells.get(place).ok_or_else(|| self.fault("the row is short"))?.trim();
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn number<T: std::str::FromStr>(&self, column: &str) -> Result<Option<T>> {
        let text = self.cell(column)?;
        let parse = |text: &str| {
            let shown = text.escape_debug();
            text.parse().map_err(|_| self.fault(format!("`{shown}` in `{column}` is not a number")))
        };
        text.map(parse).transpose()
    }

    /// The replicate; the only one unless the row says which.
    fn key(&self) -> Result<Key> {
        let strategy = match self.cell("strategy")? {
            None => Strategy::Random,
            Some(text) => text.parse().map_err(|e| self.fault(format!("strategy: {e}")))?,
        };
        Ok((strategy, self.number("size")?.unwrap_or(0), self.number("seed")?.unwrap_or(1)))
    }

    fn given(&self, design: &Design) -> Result<Given> {
        let answers = design.items.iter().map(|item| self.answer(item));
        let answers = answers.collect::<Result<_>>()?;
        let probabilities = design.items.iter().map(|item| self.probabilities(item));
        Ok(Given { answers, probabilities: probabilities.collect::<Result<_>>()? })
    }

    fn answer(&self, item: &Item) -> Result<Cell> {
        let known =
            [&item.column, &item.id].into_iter().find(|c| self.header.position(c).is_some());
        let column =
            known.ok_or_else(|| self.fault(format!("column `{}` is missing", item.column)))?;
        let Some(text) = self.cell(column)? else { return Ok(Cell::Missing) };
        let mut levels = item.levels.iter();
        match levels.position(|level| level.code == text || level.label == text) {
            Some(level) => Ok(Cell::Level(level as i32)),
            None if text == REFUSED => Ok(Cell::Refused),
            None => {
                let codes: Vec<_> = item.levels.iter().map(|level| level.code.as_str()).collect();
                let message = format!("`{}` is not a level of `{column}`", text.escape_debug());
                let hint = format!(
                    "there are: {}; an empty cell is no answer, `{REFUSED}` a refusal",
                    codes.join(", ")
                );
                Err(self.fault(message).hint(hint))
            }
        }
    }

    /// The probabilities of an item's levels, where all of them are given.
    fn probabilities(&self, item: &Item) -> Result<Option<Vec<f64>>> {
        let cell = |code: &str| self.number::<f64>(&format!("probability.{}.{code}", item.id));
        let cells =
            item.levels.iter().map(|level| cell(&level.code)).collect::<Result<Vec<_>>>()?;
        if cells.iter().all(Option::is_none) {
            return Ok(None);
        }
        let values: Option<Vec<f64>> = cells.into_iter().collect();
        let values = values.ok_or_else(|| {
            self.fault(format!("`{}` has probabilities for some of its levels only", item.id))
        })?;
        let sum: f64 = values.iter().sum();
        let sound =
            values.iter().all(|p| (0.0..=1.0).contains(p)) && (sum - 1.0).abs() <= SUM_TOLERANCE;
        match sound {
            true => Ok(Some(values.iter().map(|p| p / sum).collect())),
            false => Err(self.fault(format!(
                "the probabilities of `{}` are not shares that sum to 1 (they sum to {sum})",
                item.id
            ))),
        }
    }
}

/// Every column is one that is read, or one of the experiment's own table.
fn known_columns(path: &Path, header: &Header, experiment: &Experiment) -> Result<()> {
    let (card, design) = (&experiment.card, &experiment.design);
    let mut known: HashSet<String> =
        ["participant_id", "seed", "size", "strategy", &card.table.participant]
            .map(str::to_owned)
            .into();
    known.extend(card.table.arm.clone());
    known.extend(card.table.unused.iter().cloned());
    known.extend(design.covariates.iter().flat_map(|c| [c.id.clone(), c.column.clone()]));
    for item in &design.items {
        known.extend([item.id.clone(), item.column.clone()]);
        known.extend(item.retest.clone());
        let levels = item.levels.iter();
        known.extend(levels.map(|level| format!("probability.{}.{}", item.id, level.code)));
    }
    match header.names.iter().find(|name| !known.contains(*name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("column `{}` is not known", name.escape_debug());
            Err(Fault::usage(path.display(), message)
                .hint("columns: participant_id, the items, probability.<item>.<code>, seed, size, strategy"))
        }
    }
}

/// The table alone: everybody whom it answers for is compared.
impl Answers for AnswerTable {
    fn of(
        &self,
        experiment: &Experiment,
        _: &PlannedMethod,
        replicate: &Replicate,
    ) -> Result<Option<Answered>> {
        if let Some((simulated, counts)) = &self.unpaired {
            return Ok(Some(Answered {
                counts: *counts,
                used: None,
                plugin: self.facts(),
                asked: (0..experiment.people.len() as u32).collect(),
                pilot: Vec::new(),
                simulated: simulated.clone(),
                unpaired: true,
            }));
        }
        let key = (replicate.strategy.clone(), replicate.size, replicate.seed);
        let Some(rows) = self.replicates.get(&key) else { return Ok(None) };
        let asked = rows.keys().copied().collect();
        Ok(Some(self.answered(experiment, rows, asked, Vec::new())))
    }
}

/// A table beside the answers of a run: one more method of its plan, asked for the same people.
pub struct Beside<'a> {
    /// Plan with the method.
    pub plan: &'a Plan,
    /// Name of the method that the table is of.
    pub method: &'a str,
    /// Experiment that the table is of.
    pub experiment: &'a str,
    /// The table.
    pub table: &'a AnswerTable,
    /// The answers of the other methods.
    pub others: &'a dyn Answers,
}

impl Answers for Beside<'_> {
    fn of(
        &self,
        experiment: &Experiment,
        method: &PlannedMethod,
        replicate: &Replicate,
    ) -> Result<Option<Answered>> {
        if method.name != self.method {
            return self.others.of(experiment, method, replicate);
        }
        let key = (replicate.strategy.clone(), replicate.size, replicate.seed);
        let rows = self.table.replicates.get(&key).filter(|_| experiment.id() == self.experiment);
        let Some(rows) = rows else { return Ok(None) };
        let participants = run::participants(self.plan, experiment, method, replicate)?;
        let asked = participants.revelation.asked;
        let known: HashSet<u32> = asked.iter().copied().collect();
        if let Some(stranger) = rows.keys().find(|row| !known.contains(row)) {
            let id = experiment.people.ids.value(*stranger as usize);
            let message = format!(
                "participant `{id}` is not held out at seed {}, strategy {}",
                replicate.seed, replicate.strategy
            );
            return Err(Fault::usage(&self.table.path, message)
                .hint("`pilotbench plan RUNFILE --pilots FILE` says who is in the pilot and who is held out"));
        }
        Ok(Some(self.table.answered(experiment, rows, asked, participants.pilot)))
    }
}
