//! A program's table of answers, checked whole and handed on.

use crate::columns::{Column, Lists, Numbers, Texts};
use pilotbench_plugin_sdk::{Answers, Error, Requests, Result, arrow_array::RecordBatch};
use std::collections::HashMap;

/// Probabilities may miss a sum of 1 by this much.
const SUM_TOLERANCE: f64 = 1e-6;

/// Hands the answers of a table on.
///
/// # Errors
/// When a request is not answered exactly once, or an answer does not fit its item.
pub(crate) fn hand_on(
    table: &[RecordBatch],
    requests: &Requests,
    answers: &mut Answers,
) -> Result<()> {
    // Looked up only; nothing iterates it.
    let rows: HashMap<i64, usize> =
        (0..requests.len()).map(|row| (requests.request_id(row), row)).collect();
    let mut answered = vec![false; requests.len()];
    for batch in table {
        let columns = Columns::of(batch).map_err(broken)?;
        for at in 0..batch.num_rows() {
            let id = columns.ids.integer(at).map_err(|e| broken(format!("`request_id`: {e}")))?;
            let id = id.ok_or_else(|| broken(format!("row {at} has no request_id")))?;
            let row =
                *rows.get(&id).ok_or_else(|| broken(format!("request_id {id} was not asked")))?;
            if std::mem::replace(&mut answered[row], true) {
                return Err(broken(format!("request_id {id} is answered twice")));
            }
            let item = requests.item(row);
            columns.answer(at, id, item.levels.len(), answers).map_err(|message| {
                broken(format!("request_id {id}, item `{}`: {message}", item.id))
            })?;
        }
    }
    match answered.iter().filter(|answered| !**answered).count() {
        0 => Ok(()),
        n => Err(broken(format!("{n} of {} requests are not answered", requests.len()))),
    }
}

/// The fault of a program that answers wrongly.
pub(crate) fn broken(message: impl std::fmt::Display) -> Error {
    let message = format!("the program's table of answers: {message}");
    Error::External { message, retry_after_ms: 0 }
}

struct Columns {
    ids: Numbers,
    logprobs: Option<Lists>,
    probabilities: Option<Lists>,
    choice: Option<Numbers>,
    text: Option<Texts>,
    refused: Option<Numbers>,
}

impl Columns {
    fn of(batch: &RecordBatch) -> std::result::Result<Self, String> {
        Ok(Self {
            ids: Column::find(batch, "request_id")?.ok_or("column `request_id` is missing")?,
            logprobs: Column::find(batch, "logprobs")?,
            probabilities: Column::find(batch, "probabilities")?,
            choice: Column::find(batch, "choice")?,
            text: Column::find(batch, "text")?,
            refused: Column::find(batch, "refused")?,
        })
    }

    /// Hands one answer on: a refusal before probabilities, these before a choice, a choice before
    /// words.
    fn answer(
        &self,
        at: usize,
        id: i64,
        levels: usize,
        answers: &mut Answers,
    ) -> std::result::Result<(), String> {
        let text = self.text.as_ref().and_then(|texts| texts.get(at));
        let integer = |numbers: &Option<Numbers>| match numbers {
            Some(numbers) => numbers.integer(at),
            None => Ok(None),
        };
        if integer(&self.refused)?.is_some_and(|refused| refused != 0) {
            answers.refusal(id, text.unwrap_or_default());
        } else if let Some(logs) = self.logprobs.as_ref().and_then(|lists| lists.get(at)) {
            let logs = logs.map_err(|e| format!("`logprobs`: {e}"))?;
            check(logs.iter().map(|log| log.exp()), levels)?;
            answers.log_probabilities(id, &logs);
        } else if let Some(shares) = self.probabilities.as_ref().and_then(|lists| lists.get(at)) {
            let shares = shares.map_err(|e| format!("`probabilities`: {e}"))?;
            check(shares.iter().copied(), levels)?;
            answers.probabilities(id, &shares);
        } else if let Some(choice) = integer(&self.choice)? {
            let level = usize::try_from(choice).ok().filter(|level| *level < levels);
            answers.choice(id, level.ok_or(format!("choice {choice} of {levels} levels"))?);
        } else if let Some(text) = text {
            answers.text(id, text);
        } else {
            let columns = "probabilities, logprobs, choice, text nor refusal";
            return Err(format!("there are neither {columns}"));
        }
        Ok(())
    }
}

fn check(shares: impl Iterator<Item = f64>, levels: usize) -> std::result::Result<(), String> {
    let (mut count, mut sum) = (0, 0.0);
    for share in shares {
        if !(0.0..=1.0 + SUM_TOLERANCE).contains(&share) {
            return Err(format!("{share} is not a probability"));
        }
        count += 1;
        sum += share;
    }
    if count != levels {
        return Err(format!("{count} probabilities for {levels} levels"));
    }
    match (sum - 1.0).abs() <= SUM_TOLERANCE {
        true => Ok(()),
        false => Err(format!("the probabilities sum to {sum}")),
    }
}
