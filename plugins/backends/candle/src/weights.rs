//! Weights of a decoder: as the file has them, and packed for the kernels.

use crate::source::{Config, Source};
use backend_language::Problem;
use pilotbench_kernels::{Packed, Precision};
use rayon::prelude::*;

/// The linear maps of a layer, in the order of [`Linear::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linear {
    Query,
    Key,
    Value,
    Output,
    Gate,
    Up,
    Down,
}

impl Linear {
    pub(crate) const ALL: [Self; 7] =
        [Self::Query, Self::Key, Self::Value, Self::Output, Self::Gate, Self::Up, Self::Down];

    /// Path of the module in a layer, as Hugging Face and PEFT write it.
    pub(crate) fn module(self) -> &'static str {
        match self {
            Self::Query => "self_attn.q_proj",
            Self::Key => "self_attn.k_proj",
            Self::Value => "self_attn.v_proj",
            Self::Output => "self_attn.o_proj",
            Self::Gate => "mlp.gate_proj",
            Self::Up => "mlp.up_proj",
            Self::Down => "mlp.down_proj",
        }
    }

    /// Last word of the module: what PEFT calls a target.
    pub(crate) fn target(self) -> &'static str {
        self.module().rsplit('.').next().unwrap_or_default()
    }

    /// Outputs and inputs.
    pub(crate) fn shape(self, config: &Config) -> [usize; 2] {
        let Config { hidden, mlp, .. } = *config;
        match self {
            Self::Query => [config.query_width(), hidden],
            Self::Key | Self::Value => [config.key_width(), hidden],
            Self::Output => [hidden, config.query_width()],
            Self::Gate | Self::Up => [mlp, hidden],
            Self::Down => [hidden, mlp],
        }
    }
}

/// One layer in f32, as the file has it.
#[derive(Clone)]
pub(crate) struct RawLayer {
    /// By [`Linear`], `[outputs][inputs]`.
    pub(crate) linear: [Vec<f32>; 7],
    pub(crate) small: SmallParts,
}

/// What of a layer is no matrix.
#[derive(Clone)]
pub(crate) struct SmallParts {
    pub(crate) attention_norm: Vec<f32>,
    pub(crate) mlp_norm: Vec<f32>,
    /// Added to queries, keys and values, one after the other.
    pub(crate) bias: Option<Vec<f32>>,
    /// Norms of each head of queries and of keys.
    pub(crate) head_norms: Option<[Vec<f32>; 2]>,
}

impl RawLayer {
    /// Reads a layer.
    ///
    /// # Errors
    /// When a tensor is missing, of another shape than the config says, or not finite.
    pub(crate) fn read(source: &Source, index: usize) -> Result<Self, Problem> {
        let config = &source.config;
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let mut linear: [Vec<f32>; 7] = Default::default();
        for (at, which) in Linear::ALL.into_iter().enumerate() {
            let name = name(&format!("{}.weight", which.module()));
            linear[at] = source.get(&name, &which.shape(config))?;
        }
        let vector = |part: &str, n: usize| source.get(&name(part), &[n]);
        let vector_if = |part: &str, n: usize| source.get_if(&name(part), &[n]);
        let mut bias = Vec::new();
        for which in [Linear::Query, Linear::Key, Linear::Value] {
            let [outputs, _] = which.shape(config);
            bias.extend(
                vector_if(&format!("{}.bias", which.module()), outputs)?.unwrap_or_default(),
            );
        }
        let whole = config.query_width() + 2 * config.key_width();
        if !bias.is_empty() && bias.len() != whole {
            return Err(source.wrong(format!("layer {index} has some of the attention biases")));
        }
        let out_bias = name("self_attn.o_proj.bias");
        if source.get_if(&out_bias, &[config.hidden])?.is_some_and(|b| b.iter().any(|v| *v != 0.0))
        {
            return Err(source.wrong(format!("tensor `{out_bias}`: such a bias is not known")));
        }
        let query_norm = vector_if("self_attn.q_norm.weight", config.dim)?;
        let key_norm = vector_if("self_attn.k_norm.weight", config.dim)?;
        let small = SmallParts {
            attention_norm: vector("input_layernorm.weight", config.hidden)?,
            mlp_norm: vector("post_attention_layernorm.weight", config.hidden)?,
            bias: (!bias.is_empty()).then_some(bias),
            head_norms: query_norm.zip(key_norm).map(|(query, key)| [query, key]),
        };
        Ok(Self { linear, small })
    }

    /// Matrices that are multiplied with the same rows, together.
    pub(crate) fn parts(&self, which: &[Linear]) -> Vec<&[f32]> {
        which.iter().map(|linear| self.linear[*linear as usize].as_slice()).collect()
    }

    /// Packs the layer for the kernels.
    pub(crate) fn pack(&self, config: &Config, precision: Precision) -> Layer {
        let pack = |which: &[Linear]| {
            let [_, inputs] = which[0].shape(config);
            Packed::new(&self.parts(which), inputs, precision)
        };
        Layer {
            qkv: pack(&QKV),
            output: pack(&[Linear::Output]),
            gate_up: pack(&GATE_UP),
            down: pack(&[Linear::Down]),
            small: self.small.clone(),
        }
    }
}

/// Joined in this order.
pub(crate) const QKV: [Linear; 3] = [Linear::Query, Linear::Key, Linear::Value];
/// Joined in this order.
pub(crate) const GATE_UP: [Linear; 2] = [Linear::Gate, Linear::Up];

/// One layer, packed.
pub(crate) struct Layer {
    pub(crate) qkv: Packed,
    pub(crate) output: Packed,
    pub(crate) gate_up: Packed,
    pub(crate) down: Packed,
    pub(crate) small: SmallParts,
}

/// What lies before the first and behind the last layer.
pub(crate) struct Ends {
    /// `[vocabulary][hidden]`.
    pub(crate) embedding: Vec<f32>,
    pub(crate) norm: Vec<f32>,
    /// The output rows where they are not the embedding's.
    head: Option<Vec<f32>>,
}

impl Ends {
    /// Reads them.
    ///
    /// # Errors
    /// As [`RawLayer::read`].
    pub(crate) fn read(source: &Source) -> Result<Self, Problem> {
        let Config { vocabulary, hidden, .. } = source.config;
        Ok(Self {
            embedding: source.get("model.embed_tokens.weight", &[vocabulary, hidden])?,
            norm: source.get("model.norm.weight", &[hidden])?,
            head: source.get_if("lm_head.weight", &[vocabulary, hidden])?,
        })
    }

    /// The row that a token enters as.
    pub(crate) fn row(&self, token: u32) -> &[f32] {
        row(&self.embedding, token, self.norm.len())
    }

    /// The row that says how likely a token is.
    pub(crate) fn head_row(&self, token: u32) -> &[f32] {
        row(self.head.as_ref().unwrap_or(&self.embedding), token, self.norm.len())
    }

    /// The logits of all tokens for a normed row.
    pub(crate) fn logits(&self, hidden: &[f32]) -> Vec<f32> {
        let tokens = self.embedding.len() / self.norm.len();
        (0..tokens as u32).into_par_iter().map(|token| self.logit(hidden, token)).collect()
    }

    /// The logit of a token for a normed row.
    pub(crate) fn logit(&self, hidden: &[f32], token: u32) -> f32 {
        let pairs = hidden.iter().zip(self.head_row(token));
        pairs.fold(0.0f32, |sum, (h, w)| h.mul_add(*w, sum))
    }
}

fn row(rows: &[f32], token: u32, width: usize) -> &[f32] {
    &rows[token as usize * width..][..width]
}
