//! Some layers of a decoder and what they have computed so far.

use super::{
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

/// Rows that go through the layers together: enough for the matrix products, few enough for the
/// caches.
const ROWS: usize = 384;

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

    /// Computes the planned nodes, in bins of whole subtrees.
    fn compute(
        &self,
        plan: &[trie::Node],
        found: &[(Chain, usize)],
        input: &Input,
        control: &Control,
    ) -> Result<Vec<Option<Arc<Node>>>> {
        let bins = bins(plan, rayon::current_num_threads());
        let passes = bins.par_iter().map(|members| {
            let pieces = members.iter().map(|id| {
                let node = &plan[*id];
                let parent = node.parent.and_then(|parent| members.binary_search(&parent).ok());
                let past = match node.parent {
                    None => &found[node.prompt].0.0[..],
                    Some(_) => &[],
                };
                Piece { prompt: node.prompt, positions: node.tokens.clone(), parent, past }
            });
            Pass::new(self, pieces.collect()).run(input, control)
        });
        let passes: Vec<Vec<Node>> = passes.collect::<Result<_>>()?;
        let mut computed: Vec<Option<Arc<Node>>> = plan.iter().map(|_| None).collect();
        for (members, nodes) in bins.iter().zip(passes) {
            for (id, node) in members.iter().zip(nodes) {
                computed[*id] = Some(Arc::new(node));
            }
        }
        Ok(computed)
    }

    /// Puts the computed nodes into the tree and behind what was found.
    fn settle(
        &self,
        wanted: &[Wanted],
        plan: &[trie::Node],
        found: Vec<(Chain, usize)>,
        computed: Vec<Option<Arc<Node>>>,
    ) -> Vec<Chain> {
        let mut tree = self.tree();
        let mut chains: Vec<Option<Chain>> = found.iter().map(|_| None).collect();
        let mut whole: Vec<Chain> = Vec::with_capacity(plan.len());
        for (node, computed) in plan.iter().zip(computed) {
            let mut chain = match node.parent {
                Some(parent) => whole[parent].clone(),
                None => found[node.prompt].0.clone(),
            };
            if let Some(computed) = computed {
                let Wanted { tokens, keep, worth } = wanted[node.prompt];
                if node.tokens.end <= keep {
                    tree.keep(&tokens[..node.tokens.end], node.tokens.start, &computed, worth);
                }
                chain.0.push((computed, node.tokens.len()));
            }
            for end in &node.ends {
                chains[*end] = Some(chain.clone());
            }
            whole.push(chain);
        }
        tree.shrink();
        let known = found.into_iter().map(|(chain, _)| chain);
        chains.into_iter().zip(known).map(|(chain, known)| chain.unwrap_or(known)).collect()
    }
}

/// The planned nodes as sorted lists of whole subtrees, of about equal numbers of tokens, at most
/// [`ROWS`] where a subtree is not larger by itself.
fn bins(plan: &[trie::Node], threads: usize) -> Vec<Vec<usize>> {
    let mut root_of: Vec<usize> = Vec::with_capacity(plan.len());
    let mut weights = vec![0; plan.len()];
    for (id, node) in plan.iter().enumerate() {
        let root = node.parent.map_or(id, |parent| root_of[parent]);
        root_of.push(root);
        weights[root] += node.tokens.len();
    }
    let total: usize = weights.iter().sum();
    let count = total.div_ceil(ROWS).next_multiple_of(threads.max(1));
    let share = total.div_ceil(count.max(1));
    let mut bins: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut bin_of = vec![0; plan.len()];
    for (id, root) in root_of.iter().enumerate() {
        if id == *root {
            match bins.last_mut() {
                Some((filled, _)) if *filled + weights[id] / 2 < share => *filled += weights[id],
                _ => bins.push((weights[id], Vec::new())),
            }
            bin_of[id] = bins.len() - 1;
        }
        let bin = bin_of[*root];
        bins[bin].1.push(id);
    }
    bins.into_iter().map(|(_, members)| members).collect()
}
