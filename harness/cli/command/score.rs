//! `score`: a finished run with other metrics, or a table of answers that somebody else's system made.

use super::{leaderboard, set_threads};
use crate::{
    arguments::{Chosen, Places, ScoreArguments},
    exit::Exit,
    output,
    setting::{self, Sources},
    signals,
};
use comfy_table::CellAlignment;
use pilotbench_engine::{
    experiment::Experiment,
    fault::{Fault, Result},
    leaderboard::{self as boards, Board, number},
    pilot::Strategy,
    plan::{self, Plan, PlannedExperiment, ScoreSettings, ScoreSpec, ScoringFile},
    plugin::{Better, Heading, Plugins},
    score::{AnswerTable, Answers, Beside, Estimate, Recorded},
};
use std::path::Path;

/// Resamples of participants where there is one table to score and not a whole run.
const RESAMPLES_OF_ONE: usize = 1000;

/// Scores a run, a table, or a table beside a run.
pub(crate) fn score(places: &Places, arguments: &ScoreArguments) -> Result<Exit> {
    set_threads(places, &arguments.work)?;
    let mut scoring = match &arguments.by {
        Some(path) => ScoringFile::read(path)?,
        None => ScoringFile::default(),
    };
    scoring.metrics.extend(arguments.metrics.iter().cloned());
    match (&arguments.answers, &arguments.run) {
        (Some(file), None) => alone(places, arguments, scoring, file),
        (Some(file), Some(_)) => beside(places, arguments, &scoring, file),
        (None, _) => again(places, arguments, &scoring),
    }
}

/// A finished run with other metrics.
fn again(places: &Places, arguments: &ScoreArguments, scoring: &ScoringFile) -> Result<Exit> {
    let recorded = setting::recorded(places, &chosen(arguments))?;
    let plan = rescored(recorded.plan, scoring, &recorded.sources.plugins)?;
    let answers = Recorded { plan: &plan, record: &recorded.record };
    show(&recorded.sources, &plan, &answers, arguments, leaderboard::terminal)
}

/// The backends are not asked again, and the metrics are taken as they are now.
fn chosen(arguments: &ScoreArguments) -> Chosen {
    Chosen { run: arguments.run.clone(), allow_changed_plugins: true }
}

/// A table beside the methods of a finished run.
fn beside(
    places: &Places,
    arguments: &ScoreArguments,
    scoring: &ScoringFile,
    file: &Path,
) -> Result<Exit> {
    let recorded = setting::recorded(places, &chosen(arguments))?;
    let mut plan = rescored(recorded.plan, scoring, &recorded.sources.plugins)?;
    let experiment = the_experiment(&recorded.sources.experiments, arguments)?;
    if arguments.unpaired {
        let message = "people who stand in for nobody cannot stand beside a run";
        return Err(Fault::usage("--unpaired", message).hint("leave the run out"));
    }
    let table = AnswerTable::read(file, experiment)?;
    let name = method_name(arguments, file)?;
    if plan.method(&name).is_some() {
        let fault = Fault::usage("--as", format!("the run has a method `{name}`"));
        return Err(fault.hint("give the table another name"));
    }
    let replicates = table.replicates();
    check_replicates(&plan, experiment.id(), &replicates)
        .map_err(|message| Fault::usage(file.display(), message))?;
    plan.add_elsewhere(&name, experiment.id(), table.facts(), &replicates);
    let others = Recorded { plan: &plan, record: &recorded.record };
    let answers = Beside {
        plan: &plan,
        method: &name,
        experiment: experiment.id(),
        table: &table,
        others: &others,
    };
    show(&recorded.sources, &plan, &answers, arguments, leaderboard::terminal)
}

/// A table by itself, against everybody whom it answers for.
fn alone(
    places: &Places,
    arguments: &ScoreArguments,
    mut scoring: ScoringFile,
    file: &Path,
) -> Result<Exit> {
    let wanted = arguments.experiment.as_deref().ok_or_else(|| {
        Fault::usage("--answers", "of which experiment are the answers?").hint("give --experiment")
    })?;
    let experiment = setting::experiment(places, wanted)?;
    let table = match arguments.unpaired {
        true => AnswerTable::read_unpaired(file, &experiment)?,
        false => AnswerTable::read(file, &experiment)?,
    };
    let replicates = table.replicates();
    let plugins = setting::plugins(places)?;
    if scoring.all_metrics().is_empty() {
        scoring.detailed_metrics = setting::embedded()?.metric_specs();
    }
    let one = ScoreSpec { resamples: RESAMPLES_OF_ONE, ..ScoreSpec::default() };
    let spec = if replicates.len() == 1 { one } else { ScoreSpec::default() };
    let plan = Plan {
        format: plan::PLAN_FORMAT,
        name: "score".to_owned(),
        experiments: vec![PlannedExperiment::of(&experiment, 0)],
        methods: Vec::new(),
        metrics: Vec::new(),
        score: ScoreSettings::of(&spec),
        leaderboard: scoring.leaderboard.clone(),
        held_out_max: None,
        left_out: Vec::new(),
        replicates: Vec::new(),
    };
    let mut plan = rescored(plan, &scoring, &plugins)?;
    let name = method_name(arguments, file)?;
    plan.add_elsewhere(&name, experiment.id(), table.facts(), &replicates);
    let sources = Sources { experiments: vec![experiment], plugins };
    show(&sources, &plan, &table, arguments, |board, _| Ok(list(board)))
}

fn rescored(plan: Plan, scoring: &ScoringFile, plugins: &Plugins) -> Result<Plan> {
    plan::rescored(plan, scoring, &|metric, settings| plugins.metric_facts(metric, settings))
}

/// The experiment that a table is of, among those of a run.
fn the_experiment<'a>(
    experiments: &'a [Experiment],
    arguments: &ScoreArguments,
) -> Result<&'a Experiment> {
    let names: Vec<&str> = experiments.iter().map(Experiment::id).collect();
    let found = match &arguments.experiment {
        Some(wanted) => experiments.iter().find(|e| e.id() == wanted),
        None if experiments.len() == 1 => experiments.first(),
        None => None,
    };
    found.ok_or_else(|| {
        let fault =
            Fault::usage("--experiment", "of which of the run's experiments are the answers?");
        fault.hint(format!("there are: {}", names.join(", ")))
    })
}

/// The name in tables: the one given, else that of the file.
fn method_name(arguments: &ScoreArguments, file: &Path) -> Result<String> {
    let stem = || file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = arguments.name.clone().unwrap_or_else(stem);
    plan::check_method_name(&name)
        .map_err(|message| Fault::usage("--as", message).hint("give one with --as"))?;
    Ok(name)
}

/// Every replicate of the table is one that the run's plan has, so that all are of the same pilots.
fn check_replicates(
    plan: &Plan,
    experiment: &str,
    replicates: &[(Strategy, usize, u32)],
) -> std::result::Result<(), String> {
    let own = || plan.replicates.iter().filter(|r| r.experiment == experiment);
    for (strategy, size, seed) in replicates {
        if !own().any(|r| r.strategy == *strategy && r.seed == *seed) {
            return Err(format!("the run has no seed {seed} with strategy {strategy}"));
        }
        // Answers that need no pilot stand at every size.
        if *size > 0 && !own().any(|r| r.size == *size) {
            return Err(format!("the run has no pilot of {size}"));
        }
    }
    Ok(())
}

/// Scores, and shows in the form that was asked for.
fn show(
    sources: &Sources,
    plan: &Plan,
    answers: &dyn Answers,
    arguments: &ScoreArguments,
    terminal: impl Fn(&Board, Option<usize>) -> Result<String>,
) -> Result<Exit> {
    let (board, files) =
        leaderboard::make_of(sources, plan, answers, &arguments.work, signals::listen()?)?;
    if let Some(out) = &arguments.out {
        boards::publish(out, &files)?;
    }
    let format = arguments.format.or_json(arguments.json);
    leaderboard::print(format, &files, || terminal(&board, arguments.size))?;
    Ok(Exit::Done)
}

/// Every score of one table over all items and everybody, heading by heading.
fn list(board: &Board) -> String {
    let mut out = String::new();
    let headings =
        [Heading::Marginal, Heading::Structural, Heading::Individual, Heading::Inference];
    for cell in &board.cells {
        let label = board.experiments.first().map_or("", |e| e.label());
        let marked = if label.is_empty() { String::new() } else { format!(" [{label}]") };
        let facts = &cell.facts;
        out += &format!(
            "\n{} on {}{marked}: pilot {}, replicates {}; answers: {} ok, {} refused, {} invalid\n",
            facts.method,
            facts.experiment,
            facts.size,
            facts.committed,
            facts.counts.ok,
            facts.counts.refused,
            facts.counts.invalid
        );
        for heading in headings {
            let mut table = output::table([heading_name(heading), "value", "interval", "better"]);
            for info in board.scores.iter().filter(|info| info.heading == heading) {
                let Some(estimate) = cell.scores.get(&info.name) else { continue };
                let (value, interval) = words(estimate);
                table.add_row([info.name.clone(), value, interval, better(info.better)]);
            }
            if let Some(column) = table.column_mut(1) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if !table.is_empty() {
                out += &format!("{table}\n");
            }
        }
    }
    let percent = board.confidence * 100.0;
    out += &format!(
        "{percent:.0} % intervals; {} resamples of participants, and of seeds where there are \
         several. `--json` and `--out DIR` have every score by item, arm and subgroup.\n",
        board.resamples
    );
    out
}

fn heading_name(heading: Heading) -> &'static str {
    match heading {
        Heading::Marginal => "marginal fidelity",
        Heading::Structural => "structural fidelity",
        Heading::Individual => "individual fidelity",
        Heading::Inference => "inference",
    }
}

fn words(estimate: &Estimate) -> (String, String) {
    let interval = match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("[{}, {}]", number(low), number(high)),
        _ => String::new(),
    };
    match estimate.mean {
        Some(mean) => (number(mean), interval),
        None => ("undef".to_owned(), estimate.reason.clone().unwrap_or_default()),
    }
}

fn better(better: Better) -> String {
    match better {
        Better::Lower => "lower".to_owned(),
        Better::Higher => "higher".to_owned(),
        Better::At(value) => format!("at {value}"),
        Better::Describes => String::new(),
    }
}
