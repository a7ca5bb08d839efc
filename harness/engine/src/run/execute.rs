use super::{
    commit::{Broken, Committer, Ready},
    given_up::GivenUp,
    replicate::{self, Session},
    tellers::Tellers,
};
use crate::{
    cache::{Cache, Known},
    experiment::Experiment,
    fault::{Fault, FaultKind, Result},
    plan::{HOST_ADAPTERS, LearnsFrom, Plan, PlannedMethod, Replicate},
    plugin::Plugins,
    record::{Journal, Manifest, Record},
};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// Where progress is shown.
pub trait Progress: Sync {
    /// Work begins: replicates to do, replicates done earlier.
    fn begin(&self, to_do: usize, done: usize);
    /// A replicate is committed, with so many answers.
    fn committed(&self, answers: usize);
    /// A replicate failed.
    fn failed(&self, replicate: &Replicate, fault: &Fault);
}

/// What an execution did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Replicates of the plan.
    pub planned: usize,
    /// Committed before.
    pub earlier: usize,
    /// Committed now.
    pub committed: usize,
    /// Failed now.
    pub failed: usize,
    /// Whether the work was stopped before its end.
    pub interrupted: bool,
    /// Methods whose other replicates were left for later, by name.
    pub given_up: Vec<GivenUp>,
}

/// Executes what is left of a plan. `stop` ends it after the replicates in hand.
///
/// # Errors
/// When the store or the loading of a plugin fails; a replicate's own failure is recorded instead.
pub fn execute(
    plan: &Plan,
    experiments: &[Experiment],
    plugins: &Plugins,
    record: &Record,
    cache: Option<&Cache>,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Result<Outcome> {
    let mut pending = Vec::new();
    for replicate in &plan.replicates {
        if record.manifest(replicate)?.is_none() {
            pending.push(replicate);
        }
    }
    // Replicates of the same people follow each other: a backend that keeps what it computed for
    // some words finds them again.
    pending.sort_by_key(|replicate| (experiment_at(plan, replicate), replicate.seed));
    let mut outcome = Outcome {
        planned: plan.replicates.len(),
        earlier: plan.replicates.len() - pending.len(),
        ..Outcome::default()
    };
    progress.begin(pending.len(), outcome.earlier);
    let sessions = Sessions::open(plan, plugins, cache, &pending)?;
    let journal = Journal::open(record.root())?;
    journal.note("begin", "", &format!("{} replicates to do", pending.len()));
    let tellers = Tellers::new(record, &journal, progress);
    let on_commit = |manifest: &Manifest| tellers.committed(manifest);
    let (receiver, broken) = (Mutex::default(), Broken::default());
    std::thread::scope(|scope| {
        let committer = Committer::start(scope, record, &receiver, &broken, &on_commit);
        let one = |replicate: &Replicate| {
            if tellers.leaves(replicate) {
                return;
            }
            match guarded(plan, experiments, replicate, &sessions, stop) {
                Ok((manifest, answers)) => committer.send(Ready { manifest, answers }),
                // A plugin that says so unasked has failed.
                Err(fault) if is_stopped(&fault, stop) => {}
                Err(fault) => {
                    tellers.failed(replicate, &fault).unwrap_or_else(|f| broken.set(f));
                }
            }
        };
        // Each thread takes the next one, so that they are done in their order.
        let next = AtomicUsize::new(0);
        rayon::broadcast(|_| {
            while let Some(replicate) = pending.get(next.fetch_add(1, Ordering::Relaxed)) {
                if stop.load(Ordering::Relaxed) || broken.is_set() {
                    return;
                }
                one(replicate);
            }
        });
    });
    for session in sessions.0.values() {
        if let Some(known) = &session.known {
            // Answers that are not kept are asked for again, no more.
            known.write().unwrap_or_else(|fault| journal.note("cache", "", &fault.message));
        }
    }
    broken.into_result()?;
    tellers.end(&mut outcome, pending.len());
    journal.note("end", "", &format!("{} committed, {} failed", outcome.committed, outcome.failed));
    Ok(outcome)
}

/// The place of a replicate's experiment in the plan.
fn experiment_at(plan: &Plan, replicate: &Replicate) -> Option<usize> {
    plan.experiments.iter().position(|experiment| experiment.id == replicate.experiment)
}

fn is_stopped(fault: &Fault, stop: &AtomicBool) -> bool {
    fault.kind == FaultKind::Interrupted && stop.load(Ordering::Relaxed)
}

/// One open backend per method, shared by all threads.
struct Sessions<'a>(BTreeMap<&'a str, Session>);

impl<'a> Sessions<'a> {
    fn open(
        plan: &'a Plan,
        plugins: &Plugins,
        cache: Option<&Cache>,
        pending: &[&Replicate],
    ) -> Result<Self> {
        let mut sessions: BTreeMap<&str, Session> = BTreeMap::new();
        let mut known: Vec<(&PlannedMethod, Arc<Known>)> = Vec::new();
        for method in &plan.methods {
            if pending.iter().any(|replicate| replicate.method == method.name) {
                let wanted = plugins.wanted(&method.facts.plugin, &method.backend)?;
                let backend = plugins.open_backend(&wanted, &method.settings)?;
                check_unchanged(method, &plugins.provenance(&wanted, &method.settings)?)?;
                let plugin = plugins.current(&method.facts.plugin)?;
                let isolation = plugins.isolation(&plugin);
                let cache = cache.filter(|_| is_frozen(method));
                let known = cache.map(|cache| shared(&mut known, method, cache));
                let session = Session { backend, known, plugin, isolation };
                sessions.insert(method.name.as_str(), session);
            }
        }
        Ok(Self(sessions))
    }
}

/// Answers of one plan come from one model: what the opened backend says of it is what it said then.
fn check_unchanged(method: &PlannedMethod, now: &BTreeMap<String, String>) -> Result<()> {
    let then = &method.facts.provenance;
    let names = then.keys().chain(now.keys());
    let Some(name) = names.into_iter().find(|name| then.get(*name) != now.get(*name)) else {
        return Ok(());
    };
    let shown = |facts: &BTreeMap<String, String>| {
        facts.get(name).map_or("nothing".to_owned(), |value| format!("`{value}`"))
    };
    let message = format!(
        "method `{}` has changed since the plan was made: its {name} is {} and was {}",
        method.name,
        shown(now),
        shown(then)
    );
    Err(Fault::usage("", message).hint("put it back, or start a new run: `pilotbench run`"))
}

/// Whether a method's backend says the same to the same words, whatever the pilot.
fn is_frozen(method: &PlannedMethod) -> bool {
    let facts = &method.facts;
    let by_host = HOST_ADAPTERS.contains(&method.adapter.name.as_str());
    let learns_nothing = facts.learns_from == LearnsFrom::Nothing || by_host;
    learns_nothing && facts.deterministic && facts.needs_messages
}

/// What is known of a method's backend; methods of the same backend and settings share it.
fn shared<'a>(
    known: &mut Vec<(&'a PlannedMethod, Arc<Known>)>,
    method: &'a PlannedMethod,
    cache: &Cache,
) -> Arc<Known> {
    let same = |other: &PlannedMethod| {
        (&other.backend, &other.settings, &other.facts.plugin)
            == (&method.backend, &method.settings, &method.facts.plugin)
    };
    if let Some((_, of_same)) = known.iter().find(|(other, _)| same(other)) {
        return Arc::clone(of_same);
    }
    let fresh = Arc::new(cache.of(method));
    known.push((method, Arc::clone(&fresh)));
    fresh
}

/// Runs a replicate; a panic of ours fails it and not the run.
fn guarded(
    plan: &Plan,
    experiments: &[Experiment],
    replicate: &Replicate,
    sessions: &Sessions,
    stop: &AtomicBool,
) -> Result<(Manifest, Vec<u8>)> {
    let experiment = experiments.iter().find(|e| e.id() == replicate.experiment);
    let method = plan.method(&replicate.method);
    let session = sessions.0.get(replicate.method.as_str());
    let (Some(experiment), Some(method), Some(session)) = (experiment, method, session) else {
        return Err(Fault::usage(&replicate.id, "the plan names what is not there"));
    };
    let run = || replicate::run(plan, experiment, method, replicate, session, stop);
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(Fault::plugin(&replicate.id, "the host panicked; see the message above"))
    })
}
