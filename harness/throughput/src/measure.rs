//! All methods of a plan are measured by turns: what the machine does meanwhile falls on all alike.

use crate::{
    counters::Counters,
    machine::Machine,
    peak, processes,
    repeats::{self, Found},
    requests::Requests,
    result::{Adapt, Latency, Measured, Memory, Method, Offline, Peak, Report, SCHEMA, Server},
    round::{Course, Once, Round, latencies, passes},
    scenario::Timed,
    settings::Settings,
    spread::Number,
    validity::Judged,
};
use pilotbench_engine::{
    experiment::Experiment,
    fault::{Fault, FaultKind, Result},
    identity,
    plan::{LearnsFrom, Plan, PlannedMethod, Replicate},
    plugin::{BackendSession, Plugins},
    run::{Participants, Taught, participants, taught},
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// What is measured, and how.
pub struct Bench<'a> {
    /// One experiment, all pilot sizes, seeds 1, 2, … of the settings.
    pub plan: &'a Plan,
    /// Its experiment.
    pub experiment: &'a Experiment,
    /// Pilot size at which methods answer.
    pub size: usize,
    /// Rules.
    pub settings: &'a Settings,
    /// Name of the result; made of what was measured unless given.
    pub name: Option<&'a str>,
    /// Where the plugins are; none of these runs.
    pub plugins: &'a Plugins,
    /// Is told how many steps there will be.
    pub steps: &'a dyn Fn(usize),
    /// Is told that one is done.
    pub step: &'a dyn Fn(),
    /// Ends the work.
    pub stop: &'a AtomicBool,
}

/// A backend that was just opened, alone in its process.
struct Opened {
    backend: Arc<dyn BackendSession>,
    isolation: String,
    took: Duration,
    _plugins: Plugins,
}

/// A method and what was found of it so far.
struct Subject<'a> {
    method: &'a PlannedMethod,
    replicate: &'a Replicate,
    participants: Participants,
    requests: Requests,
    isolation: String,
    declares_reuse: bool,
    once: bool,
    rate: Option<f64>,
    rounds: Vec<Round>,
}

/// Measures every method of a plan.
///
/// # Errors
/// When a rule gives no number, the plan lacks a method at this size, or a backend fails.
pub fn measure(bench: &Bench) -> Result<Report> {
    let Bench { plan, experiment, settings, .. } = *bench;
    settings.check()?;
    let learning: usize = plan.methods.iter().map(|method| bench.lessons(method).len()).sum();
    (bench.steps)(plan.methods.len() * (settings.runs + 1) + learning);
    let subjects = plan.methods.iter().map(|method| bench.subject(method));
    let mut subjects: Vec<Subject> = subjects.collect::<Result<_>>()?;
    let machine = Machine::this();
    let mut peaks = Vec::new();
    for number in 1..=settings.runs {
        peaks.push(peak::Peak::measure(machine.threads));
        for subject in &mut subjects {
            bench.round(number, subject)?;
            (bench.step)();
        }
    }
    let identity = identity::sha256_of(&(SCHEMA, plan.identity(), bench.size, settings));
    let name = bench.name.map_or_else(|| format!("bench-{}", &identity[..12]), str::to_owned);
    let methods = subjects.into_iter().map(|subject| {
        let adapt = bench.adapt(subject.method)?;
        Ok(subject.measured(&peaks, adapt))
    });
    Ok(Report {
        schema: SCHEMA.to_owned(),
        pilotbench: env!("CARGO_PKG_VERSION").to_owned(),
        name,
        identity,
        experiment: experiment.id().to_owned(),
        synthetic: experiment.is_synthetic(),
        table_sha256: experiment.card.table.sha256.clone(),
        machine,
        settings: settings.clone(),
        methods: methods.collect::<Result<_>>()?,
        peak: Peak {
            multiply_adds_per_s: Number::of(peaks.iter().map(|p| p.multiply_adds).collect()),
            read_bytes_per_s: Number::of(peaks.iter().map(|p| p.bytes).collect()),
        },
    })
}

impl Bench<'_> {
    /// The replicate whose requests are made: a method that does not learn from pilots has it at 0.
    fn replicate(&self, method: &PlannedMethod) -> Result<&Replicate> {
        let size = if method.facts.learns_from.uses_pilot() { self.size } else { 0 };
        let mut fitting = self.plan.replicates.iter();
        let found = fitting.find(|r| r.method == method.name && r.size == size && r.seed == 1);
        found.ok_or_else(|| {
            let left = self.plan.left_out.iter().find(|left| left.method == method.name);
            let why = left.map_or("the plan lacks it", |left| left.reason.as_str());
            let message = format!("cannot be measured at a pilot of {size}: {why}");
            Fault::usage(format!("method `{}`", method.name), message)
                .hint("--size asks for another pilot")
        })
    }

    fn open(&self, method: &PlannedMethod) -> Result<Opened> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Fault::new(FaultKind::Interrupted, "", "was stopped"));
        }
        let plugins = self.plugins.again();
        let wanted = plugins.wanted(&method.facts.plugin, &method.backend)?;
        let began = Instant::now();
        let backend = plugins.open_backend(&wanted, &method.settings)?;
        let took = began.elapsed();
        let isolation = plugins.isolation(&method.facts.plugin);
        Ok(Opened { backend, isolation, took, _plugins: plugins })
    }

    /// Teaches a method that was just opened, and has `work` ask it.
    fn taught<T>(
        &self,
        of: (&PlannedMethod, &Replicate),
        people: &Participants,
        opened: &Opened,
        work: impl FnOnce(Taught) -> Result<T>,
    ) -> Result<T> {
        let backend = &*opened.backend;
        taught(self.experiment, of, people, (backend, backend), self.stop, work)
    }

    /// Scores a method, untimed, and keeps what was asked and answered.
    fn subject<'b>(&'b self, method: &'b PlannedMethod) -> Result<Subject<'b>> {
        let replicate = self.replicate(method)?;
        let people = participants(self.plan, self.experiment, method, replicate)?;
        let opened = self.open(method)?;
        let requests = self.taught((method, replicate), &people, &opened, |taught| {
            Requests::recorded(&taught, &*opened.backend, self.stop)
        })?;
        let declares_reuse = Counters::of(&*opened.backend)?.reused.is_some();
        let suspect = declares_reuse
            || repeats::is_suspect(self.look(method, replicate, &people, &requests)?);
        (self.step)();
        Ok(Subject {
            method,
            replicate,
            participants: people,
            requests,
            isolation: opened.isolation.clone(),
            declares_reuse,
            once: suspect,
            rate: self.settings.rate,
            rounds: Vec::new(),
        })
    }

    /// A first look for a cache, in a session that was asked nothing.
    fn look(
        &self,
        method: &PlannedMethod,
        replicate: &Replicate,
        people: &Participants,
        requests: &Requests,
    ) -> Result<Found> {
        let opened = self.open(method)?;
        self.taught((method, replicate), people, &opened, |taught| {
            let asking = crate::asking::Asking::new(&*opened.backend, taught.handle, self.stop);
            repeats::probe(&asking, &requests.warm_up)
        })
    }

    fn round(&self, number: usize, subject: &mut Subject) -> Result<()> {
        let forgotten = processes::forget_peak();
        let opened = self.open(subject.method)?;
        let Subject { method, replicate, participants, requests, once, rate, .. } = subject;
        let mut course = Course { settings: self.settings, requests, rate: *rate, once: *once };
        let round = self.taught((method, replicate), participants, &opened, |taught| {
            course.run(number, &*opened.backend, &taught, opened.took, self.stop)
        })?;
        *rate = course.rate;
        let host_bytes = forgotten.and(round.host_bytes.clone());
        subject.rounds.push(Round { host_bytes, ..round });
        Ok(())
    }

    /// The replicates for which learning is timed: every pilot size and seed.
    fn lessons(&self, method: &PlannedMethod) -> Vec<&Replicate> {
        let learns = !matches!(method.facts.learns_from, LearnsFrom::Nothing | LearnsFrom::Law);
        let all = self.plan.replicates.iter();
        all.filter(|replicate| learns && replicate.method == method.name).collect()
    }

    /// Times learning, each in a session of its own: what was computed for a smaller pilot would serve
    /// a larger one.
    fn adapt(&self, method: &PlannedMethod) -> Result<Vec<Adapt>> {
        let lessons = self.lessons(method);
        let sizes: BTreeSet<usize> = lessons.iter().map(|replicate| replicate.size).collect();
        let mut adapt = Vec::new();
        for size in sizes {
            let mut seconds = Vec::new();
            for replicate in lessons.iter().filter(|replicate| replicate.size == size) {
                let people = participants(self.plan, self.experiment, method, replicate)?;
                let opened = self.open(method)?;
                let took = self.taught((method, *replicate), &people, &opened, |t| Ok(t.took))?;
                seconds.push(took.as_secs_f64());
                (self.step)();
            }
            adapt.push(Adapt { size, seconds: Number::of(seconds) });
        }
        if adapt.is_empty() {
            let seconds = Number::undefined("it learns from nobody");
            adapt.push(Adapt { size: 0, seconds });
        }
        Ok(adapt)
    }
}

impl Subject<'_> {
    fn measured(self, peaks: &[peak::Peak], adapt: Vec<Adapt>) -> Measured {
        let all = |of: &dyn Fn(&Round) -> Once| Number::of_all(self.rounds.iter().map(of));
        let known = |of: &dyn Fn(&Round) -> f64| Number::of(self.rounds.iter().map(of).collect());
        let shares =
            self.rounds.iter().zip(peaks).map(|(round, peak)| {
                round.multiply_adds_per_s().map(|done| done / peak.multiply_adds)
            });
        let offline = Offline {
            answers_per_s: known(&|round| round.offline.rate()),
            prompt_tokens_per_s: all(&|round| round.per_second(&round.counted.prompt_tokens)),
            generated_tokens_per_s: all(&|r| r.per_second(&r.counted.completion_tokens)),
            cpu_s_per_1000: all(&|round| round.per_thousand(&round.cpu_s)),
            joules_per_1000: all(&|round| round.per_thousand(&round.joules)),
            peak_share: Number::of_all(shares),
            distinct: self.requests.offline.len(),
            passes: known(&|round| passes(&round.offline, &self.requests.offline)),
        };
        let judged = Judged {
            rounds: &self.rounds,
            deterministic: self.method.facts.deterministic,
            declares_reuse: self.declares_reuse,
            once: self.once,
            rate: self.rate.unwrap_or(0.0),
            distinct: offline.distinct,
        };
        let validity = judged.validity();
        Measured {
            method: Method::of(self.method),
            isolation: self.isolation.clone(),
            size: self.replicate.size,
            seed: self.replicate.seed,
            replicate: self.replicate.id.clone(),
            load_s: known(&|round| round.load_s),
            adapt,
            offline,
            single_stream: latency(self.rounds.iter().map(|round| &round.single)),
            server: Server {
                rate: self.rate.unwrap_or(0.0),
                latency: latency(self.rounds.iter().map(|round| &round.served.timed)),
                kept_up: self.rounds.iter().filter(|round| round.served.kept_up).count(),
            },
            memory: Memory {
                workers_bytes: all(&|round| round.workers_bytes.clone()),
                host_bytes: all(&|round| round.host_bytes.clone()),
            },
            validity,
        }
    }
}

fn latency<'a>(runs: impl Iterator<Item = &'a Timed> + Clone) -> Latency {
    let rates = runs.clone().map(Timed::rate).collect();
    let [p50_ms, p90_ms, p99_ms] = latencies(runs).map(Number::of_all);
    Latency { p50_ms, p90_ms, p99_ms, answers_per_s: Number::of(rates) }
}
