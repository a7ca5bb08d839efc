//! The Llama model in one file of version 3, as llama.cpp's converter writes it.

use crate::{
    CONTEXT, Family, Sizes, tokenizer,
    weights::{self, Tensor},
};

const ALIGNMENT: usize = 32;
const U32: u32 = 4;
const I32: u32 = 5;
const F32: u32 = 6;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// The whole file.
pub(crate) fn bytes() -> Vec<u8> {
    let tensors: Vec<Tensor> = weights::tensors(Family::Llama).into_iter().map(renamed).collect();
    let mut file = Writer::default();
    let metadata = metadata();
    file.0.extend(b"GGUF");
    file.u32(3);
    file.u64(tensors.len());
    file.u64(metadata.len());
    for (key, value) in metadata {
        file.text(key);
        file.0.extend(value.0);
    }
    let mut offset = 0;
    for tensor in &tensors {
        file.text(&tensor.name);
        file.u32(tensor.shape.len() as u32);
        tensor.shape.iter().rev().for_each(|n| file.u64(*n));
        file.u32(0); // f32
        file.u64(offset);
        offset = (offset + 4 * tensor.values.len()).next_multiple_of(ALIGNMENT);
    }
    for tensor in &tensors {
        file.align();
        file.0.extend(tensor.values.iter().flat_map(|value| value.to_le_bytes()));
    }
    file.0
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    fn u64(&mut self, value: usize) {
        self.0.extend((value as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.u64(text.len());
        self.0.extend(text.as_bytes());
    }

    fn align(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(ALIGNMENT), 0);
    }
}

fn of_text(text: &str) -> Writer {
    let mut value = Writer::default();
    value.u32(STRING);
    value.text(text);
    value
}

fn of_u32(number: usize) -> Writer {
    let mut value = Writer::default();
    value.u32(U32);
    value.u32(number as u32);
    value
}

fn of_f32(number: f32) -> Writer {
    let mut value = Writer::default();
    value.u32(F32);
    value.0.extend(number.to_le_bytes());
    value
}

fn of_texts(texts: &[String]) -> Writer {
    let mut value = Writer::default();
    value.u32(ARRAY);
    value.u32(STRING);
    value.u64(texts.len());
    texts.iter().for_each(|text| value.text(text));
    value
}

fn of_i32s(numbers: impl ExactSizeIterator<Item = i32>) -> Writer {
    let mut value = Writer::default();
    value.u32(ARRAY);
    value.u32(I32);
    value.u64(numbers.len());
    numbers.for_each(|number| value.0.extend(number.to_le_bytes()));
    value
}

fn metadata() -> Vec<(&'static str, Writer)> {
    let Sizes { hidden, layers, heads, kv_heads, dim, mlp } = Family::Llama.sizes();
    let (tokens, merges) = tokenizer::vocabulary();
    let merges: Vec<String> = merges.iter().map(|pair| pair.join(" ")).collect();
    let special = tokenizer::SPECIAL.len();
    let types = (0..tokens.len()).map(|id| if id < special { 3 } else { 1 });
    vec![
        ("general.architecture", of_text("llama")),
        ("general.name", of_text("tiny")),
        ("llama.block_count", of_u32(layers)),
        ("llama.context_length", of_u32(CONTEXT)),
        ("llama.embedding_length", of_u32(hidden)),
        ("llama.feed_forward_length", of_u32(mlp)),
        ("llama.attention.head_count", of_u32(heads)),
        ("llama.attention.head_count_kv", of_u32(kv_heads)),
        ("llama.attention.key_length", of_u32(dim)),
        ("llama.rope.dimension_count", of_u32(dim)),
        ("llama.rope.freq_base", of_f32(10000.0)),
        ("llama.attention.layer_norm_rms_epsilon", of_f32(1e-5)),
        ("tokenizer.ggml.model", of_text("gpt2")),
        ("tokenizer.ggml.pre", of_text("smollm")),
        ("tokenizer.ggml.tokens", of_texts(&tokens)),
        ("tokenizer.ggml.token_type", of_i32s(types)),
        ("tokenizer.ggml.merges", of_texts(&merges)),
        ("tokenizer.ggml.bos_token_id", of_u32(1)),
        ("tokenizer.ggml.eos_token_id", of_u32(2)),
        ("tokenizer.chat_template", of_text(tokenizer::TEMPLATE)),
    ]
}

/// A tensor as this format names it; rows of queries and keys with the halves of a head interleaved.
fn renamed(tensor: Tensor) -> Tensor {
    let Tensor { name, shape, values } = tensor;
    let part = name.rsplit('.').nth(1).unwrap_or_default();
    let part = match part {
        "embed_tokens" => "token_embd",
        "norm" => "output_norm",
        "input_layernorm" => "attn_norm",
        "post_attention_layernorm" => "ffn_norm",
        "q_proj" => "attn_q",
        "k_proj" => "attn_k",
        "v_proj" => "attn_v",
        "o_proj" => "attn_output",
        "gate_proj" => "ffn_gate",
        "up_proj" => "ffn_up",
        _ => "ffn_down",
    };
    let layer = name.split('.').nth(2).filter(|_| name.starts_with("model.layers."));
    let block = layer.map(|layer| format!("blk.{layer}.")).unwrap_or_default();
    let values = match part {
        "attn_q" | "attn_k" => interleaved(&values, Family::Llama.sizes().dim, shape[1]),
        _ => values,
    };
    Tensor { name: format!("{block}{part}.weight"), shape, values }
}

fn interleaved(values: &[f32], dim: usize, inputs: usize) -> Vec<f32> {
    let row = |head: &[f32], at: usize| head[at * inputs..(at + 1) * inputs].to_vec();
    let heads = values.chunks_exact(dim * inputs);
    heads.flat_map(|head| (0..dim).flat_map(|at| row(head, at / 2 + at % 2 * (dim / 2)))).collect()
}
