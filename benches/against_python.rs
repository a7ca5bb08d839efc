//! Our side of `against_python.sh`: writes people, resamples, values and times into a folder.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a bench may")]

mod support;

use arrow_array::{Array, RecordBatch, cast::AsArray, types::Float64Type};
use pilotbench_engine::plugin::MetricSession;
use pilotbench_regression::{Estimates, Kind};
use rayon::prelude::*;
use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use support::{
    comparison::{Comparison, SEEDS, metric, weights},
    population::Population,
    refits::Refits,
};

const PEOPLE: usize = pilotbench_synthetic::PARTICIPANTS;
const RESAMPLES: usize = 1000;
/// For so long each thing is repeated; the shortest time counts.
const LENGTH: Duration = Duration::from_secs(3);

fn main() {
    // Cargo adds an option of its own.
    let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        return println!("against_python: run benches/against_python.sh");
    };
    let folder = PathBuf::from(folder);
    let weights = weights(PEOPLE, RESAMPLES);
    write(&folder.join("weights.u16"), weights.iter().flat_map(|weight| weight.to_le_bytes()));
    for (name, seed) in [("human.csv", SEEDS[0]), ("simulated.csv", SEEDS[1])] {
        let mut csv = Vec::new();
        pilotbench_synthetic::disclosure(seed, PEOPLE, &mut csv).unwrap();
        fs::write(folder.join(name), csv).unwrap();
    }
    let [human, simulated] = SEEDS.map(|seed| Population::new(seed, PEOPLE));

    let refits = Refits::new(Kind::Binary, &human, &weights, RESAMPLES);
    write(&folder.join("slopes.f64"), refits.one_by_one().iter().flat_map(coefficients));
    let comparison = Comparison::new(&human, &simulated, weights, RESAMPLES);
    let [distribution, heterogeneity] = ["distribution", "heterogeneity"].map(metric);
    write_values(&folder, &comparison.evaluate(distribution.as_ref()));

    let times = serde_json::json!({
        "people": PEOPLE,
        "resamples": RESAMPLES,
        "cores": rayon::current_num_threads(),
        "heterogeneity": shortest(|| comparison.evaluate(heterogeneity.as_ref())),
        "distribution": shortest(|| comparison.evaluate(distribution.as_ref())),
        "distribution on all cores": all_cores(&comparison, distribution.as_ref()),
        "logit": shortest(|| refits.one_by_one()),
        "logit on all cores": shortest(|| refits.in_parallel()),
    });
    fs::write(folder.join("times.json"), times.to_string()).unwrap();
}

/// Time per evaluation when each core does one, as the host scores.
fn all_cores(comparison: &Comparison, metric: &dyn MetricSession) -> f64 {
    let cores = rayon::current_num_threads();
    let evaluate = |_| comparison.evaluate(metric);
    let each = || (0..cores).into_par_iter().map(evaluate).collect::<Vec<RecordBatch>>();
    shortest(each) / cores as f64
}

fn shortest<T>(run: impl Fn() -> T) -> f64 {
    let begin = Instant::now();
    let mut shortest = f64::INFINITY;
    while begin.elapsed() < LENGTH {
        let start = Instant::now();
        black_box(run());
        shortest = shortest.min(start.elapsed().as_secs_f64());
    }
    shortest
}

/// Intercept and slopes, each with its standard error.
fn coefficients(estimates: &Estimates) -> Vec<u8> {
    let slopes = estimates.slopes.iter().map(|slope| slope.unwrap());
    let all = estimates.intercepts.iter().copied().chain(slopes);
    all.flat_map(|c| [c.value, c.error]).flat_map(f64::to_le_bytes).collect()
}

/// `rows.json`: score, item, column and level of each row; `values.f64`: its value and resamples, NaN
/// where there is none.
fn write_values(folder: &Path, table: &RecordBatch) {
    let text = |column: &str, row: usize| {
        let column = table[column].as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let columns = ["score", "item", "group_column", "group_level"];
    let rows: Vec<[Option<String>; 4]> =
        (0..table.num_rows()).map(|row| columns.map(|column| text(column, row))).collect();
    fs::write(folder.join("rows.json"), serde_json::to_string(&rows).unwrap()).unwrap();
    let points = table["value"].as_primitive::<Float64Type>();
    let lists = table["resamples"].as_list::<i32>();
    let of_row = |row: usize| {
        let resamples = lists.value(row);
        let resamples = resamples.as_primitive::<Float64Type>();
        let found = std::iter::once(points.is_valid(row).then(|| points.value(row)));
        let padded = found.chain(resamples.iter()).chain(std::iter::repeat(None));
        padded.take(1 + RESAMPLES).map(|value| value.unwrap_or(f64::NAN)).collect::<Vec<f64>>()
    };
    write(
        &folder.join("values.f64"),
        (0..table.num_rows()).flat_map(of_row).flat_map(f64::to_le_bytes),
    );
}

fn write(path: &Path, bytes: impl Iterator<Item = u8>) {
    fs::write(path, bytes.collect::<Vec<u8>>()).unwrap();
}
