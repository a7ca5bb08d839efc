use crate::{
    BackendInfo, Control, Error, Experiment, Item, People, Person, Result, Usage,
    people::{code_at, codes, column},
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray,
    builder::{BooleanBuilder, Float64Builder, Int32Builder, ListBuilder, StringBuilder},
};
use arrow_schema::{DataType, Field, Schema};
use serde::{Deserialize, de::DeserializeOwned};
use std::{borrow::Cow, sync::Arc};

/// A method that answers for participants.
///
/// One value is opened per configuration and lives for the whole run. The host calls every method
/// from several threads at once.
pub trait Backend: Send + Sync + Sized + 'static {
    /// Name by which run files choose this backend.
    const NAME: &'static str;
    /// Settings, read from the run file; errors name the key.
    type Config: DeserializeOwned;
    /// What was learned from one pilot. The SDK keeps it until the host releases it.
    type Adapted: Send + Sync + 'static;

    /// What the host and its users should know of this backend.
    fn describe() -> BackendInfo;

    /// Prepares for work: loads a model, checks settings.
    ///
    /// # Errors
    /// [`Error::Config`] for a wrong setting, others as they come.
    fn open(config: Self::Config) -> Result<Self>;

    /// Learns from a pilot.
    ///
    /// # Errors
    /// [`Error::EmptyPilot`] when there is nobody to learn from and the method needs someone.
    fn adapt(&self, pilot: &Pilot, control: &Control) -> Result<Self::Adapted>;

    /// Answers every request, each once, in any order.
    ///
    /// # Errors
    /// Any error fails the replicate that asked.
    fn respond(
        &self,
        adapted: &Self::Adapted,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()>;

    /// Counters of use.
    fn usage(&self) -> Usage {
        Usage::default()
    }

    /// What of this opened backend changes its answers and does not stand in its settings, by name:
    /// the hash of a model's file, the precision that a machine allows. It becomes part of what a
    /// replicate is recognised by. The same for as long as the backend is open.
    fn provenance(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// Whom a backend may learn from.
#[derive(Debug, Clone)]
pub struct Pilot {
    /// The experiment.
    pub experiment: Experiment,
    /// The people and their answers.
    pub people: People,
    /// Seed of the replicate; a backend that draws derives its generator from it.
    pub seed: u64,
    adapter: Option<AdapterChoice>,
    partners: Option<StringArray>,
    messages: Option<StringArray>,
    batch: RecordBatch,
    params: Option<Arc<str>>,
}

/// The way of learning that a run file chose.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AdapterChoice {
    /// One of those that the backend offers.
    pub name: String,
    /// Its settings, an object.
    pub settings: serde_json::Value,
}

#[derive(Deserialize)]
struct AdaptParams {
    experiment: Experiment,
    seed: u64,
    adapter: Option<AdapterChoice>,
}

impl Pilot {
    /// Reads what the host passed.
    ///
    /// # Errors
    /// [`Error::BadInput`] when parameters or columns break the contract.
    pub fn new(batch: &RecordBatch, params: &str) -> Result<Self> {
        let read: AdaptParams = serde_json::from_str(params)
            .map_err(|e| Error::BadInput(format!("parameters of adapt: {e}")))?;
        let pilot = Self::from_parts(read.experiment, batch, read.seed)?;
        Ok(Self { params: Some(params.into()), adapter: read.adapter, ..pilot })
    }

    pub(crate) fn from_parts(
        experiment: Experiment,
        batch: &RecordBatch,
        seed: u64,
    ) -> Result<Self> {
        let people = People::new(batch, &experiment)?;
        let partners =
            batch.column_by_name("partner_id").map(|_| column(batch, "partner_id")).transpose()?;
        let messages =
            batch.column_by_name("messages").map(|_| column(batch, "messages")).transpose()?;
        let batch = batch.clone();
        Ok(Self {
            experiment,
            people,
            seed,
            adapter: None,
            partners,
            messages,
            batch,
            params: None,
        })
    }

    /// The table as it crossed, for a backend that hands it on. Nothing is copied.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// The JSON text that crossed with the table: `experiment`, with all that its card says (more
    /// than [`Experiment`] reads), and `seed`. Of a pilot made by hand, what is known of it.
    pub fn params(&self) -> Cow<'_, str> {
        match &self.params {
            Some(params) => Cow::Borrowed(params),
            None => {
                let known = serde_json::json!({"experiment": self.experiment, "seed": self.seed});
                Cow::Owned(known.to_string())
            }
        }
    }

    /// The way of learning that a run file chose among those that the backend offers; `None`: it
    /// answers as it is, or learns in its only way.
    pub fn adapter(&self) -> Option<&AdapterChoice> {
        self.adapter.as_ref()
    }

    /// The whole interview of the person in this row, all answers included, as a JSON list of chat
    /// messages, `(no answer)` where they gave none; `None` unless the backend asked for messages.
    pub fn messages(&self, row: usize) -> Option<&str> {
        self.messages.as_ref().map(|messages| messages.value(row))
    }

    /// For an oracle that learns from the other half: the held-out participant for whom the person
    /// in this row was drawn as partner, each at most once. For one that learns from the retest:
    /// the person in this row.
    pub fn partner_of(&self, row: usize) -> Option<&str> {
        let partners = self.partners.as_ref()?;
        (!partners.is_null(row)).then(|| partners.value(row))
    }
}

/// A batch of questions to answer.
///
/// Columns: `request_id: int64`; `item: int32` (index into the experiment's items); the columns of
/// [`People`], where `answer.<item>` holds what the same simulated participant answered so far;
/// `messages: utf8` (JSON list of `{role, content}`) when the backend asked for messages.
#[derive(Debug, Clone)]
pub struct Requests {
    experiment: Experiment,
    /// The participants, row by row, with the answers given so far.
    pub people: People,
    ids: Int64Array,
    items: Int32Array,
    messages: Option<StringArray>,
    batch: RecordBatch,
}

impl Requests {
    /// Reads what the host passed.
    ///
    /// # Errors
    /// [`Error::BadInput`] when a column breaks the contract.
    pub fn new(batch: &RecordBatch, experiment: &Experiment) -> Result<Self> {
        let ids: Int64Array = column(batch, "request_id")?;
        let items = codes(batch, "item", experiment.items.len())?;
        if ids.null_count() + items.null_count() > 0 {
            return Err(Error::BadInput("nulls in `request_id` or `item`".into()));
        }
        let messages =
            batch.column_by_name("messages").map(|_| column(batch, "messages")).transpose()?;
        let people = People::new(batch, experiment)?;
        let (experiment, batch) = (experiment.clone(), batch.clone());
        Ok(Self { experiment, people, ids, items, messages, batch })
    }

    /// The table as it crossed, for a backend that hands it on. Nothing is copied.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// The requests in the order of their rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Request<'_>> {
        (0..self.len()).map(|row| Request { requests: self, row })
    }

    /// Number of requests.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The experiment.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Identifier under which the answer is expected.
    pub fn request_id(&self, row: usize) -> i64 {
        self.ids.value(row)
    }

    /// Index of the item asked.
    pub fn item_index(&self, row: usize) -> usize {
        code_at(&self.items, row).unwrap_or_default()
    }

    /// The item asked.
    pub fn item(&self, row: usize) -> &Item {
        &self.experiment.items[self.item_index(row)]
    }

    /// The interview so far as a JSON list of chat messages; `None` unless the backend asked for
    /// messages.
    pub fn messages(&self, row: usize) -> Option<&str> {
        self.messages.as_ref().map(|messages| messages.value(row))
    }
}

/// One question to one participant: a view, copied freely.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    requests: &'a Requests,
    row: usize,
}

impl<'a> Request<'a> {
    /// Identifier under which the answer is expected.
    pub fn id(self) -> i64 {
        self.requests.request_id(self.row)
    }

    /// Index of the item asked.
    pub fn item_index(self) -> usize {
        self.requests.item_index(self.row)
    }

    /// The item asked.
    pub fn item(self) -> &'a Item {
        self.requests.item(self.row)
    }

    /// Number of levels of the item asked.
    pub fn levels(self) -> usize {
        self.item().levels.len()
    }

    /// The participant who is asked: identifier, arm, covariates, and the answers given so far.
    pub fn person(self) -> Person<'a> {
        self.requests.people.person(self.row)
    }

    /// The interview so far as a JSON list of chat messages; `None` unless the backend asked for
    /// messages.
    pub fn messages(self) -> Option<&'a str> {
        self.requests.messages(self.row)
    }
}

/// What an answer took of a service that counts or charges.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Receipt {
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// What it costs, US dollars, failed attempts included: paid now or when it was first given. `None`
    /// where no price is known.
    pub usd: Option<f64>,
    /// Who answered, as the service names it: the snapshot of a model.
    pub by: Option<String>,
}

/// Collects the answers to a batch of requests: one call per request.
///
/// Columns of the batch that crosses: `request_id: int64`, `logprobs: list<float64>?`,
/// `choice: int32?`, `text: utf8?`, `refused: bool`; where a receipt was given also
/// `prompt_tokens: int64?`, `completion_tokens: int64?`, `usd: float64?`, `answered_by: utf8?`.
#[derive(Debug)]
pub struct Answers {
    ids: Vec<i64>,
    logprobs: ListBuilder<Float64Builder>,
    choice: Int32Builder,
    text: StringBuilder,
    refused: BooleanBuilder,
    /// With the rows that they belong to, in order.
    receipts: Vec<(usize, Receipt)>,
}

impl Answers {
    /// Room for this many answers.
    pub fn with_capacity(count: usize) -> Self {
        let item = Arc::new(Field::new("item", DataType::Float64, false));
        Self {
            ids: Vec::with_capacity(count),
            logprobs: ListBuilder::with_capacity(Float64Builder::with_capacity(count * 5), count)
                .with_field(item),
            choice: Int32Builder::with_capacity(count),
            text: StringBuilder::with_capacity(count, 0),
            refused: BooleanBuilder::with_capacity(count),
            receipts: Vec::new(),
        }
    }

    /// How likely each level is; the host draws. The values must sum to 1.
    pub fn probabilities(&mut self, request_id: i64, probabilities: &[f64]) {
        for p in probabilities {
            self.logprobs.values().append_value(p.ln());
        }
        self.logprobs.append(true);
        self.rest(request_id, None, None, false);
    }

    /// Natural logarithms of the probabilities of the levels; the host draws.
    pub fn log_probabilities(&mut self, request_id: i64, logprobs: &[f64]) {
        self.logprobs.values().append_slice(logprobs);
        self.logprobs.append(true);
        self.rest(request_id, None, None, false);
    }

    /// The level that was taken, where no probabilities can be had.
    pub fn choice(&mut self, request_id: i64, level: usize) {
        self.logprobs.append(false);
        self.rest(request_id, Some(level as i32), None, false);
    }

    /// Free text, which the host parses.
    pub fn text(&mut self, request_id: i64, text: &str) {
        self.logprobs.append(false);
        self.rest(request_id, None, Some(text), false);
    }

    /// The model refused, with its words.
    pub fn refusal(&mut self, request_id: i64, text: &str) {
        self.logprobs.append(false);
        self.rest(request_id, None, Some(text), true);
    }

    /// What the answer that was given last took; at most one for each.
    pub fn receipt(&mut self, receipt: Receipt) {
        let row = self.ids.len().saturating_sub(1);
        self.receipts.push((row, receipt));
    }

    fn rest(&mut self, id: i64, choice: Option<i32>, text: Option<&str>, refused: bool) {
        self.ids.push(id);
        self.choice.append_option(choice);
        self.text.append_option(text);
        self.refused.append_value(refused);
    }

    /// The batch that crosses.
    ///
    /// # Errors
    /// Never in practice: the columns have one length by construction.
    pub fn finish(mut self) -> Result<RecordBatch> {
        let logprobs: ListArray = self.logprobs.finish();
        let refused: BooleanArray = self.refused.finish();
        let mut fields = vec![
            Field::new("request_id", DataType::Int64, false),
            Field::new("logprobs", logprobs.data_type().clone(), true),
            Field::new("choice", DataType::Int32, true),
            Field::new("text", DataType::Utf8, true),
            Field::new("refused", DataType::Boolean, false),
        ];
        let rows = self.ids.len();
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(self.ids)),
            Arc::new(logprobs),
            Arc::new(self.choice.finish()),
            Arc::new(self.text.finish()),
            Arc::new(refused),
        ];
        if !self.receipts.is_empty() {
            for (name, column) in receipt_columns(rows, &self.receipts) {
                fields.push(Field::new(name, column.data_type().clone(), true));
                columns.push(column);
            }
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map_err(|e| Error::Computation(e.to_string()))
    }
}

/// The columns of receipts, null in rows without one.
fn receipt_columns(rows: usize, receipts: &[(usize, Receipt)]) -> [(&'static str, ArrayRef); 4] {
    let mut all: Vec<Option<&Receipt>> = vec![None; rows];
    for (row, receipt) in receipts {
        all[*row] = Some(receipt);
    }
    let count = |of: fn(&Receipt) -> u64| -> ArrayRef {
        let count = |receipt: &&Receipt| i64::try_from(of(receipt)).unwrap_or(i64::MAX);
        Arc::new(all.iter().map(|receipt| receipt.as_ref().map(count)).collect::<Int64Array>())
    };
    let usd: Float64Array = all.iter().map(|receipt| receipt.and_then(|r| r.usd)).collect();
    let by: StringArray = all.iter().map(|receipt| receipt.and_then(|r| r.by.as_deref())).collect();
    [
        ("prompt_tokens", count(|receipt| receipt.prompt_tokens)),
        ("completion_tokens", count(|receipt| receipt.completion_tokens)),
        ("usd", Arc::new(usd)),
        ("answered_by", Arc::new(by)),
    ]
}
