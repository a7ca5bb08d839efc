//! Whether answers in a timed run are those of the scored pass, and each request has one.

use arrow_array::{
    Array, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use pilotbench_engine::fault::{Fault, Result};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Columns that are the answer; receipts are none.
const COLUMNS: [&str; 5] = ["request_id", "logprobs", "choice", "text", "refused"];
/// So far may probabilities be apart in other batches, which may be computed in another order: the
/// same as in the checks of the contract.
const TOLERANCE: f64 = 1e-6;

/// Answers compared with the scored ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// Requests made.
    pub asked: u64,
    /// Answered with the same bits.
    pub identical: u64,
    /// Answered with probabilities that differ by 1e-6 at most.
    pub close: u64,
    /// Answered with something else.
    pub differing: u64,
    /// Not answered.
    pub unanswered: u64,
    /// Answers too many: of a request that was answered before, or that was not made.
    pub surplus: u64,
}

impl Compared {
    pub(crate) fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.identical += other.identical;
        self.close += other.close;
        self.differing += other.differing;
        self.unanswered += other.unanswered;
        self.surplus += other.surplus;
    }
}

/// The scored answers to the requests of a batch, whose identifiers are its rows.
pub(crate) struct Scored {
    reply: RecordBatch,
    answers: Vec<Answer>,
}

#[derive(Debug, Clone, PartialEq)]
enum Answer {
    Refused,
    Probabilities(Vec<f64>),
    Choice(i32),
    Text(String),
    Nothing,
}

impl Scored {
    /// Reads the reply to so many requests, which the engine has checked.
    pub(crate) fn new(reply: RecordBatch, requests: usize) -> Result<Self> {
        let mut answers = vec![Answer::Nothing; requests];
        for (id, answer) in read(&reply)? {
            if let Some(slot) = answers.get_mut(id as usize) {
                *slot = answer;
            }
        }
        Ok(Self { reply, answers })
    }

    /// Compares a reply to requests of these rows.
    pub(crate) fn compare(&self, rows: Range<usize>, reply: &RecordBatch) -> Result<Compared> {
        let asked = rows.len() as u64;
        if rows.len() == self.answers.len() && self.is(reply) {
            return Ok(Compared { asked, identical: asked, ..Compared::default() });
        }
        let mut compared = Compared { asked, ..Compared::default() };
        let mut is_answered = vec![false; rows.len()];
        for (id, answer) in read(reply)? {
            let place = usize::try_from(id).ok().filter(|id| rows.contains(id));
            let Some(slot) = place.map(|id| &mut is_answered[id - rows.start]) else {
                compared.surplus += 1;
                continue;
            };
            match std::mem::replace(slot, true) {
                true => compared.surplus += 1,
                false => match self.answers[id as usize].apart(&answer) {
                    Some(0.0) => compared.identical += 1,
                    Some(apart) if apart <= TOLERANCE => compared.close += 1,
                    _ => compared.differing += 1,
                },
            }
        }
        compared.unanswered = is_answered.iter().filter(|is| !**is).count() as u64;
        Ok(compared)
    }

    /// Whether a reply has the same answers in the same order.
    fn is(&self, reply: &RecordBatch) -> bool {
        COLUMNS.iter().all(|name| self.reply.column_by_name(name) == reply.column_by_name(name))
    }
}

impl Answer {
    /// How far probabilities are apart at most; of all else, 0 or nothing.
    fn apart(&self, other: &Self) -> Option<f64> {
        let (Self::Probabilities(a), Self::Probabilities(b)) = (self, other) else {
            return (self == other).then_some(0.0);
        };
        if a.len() != b.len() {
            return None;
        }
        let same = a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
        let apart = a.iter().zip(b).map(|(a, b)| (a.exp() - b.exp()).abs());
        // Other bits are not the same answer, however near.
        let most = apart.fold(0.0, |most: f64, d| if d.is_nan() { f64::NAN } else { most.max(d) });
        Some(if same { 0.0 } else { most.max(f64::MIN_POSITIVE) })
    }
}

/// Identifiers and answers of a reply.
fn read(reply: &RecordBatch) -> Result<Vec<(i64, Answer)>> {
    let ids = column::<Int64Array>(reply, "request_id")?;
    let ids = ids.ok_or_else(|| Fault::plugin("reply", "column `request_id` is missing"))?;
    let logprobs = column::<ListArray>(reply, "logprobs")?;
    let choice = column::<Int32Array>(reply, "choice")?;
    let text = column::<StringArray>(reply, "text")?;
    let refused = column::<BooleanArray>(reply, "refused")?;
    let answer = |row: usize| {
        if refused.is_some_and(|refused| refused.is_valid(row) && refused.value(row)) {
            return Answer::Refused;
        }
        if let Some(lists) = logprobs.filter(|lists| lists.is_valid(row)) {
            let values = lists.value(row);
            let values = values.as_any().downcast_ref::<Float64Array>();
            return Answer::Probabilities(values.map_or(Vec::new(), |v| v.values().to_vec()));
        }
        if let Some(choice) = choice.filter(|choice| choice.is_valid(row)) {
            return Answer::Choice(choice.value(row));
        }
        match text.filter(|text| text.is_valid(row)) {
            Some(text) => Answer::Text(text.value(row).to_owned()),
            None => Answer::Nothing,
        }
    };
    Ok((0..reply.num_rows()).map(|row| (ids.value(row), answer(row))).collect())
}

fn column<'a, A: Array + 'static>(reply: &'a RecordBatch, name: &str) -> Result<Option<&'a A>> {
    let Some(column) = reply.column_by_name(name) else { return Ok(None) };
    let typed = column.as_any().downcast_ref::<A>();
    let wrong =
        || Fault::plugin("reply", format!("column `{name}` has type {}", column.data_type()));
    typed.map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, types::Float64Type};
    use std::sync::Arc;

    fn reply(rows: &[(i64, [f64; 2])]) -> RecordBatch {
        let ids: Int64Array = rows.iter().map(|(id, _)| Some(*id)).collect();
        let lists = rows.iter().map(|(_, p)| Some(p.map(|p| Some(p.ln()))));
        let lists = ListArray::from_iter_primitive::<Float64Type, _, _>(lists);
        let columns: [(&str, ArrayRef); 2] =
            [("request_id", Arc::new(ids)), ("logprobs", Arc::new(lists))];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[test]
    fn every_way_to_differ_is_counted() {
        let even = [0.5, 0.5];
        let scored = Scored::new(reply(&[(1, even), (0, even), (2, even)]), 3).unwrap();
        let of = |rows: &[(i64, [f64; 2])]| scored.compare(0..3, &reply(rows)).unwrap();
        let whole = Compared { asked: 3, identical: 3, ..Compared::default() };
        // In the same order and in another.
        assert_eq!(of(&[(1, even), (0, even), (2, even)]), whole);
        assert_eq!(of(&[(0, even), (1, even), (2, even)]), whole);
        let near = [0.5 + 1e-9, 0.5 - 1e-9];
        let found = of(&[(0, near), (1, [0.6, 0.4]), (1, even), (7, even)]);
        let expected =
            Compared { asked: 3, identical: 0, close: 1, differing: 1, unanswered: 1, surplus: 2 };
        assert_eq!(found, expected);
        // One row of the batch alone.
        let one = scored.compare(2..3, &reply(&[(2, even)])).unwrap();
        assert_eq!(one, Compared { asked: 1, identical: 1, ..Compared::default() });
    }
}
