//! Results beside a leaderboard: of the very methods that are on it, and of no others.

use crate::result::{Measured, Method, Report};
use pilotbench_engine::plan::{Plan, PlannedMethod};
use serde::Serialize;

/// What a leaderboard says of speed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// Results with the methods of the run alone.
    pub reports: Vec<Report>,
    /// What of the results is not of this run, and why.
    pub elsewhere: Vec<String>,
}

/// Finds the methods of a plan in results. A method is the same with backend, adapter, settings, what
/// it says of its model, and the hash of its library; its name is the run's.
pub fn on_board(plan: &Plan, reports: Vec<Report>) -> Section {
    let mut section = Section { reports: Vec::new(), elsewhere: Vec::new() };
    for mut report in reports {
        let mut kept = Vec::new();
        for measured in std::mem::take(&mut report.methods) {
            let Measured { method, .. } = &measured;
            let mut alike = plan.methods.iter().filter(|planned| is_alike(method, planned));
            match alike.find(|planned| is_built_alike(method, planned)) {
                Some(planned) => {
                    let method = Method { name: planned.name.clone(), ..method.clone() };
                    kept.push(Measured { method, ..measured });
                }
                None => {
                    let why = why_not(method, plan);
                    let said = format!("`{}` of {} is not shown: {why}", method.name, report.name);
                    section.elsewhere.push(said);
                }
            }
        }
        if !kept.is_empty() {
            section.reports.push(Report { methods: kept, ..report });
        }
    }
    section
}

fn is_alike(method: &Method, planned: &PlannedMethod) -> bool {
    (&*method.plugin.name, &method.backend, &method.adapter, &method.settings)
        == (&*planned.facts.plugin.name, &planned.backend, &planned.adapter, &planned.settings)
}

fn is_built_alike(method: &Method, planned: &PlannedMethod) -> bool {
    let facts = &planned.facts;
    method.plugin.sha256 == facts.plugin.sha256 && method.provenance == facts.provenance
}

fn why_not(method: &Method, plan: &Plan) -> String {
    let alike = plan.methods.iter().find(|planned| is_alike(method, planned));
    match alike {
        None => "the run has no method of this backend, adapter and settings".to_owned(),
        Some(planned) if planned.facts.plugin.sha256 == method.plugin.sha256 => {
            "it was measured with another model or library beneath".to_owned()
        }
        Some(planned) => format!(
            "it was measured with another build of `{}` (sha256 {:.16}, the run's is {:.16})",
            method.plugin.name, method.plugin.sha256, planned.facts.plugin.sha256
        ),
    }
}
