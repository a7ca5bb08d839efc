//! What answers took of services that count or charge.

use super::reply::{broken, column, present, value_of};
use crate::{fault::Result, money};
use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest name kept of who answered.
const NAME_BYTES_MAX: usize = 200;

/// What answers took, added up. Sums of whole numbers: their order does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// Answers with a receipt.
    pub requests: u64,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// What was paid, billionths of a US dollar.
    pub nano_usd: u64,
    /// Answers whose price nobody knows, and which are not in `nano_usd`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpriced: u64,
    /// Answers by who gave them, as the service names it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answered_by: BTreeMap<String, u64>,
}

impl Used {
    /// Reads the receipts in a reply: its columns `prompt_tokens: int64?`, `completion_tokens:
    /// int64?`, `usd: float64?` and `answered_by: utf8?`, each of which may be missing. `None` where
    /// no row has any.
    ///
    /// # Errors
    /// When a column is of another type, or a number is no count or amount.
    pub fn of_reply(reply: &RecordBatch) -> Result<Option<Self>> {
        let prompt = column::<Int64Array>(reply, "prompt_tokens")?;
        let completion = column::<Int64Array>(reply, "completion_tokens")?;
        let usd = column::<Float64Array>(reply, "usd")?;
        let by = column::<StringArray>(reply, "answered_by")?;
        let mut used = Self::default();
        for row in 0..reply.num_rows() {
            let prompt_tokens = count(prompt.as_ref(), "prompt_tokens", row)?;
            let completion_tokens = count(completion.as_ref(), "completion_tokens", row)?;
            let nano_usd = amount(usd.as_ref(), row)?;
            let name = value_of(by.as_ref(), row).map(name);
            let is_receipt = prompt_tokens.or(completion_tokens).or(nano_usd).is_some();
            if is_receipt || name.is_some() {
                used.add(&Self {
                    requests: 1,
                    prompt_tokens: prompt_tokens.unwrap_or(0),
                    completion_tokens: completion_tokens.unwrap_or(0),
                    nano_usd: nano_usd.unwrap_or(0),
                    unpriced: u64::from(nano_usd.is_none()),
                    answered_by: name.into_iter().map(|name| (name, 1)).collect(),
                });
            }
        }
        Ok((used.requests > 0).then_some(used))
    }

    /// Adds what other answers took.
    pub fn add(&mut self, others: &Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.requests, others.requests);
        add(&mut self.prompt_tokens, others.prompt_tokens);
        add(&mut self.completion_tokens, others.completion_tokens);
        add(&mut self.nano_usd, others.nano_usd);
        add(&mut self.unpriced, others.unpriced);
        for (name, answers) in &others.answered_by {
            add(self.answered_by.entry(name.clone()).or_default(), *answers);
        }
    }

    /// What was paid, US dollars, as tables show it.
    pub fn usd(&self) -> String {
        match self.unpriced {
            0 => money::text(self.nano_usd.into()),
            all if all == self.requests => "unknown".to_owned(),
            _ => format!("{} and more unknown", money::text(self.nano_usd.into())),
        }
    }

    /// Adds what may have been taken to what may have been taken.
    pub fn add_to(sum: &mut Option<Self>, more: Option<&Self>) {
        if let Some(more) = more {
            sum.get_or_insert_default().add(more);
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn count(column: Option<&Int64Array>, name: &str, row: usize) -> Result<Option<u64>> {
    let Some(count) = present(column, row).map(|column| column.value(row)) else { return Ok(None) };
    let wrong = |_| broken(format!("column `{name}` holds {count}, which is no count"));
    u64::try_from(count).map(Some).map_err(wrong)
}

fn amount(column: Option<&Float64Array>, row: usize) -> Result<Option<u64>> {
    let Some(usd) = present(column, row).map(|column| column.value(row)) else { return Ok(None) };
    let wrong = || broken(format!("column `usd` holds {usd}, which is no amount of money"));
    money::nano(usd).map(Some).ok_or_else(wrong)
}

/// A name that fits into tables: what a service says is shown to people.
fn name(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut name: String = text.chars().map(shown).collect();
    if let Some((end, _)) = name.char_indices().find(|(at, c)| at + c.len_utf8() > NAME_BYTES_MAX) {
        name.truncate(end);
        name.push('…');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int32Array};
    use std::sync::Arc;

    fn reply(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
            .unwrap()
    }

    fn counts(values: &[Option<i64>]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    #[test]
    fn receipts_add_up_and_rows_without_one_do_not_count() {
        let by = StringArray::from(vec![Some("m-1"), None, Some("m-1"), Some("m\n2")]);
        let columns = vec![
            ("prompt_tokens", counts(&[Some(10), None, Some(5), None])),
            ("completion_tokens", counts(&[Some(1), None, None, None])),
            ("usd", Arc::new(Float64Array::from(vec![Some(0.1), None, Some(0.2), None])) as _),
            ("answered_by", Arc::new(by) as _),
        ];
        let used = Used::of_reply(&reply(columns)).unwrap().unwrap();
        assert_eq!((used.requests, used.prompt_tokens, used.completion_tokens), (3, 15, 1));
        assert_eq!((used.nano_usd, used.unpriced), (300_000_000, 1));
        assert_eq!(used.usd(), "0.3 and more unknown");
        let names: Vec<_> = used.answered_by.into_iter().collect();
        assert_eq!(names, [("m-1".to_owned(), 2), ("m\u{fffd}2".to_owned(), 1)]);
    }

    #[test]
    fn a_reply_without_receipts_has_used_nothing() {
        let plain = reply(vec![("request_id", counts(&[Some(0)]))]);
        assert_eq!(Used::of_reply(&plain).unwrap(), None);
        assert_eq!(Used::of_reply(&reply(vec![("usd", counts(&[]))])).unwrap_err().place, "reply");
        let empty = reply(vec![("prompt_tokens", counts(&[None]))]);
        assert_eq!(Used::of_reply(&empty).unwrap(), None);
    }

    #[test]
    fn numbers_that_are_none_break_the_contract() {
        let fault =
            |name, column| Used::of_reply(&reply(vec![(name, column)])).unwrap_err().message;
        let negative = fault("prompt_tokens", counts(&[Some(-1)]));
        assert_eq!(negative, "column `prompt_tokens` holds -1, which is no count");
        let small: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let typed = fault("completion_tokens", small);
        assert_eq!(typed, "column `completion_tokens` has type Int32");
        for usd in [-0.5, f64::NAN, f64::INFINITY] {
            let message = fault("usd", Arc::new(Float64Array::from(vec![usd])));
            assert_eq!(message, format!("column `usd` holds {usd}, which is no amount of money"));
        }
    }

    #[test]
    fn long_names_are_shortened() {
        let long = name(&"é".repeat(300));
        assert!(long.ends_with('…') && long.len() <= NAME_BYTES_MAX + '…'.len_utf8());
        assert_eq!(name("gpt-4o"), "gpt-4o");
    }
}
