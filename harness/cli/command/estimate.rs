//! `run --estimate`: what services would charge, before anything is spent.
//!
//! The methods that use services are run into a record that is thrown away, their plugins told to
//! ask nothing: the receipts that would be are added up.

use super::run::lock;
use crate::{
    arguments::{Places, RunArguments},
    conditions::{Cap, Conditions},
    exit::Exit,
    output,
    progress::Shown,
    setting, signals,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    interview::Used,
    money,
    plan::{Plan, PlannedMethod, RunFile},
    plugin::{Needs, Plugins},
    record::Record,
    run,
};
use serde::Serialize;

/// What a method would take on an experiment.
#[derive(Serialize)]
struct Row {
    method: String,
    experiment: String,
    replicates: usize,
    #[serde(flatten)]
    used: Used,
}

/// An estimate.
#[derive(Serialize)]
struct Estimate {
    rows: Vec<Row>,
    total: Used,
    /// Replicates that could not be estimated.
    failed: usize,
    /// What may be spent and what of it is, billionths of a US dollar.
    #[serde(flatten)]
    budget: Option<Budget>,
}

#[derive(Serialize)]
struct Budget {
    budget_nano_usd: u64,
    spent_nano_usd: i128,
    is_within: bool,
}

/// Says what the methods of a run file that use services would cost.
pub(super) fn estimate(places: &Places, arguments: &RunArguments, file: &RunFile) -> Result<Exit> {
    let work = &arguments.work;
    let conditions = Conditions::of_estimate(places, work.no_cache)?;
    let plugins = setting::plugins_under(places, &conditions)?;
    let (plan, experiments) = setting::plan(places, file, &plugins)?;
    let plan = of_services(plan, &plugins)?;
    let folder = tempfile::tempdir().map_err(|e| Fault::store("temporary folder", e))?;
    let lock = lock(folder.path())?;
    let record = Record::create(folder.path(), &plan, file.text(), &lock)?;
    let shown = Shown::new("estimating", work.quiet || plan.methods.is_empty());
    let stop = signals::listen()?;
    // Without the cache of frozen models: what is answered here is no answer and must not be kept.
    let outcome = run::execute(&plan, &experiments, &plugins, &record, None, &shown, stop);
    shown.end();
    let outcome = outcome?;
    if outcome.interrupted {
        return Ok(Exit::stopped());
    }
    let cap = Cap::of(arguments.spending.budget.nano_usd, file, &places.results.join("runs"));
    let estimate = Estimate::of(&plan, &record, cap)?;
    match arguments.json {
        true => {
            output::print_json(&estimate)?;
            // The table says it itself.
            if let Some(budget) = estimate.budget.as_ref().filter(|budget| !budget.is_within) {
                output::remark(budget.text(estimate.total.nano_usd).trim_end());
            }
        }
        false => output::print(&estimate.text()),
    }
    Ok(super::verdict::estimated(&outcome))
}

/// The plan with the methods alone whose plugins reach out: only they can cost anything.
fn of_services(plan: Plan, plugins: &Plugins) -> Result<Plan> {
    let needs = |method: &PlannedMethod| plugins.needs(&method.facts.plugin);
    let all: Vec<(String, &Needs)> =
        plan.methods.iter().map(|m| Ok((m.name.clone(), needs(m)?))).collect::<Result<_>>()?;
    let reaches_out = |name: &str| all.iter().any(|(other, needs)| other == name && needs.network);
    Ok(plan.only(|method| reaches_out(&method.name)))
}

impl Estimate {
    fn of(plan: &Plan, record: &Record, cap: Option<Cap>) -> Result<Self> {
        let (mut rows, mut total, mut failed) = (Vec::new(), Used::default(), 0);
        for method in &plan.methods {
            for experiment in &plan.experiments {
                let (mut replicates, mut used) = (0, Used::default());
                let of_row = plan
                    .replicates
                    .iter()
                    .filter(|r| r.method == method.name && r.experiment == experiment.id);
                for replicate in of_row {
                    replicates += 1;
                    match record.manifest(replicate)? {
                        Some(manifest) => used.add(&manifest.used.unwrap_or_default()),
                        None => failed += 1,
                    }
                }
                if replicates > 0 {
                    total.add(&used);
                    let (method, experiment) = (method.name.clone(), experiment.id.clone());
                    rows.push(Row { method, experiment, replicates, used });
                }
            }
        }
        let budget = cap.map(|cap| Budget::of(&cap, total.nano_usd)).transpose()?;
        Ok(Self { rows, total, failed, budget })
    }

    fn text(&self) -> String {
        if self.rows.is_empty() {
            return "no method uses a service: nothing would be charged\n".to_owned();
        }
        let columns = [
            "method",
            "experiment",
            "replicates",
            "requests",
            "prompt tokens",
            "completion tokens",
            "USD",
        ];
        let mut table = output::table(columns);
        let mut add = |method: &str, experiment: &str, replicates: usize, used: &Used| {
            table.add_row([
                method.to_owned(),
                experiment.to_owned(),
                replicates.to_string(),
                used.requests.to_string(),
                used.prompt_tokens.to_string(),
                used.completion_tokens.to_string(),
                used.usd(),
            ]);
        };
        for Row { method, experiment, replicates, used } in &self.rows {
            add(method, experiment, *replicates, used);
        }
        add("(all)", "", self.rows.iter().map(|row| row.replicates).sum(), &self.total);
        let mut text = format!("{table}\n");
        if self.failed > 0 {
            text += &format!("{} replicates could not be estimated\n", self.failed);
        }
        text + &self.budget.as_ref().map_or(String::new(), |b| b.text(self.total.nano_usd))
    }
}

impl Budget {
    fn of(cap: &Cap, needed: u64) -> Result<Self> {
        let spent_nano_usd = cap.ledger.spent()?.unwrap_or(0);
        let left = i128::from(cap.nano_usd) - spent_nano_usd;
        let is_within = i128::from(needed) <= left;
        Ok(Self { budget_nano_usd: cap.nano_usd, spent_nano_usd, is_within })
    }

    fn text(&self, needed: u64) -> String {
        let left = i128::from(self.budget_nano_usd) - self.spent_nano_usd;
        format!(
            "{} US dollars {} the {} that are left of a budget of {}\n",
            money::text(needed.into()),
            if self.is_within { "are within" } else { "are MORE than" },
            money::text(left),
            money::text(self.budget_nano_usd.into())
        )
    }
}
