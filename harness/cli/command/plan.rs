//! `plan`.

use crate::{
    arguments::{Places, PlanArguments, Spending},
    conditions::Conditions,
    exit::Exit,
    output, setting,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    plan::Plan,
    run, score,
};
use std::collections::BTreeMap;

/// Shows what a run file would do.
pub(crate) fn plan(places: &Places, arguments: &PlanArguments) -> Result<Exit> {
    let file = setting::run_file(arguments.file.as_deref())?;
    let runs = places.results.join("runs");
    let spending = Spending { budget: arguments.budget, replay: false };
    let conditions = Conditions::of_run(places, spending, false, (&file, &runs))?;
    let plugins = setting::plugins_under(places, &conditions)?;
    let (plan, experiments) = setting::plan(places, &file, &plugins)?;
    if let Some(path) = &arguments.pilots {
        let fault = |e: std::io::Error| Fault::store(path.display(), e);
        let table = run::pilots(&plan, &experiments)?;
        std::fs::write(path, table).map_err(fault)?;
    }
    match arguments.json {
        true => output::print_json(&plan)?,
        false => output::print(&summary(&plan)),
    }
    Ok(Exit::Done)
}

fn summary(plan: &Plan) -> String {
    let mut table =
        output::table(["experiment", "method", "strategy", "pilot sizes", "replicates"]);
    // Keyed by position, so that rows stand in the order of the plan.
    let mut rows: BTreeMap<usize, (Vec<String>, usize)> = BTreeMap::new();
    let mut positions: BTreeMap<(&str, &str, String), usize> = BTreeMap::new();
    for cell in score::cells(plan) {
        let next = positions.len();
        let key = (cell.experiment, cell.method, cell.strategy.to_string());
        let row = rows.entry(*positions.entry(key).or_insert(next)).or_default();
        row.0.push(cell.size.to_string());
        row.1 += cell.replicates.len();
    }
    let mut named: Vec<_> = positions.into_iter().collect();
    named.sort_by_key(|(_, position)| *position);
    for ((experiment, method, strategy), position) in named {
        let (sizes, count) = &rows[&position];
        let sizes = sizes.join(" ");
        table.add_row([experiment, method, &strategy, &sizes, &count.to_string()]);
    }
    let answers: usize = plan.replicates.iter().map(|r| asked(plan, &r.experiment)).sum();
    let mut text = format!("{table}\n");
    for left in &plan.left_out {
        text += &format!(
            "left out: {} on {} at size {}: {}\n",
            left.method, left.experiment, left.size, left.reason
        );
    }
    text += &format!(
        "run {}: {} replicates in {} cells, about {answers} interviews\n",
        plan.run_name(),
        plan.replicates.len(),
        score::cells(plan).len()
    );
    text
}

/// Interviews of one replicate.
fn asked(plan: &Plan, experiment: &str) -> usize {
    let planned = plan.experiment(experiment);
    let held_out = planned.map_or(0, |e| e.participants - e.largest_pilot);
    held_out.min(plan.held_out_max.unwrap_or(usize::MAX))
}
