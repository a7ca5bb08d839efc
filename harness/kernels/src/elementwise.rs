//! What is done to each number or row by itself.

use crate::{exponential::exp, level::dispatched};

/// `x / √(mean x² + eps) · weight`, row by row; a row is as wide as the weight.
///
/// # Panics
/// When the lengths do not fit.
pub fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    assert!(x.len() == out.len() && x.len().is_multiple_of(weight.len()), "rows of the norm");
    norm_rows(x, weight, eps, out);
}

dispatched! {
    fn norm_rows(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
        let width = weight.len();
        for (row, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let scale = inverse_rms(row, eps);
            for ((out, x), w) in out.iter_mut().zip(row).zip(weight) {
                *out = x * scale * w;
            }
        }
    }
}

/// `1 / √(mean x² + eps)`; squares are summed in 16 lanes, these in order.
#[inline(always)]
pub(crate) fn inverse_rms(row: &[f32], eps: f32) -> f32 {
    let mut lanes = [0.0f32; 16];
    let chunks = row.chunks_exact(16);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = x.mul_add(*x, *lane);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane = x.mul_add(*x, *lane);
    }
    let mean = lanes.iter().sum::<f32>() / row.len() as f32;
    1.0 / (mean + eps).sqrt()
}

/// `silu(gate) · up`; rows of `x` are `[gate | up]`, each `width` wide.
///
/// # Panics
/// When the lengths do not fit.
pub fn silu_product(x: &[f32], width: usize, out: &mut [f32]) {
    assert!(x.len() == 2 * out.len() && out.len().is_multiple_of(width), "rows of gate and up");
    silu_rows(x, width, out);
}

dispatched! {
    fn silu_rows(x: &[f32], width: usize, out: &mut [f32]) {
        for (row, out) in x.chunks_exact(2 * width).zip(out.chunks_exact_mut(width)) {
            let (gate, up) = row.split_at(width);
            for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
                *out = gate * sigmoid(*gate) * up;
            }
        }
    }
}

/// `1 / (1 + e⁻ˣ)`, without overflow.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    let small = e / (1.0 + e);
    if x < 0.0 { small } else { 1.0 - small }
}

/// Turns heads to their positions: rotary embedding, the first half of a head against the second
/// (Su et al. 2021, arXiv 2104.09864, in the layout of Hugging Face).
#[derive(Debug)]
pub struct Rope {
    half: usize,
    /// `[positions][half]`.
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Rope {
    /// For positions below `positions`; one frequency per pair of a head's numbers, in radians a
    /// position. Sines and cosines are computed in f64.
    pub fn new(inverse_frequencies: &[f32], positions: usize) -> Self {
        let angles = (0..positions).flat_map(|position| {
            inverse_frequencies.iter().map(move |f| position as f64 * f64::from(*f))
        });
        let (cos, sin) = angles.map(|angle| (angle.cos() as f32, angle.sin() as f32)).unzip();
        Self { half: inverse_frequencies.len(), cos, sin }
    }

    /// Turns the first `heads` heads of `dim` numbers of each row; a row begins every `stride`
    /// numbers, the last may end after its heads.
    ///
    /// # Panics
    /// When the lengths do not fit, or a position is not below that of [`Rope::new`].
    pub fn rotate(
        &self,
        rows: &mut [f32],
        stride: usize,
        heads: usize,
        dim: usize,
        positions: &[u32],
    ) {
        self.turn(rows, stride, heads, dim, positions, 1.0);
    }

    /// The inverse of [`Rope::rotate`], which is its gradient too.
    ///
    /// # Panics
    /// As [`Rope::rotate`].
    pub fn rotate_back(
        &self,
        rows: &mut [f32],
        stride: usize,
        heads: usize,
        dim: usize,
        positions: &[u32],
    ) {
        self.turn(rows, stride, heads, dim, positions, -1.0);
    }

    fn turn(
        &self,
        rows: &mut [f32],
        stride: usize,
        heads: usize,
        dim: usize,
        positions: &[u32],
        sign: f32,
    ) {
        assert_eq!(dim, 2 * self.half, "the width of a head");
        for (at, position) in positions.iter().enumerate() {
            let table = *position as usize * self.half;
            let (cos, sin) = (&self.cos[table..][..self.half], &self.sin[table..][..self.half]);
            let row = &mut rows[at * stride..][..heads * dim];
            for head in row.chunks_exact_mut(dim) {
                let (a, b) = head.split_at_mut(self.half);
                for (((a, b), cos), sin) in a.iter_mut().zip(b).zip(cos).zip(sin) {
                    let (x, y, sin) = (*a, *b, sign * sin);
                    *a = x * cos - y * sin;
                    *b = y * cos + x * sin;
                }
            }
        }
    }
}

/// Logits become log-probabilities.
pub fn log_softmax(logits: &mut [f64]) {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
    let shift = most + sum.ln();
    logits.iter_mut().for_each(|logit| *logit -= shift);
}
