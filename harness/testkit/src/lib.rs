//! A plugin that breaks the contract, or its process, on demand; and where the tiny experiment lies.

mod crash;
pub mod service;

pub use crash::{At, Crash, CrashConfig, How};
use pilotbench_plugin_sdk::prelude::*;
use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// Folder of the experiments of the test kit.
pub fn experiments() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("experiments")
}

/// How to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Fault {
    None,
    PanicInAdapt,
    PanicInRespond,
    /// Panics for about half of the seeds.
    PanicSometimes,
    FewAnswers,
    AnswersTwice,
    UnknownRequest,
    ChoiceTooLarge,
    SumTooLarge,
    NotANumber,
    WrongLength,
    Refuses,
    SpeaksWell,
    SpeaksBadly,
    Fails,
    Sleeps,
    /// Answers evenly but for a tenth, which the first option has more and the last less.
    Leans,
    /// Has no money for about half of the seeds, unless there is a budget of 2 US dollars.
    Budget,
    /// A service is gone for about half of the seeds.
    Unavailable,
    /// A service refuses the key for about half of the seeds.
    Denied,
    /// Gives receipts, and writes what it spends into the ledger, where there is one.
    Receipts,
    /// Gives receipts in two names.
    Drifts,
    /// Tells when it is opened which variables it finds.
    Tells,
    /// Takes 3 ms for a request that it was not asked before, and says nothing of that.
    Remembers,
    /// The same, and counts what it remembered.
    RemembersOpenly,
    /// From its fortieth call on it answers otherwise.
    Tires,
}

/// Settings of [`Stress`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StressConfig {
    /// How to misbehave.
    pub fault: Fault,
    /// A variable that it is given.
    #[serde(default)]
    pub variable: String,
}

/// A backend that misbehaves; without fault it answers like `uniform`.
pub struct Stress(Fault, Past);

/// What a backend that misbehaves was asked before.
#[derive(Default)]
struct Past {
    calls: AtomicU64,
    asked: Mutex<HashSet<String>>,
    reused: AtomicU64,
}

impl Backend for Stress {
    const NAME: &'static str = "stress";
    type Config = StressConfig;
    type Adapted = u64;

    fn describe() -> BackendInfo {
        BackendInfo::new("misbehaves as told").needs_messages()
    }

    fn open(config: StressConfig) -> Result<Self> {
        match config.fault {
            Fault::Tells => Err(Error::Computation(told(&config.variable))),
            fault => Ok(Self(fault, Past::default())),
        }
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<u64> {
        match self.0 {
            Fault::PanicInAdapt => panic!("told to panic in adapt"),
            Fault::PanicSometimes if pilot.seed.is_multiple_of(2) => {
                panic!("told to panic sometimes")
            }
            Fault::Fails => Err(Error::Computation("told to fail".into())),
            Fault::Receipts => spend().map(|()| pilot.seed),
            _ => Ok(pilot.seed),
        }
    }

    fn respond(
        &self,
        seed: &u64,
        asked: &Requests,
        answers: &mut Answers,
        _: &Control,
    ) -> Result<()> {
        let is_chosen = seed.is_multiple_of(2);
        match self.0 {
            Fault::Budget if is_chosen && !is_rich() => {
                return Err(Error::Budget("all is spent".into()));
            }
            Fault::Unavailable if is_chosen => {
                return Err(Error::Unavailable("the quota is exhausted".into()));
            }
            Fault::Denied if is_chosen => return Err(Error::Denied("the key is wrong".into())),
            Fault::PanicInRespond => panic!("told to panic in respond"),
            Fault::Sleeps => std::thread::sleep(std::time::Duration::from_millis(50)),
            _ => {}
        }
        let calls = self.1.calls.fetch_add(1, Ordering::Relaxed);
        for row in 0..asked.len() {
            if matches!(self.0, Fault::Remembers | Fault::RemembersOpenly) {
                self.1.remember(asked.messages(row).unwrap_or_default());
            }
            if self.0 == Fault::Tires && calls >= 40 {
                Self(Fault::Leans, Past::default()).answer(row, asked, answers);
                continue;
            }
            self.answer(row, asked, answers);
            let by = if self.0 == Fault::Drifts && is_chosen { "model-2" } else { "model-1" };
            if matches!(self.0, Fault::Receipts | Fault::Drifts) {
                let by = Some(by.to_owned());
                answers.receipt(Receipt {
                    prompt_tokens: 10,
                    completion_tokens: 1,
                    usd: Some(0.001),
                    by,
                });
            }
        }
        Ok(())
    }

    fn usage(&self) -> Usage {
        let reused = self.1.reused.load(Ordering::Relaxed);
        let reused = (self.0 == Fault::RemembersOpenly).then_some(reused);
        Usage { reused, ..Usage::default() }
    }
}

impl Past {
    fn remember(&self, question: &str) {
        let is_new = self.asked.lock().expect("nobody panics").insert(question.to_owned());
        match is_new {
            true => std::thread::sleep(std::time::Duration::from_millis(3)),
            false => drop(self.reused.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

impl Stress {
    fn answer(&self, row: usize, asked: &Requests, answers: &mut Answers) {
        let (id, levels) = (asked.request_id(row), &asked.item(row).levels);
        let even = vec![1.0 / levels.len() as f64; levels.len()];
        match self.0 {
            Fault::FewAnswers if row == 0 => {}
            Fault::AnswersTwice if row == 0 => {
                answers.probabilities(id, &even);
                answers.probabilities(id, &even);
            }
            Fault::UnknownRequest if row == 0 => answers.probabilities(1 << 40, &even),
            Fault::ChoiceTooLarge => answers.choice(id, levels.len()),
            Fault::SumTooLarge => answers.probabilities(id, &vec![1.0; levels.len()]),
            Fault::NotANumber => answers.log_probabilities(id, &vec![f64::NAN; levels.len()]),
            Fault::WrongLength => answers.probabilities(id, &[1.0]),
            Fault::Refuses if row.is_multiple_of(2) => {
                answers.refusal(id, "I would rather not say")
            }
            Fault::SpeaksWell => answers.text(id, &format!(" {}. ", levels[0].label)),
            Fault::SpeaksBadly => answers.text(id, "\u{1b}[31mhard to say"),
            Fault::Leans => {
                let mut leaning = even;
                leaning[0] += 0.1;
                leaning[levels.len() - 1] -= 0.1;
                answers.probabilities(id, &leaning);
            }
            _ => answers.probabilities(id, &even),
        }
    }
}

/// The variables that a host may set, and one more.
fn told(variable: &str) -> String {
    let names = ["BUDGET", "LEDGER", "REPLAY", "NO_CACHE", "ESTIMATE"];
    let names = names.map(|name| format!("PILOTBENCH_{name}"));
    let told = names.iter().map(String::as_str).chain([variable]);
    let told = told.map(|name| format!("{name} is {:?}", std::env::var(name).ok()));
    told.collect::<Vec<_>>().join(", ")
}

fn is_rich() -> bool {
    let budget = std::env::var("PILOTBENCH_BUDGET").ok().and_then(|usd| usd.parse::<f64>().ok());
    budget.is_some_and(|usd| usd >= 2.0)
}

/// Writes into the ledger that a thousandth of a US dollar is spent.
fn spend() -> Result<()> {
    let Some(path) = std::env::var_os("PILOTBENCH_LEDGER") else { return Ok(()) };
    let line = b"{\"nano_usd\": 1000000, \"for\": \"a replicate\"}\n";
    let file = std::fs::File::options().append(true).open(path);
    let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, line));
    written.map_err(|e| Error::Computation(format!("the ledger: {e}")))
}

/// Settings of [`StressMetric`].
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StressMetricConfig {
    /// Panics instead of scoring.
    #[serde(default)]
    pub panic: bool,
    /// Aborts instead of scoring.
    #[serde(default)]
    pub abort: bool,
    /// Reports a score that it did not describe.
    #[serde(default)]
    pub undescribed: bool,
}

/// A metric that misbehaves; well-behaved it counts the held-out people.
pub struct StressMetric(StressMetricConfig);

impl Metric for StressMetric {
    const NAME: &'static str = "stress-metric";
    type Config = StressMetricConfig;

    fn describe() -> MetricInfo {
        let score = ScoreInfo::new("people", Heading::Marginal, Better::Higher, "held-out people");
        MetricInfo { summary: "misbehaves as told".into(), scores: vec![score] }
    }

    fn open(config: StressMetricConfig) -> Result<Self> {
        Ok(Self(config))
    }

    fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
        assert!(!self.0.panic, "told to panic in evaluate");
        if self.0.abort {
            std::process::abort();
        }
        let people = input.human.len();
        table.push(Row {
            score: if self.0.undescribed { "surprise" } else { "people" },
            item: None,
            group: &Group::everybody(),
            value: Resampled::point(people as f64),
            n_human: people,
            n_simulated: input.simulated.len(),
        });
        Ok(())
    }
}

export_plugin! {
    name: "stress",
    backends: [Stress, Crash],
    metrics: [StressMetric],
    needs: [
        "env:PILOTBENCH_TESTKIT_DESCRIBE",
        "env:PILOTBENCH_TESTKIT_SHARED",
        "env:{variable}",
        "env:PILOTBENCH_BUDGET",
        "env:PILOTBENCH_LEDGER",
        "env:PILOTBENCH_REPLAY",
        "env:PILOTBENCH_NO_CACHE",
        "env:PILOTBENCH_ESTIMATE",
        "write:$PILOTBENCH_LEDGER",
    ],
}
