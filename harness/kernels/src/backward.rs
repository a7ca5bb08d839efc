//! Gradients of what the forward kernels do, in f32.

use crate::{
    Scratch, Shape, Span,
    attention::Block,
    elementwise::{inverse_rms, sigmoid},
    level::dispatched,
    multiply::tiles,
    tile::{self, Grid, LANES, ROWS},
};

/// Adds to `grad_x` the gradient of [`rms_norm`](crate::rms_norm)'s input, given that of its output.
///
/// # Panics
/// When the lengths do not fit.
pub fn rms_norm_backward(x: &[f32], weight: &[f32], eps: f32, grad: &[f32], grad_x: &mut [f32]) {
    assert!(x.len() == grad.len() && x.len() == grad_x.len(), "rows of the norm");
    assert!(x.len().is_multiple_of(weight.len()), "rows of the norm");
    norm_rows_back(x, weight, eps, grad, grad_x);
}

dispatched! {
    fn norm_rows_back(x: &[f32], weight: &[f32], eps: f32, grad: &[f32], grad_x: &mut [f32]) {
        let width = weight.len();
        let rows = x.chunks_exact(width).zip(grad.chunks_exact(width));
        for ((row, grad), grad_x) in rows.zip(grad_x.chunks_exact_mut(width)) {
            let scale = inverse_rms(row, eps);
            let mut lanes = [0.0f32; 16];
            for ((row, grad), weight) in row.chunks(16).zip(grad.chunks(16)).zip(weight.chunks(16)) {
                for (((lane, x), g), w) in lanes.iter_mut().zip(row).zip(grad).zip(weight) {
                    *lane = (g * w).mul_add(*x, *lane);
                }
            }
            // d/dx of s·x with s = (Σx²/n + eps)^-½ is s − s³·x·xᵀ/n.
            let along = lanes.iter().sum::<f32>() * scale * scale * scale / width as f32;
            for (((grad_x, x), g), w) in grad_x.iter_mut().zip(row).zip(grad).zip(weight) {
                *grad_x += (g * w).mul_add(scale, -(along * x));
            }
        }
    }
}

/// The gradient of [`silu_product`](crate::silu_product)'s input, given that of its output.
///
/// # Panics
/// When the lengths do not fit.
pub fn silu_product_backward(x: &[f32], width: usize, grad: &[f32], grad_x: &mut [f32]) {
    assert!(x.len() == 2 * grad.len() && x.len() == grad_x.len(), "rows of gate and up");
    silu_rows_back(x, width, grad, grad_x);
}

dispatched! {
    fn silu_rows_back(x: &[f32], width: usize, grad: &[f32], grad_x: &mut [f32]) {
        let rows = x.chunks_exact(2 * width).zip(grad.chunks_exact(width));
        for ((row, grad), grad_x) in rows.zip(grad_x.chunks_exact_mut(2 * width)) {
            let (gate, up) = row.split_at(width);
            let (grad_gate, grad_up) = grad_x.split_at_mut(width);
            for (at, grad) in grad.iter().enumerate() {
                let (gate, up) = (gate[at], up[at]);
                let sigmoid = sigmoid(gate);
                grad_up[at] = grad * gate * sigmoid;
                grad_gate[at] = grad * up * sigmoid * gate.mul_add(1.0 - sigmoid, 1.0);
            }
        }
    }
}

/// `c += aᵀ·b`, summed row by row; `a` is `[rows][m]`, `b` is `[rows][n]`, `c` is `[m][n]`.
///
/// # Panics
/// When the lengths do not fit.
pub fn accumulate_outer(a: &[f32], b: &[f32], rows: usize, c: &mut [f32]) {
    if rows == 0 {
        return;
    }
    let (m, n) = (a.len() / rows, b.len() / rows);
    assert!(a.len() == rows * m && b.len() == rows * n && c.len() == m * n, "rows of a, b and c");
    if m <= n {
        return outer_rows(a, b, rows, c);
    }
    // Vectors run along the longer side.
    let mut turned = vec![0.0; c.len()];
    outer_rows(b, a, rows, &mut turned);
    for (i, row) in c.chunks_exact_mut(n).enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value += turned[j * m + i];
        }
    }
}

dispatched! {
    fn outer_rows(a: &[f32], b: &[f32], rows: usize, c: &mut [f32]) {
        let (m, n) = (a.len() / rows, b.len() / rows);
        for (a, b) in a.chunks_exact(m).zip(b.chunks_exact(n)) {
            for (factor, c) in a.iter().zip(c.chunks_exact_mut(n)) {
                for (sum, value) in c.iter_mut().zip(b) {
                    *sum = factor.mul_add(*value, *sum);
                }
            }
        }
    }
}

/// Adds the gradients of queries, keys and values of [`attention`](crate::attention) over one causal
/// span of as many positions as queries, given that of its output, `[rows][heads * dim]`. `grad_q`
/// is `[rows][heads * dim]`, `grad_k` and `grad_v` are `[rows][kv_heads * dim]`. The weights are
/// computed again.
///
/// # Panics
/// When the lengths do not fit.
#[expect(clippy::too_many_arguments, reason = "three inputs and their three gradients")]
pub fn attention_backward(
    queries: &[f32],
    stride: usize,
    span: Span,
    shape: Shape,
    grad: &[f32],
    grad_q: &mut [f32],
    grad_k: &mut [f32],
    grad_v: &mut [f32],
    scratch: &mut Scratch,
) {
    let Shape { heads, kv_heads, dim } = shape;
    let (wide, width) = (heads * dim, kv_heads * dim);
    let rows = grad.len() / wide;
    assert!(grad.len() == rows * wide && grad_q.len() == grad.len(), "rows of queries");
    assert!([span.keys.len(), span.values.len(), grad_k.len(), grad_v.len()] == [rows * width; 4]);
    let scale = 1.0 / (dim as f32).sqrt();
    let Scratch { queries: turned, scores: weights, .. } = scratch;
    let mut back = Vec::new();
    for kv_head in 0..kv_heads {
        let lanes = rows * shape.group();
        for start in (0..lanes).step_by(LANES) {
            let block = Block { start, end: lanes.min(start + LANES), kv_head, shape };
            block.weights(queries, stride, &[span], 0, turned, weights);
            add_products(&block, weights, (grad, wide, 1.0), grad_v);
            block.turn(grad, wide, 1.0, turned);
            back.resize(weights.len(), 0.0);
            block.products([span.values].into_iter(), turned, &mut back);
            soften_back(weights, &mut back);
            block.combine([span.keys].into_iter(), &back, |lane, d, sum| {
                grad_q[block.row(lane) * wide + block.head(lane) + d] += scale * sum;
            });
            add_products(&block, &back, (queries, stride, scale), grad_k);
        }
    }
}

dispatched! {
    /// Gradients of weights become gradients of scores.
    fn soften_back(weights: &[f32], grad: &mut [f32]) {
        let mut along = [0.0f32; LANES];
        for (weights, grad) in weights.chunks_exact(LANES).zip(grad.chunks_exact(LANES)) {
            for ((sum, w), g) in along.iter_mut().zip(weights).zip(grad) {
                *sum = w.mul_add(*g, *sum);
            }
        }
        for (weights, grad) in weights.chunks_exact(LANES).zip(grad.chunks_exact_mut(LANES)) {
            for ((g, w), along) in grad.iter_mut().zip(weights).zip(&along) {
                *g = w * (*g - along);
            }
        }
    }
}

/// Adds to the rows of the block's key head the sums over its lanes of `weights[position][lane]`
/// times `rows[lane]`.
fn add_products(
    block: &Block,
    weights: &[f32],
    (rows, stride, scale): (&[f32], usize, f32),
    into: &mut [f32],
) {
    let Shape { kv_heads, dim, .. } = block.shape;
    let width = kv_heads * dim;
    for first in (0..dim).step_by(LANES) {
        let count = LANES.min(dim - first);
        let mut panel = [0.0; LANES * LANES];
        for (lane, panel) in (block.start..block.end).zip(panel.chunks_exact_mut(LANES)) {
            let row = &rows[block.row(lane) * stride + block.head(lane) + first..][..count];
            panel.iter_mut().zip(row).for_each(|(to, value)| *to = scale * value);
        }
        for positions in tiles(weights.len() / LANES) {
            let mut sums = [[0.0; LANES]; ROWS];
            let x = &weights[positions.start * LANES..];
            let grid = Grid { x, row_stride: LANES, k_stride: 1 };
            tile::tile(grid, positions.len(), &panel, &mut sums);
            for (position, sums) in positions.zip(&sums) {
                let into = &mut into[position * width + block.kv_head * dim + first..][..count];
                into.iter_mut().zip(sums).for_each(|(sum, term)| *sum += term);
            }
        }
    }
}
