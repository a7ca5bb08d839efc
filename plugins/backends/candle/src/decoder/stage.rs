//! Some layers of a decoder and what they have computed so far.

use super::{
    bins,
    node::{Chain, Node},
    pass::{Pass, Piece},
    tree::{Tree, Worth},
};
use crate::{source::Config, weights::Layer};
use backend_language::trie;
use pilotbench_kernels::Rope;
use pilotbench_plugin_sdk::{Control, Result};
use rayon::prelude::*;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A prompt that is to be computed.
pub(crate) struct Wanted<'a> {
    /// All of it.
    pub(crate) tokens: &'a [u32],
    /// So many of its tokens are kept for later prompts.
    pub(crate) keep: usize,
    pub(crate) worth: Worth,
}

/// Gives the rows that enter the stage at some positions of a wanted prompt.
pub(crate) type Input<'a> = dyn Fn(usize, std::ops::Range<usize>, &mut Vec<f32>) + Sync + 'a;

/// Layers that follow each other.
pub(crate) struct Stage {
    pub(super) config: Arc<Config>,
    pub(super) rope: Arc<Rope>,
    pub(super) layers: Vec<Arc<Layer>>,
    tree: Mutex<Tree>,
}

impl Stage {
    /// A stage that keeps at most so many bytes.
    pub(crate) fn new(
        config: &Arc<Config>,
        rope: &Arc<Rope>,
        layers: Vec<Arc<Layer>>,
        budget: usize,
    ) -> Self {
        let tree = Mutex::new(Tree::new(budget));
        Self { config: Arc::clone(config), rope: Arc::clone(rope), layers, tree }
    }

    /// Number of layers.
    pub(crate) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// One of the layers.
    pub(crate) fn layer(&self, at: usize) -> &Arc<Layer> {
        &self.layers[at]
    }

    /// A stage of the first layers alone, which keeps nothing.
    pub(crate) fn first(&self, layers: usize) -> Self {
        Self::new(&self.config, &self.rope, self.layers[..layers].to_vec(), 0)
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes prompts through the layers; each chain holds all of its prompt. Work is split over the
    /// threads of the current pool.
    ///
    /// # Errors
    /// When the host asks to stop.
    pub(crate) fn extend(
        &self,
        wanted: &[Wanted],
        input: &Input,
        control: &Control,
    ) -> Result<(Vec<Chain>, usize)> {
        let found: Vec<(Chain, usize)> = {
            let mut tree = self.tree();
            wanted.iter().map(|wanted| tree.find(wanted.tokens)).collect()
        };
        let prompts: Vec<&[u32]> = wanted.iter().map(|wanted| wanted.tokens).collect();
        let known: Vec<usize> = found.iter().map(|(_, known)| *known).collect();
        let plan = trie::plan(&prompts, &known);
        let computed = self.compute(&plan, &found, input, control)?;
        let tokens = plan.iter().map(|node| node.tokens.len()).sum();
        Ok((self.settle(wanted, &plan, found, computed), tokens))
    }

    /// Computes the planned nodes. What many share goes first, by itself, so that what follows it can
    /// be split over the threads.
    fn compute(
        &self,
        plan: &[trie::Node],
        found: &[(Chain, usize)],
        input: &Input,
        control: &Control,
    ) -> Result<Vec<Chain>> {
        let mut chains: Vec<Option<Chain>> = plan.iter().map(|_| None).collect();
        for phase in bins::phases(plan, rayon::current_num_threads()) {
            let passes = phase.par_iter().map(|members| {
                let pieces = members.iter().map(|id| {
                    let node = &plan[*id];
                    let within = node.parent.and_then(|parent| members.binary_search(&parent).ok());
                    let past = match node.parent {
                        _ if within.is_some() => &[],
                        None => &found[node.prompt].0.0[..],
                        Some(parent) => chains[parent].as_ref().map_or(&[][..], |chain| &chain.0),
                    };
                    Piece {
                        prompt: node.prompt,
                        positions: node.tokens.clone(),
                        parent: within,
                        past,
                    }
                });
                Pass::new(self, pieces.collect()).run(input, control)
            });
            let passes: Vec<Vec<Node>> = passes.collect::<Result<_>>()?;
            for (members, nodes) in phase.iter().zip(passes) {
                for (id, node) in members.iter().zip(nodes) {
                    let mut chain = match plan[*id].parent {
                        None => found[plan[*id].prompt].0.clone(),
                        Some(parent) => chains[parent].clone().unwrap_or_default(),
                    };
                    chain.0.push((Arc::new(node), plan[*id].tokens.len()));
                    chains[*id] = Some(chain);
                }
            }
        }
        Ok(chains.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// Puts the computed nodes into the tree, and finds the chain of each prompt.
    fn settle(
        &self,
        wanted: &[Wanted],
        plan: &[trie::Node],
        found: Vec<(Chain, usize)>,
        computed: Vec<Chain>,
    ) -> Vec<Chain> {
        let mut tree = self.tree();
        let mut chains: Vec<Chain> = found.into_iter().map(|(chain, _)| chain).collect();
        for (node, chain) in plan.iter().zip(computed) {
            let Wanted { tokens, keep, worth } = wanted[node.prompt];
            if let Some((last, _)) = chain.0.last()
                && node.tokens.end <= keep
            {
                tree.keep(&tokens[..node.tokens.end], node.tokens.start, last, worth);
            }
            for end in &node.ends {
                chains[*end] = chain.clone();
            }
        }
        tree.shrink();
        chains
    }
}
