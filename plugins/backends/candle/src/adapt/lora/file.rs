//! Adapters as files that PEFT reads: `adapter_config.json` and `adapter_model.safetensors`, beside
//! them `training.json` with the losses.

use super::{
    LoraSettings,
    example::Example,
    factors::{Factor, Factors},
    train::Trained,
};
use crate::{frozen::Frozen, weights::Linear};
use backend_language::place::{hex, user_data};
use pilotbench_kernels::Precision;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Version of what is trained and how; part of every identity.
const VERSION: u32 = 1;
const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

/// What an adapter follows from: model, settings, seed and every token that was learned from.
pub(super) fn identity(
    frozen: &Frozen,
    settings: &LoraSettings,
    seed: u64,
    examples: &[Example],
) -> String {
    let mut digest = Sha256::new();
    let precision = matches!(frozen.precision, Precision::Bf16);
    let head = json!([VERSION, frozen.source.sha256, settings, seed, precision]);
    digest.update(head.to_string());
    let mut list = |numbers: &[u32]| {
        digest.update((numbers.len() as u64).to_le_bytes());
        numbers.iter().for_each(|number| digest.update(number.to_le_bytes()));
    };
    for example in examples {
        list(&example.tokens);
        for target in &example.targets {
            list(&[target.row as u32, target.right as u32]);
            list(&target.tokens);
        }
    }
    hex(&digest.finalize())
}

/// Where adapters are kept.
fn place() -> Option<PathBuf> {
    Some(user_data()?.join("adapters"))
}

/// Name of a matrix in a PEFT file.
fn name(layer: usize, linear: Linear, matrix: &str) -> String {
    format!("base_model.model.model.layers.{layer}.{}.lora_{matrix}.weight", linear.module())
}

/// The adapter of this identity, if it was kept and is whole.
pub(super) fn load(identity: &str, frozen: &Frozen, settings: &LoraSettings) -> Option<Factors> {
    read(&place()?.join(identity), frozen, settings)
}

/// Reads an adapter's folder; `None` when it is not one of this model and these settings.
pub(super) fn read(folder: &Path, frozen: &Frozen, settings: &LoraSettings) -> Option<Factors> {
    let bytes = fs::read(folder.join(WEIGHTS)).ok()?;
    let tensors = SafeTensors::deserialize(&bytes).ok()?;
    let matrix = |name: String, shape: [usize; 2]| -> Option<Vec<f32>> {
        let tensor = tensors.tensor(&name).ok()?;
        let sound = tensor.dtype() == Dtype::F32 && tensor.shape() == shape;
        let words = tensor.data().chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]);
        sound.then(|| words.map(f32::from_le_bytes).collect())
    };
    let mut factors = Factors::new(&frozen.config, settings, 0);
    let first = frozen.config.layers - settings.last_layers;
    for (at, layer) in factors.layers.iter_mut().enumerate() {
        for (linear, factor) in Linear::ALL.iter().zip(layer) {
            if let Some(factor) = factor {
                let [outputs, inputs] = linear.shape(&frozen.config);
                let rank = settings.rank;
                *factor = Factor {
                    a: matrix(name(first + at, *linear, "A"), [rank, inputs])?,
                    b: matrix(name(first + at, *linear, "B"), [outputs, rank])?,
                };
            }
        }
    }
    factors.is_finite().then_some(factors)
}

/// Keeps an adapter; one that is there already stays.
///
/// # Errors
/// When there is no home, or it cannot be written to.
pub(super) fn store(
    identity: &str,
    frozen: &Frozen,
    settings: &LoraSettings,
    trained: &Trained,
) -> io::Result<()> {
    let place = place().ok_or_else(|| io::Error::other("HOME is not set"))?;
    fs::create_dir_all(&place)?;
    let beside = place.join(format!(".{identity}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&beside);
    write(&beside, frozen, settings, trained)?;
    match fs::rename(&beside, place.join(identity)) {
        Ok(()) => fs::File::open(&place)?.sync_all(),
        // Another worker was faster, with the same.
        Err(_) if place.join(identity).join(WEIGHTS).exists() => fs::remove_dir_all(&beside),
        Err(e) => Err(e),
    }
}

/// Writes an adapter's folder.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(
    folder: &Path,
    frozen: &Frozen,
    settings: &LoraSettings,
    trained: &Trained,
) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let layers = frozen.config.layers;
    let first = layers - settings.last_layers;
    let config = json!({
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": null,
        "r": settings.rank,
        "lora_alpha": settings.alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": false,
        "inference_mode": true,
        "init_lora_weights": true,
        "target_modules": settings.targets,
        "layers_to_transform": (first..layers).collect::<Vec<_>>(),
        "layers_pattern": null,
    });
    put(&folder.join(CONFIG), &serde_json::to_vec_pretty(&config)?)?;
    let history = json!({ "settings": settings, "history": trained.history });
    put(&folder.join("training.json"), &serde_json::to_vec_pretty(&history)?)?;
    let mut bytes: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    for (at, layer) in trained.factors.layers.iter().enumerate() {
        for (linear, factor) in Linear::ALL.iter().zip(layer) {
            let Some(Factor { a, b }) = factor else { continue };
            let [outputs, inputs] = linear.shape(&frozen.config);
            let raw = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
            let rank = settings.rank;
            bytes.insert(name(first + at, *linear, "A"), (vec![rank, inputs], raw(a)));
            bytes.insert(name(first + at, *linear, "B"), (vec![outputs, rank], raw(b)));
        }
    }
    let views = bytes.iter().map(|(name, (shape, data))| {
        Ok((name, TensorView::new(Dtype::F32, shape.clone(), data).map_err(io::Error::other)?))
    });
    let views: Vec<_> = views.collect::<io::Result<_>>()?;
    let weights = safetensors::serialize(views, None).map_err(io::Error::other)?;
    put(&folder.join(WEIGHTS), &weights)
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
