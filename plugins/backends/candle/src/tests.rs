//! Against references made by other tools: `tests/fixtures/reference.py`.

use crate::{asking, frozen::Frozen, settings::Settings, source::Source};
use backend_language::Message;
use pilotbench_kernels::{has_bf16, log_softmax};
use pilotbench_plugin_sdk::Control;
use pilotbench_tiny_llama::Family;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};

/// What transformers gave for a question.
#[derive(Deserialize)]
pub(crate) struct Reference {
    pub(crate) messages: Vec<Message>,
    pub(crate) labels: Vec<String>,
    text: String,
    tokens: Vec<u32>,
    pub(crate) levels: Vec<f64>,
    top: Vec<(u32, f64)>,
}

pub(crate) fn fixture() -> BTreeMap<String, Value> {
    serde_json::from_str(include_str!("../tests/fixtures/reference.json")).unwrap()
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

pub(crate) fn open(place: &Path, more: Value) -> Frozen {
    let mut settings = json!({ "model": place });
    settings.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let settings: Settings = serde_json::from_value(settings).unwrap();
    settings.check().unwrap();
    Frozen::open(&settings, Source::open(&settings.model).unwrap()).unwrap()
}

/// A tiny model's folder.
pub(crate) fn tiny(family: Family) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    pilotbench_tiny_llama::write(folder.path(), family).unwrap();
    folder
}

/// Log-probabilities of the levels of some questions, all asked at once.
fn levels(frozen: &Frozen, questions: &[Reference]) -> Vec<Vec<f64>> {
    let (mut prompts, mut options) = (Vec::new(), Vec::new());
    for question in questions {
        let labels: Vec<&str> = question.labels.iter().map(String::as_str).collect();
        let tree = frozen.source.language.options(&labels).unwrap();
        prompts.extend(asking::question(frozen, &question.messages, 0, &tree, 1).unwrap());
        options.push(tree);
    }
    let rows = frozen.rows(&prompts, &Control::none()).unwrap();
    let levels = options.iter().zip(&rows);
    levels.map(|(options, rows)| asking::levels(&frozen.ends, options, rows).unwrap()).collect()
}

/// Largest difference of log-probabilities from the reference.
fn distance(frozen: &Frozen, questions: &[Reference]) -> f64 {
    let found = levels(frozen, questions);
    let pairs =
        found.iter().zip(questions).flat_map(|(found, right)| found.iter().zip(&right.levels));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Largest total variation between two sets of distributions.
fn total_variation(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    let of = |(a, b): (&Vec<f64>, &Vec<f64>)| {
        a.iter().zip(b).map(|(a, b)| (a.exp() - b.exp()).abs()).sum::<f64>() / 2.0
    };
    a.iter().zip(b).map(of).fold(0.0, f64::max)
}

/// Words, tokens, and the whole distribution of the next token.
fn check_words_and_logits(frozen: &Frozen, questions: &[Reference], tolerance: f64) {
    for question in questions {
        let language = &frozen.source.language;
        assert_eq!(language.prompt_text(&question.messages).unwrap(), question.text);
        let tokens = language.prompt(&question.messages).unwrap();
        assert!(tokens == question.tokens, "other tokens for {:?}", question.text);
        let prompt = crate::frozen::Prompt {
            tokens,
            paths: vec![vec![]],
            worth: crate::decoder::Worth::Course,
        };
        let row = frozen.rows(&[prompt], &Control::none()).unwrap().remove(0);
        let ids = 0..frozen.config.vocabulary as u32;
        let mut logs: Vec<f64> = ids.map(|id| f64::from(frozen.ends.logit(&row, id))).collect();
        log_softmax(&mut logs);
        for (id, right) in &question.top {
            let found = logs[*id as usize];
            assert!((found - right).abs() < tolerance, "token {id}: {found} for {right}");
        }
    }
}

#[test]
fn all_families_answer_as_in_transformers() {
    let fixture = fixture();
    for family in Family::ALL {
        let folder = tiny(family);
        let questions: Vec<Reference> = read(&fixture[family.name()]);
        for engine in ["kernels", "tensors"] {
            let frozen = open(folder.path(), json!({ "engine": engine }));
            check_words_and_logits(&frozen, &questions, 5e-4);
            let distance = distance(&frozen, &questions);
            assert!(distance < 5e-4, "{} by {engine}: {distance}", family.name());
        }
        if has_bf16() {
            let exact = levels(&open(folder.path(), json!({})), &questions);
            let fast = levels(&open(folder.path(), json!({ "precision": "bf16" })), &questions);
            let shift = total_variation(&exact, &fast);
            assert!(shift > 0.0 && shift < 0.05, "{}: {shift}", family.name());
        }
    }
}

#[test]
fn a_gguf_file_is_the_same_model() {
    let folder = tiny(Family::Llama);
    let file = folder.path().join("other/model.gguf");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    pilotbench_tiny_llama::write_gguf(&file).unwrap();
    let questions: Vec<Reference> = read(&fixture()["llama"]);
    let of_folder = levels(&open(folder.path(), json!({})), &questions);
    assert!(of_folder == levels(&open(&file, json!({})), &questions));
    // A folder with one such file stands for it.
    assert!(of_folder == levels(&open(file.parent().unwrap(), json!({})), &questions));
}

#[test]
fn answers_are_the_same_bits_in_any_company() {
    let folder = tiny(Family::Qwen3);
    let questions: Vec<Reference> = read(&fixture()["qwen3"]);
    let frozen = open(folder.path(), json!({}));
    let together = levels(&frozen, &questions);
    let alone: Vec<Vec<f64>> = questions
        .into_iter()
        .map(|question| {
            levels(&open(folder.path(), json!({ "upper_layers": 1 })), &[question]).remove(0)
        })
        .collect();
    assert!(together == alone, "batch and stages change bits");
}

/// With the real model: `PILOTBENCH_SMOLLM2=model.gguf cargo test -- --ignored`.
#[test]
#[ignore = "needs SmolLM2"]
fn smollm2_answers_as_in_transformers() {
    let model = std::env::var("PILOTBENCH_SMOLLM2").expect("PILOTBENCH_SMOLLM2 names the file");
    let fixture: Value =
        serde_json::from_str(include_str!("../tests/fixtures/smollm2.json")).unwrap();
    let questions: Vec<Reference> = read(&fixture["answers"]);
    let frozen = open(Path::new(&model), json!({}));
    check_words_and_logits(&frozen, &questions, 1e-3);
    let exact = levels(&frozen, &questions);
    println!("f32 from transformers: {:.2e}", distance(&frozen, &questions));
    assert!(distance(&frozen, &questions) < 1e-3);
    let by_tensors = open(Path::new(&model), json!({ "engine": "tensors" }));
    println!("tensors from transformers: {:.2e}", distance(&by_tensors, &questions));
    if has_bf16() {
        let fast = levels(&open(Path::new(&model), json!({ "precision": "bf16" })), &questions);
        println!("bf16 from f32, total variation: {:.4}", total_variation(&exact, &fast));
    }
}
