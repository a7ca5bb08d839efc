//! A folder as Hugging Face publishes it: `config.json`, `tokenizer.json`, safetensors in one file or
//! several.

use super::{Opened, Tensors, config};
use backend_language::{Language, Problem};
use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Longest header of a file.
const HEADER_MAX: u64 = 100 << 20;

/// Opens a folder.
pub(super) fn open(folder: &Path) -> Result<Opened, Problem> {
    let config = config::read(&folder.join("config.json"))?;
    let language = Language::of_folder(folder)?;
    let weights = weight_files(folder)?;
    let mut files = vec![folder.join("config.json")];
    files.extend(Language::files_of(folder));
    let tensors = Folder::read(&weights)?;
    files.extend(weights);
    Ok(Opened { config, language, tensors: Box::new(tensors), files })
}

/// The files with weights, in order.
fn weight_files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let single = folder.join("model.safetensors");
    let index = folder.join("model.safetensors.index.json");
    if single.exists() || !index.exists() {
        return Ok(vec![single]);
    }
    let text = std::fs::read_to_string(&index).map_err(|e| Problem::file(&index, e))?;
    let read: Index = serde_json::from_str(&text).map_err(|e| Problem::model(&index, e))?;
    let mut names: Vec<String> = read.weight_map.into_values().collect();
    names.sort();
    names.dedup();
    if let Some(name) = names.iter().find(|name| name.contains('/') || name.contains("..")) {
        let message = format!("names `{}`, which is outside of the folder", name.escape_debug());
        return Err(Problem::model(&index, message));
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// Where a tensor lies.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
    #[serde(skip)]
    file: usize,
    #[serde(skip)]
    start: u64,
}

struct Folder {
    files: Vec<(PathBuf, File)>,
    entries: BTreeMap<String, Entry>,
}

impl Folder {
    fn read(paths: &[PathBuf]) -> Result<Self, Problem> {
        let mut folder = Self { files: Vec::new(), entries: BTreeMap::new() };
        for path in paths {
            let file = File::open(path).map_err(|e| Problem::file(path, e))?;
            let size = file.metadata().map_err(|e| Problem::file(path, e))?.len();
            folder.headers(path, &file, size)?;
            folder.files.push((path.clone(), file));
        }
        Ok(folder)
    }

    fn headers(&mut self, path: &Path, file: &File, size: u64) -> Result<(), Problem> {
        let mut length = [0; 8];
        file.read_exact_at(&mut length, 0).map_err(|e| Problem::file(path, e))?;
        let length = u64::from_le_bytes(length);
        if length > HEADER_MAX || length + 8 > size {
            return Err(Problem::model(
                path,
                "no safetensors file: its header is longer than it is",
            ));
        }
        let mut header = vec![0; length as usize];
        file.read_exact_at(&mut header, 8).map_err(|e| Problem::file(path, e))?;
        let header: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&header).map_err(|e| Problem::model(path, e))?;
        for (name, value) in header {
            if name == "__metadata__" {
                continue;
            }
            let entry: Entry =
                serde_json::from_value(value).map_err(|e| Problem::model(path, e))?;
            let [begin, end] = entry.data_offsets;
            let start = 8 + length;
            if begin > end || start.checked_add(end).is_none_or(|end| end > size) {
                let message =
                    format!("tensor `{name}` ends behind the end of the file (truncated?)");
                return Err(Problem::model(path, message));
            }
            let entry = Entry { file: self.files.len(), start: start + begin, ..entry };
            self.entries.insert(name, entry);
        }
        Ok(())
    }
}

impl Tensors for Folder {
    fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Problem> {
        let Some(entry) = self.entries.get(name) else {
            let place = &self.files[0].0;
            return Err(Problem::model(place, format!("tensor `{name}` is missing")));
        };
        let (path, file) = &self.files[entry.file];
        if entry.shape != shape {
            let message = format!(
                "tensor `{name}` is {:?}, which does not match config.json: {shape:?}",
                entry.shape
            );
            return Err(Problem::model(path, message));
        }
        let count: usize = shape.iter().product();
        let bytes = entry.data_offsets[1] - entry.data_offsets[0];
        let kind = match entry.dtype.as_str() {
            "F32" => DType::F32,
            "F16" => DType::F16,
            "BF16" => DType::BF16,
            other => {
                let message = format!("tensor `{name}` is {other}: there are F32, F16 and BF16");
                return Err(Problem::model(path, message));
            }
        };
        let width = kind.size_in_bytes();
        if bytes != (count * width) as u64 {
            return Err(Problem::model(path, format!("tensor `{name}` has {bytes} bytes")));
        }
        let mut data = vec![0; count * width];
        file.read_exact_at(&mut data, entry.start).map_err(|e| Problem::file(path, e))?;
        let tensor = Tensor::from_raw_buffer(&data, kind, &[count], &Device::Cpu);
        let values = tensor.and_then(|tensor| tensor.to_dtype(DType::F32)?.to_vec1::<f32>());
        values.map_err(|e| Problem::model(path, format!("tensor `{name}`: {e}")))
    }
}
