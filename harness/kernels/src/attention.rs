//! Causal attention over keys and values that lie in several places.

use crate::{
    Scratch,
    exponential::exp,
    level::dispatched,
    multiply::tiles,
    tile::{self, Grid, LANES, ROWS},
};

/// Heads: `heads` of queries share `kv_heads` of keys and values, each of `dim` numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Numbers in a head.
    pub dim: usize,
}

impl Shape {
    /// Query heads that share a key head.
    pub(crate) fn group(self) -> usize {
        self.heads / self.kv_heads
    }
}

/// Keys and values of consecutive positions, each `[tokens][kv_heads * dim]`.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// Keys.
    pub keys: &'a [f32],
    /// Values.
    pub values: &'a [f32],
}

/// `softmax(q·kᵀ / √dim)·v` for the last positions of a sequence. `queries` has a row every `stride`
/// numbers, whose first `heads * dim` count; `spans` hold all positions in order, the last of them
/// the queries' own; a query sees the positions up to its own. `out` is `[queries][heads * dim]`.
///
/// # Panics
/// When the lengths do not fit.
pub fn attention(
    queries: &[f32],
    stride: usize,
    spans: &[Span],
    shape: Shape,
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let Shape { heads, kv_heads, dim } = shape;
    let rows = out.len() / (heads * dim);
    let width = kv_heads * dim;
    let keys: usize = spans.iter().map(|span| span.keys.len() / width).sum();
    assert!(spans.iter().all(|span| span.keys.len() == span.values.len()), "spans");
    assert!(out.len() == rows * heads * dim && rows <= keys, "rows of the output");
    assert!(rows == 0 || queries.len() >= (rows - 1) * stride + heads * dim, "rows of queries");
    let Scratch { queries: turned, scores, .. } = scratch;
    for kv_head in 0..kv_heads {
        // One lane per query, positions first: lanes of a block lie close to each other.
        let lanes = rows * shape.group();
        for start in (0..lanes).step_by(LANES) {
            let block = Block { start, end: lanes.min(start + LANES), kv_head, shape };
            block.weights(queries, stride, spans, keys - rows, turned, scores);
            let values = spans.iter().map(|span| span.values);
            block.combine(values, scores, |lane, d, sum| {
                out[block.row(lane) * heads * dim + block.head(lane) + d] = sum;
            });
        }
    }
}

/// Up to 32 queries of the heads that share a key head.
pub(crate) struct Block {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kv_head: usize,
    pub(crate) shape: Shape,
}

impl Block {
    /// The row of a lane.
    pub(crate) fn row(&self, lane: usize) -> usize {
        lane / self.shape.group()
    }

    /// Where the numbers of a lane begin in a row of all heads.
    pub(crate) fn head(&self, lane: usize) -> usize {
        let group = self.shape.group();
        (self.kv_head * group + lane % group) * self.shape.dim
    }

    /// Weights of the keys that the block sees, `[keys][LANES]`.
    pub(crate) fn weights(
        &self,
        queries: &[f32],
        stride: usize,
        spans: &[Span],
        past: usize,
        turned: &mut Vec<f32>,
        weights: &mut Vec<f32>,
    ) {
        self.turn(queries, stride, 1.0 / (self.shape.dim as f32).sqrt(), turned);
        // Positions beyond the block's last query are seen by none of it.
        weights.resize((past + self.row(self.end - 1) + 1) * LANES, 0.0);
        self.products(spans.iter().map(|span| span.keys), turned, weights);
        self.hide(past, weights);
        soften(weights);
    }

    /// The block's rows side by side, scaled, `[dim][LANES]`.
    pub(crate) fn turn(&self, rows: &[f32], stride: usize, scale: f32, turned: &mut Vec<f32>) {
        let dim = self.shape.dim;
        turned.clear();
        turned.resize(dim * LANES, 0.0);
        for lane in self.start..self.end {
            let row = &rows[self.row(lane) * stride + self.head(lane)..][..dim];
            for (d, value) in row.iter().enumerate() {
                turned[d * LANES + lane - self.start] = scale * value;
            }
        }
    }

    /// Products of the first positions with the block's rows, `[positions][LANES]`.
    pub(crate) fn products<'a>(
        &self,
        spans: impl Iterator<Item = &'a [f32]>,
        turned: &[f32],
        products: &mut [f32],
    ) {
        let width = self.shape.kv_heads * self.shape.dim;
        let mut rows = products.chunks_exact_mut(LANES);
        for span in spans {
            let here = rows.len().min(span.len() / width);
            for tile_rows in tiles(here) {
                let mut sums = [[0.0; LANES]; ROWS];
                let x = &span[tile_rows.start * width + self.kv_head * self.shape.dim..];
                let grid = Grid { x, row_stride: width, k_stride: 1 };
                tile::tile(grid, tile_rows.len(), turned, &mut sums);
                for (sums, row) in sums[..tile_rows.len()].iter().zip(&mut rows) {
                    row.copy_from_slice(sums);
                }
            }
        }
    }

    /// Hides from each lane what comes after its query.
    fn hide(&self, past: usize, scores: &mut [f32]) {
        let first = past + self.row(self.start) + 1;
        for (key, scores) in scores.chunks_exact_mut(LANES).enumerate().skip(first) {
            let visible = (key - past) * self.shape.group();
            let hidden = visible.saturating_sub(self.start).min(LANES);
            scores[..hidden].fill(f32::NEG_INFINITY);
        }
    }

    /// Sums of the positions' rows with weights `[positions][LANES]`; `put` gets lane, number of the
    /// head and sum.
    pub(crate) fn combine<'a>(
        &self,
        spans: impl Iterator<Item = &'a [f32]> + Clone,
        weights: &[f32],
        mut put: impl FnMut(usize, usize, f32),
    ) {
        let Shape { kv_heads, dim, .. } = self.shape;
        let width = kv_heads * dim;
        for dims in tiles(dim) {
            let mut sums = [[0.0; LANES]; ROWS];
            let mut weights = weights;
            for span in spans.clone() {
                let here = (weights.len() / LANES).min(span.len() / width);
                if here == 0 {
                    continue;
                }
                let (panel, rest) = weights.split_at(here * LANES);
                weights = rest;
                let x = &span[self.kv_head * dim + dims.start..];
                let grid = Grid { x, row_stride: 1, k_stride: width };
                tile::tile(grid, dims.len(), panel, &mut sums);
            }
            for (d, sums) in dims.zip(&sums) {
                for lane in self.start..self.end {
                    put(lane, d, sums[lane - self.start]);
                }
            }
        }
    }
}

dispatched! {
    /// Scores become weights that sum to 1 over the keys, lane by lane.
    fn soften(scores: &mut [f32]) {
        let mut most = [f32::NEG_INFINITY; LANES];
        for row in scores.chunks_exact(LANES) {
            for (most, score) in most.iter_mut().zip(row) {
                *most = if *score > *most { *score } else { *most };
            }
        }
        let mut sums = [0.0f32; LANES];
        for row in scores.chunks_exact_mut(LANES) {
            for ((score, most), sum) in row.iter_mut().zip(&most).zip(&mut sums) {
                *score = exp(*score - most);
                *sum += *score;
            }
        }
        for row in scores.chunks_exact_mut(LANES) {
            for (score, sum) in row.iter_mut().zip(&sums) {
                *score /= sum;
            }
        }
    }
}
