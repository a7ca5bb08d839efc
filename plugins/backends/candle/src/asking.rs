//! From requests to prompts, and from final rows to log-probabilities of options.

use crate::{
    decoder::Worth,
    frozen::{Frozen, Prompt},
    weights::Ends,
};
use backend_language::{Message, Options, Problem, orders, parse_messages};
use pilotbench_kernels::log_softmax;
use pilotbench_plugin_sdk::{Error, Item, Result};

/// How questions are put.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// In how many orders of the options.
    pub(crate) orders: usize,
    pub(crate) temperature: f64,
}

/// A question as the model gets it: once for each order of its options.
pub(crate) struct Question {
    pub(crate) prompts: Vec<Prompt>,
}

/// Options of an item in tokens.
pub(crate) fn options(frozen: &Frozen, item: &Item) -> Result<Options> {
    let labels: Vec<&str> = item.levels.iter().map(|level| level.label.as_str()).collect();
    frozen.source.language.options(&labels).map_err(|problem| match problem {
        problem if problem.is_model() => {
            Error::unsupported(format!("item `{}`: {problem}", item.id))
        }
        problem => error(problem),
    })
}

/// The prompts of a question whose chat so far is this JSON text.
pub(crate) fn question(
    frozen: &Frozen,
    messages: &str,
    item: usize,
    options: &Options,
    manner: Manner,
) -> Result<Question> {
    let messages = parse_messages(messages).map_err(error)?;
    question_of(frozen, &messages, item, options, manner)
}

/// The prompts of a question whose chat so far is this.
pub(crate) fn question_of(
    frozen: &Frozen,
    messages: &[Message],
    item: usize,
    options: &Options,
    manner: Manner,
) -> Result<Question> {
    let worth = if item == 0 { Worth::Beginning } else { Worth::Course };
    let paths: Vec<Vec<u32>> = options.branchings.iter().map(|b| b.path.clone()).collect();
    let language = &frozen.source.language;
    let prompts = orders::rotations(options.levels(), manner.orders).into_iter().map(|order| {
        // The order that stands needs no list to be found.
        let tokens = match order.is_sorted() {
            true => language.prompt(messages),
            false => orders::reordered(messages, &order).and_then(|chat| language.prompt(&chat)),
        };
        let tokens = tokens.map_err(error)?;
        Ok(Prompt { tokens, paths: paths.clone(), worth })
    });
    Ok(Question { prompts: prompts.collect::<Result<_>>()? })
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
    options.log_probabilities(&logits, &mut levels).map_err(error)?;
    Ok(levels)
}

/// The mean probability over orders, as log-probabilities at a temperature.
pub(crate) fn averaged(orders: &[Vec<f64>], temperature: f64) -> Vec<f64> {
    let count = orders.len() as f64;
    let mut mean: Vec<f64> = match orders {
        [single] => single.clone(),
        several => (0..several[0].len())
            .map(|level| (several.iter().map(|order| order[level].exp()).sum::<f64>() / count).ln())
            .collect(),
    };
    mean.iter_mut().for_each(|value| *value /= temperature);
    log_softmax(&mut mean);
    mean
}

/// A problem with words or a model as the SDK's error.
pub(crate) fn error(problem: Problem) -> Error {
    Error::Computation(problem.to_string())
}
