//! A decoder layer forward and backward.

use super::{
    factors::Factor,
    linear::{Group, Thin},
};
use crate::{
    decoder::prepare,
    source::Config,
    weights::{GATE_UP, Linear, QKV, RawLayer, SmallParts},
};
use pilotbench_kernels::{
    Rope, Scratch, Shape, Span, attention, attention_backward, rms_norm, rms_norm_backward,
    silu_product, silu_product_backward,
};

/// A layer in training.
pub(super) struct Layer {
    qkv: Group,
    output: Group,
    gate_up: Group,
    down: Group,
    small: SmallParts,
}

/// What a layer keeps for the way back.
pub(super) struct Kept {
    x: Vec<f32>,
    normed: Vec<f32>,
    /// Before norms of heads and turning; only where heads are normed.
    raw: Option<Vec<f32>>,
    qkv: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    attended: Vec<f32>,
    middle: Vec<f32>,
    normed_again: Vec<f32>,
    gate_up: Vec<f32>,
    product: Vec<f32>,
    thin: [Thin; 4],
}

/// What all layers of an interview share.
pub(super) struct Context<'a> {
    pub(super) config: &'a Config,
    pub(super) rope: &'a Rope,
    pub(super) positions: &'a [u32],
    pub(super) scale: f32,
}

impl Context<'_> {
    fn shape(&self) -> Shape {
        let Config { heads, kv_heads, dim, .. } = *self.config;
        Shape { heads, kv_heads, dim }
    }

    fn widths(&self) -> (usize, usize) {
        (self.config.query_width(), self.config.key_width())
    }
}

type LayerFactors = [Option<Factor>; 7];

impl Layer {
    pub(super) fn new(raw: &RawLayer, config: &Config) -> Self {
        let group = |parts| Group::new(raw, config, parts);
        Self {
            qkv: group(&QKV),
            output: group(&[Linear::Output]),
            gate_up: group(&GATE_UP),
            down: group(&[Linear::Down]),
            small: raw.small.clone(),
        }
    }

    /// Rows in, rows out.
    pub(super) fn run(
        &self,
        x: Vec<f32>,
        factors: &LayerFactors,
        context: &Context,
        scratch: &mut Scratch,
    ) -> (Vec<f32>, Kept) {
        let Context { config, rope, positions, scale } = *context;
        let (queries, keys) = context.widths();
        let rows = positions.len();
        let mut normed = vec![0.0; x.len()];
        rms_norm(&x, &self.small.attention_norm, config.eps, &mut normed);
        let (mut qkv, thin_qkv) = self.qkv.run(&normed, factors, scale, scratch);
        let raw = self.small.head_norms.is_some().then(|| self.biased(&qkv));
        prepare(&self.small, config.eps, &mut qkv, queries, keys);
        let stride = queries + 2 * keys;
        rope.rotate(&mut qkv, stride, config.heads, config.dim, positions);
        rope.rotate(&mut qkv[queries..], stride, config.kv_heads, config.dim, positions);
        let part = |at: usize| -> Vec<f32> {
            let rows = qkv.chunks_exact(stride);
            rows.flat_map(|row| row[at..at + keys].iter().copied()).collect()
        };
        let (key_rows, value_rows) = (part(queries), part(queries + keys));
        let mut attended = vec![0.0; rows * queries];
        let spans = [Span { keys: &key_rows, values: &value_rows }];
        attention(&qkv, stride, &spans, context.shape(), &mut attended, scratch);
        let (mut middle, thin_output) = self.output.run(&attended, factors, scale, scratch);
        add(&mut middle, &x);
        let mut normed_again = vec![0.0; x.len()];
        rms_norm(&middle, &self.small.mlp_norm, config.eps, &mut normed_again);
        let (gate_up, thin_gate_up) = self.gate_up.run(&normed_again, factors, scale, scratch);
        let mut product = vec![0.0; rows * config.mlp];
        silu_product(&gate_up, config.mlp, &mut product);
        let (mut out, thin_down) = self.down.run(&product, factors, scale, scratch);
        add(&mut out, &middle);
        let kept = Kept {
            x,
            normed,
            raw,
            qkv,
            keys: key_rows,
            values: value_rows,
            attended,
            middle,
            normed_again,
            gate_up,
            product,
            thin: [thin_qkv, thin_output, thin_gate_up, thin_down],
        };
        (out, kept)
    }

    /// Queries, keys and values with their biases.
    fn biased(&self, qkv: &[f32]) -> Vec<f32> {
        let mut biased = qkv.to_vec();
        if let Some(bias) = &self.small.bias {
            biased.chunks_exact_mut(bias.len()).for_each(|row| add(row, bias));
        }
        biased
    }

    /// The gradient of the rows that came in from that of the rows that went out; the lowest layer
    /// in training needs none and gives an empty one.
    pub(super) fn back(
        &self,
        kept: &Kept,
        grad: Vec<f32>,
        factors: &LayerFactors,
        gradients: &mut LayerFactors,
        context: &Context,
        scratch: &mut Scratch,
        is_lowest: bool,
    ) -> Vec<f32> {
        let Context { config, scale, .. } = *context;
        let with = (factors, scale);
        let [thin_qkv, thin_output, thin_gate_up, thin_down] = &kept.thin;
        let mut grad_product = vec![0.0; kept.product.len()];
        let rows = (&*kept.product, thin_down);
        self.down.back(rows, &grad, with, gradients, Some(&mut grad_product), scratch);
        let mut grad_gate_up = vec![0.0; kept.gate_up.len()];
        silu_product_backward(&kept.gate_up, config.mlp, &grad_product, &mut grad_gate_up);
        let mut grad_normed = vec![0.0; kept.x.len()];
        let rows = (&*kept.normed_again, thin_gate_up);
        self.gate_up.back(rows, &grad_gate_up, with, gradients, Some(&mut grad_normed), scratch);
        let mut grad_middle = grad;
        let norm = &self.small.mlp_norm;
        rms_norm_backward(&kept.middle, norm, config.eps, &grad_normed, &mut grad_middle);
        let mut grad_attended = vec![0.0; kept.attended.len()];
        let rows = (&*kept.attended, thin_output);
        self.output.back(rows, &grad_middle, with, gradients, Some(&mut grad_attended), scratch);
        let grad_qkv = self.attention_back(kept, &grad_attended, context, scratch);
        if is_lowest {
            self.qkv.back((&kept.normed, thin_qkv), &grad_qkv, with, gradients, None, scratch);
            return Vec::new();
        }
        grad_normed.fill(0.0);
        let rows = (&*kept.normed, thin_qkv);
        self.qkv.back(rows, &grad_qkv, with, gradients, Some(&mut grad_normed), scratch);
        let norm = &self.small.attention_norm;
        rms_norm_backward(&kept.x, norm, config.eps, &grad_normed, &mut grad_middle);
        grad_middle
    }

    /// The gradient of the products of queries, keys and values.
    fn attention_back(
        &self,
        kept: &Kept,
        grad: &[f32],
        context: &Context,
        scratch: &mut Scratch,
    ) -> Vec<f32> {
        let Context { config, rope, positions, .. } = *context;
        let (queries, keys) = context.widths();
        let stride = queries + 2 * keys;
        let rows = positions.len();
        let mut grad_q = vec![0.0; rows * queries];
        let (mut grad_k, mut grad_v) = (vec![0.0; rows * keys], vec![0.0; rows * keys]);
        attention_backward(
            &kept.qkv,
            stride,
            Span { keys: &kept.keys, values: &kept.values },
            context.shape(),
            grad,
            &mut grad_q,
            &mut grad_k,
            &mut grad_v,
            scratch,
        );
        rope.rotate_back(&mut grad_q, queries, config.heads, config.dim, positions);
        rope.rotate_back(&mut grad_k, keys, config.kv_heads, config.dim, positions);
        if let (Some([query, key]), Some(raw)) = (&self.small.head_norms, &kept.raw) {
            let part = |at: usize, width: usize| -> Vec<f32> {
                let rows = raw.chunks_exact(stride);
                rows.flat_map(|row| row[at..at + width].iter().copied()).collect()
            };
            grad_q = norm_back(&part(0, queries), query, config.eps, &grad_q);
            grad_k = norm_back(&part(queries, keys), key, config.eps, &grad_k);
        }
        let mut joined = Vec::with_capacity(rows * stride);
        for row in 0..rows {
            joined.extend_from_slice(&grad_q[row * queries..][..queries]);
            joined.extend_from_slice(&grad_k[row * keys..][..keys]);
            joined.extend_from_slice(&grad_v[row * keys..][..keys]);
        }
        joined
    }
}

fn norm_back(x: &[f32], weight: &[f32], eps: f32, grad: &[f32]) -> Vec<f32> {
    let mut grad_x = vec![0.0; x.len()];
    rms_norm_backward(x, weight, eps, grad, &mut grad_x);
    grad_x
}

fn add(sum: &mut [f32], terms: &[f32]) {
    sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
}
