use crate::{
    Control, Error, Experiment, MetricInfo, MetricTable, People, Result, Simulated,
    people::{column, ids},
};
use arrow_array::{Array, FixedSizeListArray, RecordBatch, UInt16Array};
use serde::{Deserialize, de::DeserializeOwned};
use std::collections::HashMap;

/// Scores of simulated answers against human ones.
pub trait Metric: Send + Sync + Sized + 'static {
    /// Name by which run files choose this metric.
    const NAME: &'static str;
    /// Settings, read from the run file; errors name the key.
    type Config: DeserializeOwned;

    /// What the host and its users should know of this metric.
    fn describe() -> MetricInfo;

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Config`] for a wrong setting.
    fn open(config: Self::Config) -> Result<Self>;

    /// Adds rows to the table. A score that has no value is a row with a reason, never a 0 or NaN.
    ///
    /// # Errors
    /// Any error fails the whole scoring of the replicate: what is merely undefined is a row.
    fn evaluate(
        &self,
        input: &Evaluation,
        table: &mut MetricTable,
        control: &Control,
    ) -> Result<()>;
}

/// What a metric compares.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The experiment.
    pub experiment: Experiment,
    /// The held-out people and what they answered.
    pub human: People,
    /// What was simulated for them.
    pub simulated: Simulated,
    /// The pilot that the method could learn from.
    pub pilot: People,
    /// Resample weights of the rows of `human`.
    pub human_weights: Weights,
    /// Resample weights of the rows of `simulated`: those of the same participants.
    pub simulated_weights: Weights,
    /// Seed for a metric that draws (random halves, random subsets).
    pub seed: u64,
}

#[derive(Deserialize)]
struct Context {
    experiment: Experiment,
    seed: u64,
}

impl Evaluation {
    /// Reads what the host passed.
    ///
    /// # Errors
    /// [`Error::BadInput`] when parameters or columns break the contract.
    pub fn new(
        human: &RecordBatch,
        simulated: &RecordBatch,
        pilot: &RecordBatch,
        weights: &RecordBatch,
        context: &str,
    ) -> Result<Self> {
        let context: Context = serde_json::from_str(context)
            .map_err(|e| Error::BadInput(format!("context of evaluate: {e}")))?;
        Self::from_parts(context.experiment, [human, simulated, pilot], weights, context.seed)
    }

    pub(crate) fn from_parts(
        experiment: Experiment,
        [human, simulated, pilot]: [&RecordBatch; 3],
        weights: &RecordBatch,
        seed: u64,
    ) -> Result<Self> {
        let human = People::new(human, &experiment)?;
        let simulated = Simulated::new(simulated, &experiment)?;
        let pilot = People::new(pilot, &experiment)?;
        Ok(Self {
            human_weights: Weights::read(weights, &human)?,
            simulated_weights: Weights::read(weights, &simulated)?,
            experiment,
            human,
            simulated,
            pilot,
            seed,
        })
    }

    /// Pairs of rows (human, simulated) of the same participants, in the order of `human`.
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let rows = self.human.rows_in(&self.simulated);
        rows.iter().enumerate().filter_map(|(human, row)| Some((human, (*row)?))).collect()
    }

    /// The groups over which scores are reported: everybody, each arm, each level of each subgroup
    /// column of the card.
    pub fn groups(&self) -> Vec<Group> {
        let mut groups = vec![Group::everybody()];
        if self.experiment.arms.len() > 1 {
            let arms = self.experiment.arms.iter().enumerate();
            groups.extend(arms.map(|(i, arm)| Group::new("arm", &arm.id, Membership::Arm(i))));
        }
        for column in &self.experiment.subgroups {
            let covariate = &self.experiment.covariates[*column];
            groups.extend(covariate.levels.iter().enumerate().map(|(i, level)| {
                Group::new(&covariate.id, &level.label, Membership::Level(*column, i))
            }));
        }
        groups
    }
}

/// A group of participants for which scores are reported.
#[derive(Debug, Clone)]
pub struct Group {
    /// `arm` or the covariate's id; `None` for everybody.
    pub column: Option<String>,
    /// The arm's id or the level's label; `None` for everybody.
    pub level: Option<String>,
    membership: Membership,
}

#[derive(Debug, Clone, Copy)]
enum Membership {
    Everybody,
    Arm(usize),
    Level(usize, usize),
}

impl Group {
    /// All participants.
    pub fn everybody() -> Self {
        Self { column: None, level: None, membership: Membership::Everybody }
    }

    fn new(column: &str, level: &str, membership: Membership) -> Self {
        Self { column: Some(column.to_owned()), level: Some(level.to_owned()), membership }
    }

    /// Whether the participant in this row belongs to the group.
    pub fn holds(&self, people: &People, row: usize) -> bool {
        match self.membership {
            Membership::Everybody => true,
            Membership::Arm(arm) => people.arm(row) == Some(arm),
            Membership::Level(column, level) => people.level(row, column) == Some(level),
        }
    }

    /// The rows of the group, in order.
    pub fn rows(&self, people: &People) -> Vec<usize> {
        (0..people.len()).filter(|row| self.holds(people, *row)).collect()
    }
}

/// Resample weights, one list per row: index 0 is always 1 (the table as it is), the others are how
/// often the row was drawn in each bootstrap resample of participants. A score is computed once per
/// index, in one pass over the rows, so that a thousand resamples copy no data.
///
/// Columns of the batch: `participant_id: utf8`, `weights: fixed_size_list<uint16>`. A row whose
/// participant is not in the batch has weight 1 throughout.
#[derive(Debug, Clone)]
pub struct Weights {
    values: UInt16Array,
    width: usize,
    rows: Option<Vec<Option<usize>>>,
    ones: Vec<u16>,
}

impl Weights {
    /// Weights without resamples for this many rows: a single 1 each.
    pub fn unit(count: usize) -> Self {
        Self { values: vec![1; count].into(), width: 1, rows: None, ones: vec![1] }
    }

    fn read(batch: &RecordBatch, people: &People) -> Result<Self> {
        let lists: FixedSizeListArray = column(batch, "weights")?;
        let owners = ids(batch, "participant_id")?;
        let width = lists.value_length() as usize;
        let values = lists.values().as_any().downcast_ref::<UInt16Array>().cloned();
        let values = values
            .filter(|values| values.null_count() == 0 && width > 0)
            .ok_or_else(|| Error::BadInput("column `weights` is not a list of uint16".into()))?;
        let same = owners.len() == people.len()
            && (0..people.len()).all(|r| owners.value(r) == people.id(r));
        let rows = (!same).then(|| {
            let row_of: HashMap<&str, usize> =
                (0..owners.len()).map(|row| (owners.value(row), row)).collect();
            (0..people.len()).map(|row| row_of.get(people.id(row)).copied()).collect()
        });
        Ok(Self { values, width, rows, ones: vec![1; width] })
    }

    /// Number of weights per row: 1 + the number of resamples.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Weights of a row.
    pub fn row(&self, row: usize) -> &[u16] {
        let at = match &self.rows {
            None => Some(row),
            Some(rows) => rows[row],
        };
        match at {
            Some(at) => &self.values.values()[at * self.width..(at + 1) * self.width],
            None => &self.ones,
        }
    }
}

/// Why a score has no value.
type Reason = String;

/// A score and its values in the resamples.
#[derive(Debug, Clone)]
pub struct Resampled {
    value: std::result::Result<f64, Reason>,
    resamples: Vec<Option<f64>>,
}

impl Resampled {
    /// A score without resamples: its interval comes from seeds alone.
    pub fn point(value: f64) -> Self {
        Self::from_results(std::iter::once(Ok::<_, &str>(value)))
    }

    /// A score without value.
    pub fn undefined(reason: impl Into<String>) -> Self {
        Self { value: Err(reason.into()), resamples: Vec::new() }
    }

    /// Values by weight index: the first is the score, the others are its resamples. A value that
    /// is not finite is undefined.
    pub fn from_results<R: ToString>(
        values: impl IntoIterator<Item = std::result::Result<f64, R>>,
    ) -> Self {
        let mut values = values.into_iter().map(|value| match value {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) => Err("the value is not finite".to_owned()),
            Err(reason) => Err(reason.to_string()),
        });
        let value = values.next().unwrap_or_else(|| Err("no value".to_owned()));
        Self { value, resamples: values.map(std::result::Result::ok).collect() }
    }

    /// The score.
    ///
    /// # Errors
    /// The reason why it is undefined.
    pub fn value(&self) -> std::result::Result<f64, &str> {
        self.value.as_ref().copied().map_err(String::as_str)
    }

    /// Its values in the resamples; empty when there are none.
    pub fn resamples(&self) -> &[Option<f64>] {
        &self.resamples
    }
}
