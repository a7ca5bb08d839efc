//! What this process has used.

use std::{error::Error, fs};

/// Time of all threads.
pub(crate) fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().ok_or("stat")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}

/// Most memory at one time, in MiB.
pub(crate) fn peak_mb() -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("status")?;
    let kib = line.split_whitespace().nth(1).ok_or("status")?.parse::<f64>()?;
    Ok(kib / 1024.0)
}
