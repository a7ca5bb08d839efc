//! Weights from names: uniform numbers, no logarithm or cosine, so the same on every machine.

use crate::{Family, Sizes, tokenizer::SIZE};
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};
use sha2::{Digest, Sha256};

/// A named matrix or vector.
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

/// All tensors of a model.
pub(crate) fn tensors(family: Family) -> Vec<Tensor> {
    let Sizes { hidden, layers, heads, kv_heads, dim, mlp } = family.sizes();
    let (queries, keys) = (heads * dim, kv_heads * dim);
    // Wide enough embeddings, or all logits are the same.
    let mut all = vec![matrix(family, "model.embed_tokens.weight", [SIZE, hidden], 4.0)];
    for layer in 0..layers {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        all.push(around_one(family, &name("input_layernorm.weight"), hidden));
        all.push(around_one(family, &name("post_attention_layernorm.weight"), hidden));
        for (part, shape) in [
            ("self_attn.q_proj", [queries, hidden]),
            ("self_attn.k_proj", [keys, hidden]),
            ("self_attn.v_proj", [keys, hidden]),
            ("self_attn.o_proj", [hidden, queries]),
            ("mlp.gate_proj", [mlp, hidden]),
            ("mlp.up_proj", [mlp, hidden]),
            ("mlp.down_proj", [hidden, mlp]),
        ] {
            all.push(matrix(family, &name(&format!("{part}.weight")), shape, 1.5));
        }
        if family == Family::Qwen2 {
            for (part, n) in [("q_proj", queries), ("k_proj", keys), ("v_proj", keys)] {
                let name = name(&format!("self_attn.{part}.bias"));
                let values = uniform(family, &name, n, 0.5);
                all.push(Tensor { name, shape: vec![n], values });
            }
        }
        if family == Family::Qwen3 {
            all.push(around_one(family, &name("self_attn.q_norm.weight"), dim));
            all.push(around_one(family, &name("self_attn.k_norm.weight"), dim));
        }
    }
    all.push(around_one(family, "model.norm.weight", hidden));
    if !family.ties() {
        all.push(matrix(family, "lm_head.weight", [SIZE, hidden], 4.0));
    }
    all
}

/// Uniform with variance `scale² / inputs`.
fn matrix(family: Family, name: &str, shape: [usize; 2], scale: f32) -> Tensor {
    let bound = scale * (3.0 / shape[1] as f32).sqrt();
    let values = uniform(family, name, shape[0] * shape[1], bound);
    Tensor { name: name.to_owned(), shape: shape.to_vec(), values }
}

/// Between 0.5 and 1.5.
fn around_one(family: Family, name: &str, n: usize) -> Tensor {
    let values = uniform(family, name, n, 0.5).iter().map(|value| 1.0 + value).collect();
    Tensor { name: name.to_owned(), shape: vec![n], values }
}

/// Between plus and minus a bound, by SplitMix64 seeded with the names.
fn uniform(family: Family, name: &str, count: usize, bound: f32) -> Vec<f32> {
    let digest = Sha256::digest(format!("{}/{name}", family.name()));
    let mut state = digest[..8].iter().fold(0u64, |state, byte| state << 8 | u64::from(*byte));
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| bound * next()).collect()
}

/// The tensors as a file.
pub(crate) fn safetensors(tensors: &[Tensor]) -> Result<Vec<u8>, SafeTensorError> {
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let data: Vec<Vec<u8>> = tensors.iter().map(|tensor| bytes(&tensor.values)).collect();
    let views = tensors.iter().zip(&data).map(|(tensor, data)| {
        Ok((&tensor.name, TensorView::new(Dtype::F32, tensor.shape.clone(), data)?))
    });
    safetensors::serialize(views.collect::<Result<Vec<_>, SafeTensorError>>()?, None)
}
