//! What tests share.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part, and may unwrap")]

use backend_process::ProcessConfig;
use pilotbench_plugin_sdk::{
    Answers, Backend, BackendInfo, Control, NoConfig, Pilot, Requests, Result,
    arrow_array::RecordBatch,
};
use std::process::{Command, Stdio};

/// The example in Python; `None` where there is no Python with pyarrow.
pub(crate) fn example() -> Option<ProcessConfig> {
    let python = std::env::var("PILOTBENCH_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut probe = Command::new(&python);
    probe.args(["-c", "import sys, pyarrow; assert sys.version_info >= (3, 10)"]);
    let found = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/marginal.py");
    found
        .is_ok_and(|status| status.success())
        .then(|| ProcessConfig { command: vec![python, script.to_owned()], ..settings() })
}

/// Settings without a command.
pub(crate) fn settings() -> ProcessConfig {
    ProcessConfig {
        command: Vec::new(),
        processes: 1,
        timeout_s: 20.0,
        start_timeout_s: 20.0,
        read: Vec::new(),
    }
}

/// The method of the example in this process: `(c + 1/K) / (n + 1)`, items independent.
pub(crate) struct Marginal;

impl Backend for Marginal {
    const NAME: &'static str = "marginal-here";
    type Config = NoConfig;
    type Adapted = Vec<Vec<f64>>;

    fn describe() -> BackendInfo {
        BackendInfo::new("the pilot's smoothed shares")
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<Vec<Vec<f64>>> {
        let shares = pilot.experiment.items.iter().enumerate().map(|(index, item)| {
            let levels = item.levels.len();
            let mut counts = vec![1.0 / levels as f64; levels];
            let mut total = 1.0;
            for level in (0..pilot.people.len()).filter_map(|row| pilot.people.answer(row, index)) {
                counts[level] += 1.0;
                total += 1.0;
            }
            counts.iter().map(|count| (count / total).ln()).collect()
        });
        Ok(shares.collect())
    }

    fn respond(
        &self,
        logs: &Vec<Vec<f64>>,
        asked: &Requests,
        answers: &mut Answers,
        _: &Control,
    ) -> Result<()> {
        for row in 0..asked.len() {
            answers.log_probabilities(asked.request_id(row), &logs[asked.item_index(row)]);
        }
        Ok(())
    }
}

/// Learns from a pilot and answers these requests.
pub(crate) fn answers_of<B: Backend>(
    backend: &B,
    pilot: &Pilot,
    requests: &Requests,
) -> Result<RecordBatch> {
    let adapted = backend.adapt(pilot, &Control::none())?;
    let mut answers = Answers::with_capacity(requests.len());
    backend.respond(&adapted, requests, &mut answers, &Control::none())?;
    answers.finish()
}
