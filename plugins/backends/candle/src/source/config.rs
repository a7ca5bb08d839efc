//! The shape of a Llama-like decoder.

use backend_language::Problem;
use serde::Deserialize;
use std::path::Path;

/// Families that differ in small ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Llama, SmolLM2, Mistral without window.
    Llama,
    /// Biases on queries, keys and values.
    Qwen2,
    /// Norms on queries and keys.
    Qwen3,
}

/// Numbers of a decoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    /// Family.
    pub(crate) family: Family,
    /// Width of the residual stream.
    pub(crate) hidden: usize,
    /// Decoder layers.
    pub(crate) layers: usize,
    /// Query heads.
    pub(crate) heads: usize,
    /// Key and value heads.
    pub(crate) kv_heads: usize,
    /// Width of a head.
    pub(crate) dim: usize,
    /// Width inside the feed-forward block.
    pub(crate) mlp: usize,
    /// Rows of the embedding.
    pub(crate) vocabulary: usize,
    /// Most positions.
    pub(crate) context: usize,
    /// Added to mean squares in norms.
    pub(crate) eps: f32,
    /// Angle per position of each pair of a head's numbers, `dim / 2` of them.
    pub(crate) inverse_frequencies: Vec<f32>,
}

impl Config {
    /// Checks what the kernels rely on.
    ///
    /// # Errors
    /// When the numbers make no decoder.
    pub(super) fn checked(self, place: &Path) -> Result<Self, Problem> {
        let sound = [self.hidden, self.layers, self.heads, self.kv_heads, self.dim, self.mlp]
            .into_iter()
            .chain([self.vocabulary, self.context])
            .all(|n| (1..=1 << 24).contains(&n));
        let wrong = if !sound {
            "a size is zero or out of all proportion".to_owned()
        } else if !self.heads.is_multiple_of(self.kv_heads) {
            format!("{} query heads cannot share {} key heads", self.heads, self.kv_heads)
        } else if !self.dim.is_multiple_of(2) {
            format!("a head of {} numbers cannot be turned in pairs", self.dim)
        } else if !(self.eps > 0.0 && self.eps < 0.1) {
            format!("a norm with epsilon {}", self.eps)
        } else {
            return Ok(self);
        };
        Err(Problem::model(place, wrong))
    }

    /// Weights of a layer's products.
    pub(crate) fn layer_weights(&self) -> usize {
        let attention = 2 * self.query_width() + 2 * self.key_width();
        self.hidden * (attention + 3 * self.mlp)
    }

    /// Numbers in a row of queries.
    pub(crate) fn query_width(&self) -> usize {
        self.heads * self.dim
    }

    /// Numbers in a row of keys or values.
    pub(crate) fn key_width(&self) -> usize {
        self.kv_heads * self.dim
    }
}

/// Angles per position: `base^(-2i/dim)`.
pub(super) fn frequencies(dim: usize, base: f64) -> Vec<f32> {
    (0..dim / 2).map(|i| base.powf(-2.0 * i as f64 / dim as f64) as f32).collect()
}

/// `config.json` as Hugging Face writes it; what is not named here does not change answers.
#[derive(Deserialize)]
struct File {
    model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    rms_norm_eps: f32,
    rope_theta: Option<f64>,
    rope_scaling: Option<Rope>,
    rope_parameters: Option<Rope>,
    hidden_act: Option<String>,
    #[serde(default)]
    mlp_bias: bool,
    #[serde(default)]
    use_sliding_window: bool,
    sliding_window: Option<usize>,
}

#[derive(Deserialize, Default, Clone)]
struct Rope {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    rope_theta: Option<f64>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
}

impl Rope {
    fn frequencies(&self, dim: usize, base: f64) -> Result<Vec<f32>, String> {
        let plain = frequencies(dim, base);
        match self.rope_type.as_deref() {
            None | Some("default") => Ok(plain),
            Some("linear") => {
                let factor = self.factor.ok_or("rope scaling `linear` without `factor`")?;
                Ok(plain.into_iter().map(|f| (f64::from(f) / factor) as f32).collect())
            }
            Some("llama3") => {
                let known = (self.factor, self.low_freq_factor, self.high_freq_factor);
                let (Some(factor), Some(low), Some(high)) = known else {
                    return Err("rope scaling `llama3` lacks a factor".into());
                };
                let original = self.original_max_position_embeddings;
                let original = original.ok_or("rope scaling `llama3` lacks the first context")?;
                Ok(plain.into_iter().map(|f| llama3(f, factor, low, high, original)).collect())
            }
            Some(other) => Err(format!("rope scaling `{other}` is not known")),
        }
    }
}

/// Long waves are stretched, short ones kept, those between blended.
fn llama3(frequency: f32, factor: f64, low: f64, high: f64, original: f64) -> f32 {
    let frequency = f64::from(frequency);
    let wave = 2.0 * std::f64::consts::PI / frequency;
    let scaled = if wave < original / high {
        frequency
    } else if wave > original / low {
        frequency / factor
    } else {
        let smooth = (original / wave - low) / (high - low);
        (1.0 - smooth) * frequency / factor + smooth * frequency
    };
    scaled as f32
}

/// Reads `config.json`.
///
/// # Errors
/// When it is no JSON, lacks a key, or tells of a decoder that is not known.
pub(super) fn read(path: &Path) -> Result<Config, Problem> {
    let text = std::fs::read_to_string(path).map_err(|e| Problem::file(path, e))?;
    let file: File = serde_json::from_str(&text).map_err(|e| Problem::model(path, e))?;
    let wrong = |message: String| Problem::model(path, message);
    let family = match file.model_type.as_str() {
        "llama" | "mistral" => Family::Llama,
        "qwen2" => Family::Qwen2,
        "qwen3" => Family::Qwen3,
        other => {
            let message = format!(
                "architecture `{other}` is not known: there are llama, mistral, qwen2 and qwen3"
            );
            return Err(wrong(message));
        }
    };
    if let Some(act) = file.hidden_act.as_deref().filter(|act| *act != "silu") {
        return Err(wrong(format!("activation `{act}` is not known: there is silu")));
    }
    if file.mlp_bias {
        return Err(wrong("biases in the feed-forward blocks are not known".into()));
    }
    let windowed =
        file.use_sliding_window || (file.model_type == "mistral" && file.sliding_window.is_some());
    if windowed {
        return Err(wrong("attention within a sliding window is not known".into()));
    }
    let heads = file.num_attention_heads.max(1);
    let dim = file.head_dim.unwrap_or(file.hidden_size / heads);
    let rope = file.rope_parameters.or(file.rope_scaling).unwrap_or_default();
    let base = rope.rope_theta.or(file.rope_theta).unwrap_or(10_000.0);
    let config = Config {
        family,
        hidden: file.hidden_size,
        layers: file.num_hidden_layers,
        heads,
        kv_heads: file.num_key_value_heads.unwrap_or(heads),
        dim,
        mlp: file.intermediate_size,
        vocabulary: file.vocab_size,
        context: file.max_position_embeddings,
        eps: file.rms_norm_eps,
        inverse_frequencies: rope.frequencies(dim, base).map_err(wrong)?,
    };
    config.checked(path)
}
