//! From questions to prompts, and from final rows to log-probabilities of options.

use crate::{
    decoder::Worth,
    frozen::{Frozen, Prompt},
    weights::Ends,
};
use backend_language::{Message, Options};
use pilotbench_plugin_sdk::Result;

/// The prompts of a question whose chat so far is this, one for each order of its options.
pub(crate) fn question(
    frozen: &Frozen,
    messages: &[Message],
    item: usize,
    options: &Options,
    orders: usize,
) -> Result<Vec<Prompt>> {
    let worth = if item == 0 { Worth::Beginning } else { Worth::Course };
    let paths: Vec<Vec<u32>> = options.branchings.iter().map(|b| b.path.clone()).collect();
    let prompts = frozen.source.language.question(messages, options, orders)?;
    Ok(prompts.into_iter().map(|tokens| Prompt { tokens, paths: paths.clone(), worth }).collect())
}

/// Log-probabilities of the levels from the final rows of a prompt.
///
/// # Errors
/// When the model gives what is no number.
pub(crate) fn levels(ends: &Ends, options: &Options, rows: &[f32]) -> Result<Vec<f64>> {
    let hidden = rows.len() / options.branchings.len();
    let logits: Vec<Vec<f32>> = options
        .branchings
        .iter()
        .zip(rows.chunks_exact(hidden))
        .map(|(branching, row)| branching.tokens.iter().map(|t| ends.logit(row, *t)).collect())
        .collect();
    let logits: Vec<&[f32]> = logits.iter().map(Vec::as_slice).collect();
    let mut levels = vec![0.0; options.levels()];
    options.log_probabilities(&logits, &mut levels)?;
    Ok(levels)
}
