//! What this process and its workers took of the machine, as `/proc` tells.

use std::fs;

/// Seconds of CPU that this process and all that it started and that live have taken.
pub(crate) fn cpu_seconds() -> Result<f64, String> {
    let own = std::process::id();
    let ticks = descendants(own).into_iter().chain([own]).filter_map(ticks).sum::<u64>();
    match ticks {
        0 => Err("the system does not tell how much CPU a process took".to_owned()),
        ticks => Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64),
    }
}

/// Bytes of memory that the workers held at most, added up; a program that ended is not among them.
pub(crate) fn workers_peak_bytes() -> Result<f64, String> {
    let workers = descendants(std::process::id());
    if workers.is_empty() {
        return Err("plugins run inside the host".to_owned());
    }
    Ok(workers.into_iter().filter_map(peak_bytes).sum::<u64>() as f64)
}

/// Bytes of memory that this process held at most since [`forget_peak`].
pub(crate) fn own_peak_bytes() -> Result<f64, String> {
    let peak = peak_bytes(std::process::id()).map(|bytes| bytes as f64);
    peak.ok_or_else(|| "the system does not tell how much memory a process held".to_owned())
}

/// From now on the peak of this process counts anew.
pub(crate) fn forget_peak() -> Result<(), String> {
    let reset = fs::write("/proc/self/clear_refs", "5");
    reset.map_err(|_| "the system does not let a process forget its peak of memory".to_owned())
}

/// Processes that this one started, and those that they started.
fn descendants(of: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes: Vec<(u32, u32)> = entries
        .filter_map(|entry| {
            let process: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((process, *stat(process)?.get(1)? as u32))
        })
        .collect();
    let mut found = vec![of];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(processes.iter().filter(|(_, p)| *p == parent).map(|(process, _)| *process));
        at += 1;
    }
    found.split_off(1)
}

/// User and system time of a process, ticks.
fn ticks(process: u32) -> Option<u64> {
    let stat = stat(process)?;
    Some(stat.get(11)? + stat.get(12)?)
}

/// The numbers after a process's name, which may hold anything: state, parent, group, … A state is a
/// letter and stands as 0.
fn stat(process: u32) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields = text.rsplit_once(')')?.1.split_whitespace();
    Some(fields.map(|field| field.parse().unwrap_or(0)).collect())
}

fn peak_bytes(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_found_with_its_memory() {
        let own = std::process::id();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = descendants(own);
        let peak = peak_bytes(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found.contains(&child.id()), "{found:?}");
        assert!(peak.is_some());
        assert!(!found.contains(&own));
        assert!(own_peak_bytes().unwrap() > 0.0);
    }
}
