//! How fast methods answer, as results of `bench` tell.

use pilotbench_throughput::{Report, Section, Table, remarks, tables};
use serde::Serialize;

/// What a page says of speed.
#[derive(Debug, Serialize)]
pub(crate) struct Throughput {
    results: Vec<Shown>,
    /// What of the results is not of this run.
    elsewhere: Vec<String>,
}

/// A result.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    experiment: String,
    synthetic: bool,
    tables: Vec<Sheet>,
    remarks: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Sheet {
    title: &'static str,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Throughput {
    /// The page's part of a section.
    pub(crate) fn of(section: &Section) -> Self {
        let results = section.reports.iter().map(shown).collect();
        Self { results, elsewhere: section.elsewhere.clone() }
    }
}

fn shown(report: &Report) -> Shown {
    let sheet = |Table { title, columns, rows }: Table| Sheet { title, columns, rows };
    Shown {
        name: report.name.clone(),
        experiment: report.experiment.clone(),
        synthetic: report.synthetic,
        tables: tables(report).into_iter().map(sheet).collect(),
        remarks: remarks(report),
    }
}
