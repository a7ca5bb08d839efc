use super::{Transcript, draw::Draws, messages, reply::Reply};
use crate::{
    experiment::{Design, People},
    fault::Result,
    plugin::{BackendSession, Watch},
};
use arrow_array::{Int32Array, Int64Array, RecordBatch, StringArray};
use std::sync::Arc;

/// What an interview needs to know.
pub struct Interview<'a> {
    /// The experiment's words.
    pub design: &'a Design,
    /// The people asked.
    pub people: &'a People,
    /// Seed of the draws.
    pub seed: u32,
    /// Whether requests carry the chat in words.
    pub with_messages: bool,
}

/// Asks everybody every item in order; each request carries the answers given so far.
///
/// # Errors
/// What the backend reports, or a reply that breaks the contract.
pub fn conduct(
    interview: &Interview,
    backend: &dyn BackendSession,
    handle: u64,
    watch: &dyn Watch,
) -> Result<Transcript> {
    let Interview { design, people, seed, .. } = *interview;
    let draws = Draws::new(design, people, seed);
    let mut transcript =
        Transcript { ids: people.ids.clone(), items: Vec::with_capacity(design.items.len()) };
    for (index, item) in design.items.iter().enumerate() {
        let requests = requests(interview, &transcript, index);
        let reply = backend.respond(handle, requests, "{}", watch)?;
        let answers = Reply::read(&reply)?.answers(item, index, &draws, people.len())?;
        transcript.items.push(answers);
    }
    Ok(transcript)
}

/// The batch that asks one item of everybody. Request ids are the rows.
fn requests(interview: &Interview, transcript: &Transcript, item: usize) -> RecordBatch {
    let Interview { design, people, .. } = *interview;
    let mut columns = people.who(design);
    transcript.earlier(design, &mut columns);
    let ids = Int64Array::from_iter_values(0..people.len() as i64);
    columns.push("request_id", Arc::new(ids));
    columns.push("item", Arc::new(Int32Array::from(vec![item as i32; people.len()])));
    if interview.with_messages {
        let chat = |row| Some(messages::chat(design, people, transcript, row, item));
        let texts: StringArray = (0..people.len()).map(chat).collect();
        columns.push("messages", Arc::new(texts));
    }
    columns.batch()
}
