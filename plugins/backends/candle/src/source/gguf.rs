//! One GGUF file: weights, shape and words.

use super::{
    Config, Opened, Tensors,
    config::{self, Family},
};
use backend_language::{Language, Problem, Vocabulary};
use candle_core::{
    Device,
    quantized::gguf_file::{Content, Value},
};
use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Opens a file.
pub(super) fn open(path: &Path) -> Result<Opened, Problem> {
    let file = File::open(path).map_err(|e| Problem::file(path, e))?;
    let size = file.metadata().map_err(|e| Problem::file(path, e))?.len();
    let mut reader = BufReader::new(file);
    let content = Content::read(&mut reader).map_err(|e| Problem::model(path, short(&e)))?;
    let mut gguf =
        Gguf { reader: Mutex::new(reader), content, path: path.to_owned(), interleaved: None };
    gguf.check_whole(size)?;
    let config = gguf.config()?;
    if config.family == Family::Llama {
        gguf.interleaved = Some(config.dim);
    }
    let template = gguf.text("tokenizer.chat_template").ok();
    let language = Language::of_vocabulary(&gguf.vocabulary()?, template, path)?;
    Ok(Opened { config, language, tensors: Box::new(gguf), files: vec![path.to_owned()] })
}

/// The first line of candle's error, which brings a trace with it.
fn short(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or("damaged").to_owned()
}

struct Gguf {
    reader: Mutex<BufReader<File>>,
    content: Content,
    path: PathBuf,
    /// Llama files keep the rows of queries and keys with the two halves of a head interleaved;
    /// this is the width of a head in such a file.
    interleaved: Option<usize>,
}

impl Gguf {
    fn wrong(&self, message: impl std::fmt::Display) -> Problem {
        Problem::model(&self.path, message)
    }

    /// Every tensor must end within the file.
    fn check_whole(&self, size: u64) -> Result<(), Problem> {
        let mut infos: Vec<_> = self.content.tensor_infos.iter().collect();
        infos.sort_by_key(|(_, info)| info.offset);
        for (name, info) in infos {
            let kind = info.ggml_dtype;
            let blocks = info.shape.elem_count() / kind.block_size();
            let end = (blocks as u64).saturating_mul(kind.type_size() as u64);
            let end = end.saturating_add(self.content.tensor_data_offset + info.offset);
            if end > size {
                return Err(self.wrong(format!(
                    "tensor `{name}` ends at byte {end} of {size}: the file is truncated"
                )));
            }
        }
        Ok(())
    }

    fn value(&self, key: &str) -> Result<&Value, Problem> {
        let value = self.content.metadata.get(key);
        value.ok_or_else(|| self.wrong(format!("metadata `{key}` is missing")))
    }

    fn text(&self, key: &str) -> Result<&str, Problem> {
        let text = self.value(key)?.to_string();
        text.map(String::as_str).map_err(|_| self.wrong(format!("metadata `{key}` is no text")))
    }

    fn size(&self, key: &str) -> Result<usize, Problem> {
        let number = self.value(key)?.to_u64();
        let number = number.map_err(|_| self.wrong(format!("metadata `{key}` is no count")))?;
        usize::try_from(number).map_err(|_| self.wrong(format!("metadata `{key}` is too large")))
    }

    fn number(&self, key: &str) -> Result<f64, Problem> {
        let value = self.value(key)?;
        let number = value.to_f64().or_else(|_| value.to_f32().map(f64::from));
        number.map_err(|_| self.wrong(format!("metadata `{key}` is no number")))
    }

    fn config(&self) -> Result<Config, Problem> {
        let arch = self.text("general.architecture")?;
        let family = match arch {
            "llama" => Family::Llama,
            "qwen2" => Family::Qwen2,
            "qwen3" => Family::Qwen3,
            other => {
                let known = "there are llama, qwen2 and qwen3";
                return Err(self.wrong(format!("architecture `{other}` is not known: {known}")));
            }
        };
        let key = |name: &str| format!("{arch}.{name}");
        let size = |name: &str| self.size(&key(name));
        let (hidden, heads) = (size("embedding_length")?, size("attention.head_count")?.max(1));
        let dim = size("attention.key_length").unwrap_or(hidden / heads);
        let scaling = self.text(&key("rope.scaling.type")).unwrap_or("none");
        if !matches!(scaling, "none" | "linear") {
            return Err(self.wrong(format!("rope scaling `{scaling}` is not known")));
        }
        let stretch = match scaling {
            "linear" => self.number(&key("rope.scaling.factor"))?,
            _ => 1.0,
        };
        let base = self.number(&key("rope.freq_base")).unwrap_or(10_000.0);
        let mut frequencies = config::frequencies(dim, base);
        frequencies.iter_mut().for_each(|f| *f = (f64::from(*f) / stretch) as f32);
        // Llama 3 keeps its own stretching of each frequency as a tensor.
        if self.has_raw("rope_freqs.weight") {
            let factors = self.raw("rope_freqs.weight", &[dim / 2])?;
            frequencies.iter_mut().zip(factors).for_each(|(f, factor)| *f /= factor);
        }
        let vocabulary = self.content.tensor_infos.get("token_embd.weight");
        let vocabulary = vocabulary.and_then(|info| info.shape.dims().first().copied());
        let config = Config {
            family,
            hidden,
            layers: size("block_count")?,
            heads,
            kv_heads: size("attention.head_count_kv").unwrap_or(heads),
            dim,
            mlp: size("feed_forward_length")?,
            vocabulary: vocabulary
                .ok_or_else(|| self.wrong("tensor `token_embd.weight` is missing"))?,
            context: size("context_length")?,
            eps: self.number(&key("attention.layer_norm_rms_epsilon"))? as f32,
            inverse_frequencies: frequencies,
        };
        config.checked(&self.path)
    }

    fn vocabulary(&self) -> Result<Vocabulary, Problem> {
        let texts = |key: &str| -> Result<Vec<String>, Problem> {
            let list = self.value(key)?.to_vec();
            let list = list.map_err(|_| self.wrong(format!("metadata `{key}` is no list")))?;
            let texts = list.iter().map(|value| value.to_string().cloned());
            texts
                .collect::<Result<_, _>>()
                .map_err(|_| self.wrong(format!("metadata `{key}` holds what is no text")))
        };
        let types = self.value("tokenizer.ggml.token_type")?.to_vec();
        let types =
            types.map_err(|_| self.wrong("metadata `tokenizer.ggml.token_type` is no list"))?;
        let id = |key: &str| self.size(key).ok().and_then(|id| u32::try_from(id).ok());
        Ok(Vocabulary {
            model: self.text("tokenizer.ggml.model")?.to_owned(),
            pre: self.text("tokenizer.ggml.pre").unwrap_or("default").to_owned(),
            tokens: texts("tokenizer.ggml.tokens")?,
            merges: texts("tokenizer.ggml.merges").unwrap_or_default(),
            types: types.iter().map(|value| value.to_i32().unwrap_or(1)).collect(),
            bos: id("tokenizer.ggml.bos_token_id"),
            eos: id("tokenizer.ggml.eos_token_id"),
        })
    }

    fn has_raw(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// A tensor as it lies in the file, made f32.
    fn raw(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Problem> {
        let Some(info) = self.content.tensor_infos.get(name) else {
            return Err(self.wrong(format!("tensor `{name}` is missing")));
        };
        if info.shape.dims() != shape {
            return Err(self.wrong(format!(
                "tensor `{name}` is {:?}, which does not match the metadata: {shape:?}",
                info.shape.dims()
            )));
        }
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let tensor = self.content.tensor(&mut *reader, name, &Device::Cpu);
        let tensor = tensor.and_then(|blocks| blocks.dequantize(&Device::Cpu));
        let values = tensor.and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>());
        values.map_err(|e| self.wrong(format!("tensor `{name}`: {}", short(&e))))
    }
}

impl Tensors for Gguf {
    fn has(&self, name: &str) -> bool {
        file_name(name).is_some_and(|name| self.has_raw(&name))
    }

    fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Problem> {
        let there = file_name(name);
        let there = there.ok_or_else(|| self.wrong(format!("tensor `{name}` has no place")))?;
        let values = self.raw(&there, shape)?;
        let turned = there.ends_with("attn_q.weight") || there.ends_with("attn_k.weight");
        match (self.interleaved.filter(|_| turned), shape) {
            (Some(dim), [_, inputs]) => Ok(halved(&values, dim, *inputs)),
            _ => Ok(values),
        }
    }
}

/// Rows of heads with their two halves interleaved, put half after half.
fn halved(rows: &[f32], dim: usize, inputs: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows.len());
    for head in rows.chunks_exact(dim * inputs) {
        for half in 0..2 {
            for pair in 0..dim / 2 {
                let row = 2 * pair + half;
                out.extend_from_slice(&head[row * inputs..(row + 1) * inputs]);
            }
        }
    }
    out
}

/// The name of a tensor in a GGUF file.
fn file_name(name: &str) -> Option<String> {
    match name {
        "model.embed_tokens.weight" => return Some("token_embd.weight".into()),
        "model.norm.weight" => return Some("output_norm.weight".into()),
        "lm_head.weight" => return Some("output.weight".into()),
        _ => {}
    }
    let (layer, part) = name.strip_prefix("model.layers.")?.split_once('.')?;
    let (part, kind) = part.rsplit_once('.')?;
    let part = match part {
        "input_layernorm" => "attn_norm",
        "post_attention_layernorm" => "ffn_norm",
        "self_attn.q_proj" => "attn_q",
        "self_attn.k_proj" => "attn_k",
        "self_attn.v_proj" => "attn_v",
        "self_attn.o_proj" => "attn_output",
        "self_attn.q_norm" => "attn_q_norm",
        "self_attn.k_norm" => "attn_k_norm",
        "mlp.gate_proj" => "ffn_gate",
        "mlp.up_proj" => "ffn_up",
        "mlp.down_proj" => "ffn_down",
        _ => return None,
    };
    Some(format!("blk.{layer}.{part}.{kind}"))
}
