//! On which machine something was computed.

use std::sync::OnceLock;

/// The processor's name and how many threads there are.
pub fn machine() -> String {
    static MACHINE: OnceLock<String> = OnceLock::new();
    let find = || {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        format!("{}, {threads} threads", processor(&text).unwrap_or("a processor without a name"))
    };
    MACHINE.get_or_init(find).clone()
}

fn processor(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_has_its_name() {
        let text = "processor\t: 0\nmodel name\t: Example CPU @ 2 GHz\n";
        assert_eq!(processor(text), Some("Example CPU @ 2 GHz"));
        assert_eq!(processor("processor : 0"), None);
        assert!(machine().contains(" threads"));
    }
}
