//! What is kept of a run of tokens that was computed once.

use std::sync::Arc;

/// Keys, values and exits of a run of tokens at fixed positions.
pub(crate) struct Node {
    /// Number of tokens.
    pub(super) len: usize,
    /// By layer of the stage, `[tokens][kv_heads * dim]`.
    pub(super) keys: Vec<Vec<f32>>,
    pub(super) values: Vec<Vec<f32>>,
    /// Rows of the residual stream as they leave the stage, `[tokens][hidden]`.
    pub(super) exits: Vec<f32>,
}

impl Node {
    /// Room for so many tokens.
    pub(super) fn new(len: usize, layers: usize, key_width: usize) -> Self {
        let rows = || (0..layers).map(|_| Vec::with_capacity(len * key_width)).collect();
        Self { len, keys: rows(), values: rows(), exits: Vec::new() }
    }

    pub(super) fn bytes(&self) -> usize {
        let kept = self.keys.iter().chain(&self.values).map(Vec::len).sum::<usize>();
        4 * (kept + self.exits.len())
    }
}

/// The nodes that together hold a prompt, in order of positions, each with how many of its tokens
/// count.
#[derive(Clone, Default)]
pub(crate) struct Chain(pub(super) Vec<(Arc<Node>, usize)>);

impl Chain {
    /// The exit of a position, which the chain holds.
    pub(crate) fn exit(&self, position: usize, hidden: usize) -> &[f32] {
        let mut start = 0;
        for (node, used) in &self.0 {
            if position < start + used {
                return &node.exits[(position - start) * hidden..][..hidden];
            }
            start += used;
        }
        &[]
    }
}
