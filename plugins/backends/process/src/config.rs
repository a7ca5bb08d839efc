use pilotbench_plugin_sdk::{Error, Result};
use serde::Deserialize;
use std::{path::PathBuf, time::Duration};

/// Most copies of a program.
const PROCESSES_MAX: usize = 256;
/// Longest time, in seconds: a week.
const SECONDS_MAX: f64 = 604_800.0;

/// Settings of [`Process`](crate::Process) and [`ProcessChat`](crate::ProcessChat).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessConfig {
    /// The program and its arguments. No shell reads it.
    pub command: Vec<String>,
    /// How many copies of the program may run at once.
    #[serde(default = "one")]
    pub processes: usize,
    /// Seconds that one call may take.
    #[serde(default = "ten_minutes")]
    pub timeout_s: f64,
    /// Seconds from the start of the program to its greeting.
    #[serde(default = "one_minute")]
    pub start_timeout_s: f64,
    /// Files and folders that the program reads: the host lets a plugin read what its settings
    /// name.
    #[serde(default)]
    pub read: Vec<PathBuf>,
}

fn one() -> usize {
    1
}

fn ten_minutes() -> f64 {
    600.0
}

fn one_minute() -> f64 {
    60.0
}

/// Settings that were checked.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) processes: usize,
    pub(crate) timeout: Duration,
    pub(crate) start_timeout: Duration,
}

impl Settings {
    /// Checks what can be checked without starting anything.
    pub(crate) fn new(config: ProcessConfig) -> Result<Self> {
        let mut words = config.command.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| {
            Error::config("command", "is empty; write [\"program\", \"argument\", …]")
        })?;
        let arguments: Vec<String> = words.collect();
        if program.contains('\0') || arguments.iter().any(|word| word.contains('\0')) {
            return Err(Error::config("command", "holds a zero byte"));
        }
        if !(1..=PROCESSES_MAX).contains(&config.processes) {
            let message = format!("{} is not from 1 to {PROCESSES_MAX}", config.processes);
            return Err(Error::config("processes", message));
        }
        if let Some(missing) = config.read.iter().find(|path| !path.exists()) {
            return Err(Error::config("read", format!("`{}` is not there", missing.display())));
        }
        Ok(Self {
            program,
            arguments,
            processes: config.processes,
            timeout: seconds("timeout_s", config.timeout_s)?,
            start_timeout: seconds("start_timeout_s", config.start_timeout_s)?,
        })
    }

    /// The command for messages, shortened.
    pub(crate) fn shown(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        let line = words.map(String::as_str).collect::<Vec<_>>().join(" ");
        crate::words::clean(&line, 120)
    }
}

fn seconds(key: &str, value: f64) -> Result<Duration> {
    match value > 0.0 && value <= SECONDS_MAX {
        true => Ok(Duration::from_secs_f64(value)),
        false => Err(Error::config(key, format!("{value} is not above 0 and up to {SECONDS_MAX}"))),
    }
}
