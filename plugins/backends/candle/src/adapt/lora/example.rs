//! A pilot interview as something to train on.

use crate::{frozen::Frozen, interviews::chat};
use backend_language::{Message, Options, Rows};
use pilotbench_plugin_sdk::prelude::*;
use std::sync::Arc;

/// A place where options branch on the way to the answer that was given.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Row whose final state says how the branches weigh.
    pub(super) row: usize,
    /// Tokens of the branches.
    pub(super) tokens: Vec<u32>,
    /// The branch that was taken.
    pub(super) right: usize,
}

/// One interview.
pub(super) struct Example {
    pub(super) tokens: Vec<u32>,
    /// Rows that enter the first adapted layer, `[tokens][hidden]`.
    pub(super) entries: Rows,
    pub(super) targets: Vec<Target>,
    /// Answers given.
    pub(super) answers: usize,
}

impl Example {
    /// The interviews of a pilot with at least one answer; exits come from the model's store where
    /// they are known.
    pub(super) fn of_pilot(
        frozen: &Frozen,
        pilot: &Pilot,
        last_layers: usize,
        control: &Control,
    ) -> Result<Vec<Self>> {
        let items = pilot.experiment.items.iter();
        let options: Vec<Options> =
            items.map(|item| frozen.source.language.options_of(item)).collect::<Result<_>>()?;
        let mut examples = Vec::new();
        for person in 0..pilot.people.len() {
            control.progress(0.0, "reading the pilot")?;
            let levels: Vec<_> =
                (0..options.len()).map(|item| pilot.people.answer(person, item)).collect();
            let interview = (chat(pilot, person)?, &*levels);
            examples.extend(Self::of(frozen, interview, &options, last_layers, control)?);
        }
        Ok(examples)
    }

    /// One interview, with the level answered to each item; `None` when none was.
    pub(super) fn of(
        frozen: &Frozen,
        (chat, levels): (Vec<Message>, &[Option<usize>]),
        options: &[Options],
        last_layers: usize,
        control: &Control,
    ) -> Result<Option<Self>> {
        let interview = frozen.source.language.interview(&chat)?;
        if interview.answers.len() != options.len() {
            let message = format!("a pilot interview with {} answers", interview.answers.len());
            return Err(Error::bad_input(message));
        }
        let items = interview.answers.iter().zip(options).zip(levels);
        let answers: Vec<_> = items
            .map(|((place, options), level)| Some((place.start, options.clone(), (*level)?)))
            .collect();
        Self::of_tokens(frozen, interview.tokens, &answers, last_layers, control)
    }

    /// One interview in tokens, with where each answer begins, its options and the level taken.
    pub(super) fn of_tokens(
        frozen: &Frozen,
        mut tokens: Vec<u32>,
        answers: &[Option<(usize, Options, usize)>],
        last_layers: usize,
        control: &Control,
    ) -> Result<Option<Self>> {
        let (mut targets, mut end) = (Vec::new(), 0);
        for (item, answer) in answers.iter().enumerate() {
            let Some((start, options, level)) = answer else { continue };
            for (branching, right) in options.route(*level) {
                let branching = &options.branchings[branching];
                let told = tokens.get(*start..).unwrap_or_default();
                if *start == 0 || !told.starts_with(&branching.path) {
                    let message = format!("answer {} does not begin as its option", item + 1);
                    return Err(Error::Computation(message));
                }
                let row = start + branching.path.len() - 1;
                end = end.max(row + 1);
                targets.push(Target { row, tokens: branching.tokens.clone(), right });
            }
        }
        let answers = answers.iter().flatten().count();
        if answers == 0 {
            return Ok(None);
        }
        // What comes after the last place that counts has no part in the loss.
        tokens.truncate(end);
        frozen.check_length(tokens.len())?;
        let entries = entries(frozen, &tokens, last_layers, control)?;
        Ok(Some(Self { tokens, entries, targets, answers }))
    }
}

/// Rows that enter the first adapted layer, kept over pilots that share people.
fn entries(frozen: &Frozen, tokens: &[u32], last_layers: usize, control: &Control) -> Result<Rows> {
    let key = [tokens, &[u32::MAX, last_layers as u32]].concat();
    if let Some(rows) = frozen.entries.get(&key) {
        return Ok(rows);
    }
    let rows = Arc::new(frozen.entries_of(tokens, last_layers, control)?);
    frozen.entries.put(key, Arc::clone(&rows));
    Ok(rows)
}
