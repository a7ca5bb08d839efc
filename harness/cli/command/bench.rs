//! `bench`: how fast methods answer.

use super::throughput;
use crate::{
    arguments::{BenchArguments, BenchFormat, Places},
    conditions::{Cap, Conditions},
    exit::Exit,
    output,
    progress::Shown,
    setting, signals,
};
use pilotbench_engine::{
    experiment::{Experiment, check_folder_id},
    fault::{Fault, Result},
    pilot::{Size, Strategy},
    plan::{Adapter, HeldOut, LeaderboardSpec, MethodSpec, RunFile, Seeds, Sizes},
    plugin::Plugins,
};
use pilotbench_throughput::{Bench, Report, Settings, markdown, measure, write};
use std::collections::BTreeSet;
use toml::Spanned;

/// A run file in which only the methods are still to be named. Nothing is scored; a plan needs a
/// metric all the same.
const EMPTY: &str = "name = \"bench\"\nexperiments = [\"-\"]\nseeds = 1\nmethods = [\"-\"]\n\
                     metrics = [\"individual\"]\n";

/// Measures methods and shows and writes what was found.
pub(crate) fn bench(places: &Places, arguments: &BenchArguments) -> Result<Exit> {
    let settings = settings(places, arguments);
    settings.check()?;
    if let Some(name) = &arguments.name {
        check_folder_id(name).map_err(|fault| Fault { place: "--name".to_owned(), ..fault })?;
    }
    let experiment = setting::experiment(places, &arguments.experiment)?;
    let size = size(&experiment, arguments.size)?;
    let file = run_file(arguments, &experiment, size)?;
    let folder = places.results.join("throughput");
    let cap = Cap::of(arguments.budget.nano_usd, &file, &folder);
    let conditions = Conditions::of_bench(places, cap)?;
    let plugins = setting::plugins_under(places, &conditions)?;
    check_services(&plugins, &file, !conditions.has_cap())?;
    let (plan, experiments) = setting::plan(places, &file, &plugins)?;
    // What ran to make the plan is not to stand beside what is measured.
    let plugins = plugins.again();
    let shown = Shown::new("measuring", arguments.quiet);
    let report = measure(&Bench {
        plan: &plan,
        experiment: &experiments[0],
        size,
        settings: &settings,
        name: arguments.name.as_deref(),
        plugins: &plugins,
        steps: &|steps| shown.of(steps),
        step: &|| shown.step(),
        stop: signals::listen()?,
    });
    shown.end();
    let report = report?;
    let path = write(arguments.out.as_ref().unwrap_or(&folder), &report)?;
    print(arguments, &report)?;
    if !arguments.quiet {
        conditions.remark_spent()?;
        output::remark(&output::inert(&format!("result: {}", path.display())));
    }
    Ok(if report.is_valid() { Exit::Done } else { Exit::SomeFailed })
}

/// The rules that were typed.
fn settings(places: &Places, arguments: &BenchArguments) -> Settings {
    let threads = setting::threads(arguments.threads);
    Settings {
        runs: arguments.runs,
        warm_up_s: arguments.warm_up,
        min_duration_s: arguments.min_duration,
        min_count: arguments.min_count,
        rate: arguments.rate,
        adapt_seeds: arguments.adapt_seeds,
        threads,
        callers: setting::callers(places, threads),
    }
}

/// The pilot size: the one that was typed, else the middle of the card's.
fn size(experiment: &Experiment, typed: Option<usize>) -> Result<usize> {
    if let Some(size) = typed {
        return Ok(size);
    }
    let sizes = &experiment.card.design.pilot_sizes;
    let middle = sizes.get(sizes.len() / 2).copied();
    middle.ok_or_else(|| Fault::usage("--size", "the card names no pilot sizes: give one"))
}

/// What is measured, as a run file: one experiment, the card's pilot sizes and this one.
fn run_file(arguments: &BenchArguments, experiment: &Experiment, size: usize) -> Result<RunFile> {
    let empty = RunFile::parse("(command line)", EMPTY.to_owned())?;
    let mut file = empty.clone();
    file.methods = Vec::new();
    if let Some(path) = &arguments.methods_from {
        file = RunFile::read(path)?;
    }
    let settings = arguments.settings.as_deref().map(table).transpose()?;
    if settings.is_some() && arguments.backends.len() != 1 {
        let fault = Fault::usage("--settings", "is for exactly one BACKEND");
        return Err(fault.hint("several with settings stand in a run file: --methods-from"));
    }
    for backend in &arguments.backends {
        let spec = MethodSpec {
            name: None,
            backend: backend.clone(),
            adapter: Adapter::default(),
            settings: settings.clone().unwrap_or_default(),
            sizes: None,
        };
        file.detailed_methods.push(Spanned::new(0..0, spec));
    }
    for method in &mut file.detailed_methods {
        method.get_mut().sizes = None;
    }
    let mut sizes: BTreeSet<usize> = experiment.card.design.pilot_sizes.iter().copied().collect();
    sizes.insert(size);
    file.name = empty.name;
    file.experiments = vec![arguments.experiment.clone()];
    file.sizes = Sizes::List(sizes.into_iter().map(Size::Count).collect());
    file.strategies = vec![Strategy::Random];
    file.seeds = Seeds::Count(arguments.adapt_seeds as u32);
    file.held_out = arguments.people.map_or(HeldOut::All, HeldOut::AtMost);
    file.leaderboard = LeaderboardSpec::default();
    file.metrics = empty.metrics;
    file.detailed_metrics = Vec::new();
    Ok(file)
}

/// Settings as a run file has them.
fn table(json: &str) -> Result<toml::Table> {
    let wrong = |e: &dyn std::fmt::Display| {
        Fault::usage("--settings", format!("not a JSON object of settings: {e}"))
            .hint("such as '{\"model\": \"smollm2-135m\"}'")
    };
    let value: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).map_err(|e| wrong(&e))?;
    toml::Table::try_from(value).map_err(|e| wrong(&e))
}

/// A service may charge for each of very many requests.
fn check_services(plugins: &Plugins, file: &RunFile, has_no_cap: bool) -> Result<()> {
    for method in file.all_methods() {
        let backend = &method.get_ref().backend;
        // A backend that is not there is said when the plan is made.
        let Ok((library, _)) = plugins.found().provider("backend", backend) else { continue };
        if library.needs.network && has_no_cap {
            let message = "asks a service, which may charge for each of very many requests";
            let place = format!("backend `{}`", backend.escape_debug());
            return Err(Fault::usage(place, message)
                .hint("--budget USD says what may be spent; `--budget 0` asks free ones alone"));
        }
    }
    Ok(())
}

fn print(arguments: &BenchArguments, report: &Report) -> Result<()> {
    match arguments.format {
        _ if arguments.json => output::print_json(report)?,
        BenchFormat::Markdown => output::print(&markdown(report)),
        BenchFormat::Terminal => output::print(&throughput::shown(report)),
    }
    Ok(())
}
