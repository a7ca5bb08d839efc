//! The candle backend on the interviews of `disclosure`, for `llm_against_python.sh`:
//!
//! ```text
//! interviews MODEL FILE PEOPLE      # writes a line for each question: prompt and options
//! score|check|train MODEL INTERVIEWS PRECISION THREADS
//! ```
//!
//! Without such a verb it does nothing, so that `cargo bench` passes by.
#![allow(clippy::print_stdout, reason = "it is a program")]

use backend_candle::{
    Settings,
    measure::{Line, Model},
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
            let report = measured(verb, settings, &read(file)?, (precision, threads))?;
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

fn read(file: &str) -> Result<Vec<Line>, Box<dyn Error>> {
    let line = |text: &str| -> Result<Line, Box<dyn Error>> {
        let line: Value = serde_json::from_str(text)?;
        let options = line["options"].as_array().ok_or("no options")?;
        let label = |option: &Value| option.as_str().unwrap_or_default().to_owned();
        Ok(Line {
            participant: line["participant"].to_string(),
            prompt: line["prompt"].as_str().ok_or("no prompt")?.to_owned(),
            options: options.iter().map(label).collect(),
        })
    };
    fs::read_to_string(file)?.lines().map(line).collect()
}

/// Does the work and reports it as one line of JSON. Loading is in no time.
fn measured(
    verb: &str,
    settings: Settings,
    lines: &[Line],
    (precision, threads): (&str, usize),
) -> Result<Value, Box<dyn Error>> {
    let model = Model::open(settings, threads)?;
    let (started, cpu) = (Instant::now(), cpu_seconds()?);
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
        "cpu_seconds": cpu_seconds()? - cpu,
        "peak_mb": peak_mb()?,
    }))
}

/// Time of all threads of this process.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().ok_or("stat")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}

fn peak_mb() -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("status")?;
    let kib = line.split_whitespace().nth(1).ok_or("status")?.parse::<f64>()?;
    Ok(kib / 1024.0)
}
