//! Tables as the host sends them: every column nullable, codes as `int32`.

use super::{Person, World};
use arrow_array::{
    ArrayRef, FixedSizeListArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    UInt16Array,
    builder::{Float64Builder, ListBuilder},
};
use arrow_schema::{DataType, Field, Schema};
use serde_json::json;
use std::sync::Arc;

#[derive(Default)]
struct Columns(Vec<Field>, Vec<ArrayRef>);

impl Columns {
    fn push(&mut self, name: impl Into<String>, column: ArrayRef) {
        self.0.push(Field::new(name, column.data_type().clone(), true));
        self.1.push(column);
    }

    fn batch(self) -> RecordBatch {
        RecordBatch::try_new(Arc::new(Schema::new(self.0)), self.1).expect("columns of one length")
    }
}

/// Who people are.
fn who(world: &World, people: &[&Person]) -> Columns {
    let mut columns = Columns::default();
    let ids: StringArray = people.iter().map(|p| Some(p.id.as_str())).collect();
    columns.push("participant_id", Arc::new(ids));
    let arms: Int32Array = people.iter().map(|p| p.arm).collect();
    columns.push("arm", Arc::new(arms));
    for (i, covariate) in world.covariates.iter().enumerate() {
        let values = people.iter().map(|p| p.covariates[i]);
        let column: ArrayRef = match covariate.levels {
            0 => Arc::new(values.collect::<Float64Array>()),
            _ => Arc::new(values.map(|v| v.map(|v| v as i32)).collect::<Int32Array>()),
        };
        columns.push(format!("covariate.{}", covariate.id), column);
    }
    columns
}

/// People and their answers; answers to items from `until` on are not known yet.
fn table(world: &World, people: &[&Person], until: usize) -> Columns {
    let mut columns = who(world, people);
    for (i, item) in world.items.iter().enumerate() {
        let codes = people.iter().map(|p| p.answers[i].filter(|_| i < until));
        columns.push(format!("answer.{}", item.id), Arc::new(codes.collect::<Int32Array>()));
    }
    columns
}

/// A table of people.
pub(crate) fn people_batch(world: &World, people: &[Person]) -> RecordBatch {
    table(world, &people.iter().collect::<Vec<_>>(), usize::MAX).batch()
}

/// What a backend learns from; `partners` are those for whom the rows stand in.
pub(crate) fn pilot_batch(
    world: &World,
    people: &[Person],
    partners: Option<&[Person]>,
    with_messages: bool,
) -> RecordBatch {
    let mut columns = table(world, &people.iter().collect::<Vec<_>>(), usize::MAX);
    if with_messages {
        let all = world.items.len();
        let chats = people.iter().map(|person| Some(chat(world, person, all, all)));
        columns.push("messages", Arc::new(chats.collect::<StringArray>()));
    }
    if let Some(partners) = partners {
        let ids: StringArray = partners.iter().map(|p| Some(p.id.as_str())).collect();
        columns.push("partner_id", Arc::new(ids));
    }
    columns.batch()
}

/// A question to a person, whose answers to earlier items are those given so far.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    pub(crate) id: i64,
    pub(crate) person: &'a Person,
}

/// Requests that ask one item.
pub(crate) fn requests_batch(
    world: &World,
    asked: &[Asked],
    item: usize,
    with_messages: bool,
) -> RecordBatch {
    let people: Vec<&Person> = asked.iter().map(|asked| asked.person).collect();
    let mut columns = table(world, &people, item);
    let ids = Int64Array::from_iter_values(asked.iter().map(|asked| asked.id));
    columns.push("request_id", Arc::new(ids));
    columns.push("item", Arc::new(Int32Array::from(vec![item as i32; asked.len()])));
    if with_messages {
        let chats = people.iter().map(|person| Some(chat(world, person, item + 1, item)));
        columns.push("messages", Arc::new(chats.collect::<StringArray>()));
    }
    columns.batch()
}

/// The beginning of an interview in words: so many questions, and so many of their answers.
fn chat(world: &World, person: &Person, asked: usize, answered: usize) -> String {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let preamble = text(&world.design["preamble"]);
    let mut messages = vec![json!({"role": "system", "content": preamble})];
    for i in 0..asked {
        let item = &world.design["items"][i];
        messages.push(json!({"role": "user", "content": text(&item["text"])}));
        if i < answered {
            let label =
                person.answers[i].map(|level| text(&item["levels"][level as usize]["label"]));
            let content = label.unwrap_or_else(|| "(no answer)".to_owned());
            messages.push(json!({"role": "assistant", "content": content}));
        }
    }
    serde_json::Value::from(messages).to_string()
}

/// A simulated person: answers, and probabilities where they were given.
#[derive(Debug, Clone)]
pub(crate) struct Simulated {
    pub(crate) person: Person,
    /// By item.
    pub(crate) probabilities: Vec<Option<Vec<f64>>>,
}

/// A table of simulated people.
pub(crate) fn simulated_batch(world: &World, simulated: &[Simulated]) -> RecordBatch {
    let people: Vec<&Person> = simulated.iter().map(|s| &s.person).collect();
    let mut columns = who(world, &people);
    for (i, item) in world.items.iter().enumerate() {
        let codes: Int32Array = people.iter().map(|p| p.answers[i]).collect();
        columns.push(format!("answer.{}", item.id), Arc::new(codes));
        let field = Arc::new(Field::new("item", DataType::Float64, false));
        let mut lists = ListBuilder::new(Float64Builder::new()).with_field(field);
        for row in simulated {
            let list = row.probabilities[i].as_deref();
            lists.values().append_slice(list.unwrap_or_default());
            lists.append(list.is_some());
        }
        columns.push(format!("probability.{}", item.id), Arc::new(lists.finish()));
    }
    columns.batch()
}

/// Resample weights by participant; every list has `width` numbers, the first 1.
pub(crate) fn weights_batch(ids: &[&str], weights: &[Vec<u16>], width: usize) -> RecordBatch {
    let field = Arc::new(Field::new("item", DataType::UInt16, false));
    let values = UInt16Array::from_iter_values(weights.iter().flatten().copied());
    let lists = FixedSizeListArray::new(field, width as i32, Arc::new(values), None);
    let mut columns = Columns::default();
    columns.push("participant_id", Arc::new(StringArray::from(ids.to_vec())));
    columns.push("weights", Arc::new(lists));
    columns.batch()
}

/// The table less one column: a breach of the contract.
pub(crate) fn without_column(batch: &RecordBatch, name: &str) -> RecordBatch {
    let mut columns = Columns::default();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if field.name() != name {
            columns.push(field.name(), Arc::clone(column));
        }
    }
    columns.batch()
}
