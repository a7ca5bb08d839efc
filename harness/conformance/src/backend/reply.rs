//! A reply, read as the host reads it.

use arrow_array::{
    Array, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use std::collections::{BTreeMap, BTreeSet};

/// Probabilities may miss 1 by this much, as in the host.
const SUM_TOLERANCE: f64 = 1e-6;

/// What was said to one request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Refused,
    /// Log-probabilities of the levels.
    Probabilities(Vec<f64>),
    Choice(i32),
    Text(String),
    Nothing,
}

impl Answer {
    /// Whether both say the same, probabilities up to a tolerance.
    fn is_like(&self, other: &Self, tolerance: f64) -> bool {
        match (self, other) {
            (Self::Probabilities(a), Self::Probabilities(b)) => {
                // Equal bits are like each other whatever they are, NaN too.
                let like = |(a, b): (&f64, &f64)| {
                    a.to_bits() == b.to_bits() || (a.exp() - b.exp()).abs() <= tolerance
                };
                a.len() == b.len() && a.iter().zip(b).all(like)
            }
            (a, b) => a == b,
        }
    }

    /// A level: drawn, or chosen.
    pub(super) fn level(&self, share: f64) -> Option<i32> {
        match self {
            Self::Choice(level) => Some(*level),
            Self::Probabilities(logs) => {
                let mut sum = 0.0;
                let level = logs.iter().position(|log| {
                    sum += log.exp();
                    sum > share
                });
                Some(level.unwrap_or(logs.len().saturating_sub(1)) as i32)
            }
            _ => None,
        }
    }

    fn fits(&self, levels: usize) -> Result<(), String> {
        match self {
            Self::Probabilities(logs) if logs.len() != levels => {
                Err(format!("{} log-probabilities for {levels} levels", logs.len()))
            }
            Self::Choice(level) if *level < 0 || *level as usize >= levels => {
                Err(format!("choice {level}, the levels are 0 to {}", levels.saturating_sub(1)))
            }
            _ => Ok(()),
        }
    }

    fn is_probable(&self) -> Result<(), String> {
        let Self::Probabilities(logs) = self else { return Ok(()) };
        if let Some(log) = logs.iter().find(|log| log.is_nan() || **log > SUM_TOLERANCE) {
            return Err(format!("log-probability {log}; it should be -inf to 0"));
        }
        let sum: f64 = logs.iter().map(|log| log.exp()).sum();
        match (sum - 1.0).abs() <= SUM_TOLERANCE {
            true => Ok(()),
            false => Err(format!("the probabilities sum to {sum}, not to 1")),
        }
    }
}

/// All answers of a reply, in order.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    rows: Vec<(i64, Answer)>,
}

impl Reply {
    /// Reads the columns.
    pub(super) fn read(batch: &RecordBatch) -> Result<Self, String> {
        let ids = column::<Int64Array>(batch, "request_id")?;
        let ids = ids.ok_or("column `request_id` is missing")?;
        if ids.null_count() > 0 {
            return Err(format!("{} nulls in column `request_id`", ids.null_count()));
        }
        let lists = column::<ListArray>(batch, "logprobs")?;
        let values = match lists {
            Some(lists) => {
                let values = lists.values().as_any().downcast_ref::<Float64Array>();
                let values = values.filter(|values| values.null_count() == 0);
                Some(values.ok_or("column `logprobs` is not list<float64> without nulls")?)
            }
            None => None,
        };
        let choice = column::<Int32Array>(batch, "choice")?;
        let text = column::<StringArray>(batch, "text")?;
        let refused = column::<BooleanArray>(batch, "refused")?;
        let answer = |row: usize| {
            if present(refused, row).is_some_and(|refused| refused.value(row)) {
                Answer::Refused
            } else if let (Some(lists), Some(values)) = (present(lists, row), values) {
                let offsets = lists.value_offsets();
                let range = offsets[row] as usize..offsets[row + 1] as usize;
                Answer::Probabilities(values.values()[range].to_vec())
            } else if let Some(choice) = present(choice, row) {
                Answer::Choice(choice.value(row))
            } else if let Some(text) = present(text, row) {
                Answer::Text(text.value(row).to_owned())
            } else {
                Answer::Nothing
            }
        };
        Ok(Self { rows: (0..ids.len()).map(|row| (ids.value(row), answer(row))).collect() })
    }

    /// Answers by request; of several the first.
    pub(super) fn by_id(&self) -> BTreeMap<i64, &Answer> {
        self.rows.iter().rev().map(|(id, answer)| (*id, answer)).collect()
    }

    /// Every request has an answer.
    pub(super) fn complete(&self, asked: &[i64]) -> Result<(), String> {
        let answered: BTreeSet<i64> = self.rows.iter().map(|(id, _)| *id).collect();
        let missing: Vec<&i64> = asked.iter().filter(|id| !answered.contains(id)).collect();
        match missing.first() {
            None => Ok(()),
            Some(id) => Err(format!(
                "{} of {} requests are not answered, request_id {id} among them",
                missing.len(),
                asked.len()
            )),
        }
    }

    /// No request has two answers.
    pub(super) fn once(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        match self.rows.iter().find(|(id, _)| !seen.insert(*id)) {
            Some((id, _)) => Err(format!("request_id {id} is answered twice")),
            None => Ok(()),
        }
    }

    /// No answer is without request.
    pub(super) fn known(&self, asked: &[i64]) -> Result<(), String> {
        let asked: BTreeSet<i64> = asked.iter().copied().collect();
        match self.rows.iter().find(|(id, _)| !asked.contains(id)) {
            Some((id, _)) => Err(format!("request_id {id} was not asked")),
            None => Ok(()),
        }
    }

    /// Every answer says something.
    pub(super) fn given(&self) -> Result<(), String> {
        match self.rows.iter().find(|(_, answer)| *answer == Answer::Nothing) {
            Some((id, _)) => {
                Err(format!("request_id {id} has neither logprobs, choice, text nor refusal"))
            }
            None => Ok(()),
        }
    }

    /// Every answer fits the levels.
    pub(super) fn levels(&self, levels: usize) -> Result<(), String> {
        self.each(|answer| answer.fits(levels))
    }

    /// Probabilities are some.
    pub(super) fn probabilities(&self) -> Result<(), String> {
        self.each(Answer::is_probable)
    }

    fn each(&self, check: impl Fn(&Answer) -> Result<(), String>) -> Result<(), String> {
        for (id, answer) in &self.rows {
            check(answer).map_err(|message| format!("request_id {id}: {message}"))?;
        }
        Ok(())
    }

    /// All of the above.
    pub(super) fn sound(&self, asked: &[i64], levels: usize) -> Result<(), String> {
        self.complete(asked)?;
        self.once()?;
        self.known(asked)?;
        self.given()?;
        self.levels(levels)?;
        self.probabilities()
    }

    /// Whether another reply says the same to every request.
    pub(super) fn same(&self, other: &Self, tolerance: f64) -> Result<(), String> {
        let (ours, theirs) = (self.by_id(), other.by_id());
        let differs = |id: &&i64| match theirs.get(*id) {
            Some(answer) => !ours[*id].is_like(answer, tolerance),
            None => true,
        };
        let different: Vec<&i64> = ours.keys().filter(differs).collect();
        match different.first() {
            None => Ok(()),
            Some(id) => Err(format!(
                "{} of {} answers differ; request_id {id} was {}, now {}",
                different.len(),
                ours.len(),
                shown(ours.get(*id)),
                shown(theirs.get(*id)),
            )),
        }
    }

    /// Adds the answers of another reply.
    pub(super) fn extend(&mut self, other: Self) {
        self.rows.extend(other.rows);
    }
}

fn shown(answer: Option<&&Answer>) -> String {
    match answer {
        None => "not answered".to_owned(),
        Some(Answer::Probabilities(logs)) => {
            let shares: Vec<String> = logs.iter().map(|l| format!("{:.6}", l.exp())).collect();
            format!("[{}]", shares.join(", "))
        }
        Some(Answer::Choice(level)) => format!("level {level}"),
        Some(Answer::Text(text)) => format!("{text:?}"),
        Some(Answer::Refused) => "a refusal".to_owned(),
        Some(Answer::Nothing) => "nothing".to_owned(),
    }
}

fn present<A: Array>(array: Option<&A>, row: usize) -> Option<&A> {
    array.filter(|array| !array.is_null(row))
}

/// A column of the expected type; `None` when it is not there.
fn column<'a, A: Array + 'static>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<Option<&'a A>, String> {
    let Some(column) = batch.column_by_name(name) else { return Ok(None) };
    let typed = column.as_any().downcast_ref::<A>();
    typed.map(Some).ok_or_else(|| format!("column `{name}` has type {}", column.data_type()))
}
