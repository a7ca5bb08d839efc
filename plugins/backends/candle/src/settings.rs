//! What a run file may set.

use backend_language::Manner;
use pilotbench_kernels::{Precision, has_bf16};
use pilotbench_plugin_sdk::prelude::*;

/// Settings of the `candle` backend.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A GGUF file, a folder with `config.json`, `tokenizer.json` and safetensors, or the name of a
    /// model that `pilotbench model pull` fetched.
    pub model: String,
    /// In what the matrix products are done.
    #[serde(default)]
    pub precision: PrecisionSetting,
    /// What does the work.
    #[serde(default)]
    pub engine: EngineSetting,
    /// Most tokens of a prompt; the model's own limit, at most 8,192, unless given.
    pub context: Option<usize>,
    /// In how many orders of its options each question is asked, from 1 to 16; the probabilities
    /// are averaged, which takes out the model's liking for places in a list.
    #[serde(default = "one")]
    pub orders: usize,
    /// Log-probabilities are divided by this before they are normed again.
    #[serde(default = "unit")]
    pub temperature: f64,
    /// Most MiB of keys and values kept for later prompts.
    #[serde(default = "memory_mib")]
    pub memory_mib: usize,
    /// Most tokens of an answer in free text (`candle-text`).
    #[serde(default = "max_tokens")]
    pub max_tokens: usize,
    /// So many of the last layers may be adapted; the ones below are shared by all adapters.
    #[serde(default = "upper_layers")]
    pub upper_layers: usize,
}

fn one() -> usize {
    1
}

fn unit() -> f64 {
    1.0
}

fn memory_mib() -> usize {
    256
}

fn max_tokens() -> usize {
    24
}

fn upper_layers() -> usize {
    8
}

/// Precision as written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrecisionSetting {
    /// 32 bits: the same bits on every machine.
    #[default]
    F32,
    /// Products of 16-bit numbers, sums in 32; refused where the CPU has no such instructions.
    Bf16,
    /// Bf16 where the CPU has the instructions, else f32.
    Auto,
}

/// What does the work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineSetting {
    /// Our kernels, on the CPU.
    #[default]
    Kernels,
    /// Candle's tensors, on the CPU: slow, to compare with.
    Tensors,
    /// Candle's tensors, on the first NVIDIA GPU.
    Cuda,
}

impl Settings {
    /// Checks what does not need the model.
    ///
    /// # Errors
    /// [`Error::Config`] that names the key.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong = |key: &str, message: &str| Err(Error::config(key, message));
        if self.model.is_empty() {
            return wrong("model", "is empty");
        }
        if !(16..=1 << 20).contains(&self.memory_mib) {
            return wrong("memory_mib", "must be from 16 to 1048576");
        }
        if !(1..=1024).contains(&self.max_tokens) {
            return wrong("max_tokens", "must be from 1 to 1024");
        }
        if self.upper_layers == 0 {
            return wrong("upper_layers", "must be at least 1");
        }
        if self.context.is_some_and(|context| context < 16) {
            return wrong("context", "must be at least 16");
        }
        if self.precision == PrecisionSetting::Bf16 && !has_bf16() {
            return wrong(
                "precision",
                "this CPU has no bf16 instructions; use \"auto\" or \"f32\"",
            );
        }
        if self.engine != EngineSetting::Kernels && self.precision == PrecisionSetting::Bf16 {
            return wrong("precision", "the tensor engine computes in f32");
        }
        self.manner().check()
    }

    /// How questions are put.
    pub(crate) fn manner(&self) -> Manner {
        Manner { orders: self.orders, temperature: self.temperature }
    }

    /// The precision on this machine.
    pub(crate) fn precision(&self) -> Precision {
        let fast = match self.precision {
            PrecisionSetting::F32 => false,
            PrecisionSetting::Bf16 => true,
            PrecisionSetting::Auto => has_bf16() && self.engine == EngineSetting::Kernels,
        };
        if fast { Precision::Bf16 } else { Precision::F32 }
    }
}
