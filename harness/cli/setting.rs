//! Where things are: data, results, plugins, run files.

use crate::{
    arguments::{Chosen, Isolation, Places, SandboxLevel},
    conditions::{self, Conditions, Variables},
};
use pilotbench_engine::{
    experiment::{self, Experiment},
    fault::{Fault, Result},
    plan::{self, HOST_ADAPTERS, Plan, RunFile},
    plugin::{
        Executor, Plugins, Search,
        worker::{Sandbox, WorkerSettings},
    },
    record::Record,
    run,
};
use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

/// The run that is done when no run file is there.
const EMBEDDED: &str = include_str!("default.toml");
/// The run file looked for in the working folder.
pub(crate) const USUAL: &str = "pilotbench.toml";

/// Reads the run file: the one given, else `pilotbench.toml` here, else the embedded default.
pub(crate) fn run_file(given: Option<&Path>) -> Result<RunFile> {
    match given {
        Some(path) => RunFile::read(path),
        None if Path::new(USUAL).is_file() => RunFile::read(Path::new(USUAL)),
        None => embedded(),
    }
}

/// The run file that is done when none is there.
pub(crate) fn embedded() -> Result<RunFile> {
    RunFile::parse("(embedded default)", EMBEDDED.to_owned())
}

/// Finds plugins, without loading any.
pub(crate) fn plugins(places: &Places) -> Result<Plugins> {
    plugins_under(places, &Conditions::default())
}

/// The same, to work under these conditions.
pub(crate) fn plugins_under(places: &Places, conditions: &Conditions) -> Result<Plugins> {
    // Before any file is opened: a descriptor that the user forgot to open is nobody else's yet.
    let mut variables = conditions::keys(places)?;
    variables.extend(conditions.variables.clone());
    let executor = executor(&places.isolation, variables)?;
    let found = Search::usual(places.plugin.clone()).run()?;
    Ok(Plugins::new(found, executor))
}

/// Calls at a time: as many as were asked for with this first, else as there are cores.
pub(crate) fn threads(asked: Option<u16>) -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    *THREADS.get_or_init(|| asked.map_or_else(cores, usize::from))
}

/// Who calls plugins with so many threads. While a worker works its caller waits: with workers there
/// are twice as many callers, so that no core does.
pub(crate) fn callers(places: &Places, threads: usize) -> usize {
    if places.isolation.in_process { threads } else { 2 * threads }
}

/// Where plugins run.
fn executor(isolation: &Isolation, variables: Variables) -> Result<Executor> {
    if isolation.in_process {
        return Ok(Executor::InProcess);
    }
    let executable = std::env::current_exe().map_err(|e| Fault::usage("pilotbench", e))?;
    let mut settings = WorkerSettings::new(executable);
    settings.threads = threads(None);
    settings.variables = variables;
    settings.sandbox = sandbox(isolation);
    let patience = Duration::try_from_secs_f64(isolation.patience);
    settings.patience = patience.map_err(|e| Fault::usage("--patience", e))?;
    if let Some(memory) = memory(isolation)? {
        settings.memory = memory;
    }
    Ok(Executor::Workers(settings))
}

/// How far processes are shut in.
pub(crate) fn sandbox(isolation: &Isolation) -> Sandbox {
    match isolation.sandbox {
        SandboxLevel::Require => Sandbox::Require,
        SandboxLevel::BestEffort => Sandbox::BestEffort,
        SandboxLevel::Off => Sandbox::Off,
    }
}

/// Bytes of address space that were asked for; `Some(None)`: without limit.
pub(crate) fn memory(isolation: &Isolation) -> Result<Option<Option<u64>>> {
    match isolation.memory {
        None => Ok(None),
        Some(0.0) => Ok(Some(None)),
        Some(gib) if gib > 0.0 && gib.is_finite() => {
            Ok(Some(Some((gib * f64::from(1 << 30)) as u64)))
        }
        Some(gib) => Err(Fault::usage("--memory", format!("{gib} is no amount of memory"))),
    }
}

/// Loads an experiment by name or path.
pub(crate) fn experiment(places: &Places, name: &str) -> Result<Experiment> {
    let folder = experiment::find(&places.datasets, name)?;
    Experiment::load(&folder)
        .map_err(|faults| faults.first().expect_err("loading failed for a reason"))
}

/// Expands a run file; the plan and its experiments.
pub(crate) fn plan(
    places: &Places,
    file: &RunFile,
    plugins: &Plugins,
) -> Result<(Plan, Vec<Experiment>)> {
    let mut experiments: Vec<Experiment> = Vec::new();
    for name in &file.experiments {
        let loaded = experiment(places, name).map_err(|fault| match fault.place.is_empty() {
            true => Fault { place: file.fault_at_key("experiments", "").place, ..fault },
            false => fault,
        })?;
        if experiments.iter().any(|other| other.id() == loaded.id()) {
            let message = format!("experiment `{}` stands twice", loaded.id());
            return Err(file.fault_at_key("experiments", message));
        }
        experiments.push(loaded);
    }
    let plan = plan::expand(
        file,
        &experiments,
        &|backend, settings, adapter| {
            let facts = plugins.backend_facts(backend, settings)?;
            let is_known = HOST_ADAPTERS.contains(&adapter.name.as_str())
                || facts.adapters.contains(&adapter.name);
            if let Some(first) = experiments.first().filter(|_| is_known) {
                let session = plugins.open_backend(backend, settings)?;
                run::check_adapter(adapter, first, &*session)?;
            }
            Ok(facts)
        },
        &|metric, settings| plugins.metric_facts(metric, settings),
    )?;
    Ok((plan, experiments))
}

/// The folder of a run given by name (below `results/runs`) or by path; without either the only one
/// there is.
pub(crate) fn run_folder(places: &Places, given: Option<&str>) -> Result<PathBuf> {
    let runs = places.results.join("runs");
    match given {
        Some(name) if Path::new(name).join("plan.json").is_file() => Ok(PathBuf::from(name)),
        Some(name) => {
            let exact = runs.join(name);
            if exact.join("plan.json").is_file() {
                return Ok(exact);
            }
            let mut fitting = run_folders(&runs);
            fitting.retain(|folder| folder_name(folder).starts_with(name));
            one(fitting, &format!("`{}`", name.escape_debug()), &runs)
        }
        None => one(run_folders(&runs), "a run", &runs),
    }
}

/// The only folder of a list.
fn one(mut fitting: Vec<PathBuf>, wanted: &str, runs: &Path) -> Result<PathBuf> {
    match (fitting.pop(), fitting.is_empty()) {
        (Some(folder), true) => Ok(folder),
        (None, _) => {
            let fault = Fault::usage(runs.display(), format!("{wanted} is not recorded here"));
            Err(fault.hint("`pilotbench status` lists the runs, `pilotbench run` makes one"))
        }
        (Some(last), false) => {
            fitting.push(last);
            let names: Vec<_> = fitting.iter().map(|f| folder_name(f)).collect();
            let fault = Fault::usage(runs.display(), "several runs fit; name one");
            Err(fault.hint(names.join(", ")))
        }
    }
}

/// Folders that hold a run, in order of name.
pub(crate) fn run_folders(runs: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(runs).into_iter().flatten();
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("plan.json").is_file())
        .collect();
    folders.sort();
    folders
}

/// Last part of a path.
pub(crate) fn folder_name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Human answers and plugins.
pub(crate) struct Sources {
    pub(crate) experiments: Vec<Experiment>,
    pub(crate) plugins: Plugins,
}

/// A recorded run with everything that is needed to go on with it.
pub(crate) struct Recorded {
    pub(crate) record: Record,
    pub(crate) plan: Plan,
    pub(crate) sources: Sources,
}

/// The folder that a run's folder lies in.
pub(crate) fn runs_of(folder: &Path) -> PathBuf {
    let real = folder.canonicalize();
    match (folder.file_name(), folder.parent(), &real) {
        (Some(_), Some(parent), _) => parent.to_owned(),
        (_, _, Ok(real)) => real.parent().unwrap_or(real).to_owned(),
        _ => folder.to_owned(),
    }
}

/// Opens a recorded run and checks that data and plugins are those it was made with.
pub(crate) fn recorded(places: &Places, chosen: &Chosen) -> Result<Recorded> {
    recorded_under(places, chosen, |_, _| Ok(Conditions::default())).map(|(recorded, _)| recorded)
}

/// The same, to go on under the conditions that follow from its run file and the folder of runs.
pub(crate) fn recorded_under(
    places: &Places,
    chosen: &Chosen,
    conditions: impl FnOnce(&RunFile, &Path) -> Result<Conditions>,
) -> Result<(Recorded, Conditions)> {
    let folder = run_folder(places, chosen.run.as_deref())?;
    let record = Record::open(&folder)?;
    let plan = record.plan()?;
    let run_file = RunFile::read(&folder.join("run.toml"))?;
    let experiments =
        pilotbench_engine::run::load_experiments(&plan, &places.datasets, &run_file.experiments)?;
    let conditions = conditions(&run_file, &runs_of(&folder))?;
    let plugins = plugins_under(places, &conditions)?;
    if !chosen.allow_changed_plugins {
        for facts in plan.plugins() {
            plugins.check_locked(facts)?;
        }
    }
    let recorded = Recorded { record, plan, sources: Sources { experiments, plugins } };
    Ok((recorded, conditions))
}
