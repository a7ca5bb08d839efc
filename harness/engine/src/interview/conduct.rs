use super::{ItemAnswers, Transcript, draw::Draws, messages, reply::Reply};
use crate::{
    adapter::{Calibration, Told},
    experiment::{Design, People, code},
    fault::{FaultKind, Result},
    plugin::{BackendSession, Watch},
};
use arrow_array::{Array, Int32Array, Int64Array, RecordBatch, StringArray};
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
    /// So many people at a time; everybody: `None`.
    pub at_once: Option<usize>,
    /// What the chat begins with, before each person's own words.
    pub before: &'a str,
    /// How the backend's log-probabilities are changed, by item.
    pub calibrations: Option<&'a [Calibration]>,
}

impl<'a> Interview<'a> {
    /// Everybody at once, in columns alone, of a backend that is taken at its word.
    pub fn new(design: &'a Design, people: &'a People, seed: u32) -> Self {
        Self {
            design,
            people,
            seed,
            with_messages: false,
            at_once: None,
            before: design.preamble.trim(),
            calibrations: None,
        }
    }
}

/// What the chat begins with when these people are told of.
pub fn opening(design: &Design, told: &People) -> String {
    messages::examples(design, told)
}

/// Asks everybody every item in order; each request carries the answers given so far. Groups of
/// people follow each other, which changes no answer: draws belong to people.
///
/// # Errors
/// What the backend reports, or a reply that breaks the contract.
pub fn conduct(
    interview: &Interview,
    backend: &dyn BackendSession,
    handle: u64,
    watch: &dyn Watch,
) -> Result<Transcript> {
    let Some(at_once) = interview.at_once.filter(|people| *people < interview.people.len()) else {
        return conduct_group(interview, backend, handle, watch);
    };
    let all: Vec<u32> = (0..interview.people.len() as u32).collect();
    let groups = all.chunks(at_once.max(1));
    let mut transcript = Transcript::empty(interview.design);
    for group in groups {
        let people = interview.people.take(group);
        let group = Interview { people: &people, ..*interview };
        transcript.extend(&conduct_group(&group, backend, handle, watch)?);
    }
    Ok(transcript)
}

fn conduct_group(
    interview: &Interview,
    backend: &dyn BackendSession,
    handle: u64,
    watch: &dyn Watch,
) -> Result<Transcript> {
    let Interview { design, people, seed, calibrations, .. } = *interview;
    let draws = Draws::new(design, people, seed);
    let mut answered: Vec<ItemAnswers> = Vec::with_capacity(design.items.len());
    for (index, item) in design.items.iter().enumerate() {
        let earlier: Vec<&Int32Array> = answered.iter().map(|answers| &answers.levels).collect();
        let requests = requests(interview, &earlier, index);
        let reply = Reply::read(&backend.respond(handle, requests, "{}", watch)?)?;
        let calibration = calibrations.map(|all| &all[index]);
        answered.push(reply.answers(item, index, &draws, people.len(), calibration)?);
    }
    Ok(Transcript { ids: people.ids.clone(), items: answered })
}

/// What a backend says of the answers that these people gave, item by item: each question follows
/// their own earlier answers. Replies without log-probabilities, and answers nobody gave, are left
/// out.
///
/// # Errors
/// As [`conduct`].
pub fn ask_known(
    interview: &Interview,
    backend: &dyn BackendSession,
    handle: u64,
    watch: &dyn Watch,
) -> Result<Vec<Vec<Told>>> {
    let Interview { design, people, .. } = *interview;
    let ask = |index: usize| {
        let earlier: Vec<&Int32Array> = people.answers[..index].iter().collect();
        let requests = requests(interview, &earlier, index);
        let reply = Reply::read(&backend.respond(handle, requests, "{}", watch)?)?;
        let said = reply.log_probabilities(&design.items[index], people.len())?;
        let given = (0..people.len()).map(|row| code(&people.answers[index], row));
        let told = said
            .into_iter()
            .zip(given)
            .filter_map(|(said, given)| Some(Told { log_probabilities: said?, level: given? }));
        Ok(told.collect())
    };
    (0..design.items.len()).map(ask).collect()
}

/// Whether the backend takes the longest prompt of this interview: it is asked the last item of the
/// person of most words, as if everything had been answered at length.
///
/// # Errors
/// What the backend reports, but for a prompt that is too long.
pub fn fits(
    interview: &Interview,
    backend: &dyn BackendSession,
    handle: u64,
    watch: &dyn Watch,
) -> Result<bool> {
    let Interview { design, people, .. } = *interview;
    let longest = |item: usize| {
        let labels = design.items[item].levels.iter().enumerate();
        labels.max_by_key(|(_, level)| level.label.len()).map(|(level, _)| level as i32)
    };
    let last = design.items.len() - 1;
    let words = |row: usize| {
        let level = |item: usize| longest(item).map(|level| level as usize);
        messages::chat(design, people, row, "", (last + 1, last), &level).len()
    };
    let Some(row) = (0..people.len()).max_by_key(|row| words(*row)) else { return Ok(true) };
    let one = people.take(&[row as u32]);
    let earlier: Vec<Int32Array> =
        (0..last).map(|item| Int32Array::from(vec![longest(item)])).collect();
    let interview = Interview { people: &one, ..*interview };
    let requests = requests(&interview, &earlier.iter().collect::<Vec<_>>(), last);
    match backend.respond(handle, requests, "{}", watch) {
        Ok(_) => Ok(true),
        Err(fault) if fault.kind == FaultKind::TooLong => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// The batch that asks one item of everybody. Request ids are the rows.
fn requests(interview: &Interview, earlier: &[&Int32Array], item: usize) -> RecordBatch {
    let Interview { design, people, before, .. } = *interview;
    let mut columns = people.who(design);
    for (i, asked) in design.items.iter().enumerate() {
        let given = earlier.get(i).map(|levels| Arc::new((*levels).clone()) as _);
        let given = given.unwrap_or_else(|| crate::experiment::no_codes(people.len()));
        columns.push(format!("answer.{}", asked.id), given);
    }
    let ids = Int64Array::from_iter_values(0..people.len() as i64);
    columns.push("request_id", Arc::new(ids));
    columns.push("item", Arc::new(Int32Array::from(vec![item as i32; people.len()])));
    if interview.with_messages {
        let chat = |row: usize| {
            let level = |item: usize| {
                let levels = earlier[item];
                (!levels.is_null(row)).then(|| levels.value(row) as usize)
            };
            Some(messages::chat(design, people, row, before, (item + 1, item), &level))
        };
        let texts: StringArray = (0..people.len()).map(chat).collect();
        columns.push("messages", Arc::new(texts));
    }
    columns.batch()
}
