use crate::experiment::{Columns, Design};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int8Array, Int32Array, ListArray, RecordBatch, StringArray,
    builder::{Float64Builder, ListBuilder},
    types::Int8Type,
};
use arrow_schema::{DataType, Field};
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

    /// Nobody's, for so many items.
    pub(super) fn empty(design: &Design) -> Self {
        let item = |_| ItemAnswers {
            levels: Int32Array::from(Vec::<i32>::new()),
            status: Vec::new(),
            probabilities: ListBuilder::new(Float64Builder::new())
                .with_field(Arc::new(Field::new("item", DataType::Float64, false)))
                .finish(),
            texts: None,
        };
        let ids = StringArray::from(Vec::<&str>::new());
        Self { ids, items: design.items.iter().map(item).collect() }
    }

    /// Adds the interviews of other people.
    pub(super) fn extend(&mut self, others: &Self) {
        for (item, other) in self.items.iter_mut().zip(&others.items) {
            item.extend(other);
        }
        self.ids = joined(&self.ids, &others.ids);
    }
}

impl ItemAnswers {
    fn extend(&mut self, other: &Self) {
        if self.texts.is_some() || other.texts.is_some() {
            let none = |rows: usize| StringArray::new_null(rows);
            let before = self.texts.take().unwrap_or_else(|| none(self.status.len()));
            let after = other.texts.clone().unwrap_or_else(|| none(other.status.len()));
            self.texts = Some(joined(&before, &after));
        }
        self.levels = joined(&self.levels, &other.levels);
        self.probabilities = joined(&self.probabilities, &other.probabilities);
        self.status.extend(&other.status);
    }
}

fn joined<A: Array + Clone + 'static>(a: &A, b: &A) -> A {
    let both = arrow_select::concat::concat(&[a, b]).expect("both are of one type");
    both.as_any().downcast_ref::<A>().expect("concat keeps the type").clone()
}
