//! What a run file may set.

use backend_language::Manner;
use ort::ep;
use pilotbench_plugin_sdk::prelude::*;

/// Settings of the `onnx` backend.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A graph's file, or a folder with one; `tokenizer.json` lies beside it.
    pub model: String,
    /// The file of the ONNX Runtime library, instead of the one that is found.
    pub runtime: Option<String>,
    /// What runs the graph, the first that can run a node; the CPU runs what is left.
    #[serde(default)]
    pub providers: Vec<Provider>,
    /// Most tokens of a prompt; the model's own limit, at most 8,192, unless given.
    pub context: Option<usize>,
    /// In how many orders of its options each question is asked, from 1 to 16; the probabilities
    /// are averaged.
    #[serde(default = "one")]
    pub orders: usize,
    /// Log-probabilities are divided by this before they are normed again.
    #[serde(default = "unit")]
    pub temperature: f64,
    /// Most MiB of keys and values kept for later prompts.
    #[serde(default = "memory_mib")]
    pub memory_mib: usize,
    /// Most tokens of an answer in free text (`onnx-text`).
    #[serde(default = "max_tokens")]
    pub max_tokens: usize,
    /// A folder with models that were adapted elsewhere, for the adapter `table`.
    pub adapted: Option<String>,
}

fn one() -> usize {
    1
}

fn unit() -> f64 {
    1.0
}

fn memory_mib() -> usize {
    512
}

fn max_tokens() -> usize {
    24
}

/// An execution provider of ONNX Runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Always there.
    Cpu,
    /// NVIDIA GPUs.
    Cuda,
    /// NVIDIA GPUs, graphs compiled.
    Tensorrt,
    /// Apple's.
    Coreml,
    /// Windows.
    Directml,
}

impl Provider {
    /// Name in settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Tensorrt => "tensorrt",
            Self::Coreml => "coreml",
            Self::Directml => "directml",
        }
    }

    /// The provider, which fails where the library has none such.
    pub(crate) fn build(self) -> ep::ExecutionProviderDispatch {
        let built = match self {
            Self::Cpu => ep::CPU::default().build(),
            Self::Cuda => ep::CUDA::default().build(),
            Self::Tensorrt => ep::TensorRT::default().build(),
            Self::Coreml => ep::CoreML::default().build(),
            Self::Directml => ep::DirectML::default().build(),
        };
        built.error_on_failure()
    }
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
        if self.context.is_some_and(|context| context < 16) {
            return wrong("context", "must be at least 16");
        }
        self.manner().check()
    }

    /// How questions are put.
    pub(crate) fn manner(&self) -> Manner {
        Manner { orders: self.orders, temperature: self.temperature }
    }
}
