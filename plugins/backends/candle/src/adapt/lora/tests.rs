//! Against PEFT (`tests/fixtures/reference.py`), and against slopes.

use super::{
    LoraSettings,
    adam::AdamW,
    example::Example,
    factors::Factors,
    file,
    train::{self, Trainer},
};
use crate::{
    asking,
    frozen::Frozen,
    tests::{Reference, fixture, open, read, tiny},
};
use backend_language::{Message, Options};
use pilotbench_plugin_sdk::Control;
use pilotbench_tiny_llama::Family;
use serde::Deserialize;
use serde_json::json;
use std::{collections::BTreeMap, path::Path};

#[derive(Deserialize)]
struct Trajectory {
    interviews: Vec<Vec<Message>>,
    labels: Vec<Vec<String>>,
    steps: Vec<Step>,
    gradient: BTreeMap<String, Vec<f64>>,
    after: Reference,
}

#[derive(Deserialize)]
struct Step {
    loss: f64,
    gradient_norm: f64,
}

fn settings() -> LoraSettings {
    let settings = json!({"rank": 4, "alpha": 8, "last_layers": 2, "learning_rate": 3e-3});
    serde_json::from_value(settings).unwrap()
}

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn examples(frozen: &Frozen, trajectory: &Trajectory, last_layers: usize) -> Vec<Example> {
    let options: Vec<Options> = trajectory
        .labels
        .iter()
        .map(|labels| {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            frozen.source.language.options(&labels).unwrap()
        })
        .collect();
    let interviews = trajectory.interviews.iter().map(|chat| {
        let answers = chat.iter().filter(|message| message.role == "assistant");
        let level = |(answer, labels): (&Message, &Vec<String>)| {
            labels.iter().position(|label| *label == answer.content)
        };
        let levels: Vec<Option<usize>> = answers.zip(&trajectory.labels).map(level).collect();
        let interview = (chat.clone(), &*levels);
        Example::of(frozen, interview, &options, last_layers, &Control::none()).unwrap().unwrap()
    });
    interviews.collect()
}

fn norm(gradient: &Factors) -> f64 {
    gradient.matrices().flatten().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt()
}

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() < tolerance * (1.0 + b.abs()), "{a} for {b}");
}

#[test]
fn training_goes_as_with_peft() {
    let trajectory: Trajectory = read(&fixture()["lora"]);
    let place = tiny(Family::Llama);
    for upper_layers in [2, 3] {
        let frozen = open(place.path(), json!({ "upper_layers": upper_layers }));
        let settings = settings();
        let all = examples(&frozen, &trajectory, settings.last_layers);
        let mut factors = file::read(&folder("adapter-start"), &frozen, &settings).unwrap();
        let trainer = Trainer::new(&frozen, &settings).unwrap();
        let mut adam = AdamW::new(&factors, &settings);
        for (at, step) in trajectory.steps.iter().enumerate() {
            let batch = [&all[2 * at % 4], &all[(2 * at + 1) % 4]];
            let (loss, gradient) = trainer.gradient(&batch, &factors, &Control::none()).unwrap();
            close(loss, step.loss, 2e-3);
            close(norm(&gradient), step.gradient_norm, 5e-3);
            if at == 0 {
                check_first(&gradient, &trajectory);
            }
            adam.step(&mut factors, &gradient);
        }
        let upper = super::merged(&frozen, &factors, &settings).unwrap();
        check_after(&frozen, &upper, &trajectory.after);
    }
}

/// Gradients of some numbers at the first step, where `b` is zero and so is the gradient of `a`.
fn check_first(gradient: &Factors, trajectory: &Trajectory) {
    let mut checked = 0;
    for (at, layer) in gradient.layers.iter().enumerate() {
        for (linear, factor) in crate::weights::Linear::ALL.iter().zip(layer) {
            let factor = factor.as_ref().unwrap();
            for (name, values) in [("A", &factor.a), ("B", &factor.b)] {
                let name = format!(
                    "base_model.model.model.layers.{}.{}.lora_{name}.default.weight",
                    at + 1,
                    linear.module()
                );
                for (found, right) in values.iter().zip(&trajectory.gradient[&name]) {
                    close(f64::from(*found), *right, 1e-3);
                    checked += 1;
                }
            }
        }
    }
    assert_eq!(checked, 2 * 7 * 2 * 4);
}

fn check_after(frozen: &Frozen, upper: &crate::decoder::Stage, after: &Reference) {
    let labels: Vec<&str> = after.labels.iter().map(String::as_str).collect();
    let options = frozen.source.language.options(&labels).unwrap();
    let asked = asking::question(frozen, &after.messages, 0, &options, 1).unwrap();
    let rows = frozen.rows_with(upper, &[&asked[0]], &Control::none()).unwrap();
    let levels = asking::levels(&frozen.ends, &options, &rows[0]).unwrap();
    for (found, right) in levels.iter().zip(&after.levels) {
        close(*found, *right, 5e-3);
    }
}

#[test]
fn gradients_are_slopes_in_every_family() {
    let trajectory: Trajectory = read(&fixture()["lora"]);
    for family in Family::ALL {
        let place = tiny(family);
        let frozen = open(place.path(), json!({}));
        let settings = LoraSettings { last_layers: 3, ..settings() };
        let all = examples(&frozen, &trajectory, 3);
        let batch = [&all[0], &all[1]];
        let trainer = Trainer::new(&frozen, &settings).unwrap();
        // Away from zero, where the gradient of `a` vanishes.
        let mut factors = Factors::new(&frozen.config, &settings, 7);
        for (at, value) in factors.matrices_mut().flatten().enumerate() {
            *value += ((at * 31 % 17) as f32 - 8.0) / 200.0;
        }
        let (_, gradient) = trainer.gradient(&batch, &factors, &Control::none()).unwrap();
        // Along a direction of plus and minus one: one slope sees all of them.
        let direction = |at: usize| if (at * 2_654_435_761) >> 7 & 1 == 0 { 1.0f32 } else { -1.0 };
        let slope: f64 = gradient
            .matrices()
            .flatten()
            .enumerate()
            .map(|(at, g)| f64::from(direction(at)) * f64::from(*g))
            .sum();
        let loss = |step: f32| {
            let mut moved = factors.clone();
            for (at, value) in moved.matrices_mut().flatten().enumerate() {
                *value += step * direction(at);
            }
            trainer.loss(&batch, &moved, &Control::none()).unwrap()
        };
        let step = 2e-4;
        let measured = (loss(step) - loss(-step)) / (2.0 * f64::from(step));
        close(slope, measured, 2e-2);
        assert!(slope.abs() > 0.05, "{}: a slope to measure, not {slope}", family.name());
    }
}

#[test]
fn an_adapter_of_zeros_changes_nothing_and_files_come_back() {
    let trajectory: Trajectory = read(&fixture()["lora"]);
    let place = tiny(Family::Llama);
    let frozen = open(place.path(), json!({}));
    let settings = LoraSettings { epochs: 2, ..settings() };
    let all = examples(&frozen, &trajectory, settings.last_layers);
    let start = Factors::new(&frozen.config, &settings, 3);
    let trainer = Trainer::new(&frozen, &settings).unwrap();
    let batch: Vec<&Example> = all.iter().collect();
    let before = trainer.loss(&batch, &start, &Control::none()).unwrap();
    let nothing = trainer.loss(&batch, &start.zeros(), &Control::none()).unwrap();
    close(before, nothing, 1e-12);
    let control = Control::none();
    let trained = train::train(&frozen, &all, start, &settings, 3, &control).unwrap();
    let after = trainer.loss(&batch, &trained.factors, &control).unwrap();
    assert!(after < before, "{after} after, {before} before");
    assert_eq!(trained.history.epochs, 2);
    let kept = place.path().join("kept");
    file::write(&kept, &frozen, &settings, &trained).unwrap();
    assert!(file::read(&kept, &frozen, &settings).unwrap() == trained.factors);
    // Of other settings, or damaged, it is none.
    let other = LoraSettings { rank: 5, ..settings.clone() };
    assert!(file::read(&kept, &frozen, &other).is_none());
    let weights = kept.join("adapter_model.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() - 1]).unwrap();
    assert!(file::read(&kept, &frozen, &settings).is_none());
}

#[test]
fn training_is_the_same_on_any_number_of_threads() {
    let trajectory: Trajectory = read(&fixture()["lora"]);
    let place = tiny(Family::Llama);
    let train = |threads: usize| {
        let mut frozen = open(place.path(), json!({}));
        frozen.pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let settings = LoraSettings { epochs: 1, batch: 4, ..settings() };
        let all = examples(&frozen, &trajectory, settings.last_layers);
        let start = Factors::new(&frozen.config, &settings, 3);
        train::train(&frozen, &all, start, &settings, 3, &Control::none()).unwrap()
    };
    let first = train(1);
    assert!(first.factors == train(3).factors);
    assert!(first.factors.is_finite());
}
