use crate::{CovariateKind, Error, Experiment, Result};
use arrow_array::{Array, Float64Array, Int32Array, ListArray, RecordBatch, StringArray};
use arrow_schema::DataType;
use std::collections::HashMap;

/// A table of participants, one row each: who they are and what they answered.
///
/// Columns of the batch: `participant_id: utf8`; `arm: int32` (index into the experiment's arms);
/// per covariate `covariate.<id>`: `int32` (level index) or `float64`; per item `answer.<id>: int32`
/// (level index). A null means: not known, not asked, refused or invalid.
#[derive(Debug, Clone)]
pub struct People {
    ids: StringArray,
    arm: Int32Array,
    covariates: Vec<CovariateColumn>,
    answers: Vec<Int32Array>,
}

#[derive(Debug, Clone)]
enum CovariateColumn {
    Levels(Int32Array),
    Numbers(Float64Array),
}

impl People {
    /// Reads a batch.
    ///
    /// # Errors
    /// [`Error::BadInput`] when a column is missing, has another type, or holds a code without a level.
    pub fn new(batch: &RecordBatch, experiment: &Experiment) -> Result<Self> {
        let covariates = experiment.covariates.iter().map(|covariate| {
            let name = format!("covariate.{}", covariate.id);
            Ok(match covariate.kind {
                CovariateKind::Categorical => {
                    CovariateColumn::Levels(codes(batch, &name, covariate.levels.len())?)
                }
                CovariateKind::Numeric => CovariateColumn::Numbers(column(batch, &name)?),
            })
        });
        let covariates = covariates.collect::<Result<_>>()?;
        let answers = experiment
            .items
            .iter()
            .map(|item| codes(batch, &format!("answer.{}", item.id), item.levels.len()));
        Ok(Self {
            ids: ids(batch, "participant_id")?,
            arm: codes(batch, "arm", experiment.arms.len())?,
            covariates,
            answers: answers.collect::<Result<_>>()?,
        })
    }

    /// Number of participants.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Identifier of the participant in this row.
    pub fn id(&self, row: usize) -> &str {
        self.ids.value(row)
    }

    /// Arm of the participant, an index into the experiment's arms.
    pub fn arm(&self, row: usize) -> Option<usize> {
        code_at(&self.arm, row)
    }

    /// Level of a categorical covariate; `None` when missing or when the covariate is numeric.
    pub fn level(&self, row: usize, covariate: usize) -> Option<usize> {
        match &self.covariates[covariate] {
            CovariateColumn::Levels(codes) => code_at(codes, row),
            CovariateColumn::Numbers(_) => None,
        }
    }

    /// Value of a numeric covariate; `None` when missing or when the covariate is categorical.
    pub fn number(&self, row: usize, covariate: usize) -> Option<f64> {
        match &self.covariates[covariate] {
            CovariateColumn::Numbers(values) if !values.is_null(row) => Some(values.value(row)),
            _ => None,
        }
    }

    /// Level index of an answer.
    pub fn answer(&self, row: usize, item: usize) -> Option<usize> {
        code_at(&self.answers[item], row)
    }

    /// The participants in the order of their rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Person<'_>> {
        (0..self.len()).map(|row| Person { people: self, row })
    }

    /// The participant in this row.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn person(&self, row: usize) -> Person<'_> {
        assert!(row < self.len(), "row {row} of {} participants", self.len());
        Person { people: self, row }
    }

    /// For each row of `self` the row of `other` with the same participant.
    pub fn rows_in(&self, other: &People) -> Vec<Option<usize>> {
        if self.ids == other.ids {
            return (0..self.len()).map(Some).collect();
        }
        let rows: HashMap<&str, usize> = (0..other.len()).map(|row| (other.id(row), row)).collect();
        (0..self.len()).map(|row| rows.get(self.id(row)).copied()).collect()
    }
}

/// One participant of a table: a view, copied freely.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    people: &'a People,
    row: usize,
}

impl<'a> Person<'a> {
    /// Row in the table.
    pub fn row(self) -> usize {
        self.row
    }

    /// Identifier.
    pub fn id(self) -> &'a str {
        self.people.id(self.row)
    }

    /// Arm, an index into the experiment's arms.
    pub fn arm(self) -> Option<usize> {
        self.people.arm(self.row)
    }

    /// Level of a categorical covariate; `None` when missing or when the covariate is numeric.
    pub fn level(self, covariate: usize) -> Option<usize> {
        self.people.level(self.row, covariate)
    }

    /// Value of a numeric covariate; `None` when missing or when the covariate is categorical.
    pub fn number(self, covariate: usize) -> Option<f64> {
        self.people.number(self.row, covariate)
    }

    /// Level index of the answer to an item; `None` when it is missing, or not given yet.
    pub fn answer(self, item: usize) -> Option<usize> {
        self.people.answer(self.row, item)
    }
}

/// Simulated answers: people as a backend answered for them, with the probabilities where it gave
/// them (`probability.<item>: list<float64>`, one value per level, null where only a choice came).
#[derive(Debug, Clone)]
pub struct Simulated {
    people: People,
    probabilities: Vec<ListArray>,
}

impl Simulated {
    /// Reads a batch.
    ///
    /// # Errors
    /// As [`People::new`], and when a list of probabilities has another length than the levels.
    pub fn new(batch: &RecordBatch, experiment: &Experiment) -> Result<Self> {
        let probabilities = experiment.items.iter().map(|item| {
            let name = format!("probability.{}", item.id);
            let lists: ListArray = column(batch, &name)?;
            if lists.value_type() != DataType::Float64 {
                return Err(Error::BadInput(format!("column `{name}` is not list<float64>")));
            }
            let fits =
                |row| lists.is_null(row) || lists.value_length(row) as usize == item.levels.len();
            match (0..lists.len()).find(|row| !fits(*row)) {
                Some(row) => Err(Error::BadInput(format!(
                    "column `{name}`, row {row}: {} probabilities for {} levels",
                    lists.value_length(row),
                    item.levels.len()
                ))),
                None => Ok(lists),
            }
        });
        let probabilities = probabilities.collect::<Result<_>>()?;
        Ok(Self { people: People::new(batch, experiment)?, probabilities })
    }

    /// The people.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Probabilities of an item's levels; `None` when the backend gave only a choice, or nothing.
    pub fn probabilities(&self, row: usize, item: usize) -> Option<&[f64]> {
        let lists = &self.probabilities[item];
        if lists.is_null(row) {
            return None;
        }
        let values = lists.values().as_any().downcast_ref::<Float64Array>()?.values();
        let offsets = lists.value_offsets();
        Some(&values[offsets[row] as usize..offsets[row + 1] as usize])
    }
}

impl std::ops::Deref for Simulated {
    type Target = People;
    fn deref(&self) -> &People {
        &self.people
    }
}

/// A column of a given array type.
pub(crate) fn column<A: Array + Clone + 'static>(batch: &RecordBatch, name: &str) -> Result<A> {
    let column = batch
        .column_by_name(name)
        .ok_or_else(|| Error::BadInput(format!("column `{name}` is missing")))?;
    column
        .as_any()
        .downcast_ref::<A>()
        .cloned()
        .ok_or_else(|| Error::BadInput(format!("column `{name}` has type {}", column.data_type())))
}

/// A column of identifiers: no nulls.
pub(crate) fn ids(batch: &RecordBatch, name: &str) -> Result<StringArray> {
    let ids: StringArray = column(batch, name)?;
    match ids.null_count() {
        0 => Ok(ids),
        n => Err(Error::BadInput(format!("column `{name}` has {n} nulls"))),
    }
}

/// A column of level indices below `levels`.
pub(crate) fn codes(batch: &RecordBatch, name: &str, levels: usize) -> Result<Int32Array> {
    let codes: Int32Array = column(batch, name)?;
    match codes.iter().flatten().find(|code| *code < 0 || *code as usize >= levels) {
        None => Ok(codes),
        Some(code) => {
            Err(Error::BadInput(format!("column `{name}` holds {code}, there are {levels} levels")))
        }
    }
}

pub(crate) fn code_at(codes: &Int32Array, row: usize) -> Option<usize> {
    (!codes.is_null(row)).then(|| codes.value(row) as usize)
}
