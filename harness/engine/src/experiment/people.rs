//! The table in memory: one column per thing known, codes instead of texts.

use super::design::Design;
use arrow_array::{
    Array, ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, UInt32Array,
};
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// All participants of an experiment, as Arrow columns. Codes are level indices, null is missing.
#[derive(Debug, Clone)]
pub struct People {
    /// Identifiers.
    pub ids: StringArray,
    /// Arms.
    pub arm: Int32Array,
    /// Per covariate `int32` codes or `float64` numbers.
    pub covariates: Vec<ArrayRef>,
    /// Per item its codes.
    pub answers: Vec<Int32Array>,
    /// Per item the codes of the same people when they were asked again, where they were.
    pub retests: Vec<Option<Int32Array>>,
}

impl People {
    /// Number of participants.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Level of a categorical covariate.
    pub fn level(&self, row: usize, covariate: usize) -> Option<usize> {
        let codes = self.covariates[covariate].as_any().downcast_ref::<Int32Array>()?;
        code(codes, row)
    }

    /// Value of a numeric covariate.
    pub fn number(&self, row: usize, covariate: usize) -> Option<f64> {
        let numbers = self.covariates[covariate].as_any().downcast_ref::<Float64Array>()?;
        (!numbers.is_null(row)).then(|| numbers.value(row))
    }

    /// Arm of a participant.
    pub fn arm(&self, row: usize) -> Option<usize> {
        code(&self.arm, row)
    }

    /// These rows, in this order.
    pub fn take(&self, rows: &[u32]) -> Self {
        let rows = UInt32Array::from_iter_values(rows.iter().copied());
        Self {
            ids: taken(&self.ids, &rows),
            arm: taken(&self.arm, &rows),
            covariates: self.covariates.iter().map(|c| take(c.as_ref(), &rows)).collect(),
            answers: self.answers.iter().map(|codes| taken(codes, &rows)).collect(),
            retests: self
                .retests
                .iter()
                .map(|codes| codes.as_ref().map(|codes| taken(codes, &rows)))
                .collect(),
        }
    }

    /// The same people with the answers that they gave when they were asked again; an item that was
    /// not asked again is missing.
    pub fn asked_again(&self) -> Self {
        let nobody = || Int32Array::new_null(self.len());
        let answers = self.retests.iter().map(|codes| codes.clone().unwrap_or_else(nobody));
        Self { answers: answers.collect(), ..self.clone() }
    }

    /// The columns that say who the participants are, as they cross to plugins.
    pub fn who(&self, design: &Design) -> Columns {
        let mut columns = Columns::default();
        columns.push("participant_id", Arc::new(self.ids.clone()));
        columns.push("arm", Arc::new(self.arm.clone()));
        for (covariate, column) in design.covariates.iter().zip(&self.covariates) {
            columns.push(format!("covariate.{}", covariate.id), Arc::clone(column));
        }
        columns
    }

    /// The whole table as it crosses to plugins.
    pub fn columns(&self, design: &Design) -> Columns {
        let mut columns = self.who(design);
        for (item, codes) in design.items.iter().zip(&self.answers) {
            columns.push(format!("answer.{}", item.id), Arc::new(codes.clone()));
        }
        columns
    }
}

/// A code, or nothing where it is null.
pub fn code(codes: &Int32Array, row: usize) -> Option<usize> {
    (!codes.is_null(row)).then(|| codes.value(row) as usize)
}

fn take(array: &dyn Array, rows: &UInt32Array) -> ArrayRef {
    arrow_select::take::take(array, rows, None).expect("rows lie inside the table")
}

fn taken<A: Array + Clone + 'static>(array: &A, rows: &UInt32Array) -> A {
    let column = take(array, rows);
    column.as_any().downcast_ref::<A>().expect("take keeps the type").clone()
}

/// Columns on their way into a record batch.
#[derive(Debug, Clone, Default)]
pub struct Columns(Vec<(String, ArrayRef)>);

impl Columns {
    /// Adds a column.
    pub fn push(&mut self, name: impl Into<String>, column: ArrayRef) {
        self.0.push((name.into(), column));
    }

    /// The batch.
    ///
    /// # Panics
    /// When columns differ in length, which would be our mistake.
    pub fn batch(self) -> RecordBatch {
        let fields: Vec<Field> = self
            .0
            .iter()
            .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
            .collect();
        let columns = self.0.into_iter().map(|(_, column)| column).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .expect("columns are of one length")
    }
}

/// An `int32` column of nulls.
pub fn no_codes(len: usize) -> ArrayRef {
    arrow_array::new_null_array(&DataType::Int32, len)
}
