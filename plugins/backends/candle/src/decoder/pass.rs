//! New rows on their way through the layers of a stage.

use super::{
    node::Node,
    stage::{Input, Stage},
};
use crate::{
    source::Config,
    weights::{Layer, SmallParts},
};
use pilotbench_kernels::{
    Scratch, Shape, Span, attention, multiply, multiply_add, rms_norm, silu_product,
};
use pilotbench_plugin_sdk::{Control, Result};
use std::{cell::Cell, ops::Range, sync::Arc};

/// A run of new tokens.
pub(super) struct Piece<'a> {
    /// The wanted prompt that it is of.
    pub(super) prompt: usize,
    pub(super) positions: Range<usize>,
    /// The piece of this pass that comes before it.
    pub(super) parent: Option<usize>,
    /// What was known before it.
    pub(super) past: &'a [(Arc<Node>, usize)],
}

/// All that goes through together: pieces one after the other, parents first.
pub(super) struct Pass<'a> {
    stage: &'a Stage,
    pieces: Vec<Piece<'a>>,
    /// Rows of each piece.
    rows: Vec<Range<usize>>,
    positions: Vec<u32>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(stage: &'a Stage, pieces: Vec<Piece<'a>>) -> Self {
        let (mut rows, mut positions) = (Vec::new(), Vec::new());
        for piece in &pieces {
            let start = positions.len();
            positions.extend(piece.positions.clone().map(|position| position as u32));
            rows.push(start..positions.len());
        }
        Self { stage, pieces, rows, positions }
    }

    /// Takes all rows through all layers.
    pub(super) fn run(&self, input: &Input, control: &Control) -> Result<Vec<Node>> {
        let config = &self.stage.config;
        let mut x = Vec::with_capacity(self.positions.len() * config.hidden);
        for piece in &self.pieces {
            input(piece.prompt, piece.positions.clone(), &mut x);
        }
        let layers = self.stage.layers.len();
        let new = |piece: &Piece| Node::new(piece.positions.len(), layers, config.key_width());
        let mut nodes: Vec<Node> = self.pieces.iter().map(new).collect();
        let mut buffers = BUFFERS.take();
        buffers.fit(self.positions.len(), config);
        for (index, layer) in self.stage.layers.iter().enumerate() {
            control.check()?;
            self.attend(index, layer, &mut x, &mut nodes, &mut buffers);
            self.feed_forward(layer, &mut x, &mut buffers);
        }
        BUFFERS.set(buffers);
        for (node, rows) in nodes.iter_mut().zip(&self.rows) {
            node.exits = x[rows.start * config.hidden..rows.end * config.hidden].to_vec();
        }
        Ok(nodes)
    }

    fn attend(
        &self,
        index: usize,
        layer: &Layer,
        x: &mut [f32],
        nodes: &mut [Node],
        buffers: &mut Buffers,
    ) {
        let config = &self.stage.config;
        let Buffers { normed, qkv, attended, scratch, .. } = buffers;
        rms_norm(x, &layer.small.attention_norm, config.eps, normed);
        multiply(normed, &layer.qkv, qkv, scratch);
        self.place(&layer.small, qkv);
        let (queries, keys) = (config.query_width(), config.key_width());
        let stride = queries + 2 * keys;
        for (node, rows) in nodes.iter_mut().zip(&self.rows) {
            for row in qkv[rows.start * stride..rows.end * stride].chunks_exact(stride) {
                node.keys[index].extend_from_slice(&row[queries..][..keys]);
                node.values[index].extend_from_slice(&row[queries + keys..]);
            }
        }
        let shape = Shape { heads: config.heads, kv_heads: config.kv_heads, dim: config.dim };
        for (piece, rows) in self.rows.iter().enumerate() {
            let spans = self.spans(piece, index, nodes);
            let out = &mut attended[rows.start * queries..rows.end * queries];
            let queries = &qkv[rows.start * stride..rows.end * stride];
            attention(queries, stride, &spans, shape, out, scratch);
        }
        multiply_add(attended, &layer.output, x, scratch);
    }

    /// Adds biases, norms heads and turns queries and keys to their positions.
    fn place(&self, small: &SmallParts, qkv: &mut [f32]) {
        let config = &self.stage.config;
        let rope = &self.stage.rope;
        let (queries, keys) = (config.query_width(), config.key_width());
        let stride = queries + 2 * keys;
        prepare(small, config.eps, qkv, queries, keys);
        rope.rotate(qkv, stride, config.heads, config.dim, &self.positions);
        rope.rotate(&mut qkv[queries..], stride, config.kv_heads, config.dim, &self.positions);
    }

    /// Keys and values of everything that a piece sees, itself last.
    fn spans<'n>(&self, piece: usize, layer: usize, nodes: &'n [Node]) -> Vec<Span<'n>>
    where
        'a: 'n,
    {
        let keys = self.stage.config.key_width();
        let mut line = vec![piece];
        while let Some(parent) = self.pieces[line[line.len() - 1]].parent {
            line.push(parent);
        }
        let past = self.pieces[line[line.len() - 1]].past;
        let known = past.iter().map(|(node, used)| (&**node, *used));
        let new = line.iter().rev().map(|piece| (&nodes[*piece], nodes[*piece].len));
        known
            .chain(new)
            .map(|(node, used)| Span {
                keys: &node.keys[layer][..used * keys],
                values: &node.values[layer][..used * keys],
            })
            .collect()
    }

    fn feed_forward(&self, layer: &Layer, x: &mut [f32], buffers: &mut Buffers) {
        let config = &self.stage.config;
        let Buffers { normed, gate_up, product, scratch, .. } = buffers;
        rms_norm(x, &layer.small.mlp_norm, config.eps, normed);
        multiply(normed, &layer.gate_up, gate_up, scratch);
        silu_product(gate_up, config.mlp, product);
        multiply_add(product, &layer.down, x, scratch);
    }
}

/// Adds biases to rows of queries, keys and values, and norms the heads of queries and keys, where
/// the family has such.
pub(crate) fn prepare(small: &SmallParts, eps: f32, qkv: &mut [f32], queries: usize, keys: usize) {
    let stride = queries + 2 * keys;
    if let Some(bias) = &small.bias {
        for row in qkv.chunks_exact_mut(stride) {
            row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
        }
    }
    if let Some([query, key]) = &small.head_norms {
        let mut normed = vec![0.0; queries + keys];
        for row in qkv.chunks_exact_mut(stride) {
            rms_norm(&row[..queries], query, eps, &mut normed[..queries]);
            rms_norm(&row[queries..][..keys], key, eps, &mut normed[queries..]);
            row[..queries + keys].copy_from_slice(&normed);
        }
    }
}

thread_local! {
    /// Passes of a thread follow each other and need about the same room.
    static BUFFERS: Cell<Buffers> = Cell::default();
}

/// Rows between the steps of a layer.
#[derive(Default)]
struct Buffers {
    normed: Vec<f32>,
    qkv: Vec<f32>,
    attended: Vec<f32>,
    gate_up: Vec<f32>,
    product: Vec<f32>,
    scratch: Scratch,
}

impl Buffers {
    /// Makes room for so many rows; what is in them does not matter.
    fn fit(&mut self, rows: usize, config: &Config) {
        self.normed.resize(rows * config.hidden, 0.0);
        self.qkv.resize(rows * (config.query_width() + 2 * config.key_width()), 0.0);
        self.attended.resize(rows * config.query_width(), 0.0);
        self.gate_up.resize(rows * 2 * config.mlp, 0.0);
        self.product.resize(rows * config.mlp, 0.0);
    }
}
