//! The machine that was measured. Nothing of it says whose it is: no host name.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fs};

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The processor's name and how many threads there are.
    pub processor: String,
    /// Cores, where the system tells.
    pub cores: Option<usize>,
    /// Threads that run at once.
    pub threads: usize,
    /// Bytes of memory, where the system tells.
    pub memory_bytes: Option<u64>,
    /// Operating system and architecture.
    pub system: String,
    /// Version of the kernel, where the system tells.
    pub kernel: Option<String>,
}

impl Machine {
    /// This one.
    pub(crate) fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let kernel = read("/proc/sys/kernel/osrelease").trim().to_owned();
        Self {
            processor: pilotbench_engine::record::machine(),
            cores: cores(&read("/proc/cpuinfo")),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory(&read("/proc/meminfo")),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            kernel: (!kernel.is_empty()).then_some(kernel),
        }
    }
}

/// Pairs of package and core.
fn cores(cpuinfo: &str) -> Option<usize> {
    let of = |block: &str, name: &str| {
        let line =
            block.lines().find(|line| line.split(':').next().map(str::trim) == Some(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let found: BTreeSet<_> = cpuinfo
        .split("\n\n")
        .filter_map(|block| Some((of(block, "physical id")?, of(block, "core id")?)))
        .collect();
    (!found.is_empty()).then_some(found.len())
}

fn memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_not_threads() {
        let block = |core: u32| format!("processor : 9\nphysical id\t: 0\ncore id\t\t: {core}\n");
        let text = [block(0), block(1), block(0), block(1)].join("\n");
        assert_eq!(cores(&text), Some(2));
        assert_eq!(cores("processor : 0\n"), None);
        assert_eq!(memory("MemTotal:       2048 kB\nMemFree: 1 kB\n"), Some(2 << 20));
        assert_eq!(memory(""), None);
    }
}
