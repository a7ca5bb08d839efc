use super::Toy;
use pilotbench_plugin_sdk::{Control, Metric, MetricTable};
use std::time::{Duration, Instant};

/// Shortest time of an evaluation of the disclosure population with 100 resamples.
///
/// # Panics
/// When the metric fails.
pub fn time<M: Metric>() -> Duration {
    let input = Toy::disclosure(100).evaluation();
    let metric = M::open(serde_json::from_str("{}").expect("settings")).expect("the metric opens");
    let once = |_| {
        let start = Instant::now();
        let mut table = MetricTable::default();
        metric.evaluate(&input, &mut table, &Control::none()).expect("the metric evaluates");
        table.finish().expect("a table");
        start.elapsed()
    };
    (0..50).map(once).min().unwrap_or_default()
}
