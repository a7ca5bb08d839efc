//! The same decoder over candle's tensors, whole prompts at a time: what the kernels are compared
//! with, and the way to a GPU.

use crate::{
    source::Config,
    weights::{Ends, Linear, RawLayer},
};
use candle_core::{D, DType, Device, Result, Tensor};

/// Weights on a device.
pub(crate) struct TensorModel {
    device: Device,
    config: Config,
    embedding: Tensor,
    norm: Tensor,
    layers: Vec<TensorLayer>,
    /// Cosines and sines of all positions, `[positions][dim / 2]`.
    turns: [Tensor; 2],
}

struct TensorLayer {
    /// By [`Linear`], transposed: `[inputs][outputs]`.
    linear: Vec<Tensor>,
    attention_norm: Tensor,
    mlp_norm: Tensor,
    bias: Option<Tensor>,
    head_norms: Option<[Tensor; 2]>,
}

impl TensorModel {
    /// Puts the ends of a model on a device; layers follow by [`TensorModel::push`].
    pub(crate) fn new(
        device: Device,
        config: &Config,
        ends: &Ends,
        context: usize,
    ) -> Result<Self> {
        let Config { hidden, vocabulary, .. } = *config;
        let embedding = Tensor::from_slice(&ends.embedding, (vocabulary, hidden), &device)?;
        let norm = Tensor::from_slice(&ends.norm, hidden, &device)?;
        let angle = |position: usize, f: &f32| position as f64 * f64::from(*f);
        let angles = (0..context)
            .flat_map(|at| config.inverse_frequencies.iter().map(move |f| angle(at, f)));
        let angles: Vec<f64> = angles.collect();
        let table = |of: fn(f64) -> f64| {
            let values: Vec<f32> = angles.iter().map(|angle| of(*angle) as f32).collect();
            Tensor::from_vec(values, (context, config.dim / 2), &device)
        };
        let turns = [table(f64::cos)?, table(f64::sin)?];
        let config = config.clone();
        Ok(Self { device, config, embedding, norm, layers: Vec::new(), turns })
    }

    /// Adds the next layer.
    pub(crate) fn push(&mut self, raw: &RawLayer) -> Result<()> {
        let device = &self.device;
        let vector = |values: &[f32]| Tensor::from_slice(values, values.len(), device);
        let linear = Linear::ALL.iter().map(|linear| {
            let [outputs, inputs] = linear.shape(&self.config);
            let weight = &raw.linear[*linear as usize];
            Tensor::from_slice(weight, (outputs, inputs), device)?.t()?.contiguous()
        });
        let norms = raw.small.head_norms.as_ref();
        let norms =
            norms.map(|[query, key]| Ok::<_, candle_core::Error>([vector(query)?, vector(key)?]));
        self.layers.push(TensorLayer {
            linear: linear.collect::<Result<_>>()?,
            attention_norm: vector(&raw.small.attention_norm)?,
            mlp_norm: vector(&raw.small.mlp_norm)?,
            bias: raw.small.bias.as_deref().map(vector).transpose()?,
            head_norms: norms.transpose()?,
        });
        Ok(())
    }

    /// The normed final row of each position of a prompt.
    pub(crate) fn rows(&self, tokens: &[u32]) -> Result<Vec<Vec<f32>>> {
        let ids = Tensor::from_slice(tokens, tokens.len(), &self.device)?;
        let mut x = self.embedding.index_select(&ids, 0)?;
        let mask = self.mask(tokens.len())?;
        for layer in &self.layers {
            x = (self.attention(layer, &self.normed(&x, &layer.attention_norm)?, &mask)? + x)?;
            let h = self.normed(&x, &layer.mlp_norm)?;
            let gate = h.matmul(layer.of(Linear::Gate))?.silu()?;
            let product = (gate * h.matmul(layer.of(Linear::Up))?)?;
            x = (product.matmul(layer.of(Linear::Down))? + x)?;
        }
        self.normed(&x, &self.norm)?.to_vec2()
    }

    fn normed(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let mean = x.sqr()?.mean_keepdim(D::Minus1)?;
        let root = (mean + f64::from(self.config.eps))?.sqrt()?;
        x.broadcast_div(&root)?.broadcast_mul(weight)
    }

    /// Minus infinity where a row may not look.
    fn mask(&self, n: usize) -> Result<Tensor> {
        let at = |i: usize, j: usize| if j > i { f32::NEG_INFINITY } else { 0.0 };
        let values: Vec<f32> = (0..n * n).map(|cell| at(cell / n, cell % n)).collect();
        Tensor::from_vec(values, (n, n), &self.device)
    }

    fn attention(&self, layer: &TensorLayer, h: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let Config { heads, kv_heads, dim, .. } = self.config;
        let rows = h.dim(0)?;
        let mut start = 0;
        let mut part = |linear: Linear, heads: usize| -> Result<Tensor> {
            let mut y = h.matmul(layer.of(linear))?;
            if let Some(bias) = &layer.bias {
                y = y.broadcast_add(&bias.narrow(0, start, heads * dim)?)?;
            }
            start += heads * dim;
            y.reshape((rows, heads, dim))?.transpose(0, 1)?.contiguous()
        };
        let mut query = part(Linear::Query, heads)?;
        let mut key = part(Linear::Key, kv_heads)?;
        let value = part(Linear::Value, kv_heads)?;
        if let Some([of_query, of_key]) = &layer.head_norms {
            query = self.normed(&query, of_query)?;
            key = self.normed(&key, of_key)?;
        }
        let (query, key) = (self.turned(&query)?, self.turned(&key)?);
        let shared = |x: &Tensor| {
            let x = x.unsqueeze(1)?.expand((kv_heads, heads / kv_heads, rows, dim))?;
            x.reshape((heads, rows, dim))?.contiguous()
        };
        let (key, value) = (shared(&key)?, shared(&value)?);
        let scores = (query.matmul(&key.transpose(1, 2)?.contiguous()?)? / (dim as f64).sqrt())?;
        let scores = scores.broadcast_add(mask)?;
        let scores = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
        let weights = scores.broadcast_div(&scores.sum_keepdim(D::Minus1)?)?;
        let attended = weights.matmul(&value)?.transpose(0, 1)?.contiguous()?;
        attended.reshape((rows, heads * dim))?.matmul(layer.of(Linear::Output))
    }

    /// Heads turned to their positions, half against half.
    fn turned(&self, x: &Tensor) -> Result<Tensor> {
        let (_, rows, dim) = x.dims3()?;
        let [cos, sin] = &self.turns;
        let (cos, sin) = (cos.narrow(0, 0, rows)?, sin.narrow(0, 0, rows)?);
        let (a, b) = (x.narrow(2, 0, dim / 2)?, x.narrow(2, dim / 2, dim / 2)?);
        let first = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
        let second = (b.broadcast_mul(&cos)? + a.broadcast_mul(&sin)?)?;
        Tensor::cat(&[first, second], 2)?.to_dtype(DType::F32)?.contiguous()
    }
}

impl TensorLayer {
    fn of(&self, linear: Linear) -> &Tensor {
        &self.linear[linear as usize]
    }
}
