//! Tiny decoder models as the files that users have: a folder of `config.json`, `tokenizer.json`,
//! `tokenizer_config.json` and `model.safetensors`, or one GGUF file. Made in milliseconds, the same
//! bytes on every machine, and able to answer (nonsense, but with opinions).
//!
//! For tests of anything that loads language models; other tools read the same files, so their
//! answers are a reference.

mod gguf;
mod onnx;
mod tokenizer;
mod weights;

pub use onnx::{OnnxForm, write_onnx, write_onnx_classifier};

use serde_json::{Value, json};
use std::{fs, io, path::Path};

/// Small differences between kinds of decoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// As SmolLM2: the embedding is the head.
    Llama,
    /// A head of its own, and rotary frequencies stretched as in Llama 3.
    Llama3,
    /// Biases on queries, keys and values.
    Qwen2,
    /// Norms on the heads of queries and keys, heads wider than the width over their number.
    Qwen3,
}

impl Family {
    /// All.
    pub const ALL: [Self; 4] = [Self::Llama, Self::Llama3, Self::Qwen2, Self::Qwen3];

    /// Name of a folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Llama3 => "llama3",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
        }
    }

    /// Sizes.
    pub fn sizes(self) -> Sizes {
        let dim = if self == Self::Qwen3 { 24 } else { 18 };
        Sizes { hidden: 72, layers: 3, heads: 4, kv_heads: 2, dim, mlp: 120 }
    }

    pub(crate) fn ties(self) -> bool {
        self != Self::Llama3
    }

    fn config(self) -> Value {
        let Sizes { hidden, layers, heads, kv_heads, dim, mlp } = self.sizes();
        let mut config = json!({
            "architectures": [self.architecture()],
            "model_type": if self == Self::Llama3 { "llama" } else { self.name() },
            "hidden_size": hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "head_dim": dim,
            "intermediate_size": mlp,
            "vocab_size": tokenizer::SIZE,
            "max_position_embeddings": CONTEXT,
            "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0,
            "hidden_act": "silu",
            "tie_word_embeddings": self.ties(),
            "torch_dtype": "float32",
            "bos_token_id": 1,
            "eos_token_id": 2,
        });
        if self == Self::Llama3 {
            config["rope_scaling"] = json!({
                "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
            });
        }
        config
    }

    fn architecture(self) -> &'static str {
        match self {
            Self::Llama | Self::Llama3 => "LlamaForCausalLM",
            Self::Qwen2 => "Qwen2ForCausalLM",
            Self::Qwen3 => "Qwen3ForCausalLM",
        }
    }
}

/// Angles per position; of [`Family::Llama3`] stretched as its config says.
pub(crate) fn frequencies(family: Family) -> Vec<f32> {
    const FACTOR: f64 = 8.0;
    let dim = family.sizes().dim;
    let plain = (0..dim / 2).map(|i| 10_000f64.powf(-2.0 * i as f64 / dim as f64) as f32);
    let stretched = |frequency: f32| {
        let frequency = f64::from(frequency);
        let wave = 2.0 * std::f64::consts::PI / frequency;
        let kept = ((64.0 / wave - 1.0) / (4.0 - 1.0)).clamp(0.0, 1.0);
        ((1.0 - kept) * frequency / FACTOR + kept * frequency) as f32
    };
    match family {
        Family::Llama3 => plain.map(stretched).collect(),
        _ => plain.collect(),
    }
}

/// Most positions.
pub const CONTEXT: usize = 8192;

/// Numbers of a tiny decoder.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Width.
    pub hidden: usize,
    /// Layers.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub dim: usize,
    /// Width of the feed-forward block.
    pub mlp: usize,
}

/// Writes a model's folder.
///
/// # Errors
/// When it cannot be written.
pub fn write(folder: &Path, family: Family) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let put = |name: &str, value: &Value| fs::write(folder.join(name), value.to_string());
    put("config.json", &family.config())?;
    put("tokenizer.json", &tokenizer::json())?;
    put("tokenizer_config.json", &tokenizer::settings())?;
    let bytes = weights::safetensors(&weights::tensors(family)).map_err(io::Error::other)?;
    fs::write(folder.join("model.safetensors"), bytes)
}

/// Writes the [`Family::Llama`] model as one GGUF file.
///
/// # Errors
/// When it cannot be written.
pub fn write_gguf(path: &Path) -> io::Result<()> {
    fs::write(path, gguf::bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    /// Fixtures were made from these files.
    #[test]
    fn the_files_are_what_they_were() {
        let hash = |bytes: &[u8]| -> String {
            Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
        };
        let folder = std::env::temp_dir().join(format!("tiny-llama-{}", std::process::id()));
        let mut hashes = Vec::new();
        for family in Family::ALL {
            write(&folder, family).unwrap();
            for file in ["config.json", "tokenizer.json", "model.safetensors"] {
                hashes.push(hash(&fs::read(folder.join(file)).unwrap()));
            }
        }
        write_gguf(&folder.join("model.gguf")).unwrap();
        hashes.push(hash(&fs::read(folder.join("model.gguf")).unwrap()));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(hashes.join(" "), include_str!("hashes.txt").trim());
    }
}
