//! A model's files: where they are, what they say of themselves, and their tensors.

mod config;
mod gguf;
mod safetensors;
mod words;

pub(crate) use config::Config;

use backend_language::{Language, Problem};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

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
        let place = find(model)?;
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
        Ok(Self { config, language, sha256: sha256(&files)?, place, tensors })
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

/// Where the user's data of ours lie: models that were pulled, adapters that were trained.
pub(crate) fn user_data() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?;
    Some(data.join("pilotbench"))
}

/// The path that a setting names: a path as it is, or the folder of a pulled model.
fn find(model: &str) -> Result<PathBuf, Problem> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let path = match (model.strip_prefix("~/"), &home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(model),
    };
    if path.exists() {
        return whole(path);
    }
    let is_name = !model.contains(['/', '\\']) && !model.contains("..");
    let Some(data) = user_data().filter(|_| is_name) else {
        return Err(Problem::file(&path, "there is no such file or folder"));
    };
    let pulled = data.join("models").join(model);
    if pulled.is_dir() {
        return whole(pulled);
    }
    let message = format!(
        "no file, folder or pulled model is called so; `pilotbench model pull {model}` fetches it if it is in the catalogue"
    );
    Err(Problem::file(Path::new(model), message))
}

/// A folder that holds one GGUF file and no config stands for that file.
fn whole(path: PathBuf) -> Result<PathBuf, Problem> {
    if !path.is_dir() || path.join("config.json").exists() {
        return Ok(path);
    }
    let entries = path.read_dir().map_err(|e| Problem::file(&path, e))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut ggufs: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|e| e == "gguf")).collect();
    match (ggufs.pop(), ggufs.len()) {
        (Some(file), 0) => Ok(file),
        (None, _) => Err(Problem::file(&path, "holds neither config.json nor a .gguf file")),
        (Some(_), _) => Err(Problem::file(&path, "holds several .gguf files: name one")),
    }
}

fn sha256(files: &[PathBuf]) -> Result<String, Problem> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    for path in files {
        let mut file = File::open(path).map_err(|e| Problem::file(path, e))?;
        loop {
            match file.read(&mut buffer).map_err(|e| Problem::file(path, e))? {
                0 => break,
                read => digest.update(&buffer[..read]),
            }
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
