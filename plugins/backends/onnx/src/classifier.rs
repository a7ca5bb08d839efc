//! A graph with one class for each level of an item.

use crate::network::{Network, failed};
use backend_language::{Language, Memo};
use ort::session::RunOptions;
use pilotbench_plugin_sdk::{Control, Error, Item, Result};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A classifier with what it remembers.
pub(crate) struct Classifier {
    pub(crate) network: Arc<Network>,
    pub(crate) memo: Memo,
    context: usize,
    pub(crate) computed: AtomicU64,
}

impl Classifier {
    pub(crate) fn new(network: Arc<Network>, context: usize) -> Self {
        Self { network, memo: Memo::new(16 << 20), context, computed: AtomicU64::new(0) }
    }

    /// Log-probabilities of an item's levels for texts, each with the model's special tokens around.
    ///
    /// # Errors
    /// When the graph has another number of classes, a text is too long, or the host asks to stop.
    pub(crate) fn levels(
        &self,
        language: &Language,
        item: &Item,
        texts: &[String],
        control: &Control,
    ) -> Result<Vec<Vec<f64>>> {
        let tokens = texts.iter().map(|text| language.tokenizer().encode_whole(text));
        let tokens: Vec<Vec<u32>> = tokens.collect::<std::result::Result<_, _>>()?;
        let label: Vec<u32> = item.id.bytes().map(u32::from).collect();
        let keys = tokens.iter().map(|tokens| [&**tokens, &[u32::MAX], &*label].concat());
        let keys: Vec<Vec<u32>> = keys.collect();
        let options = RunOptions::new().map_err(failed)?;
        let rows = self.memo.all(&keys, |wanted| {
            let row = |at: &usize| {
                control.check()?;
                let (text, limit) = (&tokens[*at], self.context);
                if text.len() > limit {
                    return Err(Error::TooLong { tokens: text.len(), limit });
                }
                self.computed.fetch_add(text.len() as u64, Ordering::Relaxed);
                self.network.classify(text, &item.id, &options).map(Arc::new)
            };
            wanted.iter().map(row).collect()
        })?;
        rows.iter().map(|row| normed(row, item)).collect()
    }
}

fn normed(row: &[f32], item: &Item) -> Result<Vec<f64>> {
    let (classes, levels) = (row.len(), item.levels.len());
    if classes != levels {
        let message =
            format!("item `{}` has {levels} levels, the classifier {classes} classes", item.id);
        return Err(Error::unsupported(message));
    }
    if let Some(odd) = row.iter().find(|logit| !logit.is_finite()) {
        return Err(Error::computation(format!("the model's logits hold {odd}")));
    }
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shifted = |logit: &f32| f64::from(*logit) - f64::from(most);
    let sum: f64 = row.iter().map(|logit| shifted(logit).exp()).sum();
    Ok(row.iter().map(|logit| shifted(logit) - sum.ln()).collect())
}
