//! A backend that is asked only what is not known.

use super::Known;
use crate::{
    experiment::Design,
    fault::Result,
    identity::Digest,
    interview::Reply,
    plugin::{BackendSession, Watch},
};
use arrow_array::{
    Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array,
    builder::{BooleanBuilder, Float64Builder, Int32Builder, ListBuilder, StringBuilder},
};
use arrow_schema::{DataType, Field, Schema};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A backend behind what is known of it, for one replicate.
pub struct Cached<'a> {
    backend: &'a dyn BackendSession,
    known: &'a Known,
    /// Words of each item's options.
    options: Vec<String>,
    asked: AtomicUsize,
    found: AtomicUsize,
}

impl<'a> Cached<'a> {
    /// Stands before a backend that is asked this experiment.
    pub fn new(backend: &'a dyn BackendSession, known: &'a Known, design: &Design) -> Self {
        let options = design.items.iter().map(|item| {
            let mut digest = Digest::default();
            item.levels.iter().for_each(|level| digest.word(&level.label));
            digest.finish()
        });
        let (asked, found) = Default::default();
        Self { backend, known, options: options.collect(), asked, found }
    }

    /// Requests so far, and those that were known.
    pub fn counts(&self) -> [usize; 2] {
        [&self.asked, &self.found].map(|count| count.load(Ordering::Relaxed))
    }

    /// Keys of the requests; `None` where they are not such as can be kept.
    fn keys(&self, requests: &RecordBatch) -> Option<Vec<String>> {
        let messages = of::<StringArray>(requests, "messages")?;
        let items = of::<Int32Array>(requests, "item")?;
        let key = |(message, item): (Option<&str>, Option<i32>)| {
            let mut digest = Digest::default();
            digest.word(self.options.get(usize::try_from(item?).ok()?)?);
            digest.word(message?);
            Some(digest.finish())
        };
        messages.iter().zip(items.iter()).map(key).collect()
    }

    /// Asks what is not known, each once, and puts the answers together.
    fn ask(
        &self,
        handle: u64,
        (requests, keys): (&RecordBatch, Vec<String>),
        params: &str,
        watch: &dyn Watch,
    ) -> Result<Option<RecordBatch>> {
        let Some(ids) = of::<Int64Array>(requests, "request_id") else { return Ok(None) };
        let mut first: HashMap<&str, usize> = HashMap::new();
        let mut rows = Vec::new();
        let known: Vec<Option<Arc<[f64]>>> = keys.iter().map(|key| self.known.get(key)).collect();
        for (row, key) in keys.iter().enumerate() {
            if known[row].is_none() && !first.contains_key(key.as_str()) {
                first.insert(key, row);
                rows.push(row as u32);
            }
        }
        self.asked.fetch_add(keys.len(), Ordering::Relaxed);
        self.found.fetch_add(keys.len() - rows.len(), Ordering::Relaxed);
        let mut replies: HashMap<i64, usize> = HashMap::new();
        let mut reply = None;
        if !rows.is_empty() {
            let rows = UInt32Array::from(rows);
            let asked = arrow_select::take::take_record_batch(requests, &rows)
                .expect("rows lie inside the table");
            let batch = self.backend.respond(handle, asked, params, watch)?;
            // What is no reply is for the one who asked to judge.
            let Ok(read) = Reply::read(&batch) else { return Ok(Some(batch)) };
            for (row, id) in read.ids.iter().enumerate() {
                if replies.insert(id.unwrap_or(-1), row).is_some() {
                    return Ok(Some(batch));
                }
            }
            reply = Some((batch, read));
        }
        let mut whole = Whole::default();
        for (row, key) in keys.iter().enumerate() {
            let id = ids.value(row);
            if let Some(logs) = &known[row] {
                whole.logprobs(id, logs);
                continue;
            }
            let Some((batch, read)) = &reply else { return Ok(None) };
            let Some(at) = replies.get(&ids.value(first[key.as_str()])) else {
                return Ok(Some(batch.clone()));
            };
            if let Some(logs) = sound(read, *at) {
                self.known.put(key.clone(), &logs);
            }
            whole.copy(id, read, *at);
        }
        Ok(Some(whole.finish()))
    }
}

impl BackendSession for Cached<'_> {
    fn adapt(&self, pilot: RecordBatch, params: &str, watch: &dyn Watch) -> Result<u64> {
        self.backend.adapt(pilot, params, watch)
    }

    fn respond(
        &self,
        handle: u64,
        requests: RecordBatch,
        params: &str,
        watch: &dyn Watch,
    ) -> Result<RecordBatch> {
        if let Some(keys) = self.keys(&requests)
            && let Some(reply) = self.ask(handle, (&requests, keys), params, watch)?
        {
            return Ok(reply);
        }
        self.backend.respond(handle, requests, params, watch)
    }

    fn release(&self, handle: u64) -> Result<()> {
        self.backend.release(handle)
    }

    fn usage(&self) -> Result<String> {
        self.backend.usage()
    }

    fn resident_bytes(&self) -> Option<u64> {
        self.backend.resident_bytes()
    }
}

fn of<A: Array + Clone + 'static>(batch: &RecordBatch, name: &str) -> Option<A> {
    batch.column_by_name(name)?.as_any().downcast_ref::<A>().cloned()
}

/// Log-probabilities of a row that are such.
fn sound(reply: &Reply, row: usize) -> Option<Vec<f64>> {
    let logs = reply.logs(row).filter(|_| !reply.is_refused(row))?;
    let sum: f64 = logs.iter().map(|log| log.exp()).sum();
    ((sum - 1.0).abs() <= 1e-6).then_some(logs)
}

/// A reply put together.
struct Whole {
    ids: Vec<i64>,
    logprobs: ListBuilder<Float64Builder>,
    choice: Int32Builder,
    text: StringBuilder,
    refused: BooleanBuilder,
}

impl Default for Whole {
    fn default() -> Self {
        let field = Arc::new(Field::new("item", DataType::Float64, false));
        Self {
            ids: Vec::new(),
            logprobs: ListBuilder::new(Float64Builder::new()).with_field(field),
            choice: Int32Builder::new(),
            text: StringBuilder::new(),
            refused: BooleanBuilder::new(),
        }
    }
}

impl Whole {
    fn logprobs(&mut self, id: i64, logs: &[f64]) {
        self.ids.push(id);
        self.logprobs.values().append_slice(logs);
        self.logprobs.append(true);
        self.choice.append_null();
        self.text.append_null();
        self.refused.append_value(false);
    }

    fn copy(&mut self, id: i64, reply: &Reply, row: usize) {
        self.ids.push(id);
        let logs = reply.logs(row);
        self.logprobs.values().append_slice(logs.as_deref().unwrap_or_default());
        self.logprobs.append(logs.is_some());
        let choice = reply.choice.as_ref().filter(|choice| !choice.is_null(row));
        self.choice.append_option(choice.map(|choice| choice.value(row)));
        let text = reply.text.as_ref().filter(|text| !text.is_null(row));
        self.text.append_option(text.map(|text| text.value(row)));
        self.refused.append_value(reply.is_refused(row));
    }

    fn finish(mut self) -> RecordBatch {
        let logprobs = self.logprobs.finish();
        let schema = Schema::new(vec![
            Field::new("request_id", DataType::Int64, false),
            Field::new("logprobs", logprobs.data_type().clone(), true),
            Field::new("choice", DataType::Int32, true),
            Field::new("text", DataType::Utf8, true),
            Field::new("refused", DataType::Boolean, false),
        ]);
        let columns: Vec<Arc<dyn Array>> = vec![
            Arc::new(Int64Array::from(self.ids)),
            Arc::new(logprobs),
            Arc::new(self.choice.finish()),
            Arc::new(self.text.finish()),
            Arc::new(self.refused.finish()),
        ];
        RecordBatch::try_new(Arc::new(schema), columns).expect("the columns are of one length")
    }
}
