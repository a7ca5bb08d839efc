//! Results as tables of words: the same on a terminal, in Markdown and on a page.

use crate::{
    result::{Latency, Measured, Report},
    spread::Number,
};
use std::collections::BTreeSet;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it is of.
    pub title: &'static str,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    fn new(title: &'static str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        Self { title, columns, rows: Vec::new() }
    }
}

/// The tables of a result.
pub fn tables(report: &Report) -> Vec<Table> {
    vec![answering(report), waiting(report), costs(report), learning(report)]
}

fn answering(report: &Report) -> Table {
    let mut table = Table::new(
        "Offline: all requests at once",
        &[
            "method",
            "n",
            "validity",
            "answers/s",
            "prompt tokens/s",
            "generated tokens/s",
            "share of peak",
        ],
    );
    for measured in &report.methods {
        let offline = &measured.offline;
        table.rows.push(vec![
            name(measured),
            measured.size.to_string(),
            verdict(measured).to_owned(),
            shown(&offline.answers_per_s, 1.0),
            shown(&offline.prompt_tokens_per_s, 1.0),
            shown(&offline.generated_tokens_per_s, 1.0),
            percent(&offline.peak_share),
        ]);
    }
    table
}

fn waiting(report: &Report) -> Table {
    let mut table = Table::new(
        "Latency in ms: one request at a time, and requests that come in at random",
        &["method", "scenario", "requests/s", "p50", "p90", "p99"],
    );
    let cells = |name: String, scenario: String, rate: String, latency: &Latency| {
        let Latency { p50_ms, p90_ms, p99_ms, .. } = latency;
        let mut row = vec![name, scenario, rate];
        row.extend([p50_ms, p90_ms, p99_ms].map(|number| shown(number, 1.0)));
        row
    };
    for measured in &report.methods {
        let single = &measured.single_stream;
        let rate = shown(&single.answers_per_s, 1.0);
        table.rows.push(cells(name(measured), "single-stream".to_owned(), rate, single));
        let server = &measured.server;
        let rate = format!("{} come in", short(server.rate));
        let runs = report.settings.runs;
        let scenario = match server.kept_up == runs {
            true => "server".to_owned(),
            false => format!("server, kept up in {} of {runs} runs", server.kept_up),
        };
        table.rows.push(cells(name(measured), scenario, rate, &server.latency));
    }
    table
}

fn costs(report: &Report) -> Table {
    let mut table = Table::new(
        "What it takes",
        &["method", "load, s", "CPU s / 1,000", "J / 1,000", "workers' memory, MiB", "host's, MiB"],
    );
    let mib = 1.0 / f64::from(1 << 20);
    for measured in &report.methods {
        table.rows.push(vec![
            name(measured),
            shown(&measured.load_s, 1.0),
            shown(&measured.offline.cpu_s_per_1000, 1.0),
            shown(&measured.offline.joules_per_1000, 1.0),
            shown(&measured.memory.workers_bytes, mib),
            shown(&measured.memory.host_bytes, mib),
        ]);
    }
    table
}

fn learning(report: &Report) -> Table {
    let all = report.methods.iter().flat_map(|measured| &measured.adapt);
    let sizes: BTreeSet<usize> = all.map(|adapt| adapt.size).collect();
    let mut table = Table::new("Learning from a pilot, s", &["method"]);
    table.columns.extend(sizes.iter().map(|size| format!("n = {size}")));
    for measured in &report.methods {
        let cell = |size: &usize| {
            let adapt = measured.adapt.iter().find(|adapt| adapt.size == *size);
            adapt.map_or("–".to_owned(), |adapt| shown(&adapt.seconds, 1.0))
        };
        let cells = sizes.iter().map(cell);
        table.rows.push(std::iter::once(name(measured)).chain(cells).collect());
    }
    table
}

/// What the tables must be read with, a line each.
pub fn remarks(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for measured in &report.methods {
        let validity = &measured.validity;
        let said = |word: &str, what: &String| format!("{word} {}: {what}", name(measured));
        lines.extend(validity.reasons.iter().map(|reason| said("INVALID", reason)));
        lines.extend(validity.labels.iter().map(|label| said("NOTE", label)));
        let compared = &validity.compared;
        lines.push(format!(
            "{}: {} timed answers compared with the scored ones: {} identical, {} within 1e-6, {} other",
            name(measured), compared.asked, compared.identical, compared.close, compared.differing
        ));
    }
    lines.extend(undefined(report));
    let machine = &report.machine;
    let memory = machine.memory_bytes.map_or("memory unknown".to_owned(), |bytes| {
        format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
    });
    lines.push(format!(
        "machine: {}, {memory}, {}{}",
        machine.processor,
        machine.system,
        machine.kernel.as_ref().map_or(String::new(), |kernel| format!(", kernel {kernel}"))
    ));
    let settings = &report.settings;
    lines.push(format!(
        "peak on {} threads: {} billion multiply-adds/s, {} GB/s read from memory",
        report.machine.threads,
        shown(&report.peak.multiply_adds_per_s, 1e-9),
        shown(&report.peak.read_bytes_per_s, 1e-9)
    ));
    lines.push(format!(
        "experiment {}{}, seed 1; {} runs by turns, each with the backend opened anew; {} s of warm-up, \
         at least {} s and {} answers a scenario; {} threads, {} calls at once; pilotbench {}",
        report.experiment,
        if report.synthetic { " [SYNTHETIC]" } else { "" },
        settings.runs,
        settings.warm_up_s,
        settings.min_duration_s,
        settings.min_count,
        settings.threads,
        settings.callers,
        report.pilotbench
    ));
    lines.push(
        "each number: mean over runs (learning: over seeds) ± half of its 95 % interval".to_owned(),
    );
    lines
}

/// Why numbers are undefined, each reason once.
fn undefined(report: &Report) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for measured in &report.methods {
        for number in Report::numbers(measured) {
            let Number::Undefined { undefined } = number else { continue };
            let name = name(measured);
            match reasons.iter_mut().find(|(reason, _)| reason == undefined) {
                None => reasons.push((undefined.clone(), vec![name])),
                Some((_, names)) if !names.contains(&name) => names.push(name),
                Some(_) => {}
            }
        }
    }
    reasons.into_iter().map(|(why, names)| format!("undef: {why} ({})", names.join(", "))).collect()
}

fn name(measured: &Measured) -> String {
    measured.method.name.clone()
}

/// Whether the rules were kept.
fn verdict(measured: &Measured) -> &'static str {
    match (measured.validity.valid, measured.validity.labels.is_empty()) {
        (false, _) => "INVALID",
        (true, false) => "valid, see NOTE",
        (true, true) => "valid",
    }
}

/// A number in another unit, with its spread.
fn shown(number: &Number, unit: f64) -> String {
    match number.measured() {
        None => "undef".to_owned(),
        Some(spread) => {
            format!("{} ±{}", short(spread.mean * unit), short(spread.half_width * unit))
        }
    }
}

fn percent(number: &Number) -> String {
    match number.measured() {
        None => "undef".to_owned(),
        Some(spread) => {
            format!("{} ±{} %", short(spread.mean * 100.0), short(spread.half_width * 100.0))
        }
    }
}

/// A number with three digits, or all of its whole ones, in groups.
pub(crate) fn short(value: f64) -> String {
    let digits = match value.abs() {
        0.0 => return "0".to_owned(),
        value => 2 - value.log10().floor().clamp(-9.0, 2.0) as i32,
    };
    let text = format!("{value:.*}", digits.max(0) as usize);
    match text.contains('.') || text.len() < 5 {
        true => text,
        false => grouped(&text),
    }
}

fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let pairs = [
            (0.0, "0"),
            (1_234_567.8, "1,234,568"),
            (1234.5, "1234"),
            (12.345, "12.3"),
            (1.0, "1.00"),
            (0.001_234, "0.00123"),
        ];
        for (value, expected) in pairs {
            assert_eq!(short(value), expected);
        }
        assert_eq!(shown(&Number::of(vec![1.0, 1.0]), 1000.0), "1000 ±0");
        assert_eq!(shown(&Number::undefined("why"), 1.0), "undef");
    }
}
