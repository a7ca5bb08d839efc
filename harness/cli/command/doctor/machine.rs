//! This binary and the machine under it.

use super::{Finding, tools};
use pilotbench_engine::plugin::{host_target, worker};
use std::env;

pub(super) fn look() -> Vec<Finding> {
    vec![binary(), on_path(), cores(), memory(), sandbox()]
}

fn binary() -> Finding {
    let version = env!("CARGO_PKG_VERSION");
    let place = env::current_exe().unwrap_or_default();
    let found = format!("{version} for {}, {}", host_target(), place.display());
    Finding::ok("pilotbench", found, "this program")
}

fn on_path() -> Finding {
    let purpose = "`pilotbench` without its folder, as the documentation writes it";
    match tools::on_path("pilotbench") {
        Some(place) => Finding::ok("PATH", format!("has {}", place.display()), purpose),
        None => {
            let place = env::current_exe().unwrap_or_default();
            let folder = place.parent().unwrap_or(&place).display();
            Finding::missing("PATH", "has no `pilotbench`", purpose)
                .remedy(format!("export PATH=\"{folder}:$PATH\""))
        }
    }
}

fn cores() -> Finding {
    let purpose = "work is spread over them; --threads takes fewer";
    match std::thread::available_parallelism() {
        Ok(cores) => Finding::ok("cores", cores.to_string(), purpose),
        Err(e) => Finding::missing("cores", format!("not known: {e}"), purpose)
            .remedy("--threads N says how many to use"),
    }
}

fn memory() -> Finding {
    let info = rustix::system::sysinfo();
    let gib = info.totalram as f64 * f64::from(info.mem_unit) / f64::from(1 << 30);
    Finding::ok("memory", format!("{gib:.1} GiB"), "bounds each plugin; --memory takes less")
}

fn sandbox() -> Finding {
    let purpose = "plugins are kept from your files, the network and other programs";
    match worker::sandbox_here() {
        Ok(achieved) => Finding::ok("sandbox", achieved, purpose),
        Err(fault) => Finding::missing("sandbox", fault.message, purpose).remedy(
            "a Linux kernel of 6.12 or later with landlock and seccomp enabled; till then plugins run \
             with what there is, and `--sandbox require` refuses them",
        ),
    }
}
