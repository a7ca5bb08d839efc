//! The onnx backend on the interviews of `disclosure`, for `onnx_against_python.sh`:
//!
//! ```text
//! score|check MODEL INTERVIEWS PRECISION THREADS
//! ```
//!
//! Without such a verb it does nothing, so that `cargo bench` passes by.
#![allow(clippy::print_stdout, reason = "it is a program")]

#[path = "support/usage.rs"]
mod usage;

use backend_onnx::{
    Settings,
    measure::{Model, read},
};
use serde_json::json;
use std::{error::Error, path::Path, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [verb @ ("score" | "check"), model, file, precision, threads] = words[..] else {
        return Ok(());
    };
    let settings: Settings = serde_json::from_value(json!({ "model": model }))?;
    let lines = read(Path::new(file))?;
    let threads: usize = threads.parse()?;
    let loaded = Instant::now();
    let model = Model::open(settings, threads)?;
    let load = loaded.elapsed().as_secs_f64();
    if verb == "check" {
        println!("{}", json!({ "levels": model.score(&lines)? }));
        return Ok(());
    }
    let (started, cpu) = (Instant::now(), usage::cpu_seconds()?);
    drop(model.score(&lines)?);
    let report = json!({
        "name": format!("ours {precision}"),
        "precision": precision,
        "threads": threads,
        "prompts": lines.len(),
        "tokens_computed": model.computed(),
        "seconds": started.elapsed().as_secs_f64(),
        "cpu_seconds": usage::cpu_seconds()? - cpu,
        "peak_mb": usage::peak_mb()?,
        "load": load,
    });
    println!("{report}");
    Ok(())
}
