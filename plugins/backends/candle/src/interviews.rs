//! The pilot's interviews, question by question.

use backend_language::{Message, parse_messages};
use pilotbench_plugin_sdk::{Error, Pilot, Result};

/// One pilot participant's answer to one item, with the chat up to the question.
pub(crate) struct Told {
    pub(crate) item: usize,
    pub(crate) level: usize,
    pub(crate) messages: Vec<Message>,
}

/// The whole chat of a pilot participant.
///
/// # Errors
/// When the host passed none.
pub(crate) fn chat(pilot: &Pilot, person: usize) -> Result<Vec<Message>> {
    let text = pilot.messages(person);
    let text = text.ok_or_else(|| Error::bad_input("the pilot carries no messages"))?;
    Ok(parse_messages(text)?)
}

/// Every answer of the pilot.
///
/// # Errors
/// When the host passed no chat, or one with another number of answers than items.
pub(crate) fn told(pilot: &Pilot) -> Result<Vec<Told>> {
    let mut all = Vec::new();
    for person in 0..pilot.people.len() {
        let chat = chat(pilot, person)?;
        let answers: Vec<usize> =
            (0..chat.len()).filter(|at| chat[*at].role == "assistant").collect();
        if answers.len() != pilot.experiment.items.len() {
            let message = format!("a pilot interview with {} answers", answers.len());
            return Err(Error::bad_input(message));
        }
        for (item, at) in answers.into_iter().enumerate() {
            if let Some(level) = pilot.people.answer(person, item) {
                all.push(Told { item, level, messages: chat[..at].to_vec() });
            }
        }
    }
    Ok(all)
}
