//! What a graph takes and gives, found by its names.
//!
//! Decoders are known as Hugging Face's Optimum and onnxruntime-genai write them: `input_ids`, where
//! they have them `attention_mask`, `position_ids` and `use_cache_branch`, past keys and values as
//! `past_key_values.N.key` or any name with `past`, a number and `key` or `value`, which come out
//! under names with `present`. Our own export takes `logit_positions` and `logit_tokens` besides.

use backend_language::Problem;
use ort::{
    session::Session,
    value::{Outlet, TensorElementType},
};
use std::{collections::BTreeMap, path::Path};

/// A graph's inputs and outputs.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub(crate) kind: Kind,
    pub(crate) has_mask: bool,
    pub(crate) has_positions: bool,
    pub(crate) has_types: bool,
    pub(crate) has_branch: bool,
    pub(crate) has_asked: bool,
    pub(crate) has_columns: bool,
    /// Whether integers have 32 bits; else 64.
    pub(crate) is_narrow: bool,
    /// Numbers in a row of logits, where the graph says so.
    pub(crate) width: Option<usize>,
}

/// What a graph is for.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// The next token, with keys and values where the graph has them.
    Decoder(Option<Cache>),
    /// One of some classes: the outputs, one for all items or one for each.
    Classifier(Vec<String>),
}

/// Keys and values of a decoder.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    /// Names of inputs and of the outputs that continue them.
    pub(crate) names: Vec<(String, String)>,
    pub(crate) heads: usize,
    pub(crate) dim: usize,
    pub(crate) is_half: bool,
}

/// Names of inputs that are not keys and values.
pub(crate) const TOKENS: &str = "input_ids";
pub(crate) const MASK: &str = "attention_mask";
pub(crate) const POSITIONS: &str = "position_ids";
pub(crate) const TYPES: &str = "token_type_ids";
pub(crate) const BRANCH: &str = "use_cache_branch";
pub(crate) const ASKED: &str = "logit_positions";
pub(crate) const COLUMNS: &str = "logit_tokens";
pub(crate) const LOGITS: &str = "logits";
const PLAIN: [&str; 7] = [TOKENS, MASK, POSITIONS, TYPES, BRANCH, ASKED, COLUMNS];

impl Graph {
    /// Looks at an opened graph.
    ///
    /// # Errors
    /// When it takes what is not known here, or gives no logits.
    pub(crate) fn of(session: &Session, path: &Path) -> Result<Self, Problem> {
        let wrong = |message: String| Problem::model(path, message);
        let (inputs, outputs) = (session.inputs(), session.outputs());
        let has = |name: &str| inputs.iter().any(|input| input.name() == name);
        let tokens = inputs.iter().find(|input| input.name() == TOKENS);
        let tokens = tokens
            .ok_or_else(|| wrong(format!("has no input `{TOKENS}`; it takes {}", names(inputs))))?;
        let is_narrow = match tokens.dtype().tensor_type() {
            Some(TensorElementType::Int64) => false,
            Some(TensorElementType::Int32) => true,
            other => {
                return Err(wrong(format!("input `{TOKENS}` is {other:?}, not whole numbers")));
            }
        };
        let strange = inputs
            .iter()
            .find(|input| !PLAIN.contains(&input.name()) && layer(input.name(), "past").is_none());
        if let Some(strange) = strange {
            let message = format!("input `{}` is not known here", strange.name().escape_debug());
            return Err(wrong(message));
        }
        let logits = outputs.iter().find(|output| is_logits(output.name()));
        let logits = logits.ok_or_else(|| {
            wrong(format!("has no output `{LOGITS}`; it gives {}", names(outputs)))
        })?;
        let shape = logits.dtype().tensor_shape().map(|shape| shape.to_vec()).unwrap_or_default();
        let kind = match shape.len() {
            2 => Kind::Classifier(
                outputs
                    .iter()
                    .map(|output| output.name().to_owned())
                    .filter(|n| is_logits(n))
                    .collect(),
            ),
            3 => Kind::Decoder(cache(inputs, outputs).map_err(wrong)?),
            rank => {
                return Err(wrong(format!("output `{LOGITS}` has {rank} dimensions, not 2 or 3")));
            }
        };
        Ok(Self {
            kind,
            has_mask: has(MASK),
            has_positions: has(POSITIONS),
            has_types: has(TYPES),
            has_branch: has(BRANCH),
            has_asked: has(ASKED),
            has_columns: has(COLUMNS),
            is_narrow,
            width: shape.last().and_then(|width| usize::try_from(*width).ok()),
        })
    }
}

/// `logits`, or `logits.ITEM` of a classifier with several heads.
fn is_logits(name: &str) -> bool {
    name == LOGITS || name.strip_prefix(LOGITS).is_some_and(|rest| rest.starts_with('.'))
}

fn names(outlets: &[Outlet]) -> String {
    const SHOWN: usize = 6;
    let mut names: Vec<&str> = outlets.iter().map(Outlet::name).take(SHOWN).collect();
    if outlets.len() > SHOWN {
        names.push("…");
    }
    names.join(", ").escape_debug().to_string()
}

/// The layer and the part (`key` or `value`) that a name with `word` tells of.
fn layer(name: &str, word: &str) -> Option<(usize, &'static str)> {
    let name = name.to_lowercase();
    if !name.contains(word) {
        return None;
    }
    // The last one counts: `past_key_values.0.value`.
    let pieces = name.split(|c: char| !c.is_ascii_alphabetic());
    let part = pieces.rev().find_map(|piece| ["key", "value"].into_iter().find(|p| *p == piece))?;
    let digits = name.split(|c: char| !c.is_ascii_digit()).find(|piece| !piece.is_empty())?;
    Some((digits.parse().ok()?, part))
}

fn cache(inputs: &[Outlet], outputs: &[Outlet]) -> Result<Option<Cache>, String> {
    let given: BTreeMap<_, &Outlet> = outputs
        .iter()
        .filter_map(|output| Some((layer(output.name(), "present")?, output)))
        .collect();
    let taken: BTreeMap<_, &Outlet> =
        inputs.iter().filter_map(|input| Some((layer(input.name(), "past")?, input))).collect();
    let Some(first) = taken.values().next() else { return Ok(None) };
    let shape = first.dtype().tensor_shape().map(|shape| shape.to_vec()).unwrap_or_default();
    let [_, heads, _, dim] = shape[..] else {
        return Err(format!("input `{}` has {} dimensions, not 4", first.name(), shape.len()));
    };
    let (Ok(heads @ 1..), Ok(dim @ 1..)) = (usize::try_from(heads), usize::try_from(dim)) else {
        return Err(format!("input `{}` does not say its heads and their width", first.name()));
    };
    let is_half = match first.dtype().tensor_type() {
        Some(TensorElementType::Float32) => false,
        Some(TensorElementType::Float16) => true,
        other => return Err(format!("input `{}` is {other:?}, not f32 or f16", first.name())),
    };
    let pairs = taken.iter().map(|(key, input)| {
        let output = given.get(key).map(|output| output.name().to_owned());
        let output = output.ok_or_else(|| format!("no output continues `{}`", input.name()))?;
        Ok((input.name().to_owned(), output))
    });
    let names: Vec<(String, String)> = pairs.collect::<Result<_, String>>()?;
    Ok(Some(Cache { names, heads, dim, is_half }))
}

#[cfg(test)]
mod tests {
    use super::layer;

    #[test]
    fn names_of_both_conventions_are_known() {
        assert_eq!(layer("past_key_values.11.key", "past"), Some((11, "key")));
        assert_eq!(layer("past_key_values.0.value", "past"), Some((0, "value")));
        assert_eq!(layer("past_key_self_3", "past"), Some((3, "key")));
        assert_eq!(layer("present.7.value", "present"), Some((7, "value")));
        assert_eq!(layer("present_key_values.7.key", "present"), Some((7, "key")));
        assert_eq!(layer("past_sequence_length", "past"), None);
        assert_eq!(layer("encoder_hidden_states", "past"), None);
    }
}
