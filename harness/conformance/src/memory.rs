//! Memory of a process over many small calls.

use crate::checks::{Verdict, failed, skipped};
use std::time::{Duration, Instant};

/// Memory that many small calls may add: allocators keep some, and other threads work beside.
const GROWTH_MAX: u64 = 16 << 20;
/// A slow plugin is watched for this long instead of for all calls.
const WATCHED_FOR: Duration = Duration::from_secs(3);
/// Calls before the first measure: caches fill, allocators settle.
const WARM_UP: usize = 50;
/// So many calls are made however long they take.
const CALLS_MIN: usize = 5;

/// Memory of this process that is in use, where the system says.
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Whether memory stays what it is over many calls. What grows once may be chance; what leaks grows
/// in the second round too.
pub(crate) fn watch(
    calls: usize,
    resident: &dyn Fn() -> Option<u64>,
    call: &dyn Fn(usize) -> Verdict,
) -> Verdict {
    let mut next = 0..;
    let mut some = |count: usize| -> Result<usize, crate::checks::Stop> {
        let started = Instant::now();
        let mut done = 0;
        while done < count && (done < CALLS_MIN || started.elapsed() < WATCHED_FOR) {
            call(next.next().unwrap_or_default())?;
            done += 1;
        }
        Ok(done)
    };
    let Some(_) = resident() else { return skipped("the memory in use cannot be told here") };
    some(WARM_UP.min(calls))?;
    let mut grown = String::new();
    for _ in 0..2 {
        let before = resident().unwrap_or(0);
        let done = some(calls)?;
        let growth = resident().unwrap_or(0).saturating_sub(before);
        if growth <= GROWTH_MAX {
            return Ok(());
        }
        grown = format!(
            "{done} small calls added {:.1} MiB, twice in a row; {} MiB may stay",
            growth as f64 / f64::from(1 << 20),
            GROWTH_MAX >> 20
        );
    }
    failed(grown)
}
