//! A model's files: where they are, what they say of themselves, and their tensors.

mod config;
mod gguf;
mod safetensors;

pub(crate) use config::Config;

use backend_language::{Language, Problem, place};
use std::path::PathBuf;

/// Tensors by their Hugging Face names, as f32, row by row.
pub(crate) trait Tensors: Send + Sync {
    /// Whether there is such a tensor.
    fn has(&self, name: &str) -> bool;

    /// A tensor that must be of this shape.
    fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Problem>;
}

/// A model that was found and looked at; its weights are read when they are asked for.
pub(crate) struct Source {
    pub(crate) config: Config,
    pub(crate) language: Language,
    /// SHA-256 over all files that the answers depend on.
    pub(crate) sha256: String,
    place: PathBuf,
    tensors: Box<dyn Tensors>,
}

impl Source {
    /// Opens a GGUF file, a folder with `config.json`, `tokenizer.json` and safetensors, or a model
    /// that was pulled, by name.
    ///
    /// # Errors
    /// When nothing is there, or what is there is damaged or of a kind that is not known.
    pub(crate) fn open(model: &str) -> Result<Self, Problem> {
        let place = place::find(model, "gguf")?;
        let opened = if place.is_dir() { safetensors::open(&place) } else { gguf::open(&place) };
        let Opened { config, language, tensors, files } = opened?;
        let vocabulary = language.vocabulary_size();
        if vocabulary > config.vocabulary {
            let message = format!(
                "the tokenizer has {vocabulary} tokens, the model only {}",
                config.vocabulary
            );
            return Err(Problem::model(&place, message));
        }
        Ok(Self { config, language, sha256: place::sha256(&files)?, place, tensors })
    }

    /// A tensor of this shape, all of it finite.
    pub(crate) fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Problem> {
        let values = self.tensors.get(name, shape)?;
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(at) => {
                let message = format!("tensor `{name}` holds {} at {at}", values[at]);
                Err(Problem::model(&self.place, message))
            }
        }
    }

    /// A problem of this model.
    pub(crate) fn wrong(&self, message: impl std::fmt::Display) -> Problem {
        Problem::model(&self.place, message)
    }

    /// A tensor that need not be there.
    pub(crate) fn get_if(&self, name: &str, shape: &[usize]) -> Result<Option<Vec<f32>>, Problem> {
        self.tensors.has(name).then(|| self.get(name, shape)).transpose()
    }
}

/// What opening a file or folder gives.
struct Opened {
    config: Config,
    language: Language,
    tensors: Box<dyn Tensors>,
    files: Vec<PathBuf>,
}
