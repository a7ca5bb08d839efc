//! The openai backend's own share of a request, for `openai_against_python.sh`:
//!
//! ```text
//! busy|kept|waiting COUNT
//! ```
//!
//! `busy` asks a service that answers at once, `kept` the same with answers kept on disk, `waiting` one
//! that takes 50 ms. (Of `kept`: on ext4, files are slow to make for minutes after many were deleted, as
//! by an earlier `kept`.) The service is `pilotbench-test-service`, beside the bench or where
//! PILOTBENCH_TEST_SERVICE says. Without such a verb it does nothing, so that `cargo bench` passes by.
#![allow(clippy::print_stdout, reason = "it is a program")]

#[path = "support/usage.rs"]
mod usage;

use backend_openai::measure::Bench;
use serde_json::{Value, json};
use std::{
    env,
    error::Error,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Instant,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Requests under way.
const IN_FLIGHT: usize = 64;
/// Most requests that are handed over at once, as of a host that asks an item of everybody.
const AT_ONCE: usize = 10_000;
/// Requests before the clock starts.
const WARM: usize = 1_000;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [verb @ ("busy" | "kept" | "waiting"), count] = words[..] else { return Ok(()) };
    let service = Service::start(if verb == "waiting" { 50 } else { 0 })?;
    let folder = tempfile::tempdir()?;
    let kept = (verb == "kept").then(|| folder.path());
    let bench = Bench::open(&service.url, IN_FLIGHT, kept)?;
    println!("{}", measured(&bench, count.parse()?)?);
    Ok(())
}

/// Asks so many people once each.
fn measured(bench: &Bench, count: usize) -> Result<Value> {
    bench.answer(&bench.requests(0, WARM)?)?;
    let before = bench.sent();
    let (mut seconds, mut cpu) = (0.0, 0.0);
    for first in (0..count).step_by(AT_ONCE) {
        let requests = bench.requests(WARM + first, AT_ONCE.min(count - first))?;
        let (started, used) = (Instant::now(), usage::cpu_seconds()?);
        bench.answer(&requests)?;
        seconds += started.elapsed().as_secs_f64();
        cpu += usage::cpu_seconds()? - used;
    }
    let sent = bench.sent() - before;
    if sent != count as u64 {
        return Err(format!("{sent} requests were sent for {count} answers").into());
    }
    let peak_mb = usage::peak_mb()?;
    Ok(json!({ "requests": count, "seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak_mb }))
}

/// The service's process.
struct Service {
    process: Child,
    url: String,
}

impl Service {
    fn start(delay_ms: u32) -> Result<Self> {
        let program = program()?;
        let mut process = Command::new(&program)
            .args(["--delay-ms", &delay_ms.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let mut url = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut url)?;
        Ok(Self { process, url: url.trim_end().to_owned() })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the service's program is.
fn program() -> Result<PathBuf> {
    if let Some(path) = env::var_os("PILOTBENCH_TEST_SERVICE") {
        return Ok(path.into());
    }
    // The bench lies in the folder `deps` beside it.
    let bench = env::current_exe()?;
    let folder = bench.ancestors().nth(2).ok_or("no folder")?;
    Ok(folder.join("pilotbench-test-service"))
}
