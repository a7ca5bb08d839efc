//! Energy of the processor's packages, from the counters that Linux shows (powercap, RAPL). They
//! count all that the machine does, not the measured method alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where the counters are.
const POWERCAP: &str = "/sys/class/powercap";

/// Packages and their counters.
pub(crate) struct Meter(Vec<Package>);

struct Package {
    counter: PathBuf,
    /// After so many microjoules the counter begins anew.
    range: u64,
}

/// Counters at a moment, microjoules.
pub(crate) struct Reading(Vec<u64>);

impl Meter {
    /// The counters of this machine.
    pub(crate) fn of_machine() -> Result<Self, String> {
        Self::below(Path::new(POWERCAP))
    }

    fn below(folder: &Path) -> Result<Self, String> {
        let none = || "this machine shows no energy counters (powercap)".to_owned();
        let entries = fs::read_dir(folder).map_err(|_| none())?.flatten();
        // `intel-rapl:0` is a package; `intel-rapl:0:1` is a part of it.
        let is_package = |name: &str| name.contains("rapl") && name.matches(':').count() == 1;
        let mut packages = Vec::new();
        for entry in entries.filter(|e| e.file_name().to_str().is_some_and(is_package)) {
            let counter = entry.path().join("energy_uj");
            let (Some(_), Some(range)) =
                (number(&counter), number(&entry.path().join("max_energy_range_uj")))
            else {
                return Err("the energy counters may be read by root alone".to_owned());
            };
            packages.push(Package { counter, range });
        }
        packages.sort_by(|a, b| a.counter.cmp(&b.counter));
        if packages.is_empty() { Err(none()) } else { Ok(Self(packages)) }
    }

    pub(crate) fn read(&self) -> Result<Reading, String> {
        let counts = self.0.iter().map(|package| number(&package.counter));
        let counts = counts.collect::<Option<_>>().map(Reading);
        counts.ok_or_else(|| "an energy counter went away".to_owned())
    }

    /// Joules between two readings less than a turn of a counter apart.
    pub(crate) fn joules(&self, Reading(from): &Reading, Reading(to): &Reading) -> f64 {
        let each = self.0.iter().zip(from.iter().zip(to));
        let used = each.map(|(package, (from, to))| match to.checked_sub(*from) {
            Some(used) => used,
            None => package.range.saturating_sub(*from) + to,
        });
        used.sum::<u64>() as f64 / 1e6
    }
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_count_and_turn_over() {
        let folder = tempfile::tempdir().unwrap();
        let reason = |meter: Result<Meter, String>| meter.err().unwrap();
        assert!(reason(Meter::below(folder.path())).contains("no energy counters"));
        let put = |domain: &str, energy: &str| {
            let domain = folder.path().join(domain);
            fs::create_dir_all(&domain).unwrap();
            fs::write(domain.join("energy_uj"), energy).unwrap();
            fs::write(domain.join("max_energy_range_uj"), "1000000000\n").unwrap();
        };
        put("intel-rapl:0", "999000000\n");
        put("intel-rapl:1", "500000000\n");
        // A part of a package counts in its package.
        put("intel-rapl:0:0", "7\n");
        let meter = Meter::below(folder.path()).unwrap();
        let from = meter.read().unwrap();
        put("intel-rapl:0", "2000000\n");
        put("intel-rapl:1", "504000000\n");
        assert_eq!(meter.joules(&from, &meter.read().unwrap()), 7.0);
        fs::remove_file(folder.path().join("intel-rapl:1/energy_uj")).unwrap();
        assert!(meter.read().is_err());
        assert!(reason(Meter::below(folder.path())).contains("root"));
    }
}
