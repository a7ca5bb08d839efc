//! The candle backend on the interviews of `disclosure`, for `llm_against_python.sh`:
//!
//! ```text
//! interviews MODEL FILE PEOPLE      # writes a line for each question: prompt and options
//! score|check|train MODEL INTERVIEWS PRECISION THREADS
//! ```
//!
//! Without such a verb it does nothing, so that `cargo bench` passes by.
#![allow(clippy::print_stdout, reason = "it is a program")]

#[path = "support/usage.rs"]
mod usage;

use backend_candle::{
    Settings,
    measure::{Line, Model, read},
};
use pilotbench_engine::{
    experiment::{self, Experiment},
    interview,
};
use serde_json::{Value, json};
use std::{error::Error, fs, path::Path, time::Instant};

const LAST_LAYERS: usize = 8;
const EPOCHS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["interviews", model, file, people] => interviews(model, file, people.parse()?),
        [verb @ ("score" | "check" | "train"), model, file, precision, threads] => {
            let settings = json!({ "model": model, "precision": precision, "memory_mib": 256 });
            let settings: Settings = serde_json::from_value(settings)?;
            let threads = threads.parse()?;
            let report = measured(verb, settings, &read(Path::new(file))?, (precision, threads))?;
            println!("{report}");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Writes the interviews of the first people, with the answers that they gave.
fn interviews(model: &str, file: &str, people: usize) -> Result<(), Box<dyn Error>> {
    let settings = serde_json::from_value(json!({ "model": model }))?;
    let model = Model::open(settings, 1)?;
    let folder = experiment::find(Path::new("datasets"), "disclosure")?;
    let experiment = Experiment::load(&folder).map_err(|faults| format!("{faults:?}"))?;
    let rows: Vec<u32> = (0..people.min(experiment.people.len()) as u32).collect();
    let people = experiment.people.take(&rows);
    let mut text = String::new();
    for (row, chat) in interview::whole(&experiment.design, &people).iter().enumerate() {
        let prompts = model.prompts(chat.unwrap_or_default())?;
        for (prompt, item) in prompts.iter().zip(&experiment.design.items) {
            let options: Vec<&str> = item.levels.iter().map(|l| l.label.as_str()).collect();
            let line = json!({
                "participant": row, "item": item.id, "prompt": prompt, "options": options,
            });
            text += &format!("{line}\n");
        }
    }
    Ok(fs::write(file, text)?)
}

/// Does the work and reports it as one line of JSON. Loading is in no time.
fn measured(
    verb: &str,
    settings: Settings,
    lines: &[Line],
    (precision, threads): (&str, usize),
) -> Result<Value, Box<dyn Error>> {
    let model = Model::open(settings, threads)?;
    let (started, cpu) = (Instant::now(), usage::cpu_seconds()?);
    match verb {
        "check" => return Ok(json!({ "levels": model.score(lines)? })),
        "train" => model.train(lines, LAST_LAYERS, EPOCHS)?,
        _ => drop(model.score(lines)?),
    }
    let passes = if verb == "train" { EPOCHS } else { 1 };
    Ok(json!({
        "name": format!("ours {precision}"),
        "precision": precision,
        "threads": threads,
        "prompts": passes * lines.len(),
        "tokens_computed": model.computed()[1],
        "seconds": started.elapsed().as_secs_f64(),
        "cpu_seconds": usage::cpu_seconds()? - cpu,
        "peak_mb": usage::peak_mb()?,
    }))
}
