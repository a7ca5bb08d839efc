use crate::experiment::{Columns, Design, no_codes};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int8Array, Int32Array, ListArray, RecordBatch, StringArray,
    types::Int8Type,
};
use std::sync::Arc;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A level was drawn, chosen or read from text.
    Ok = 0,
    /// The model refused.
    Refused = 1,
    /// The reply holds no level.
    Invalid = 2,
}

impl Status {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Refused, Self::Invalid];

    /// Word in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Invalid => "invalid",
        }
    }
}

/// The simulated answers to one item, in the order of the people asked.
#[derive(Debug, Clone)]
pub struct ItemAnswers {
    /// Level indices; null unless the status is ok.
    pub levels: Int32Array,
    /// What became of each request.
    pub status: Vec<Status>,
    /// Probabilities of the levels, null where the backend gave none.
    pub probabilities: ListArray,
    /// Words of the model, where it gave text.
    pub texts: Option<StringArray>,
}

/// One interview of everybody asked.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// Identifiers of the participants.
    pub ids: StringArray,
    /// Answers by item.
    pub items: Vec<ItemAnswers>,
}

impl Transcript {
    /// Number of answers asked for.
    pub fn answers(&self) -> usize {
        self.ids.len() * self.items.len()
    }

    /// Answers by status, in the order of [`Status::ALL`].
    pub fn counts(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for status in self.items.iter().flat_map(|item| &item.status) {
            counts[*status as usize] += 1;
        }
        counts
    }

    /// The table as it is stored: a row per participant; per item `answer.<item>: int32` (level
    /// index), `status.<item>`, `probability.<item>: list<float64>`, and `text.<item>` where the
    /// model gave text.
    pub fn batch(&self, design: &Design) -> RecordBatch {
        let words = StringArray::from_iter_values(Status::ALL.iter().map(|s| s.name()));
        let words: ArrayRef = Arc::new(words);
        let mut columns = Columns::default();
        columns.push("participant_id", Arc::new(self.ids.clone()));
        for (item, answers) in design.items.iter().zip(&self.items) {
            let keys = Int8Array::from_iter_values(answers.status.iter().map(|s| *s as i8));
            let status = DictionaryArray::<Int8Type>::new(keys, Arc::clone(&words));
            columns.push(format!("answer.{}", item.id), Arc::new(answers.levels.clone()));
            columns.push(format!("status.{}", item.id), Arc::new(status));
            let probabilities = Arc::new(answers.probabilities.clone());
            columns.push(format!("probability.{}", item.id), probabilities);
            if let Some(texts) = &answers.texts {
                columns.push(format!("text.{}", item.id), Arc::new(texts.clone()));
            }
        }
        columns.batch()
    }

    /// The answers so far as request columns; later items are null.
    pub(super) fn earlier(&self, design: &Design, columns: &mut Columns) {
        for (i, item) in design.items.iter().enumerate() {
            let column = match self.items.get(i) {
                Some(answers) => Arc::new(answers.levels.clone()) as ArrayRef,
                None => no_codes(self.ids.len()),
            };
            columns.push(format!("answer.{}", item.id), column);
        }
    }

    /// Level that a participant answered to an earlier item.
    pub(super) fn level(&self, row: usize, item: usize) -> Option<usize> {
        let levels = &self.items.get(item)?.levels;
        (!levels.is_null(row)).then(|| levels.value(row) as usize)
    }
}
