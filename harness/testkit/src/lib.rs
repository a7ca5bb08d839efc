//! A plugin that breaks the contract, or its process, on demand; and where the tiny experiment lies.

mod crash;
pub mod service;

pub use crash::{At, Crash, CrashConfig, How};
use pilotbench_plugin_sdk::prelude::*;
use std::path::PathBuf;

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
}

/// Settings of [`Stress`].
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StressConfig {
    /// How to misbehave.
    pub fault: Fault,
}

/// A backend that misbehaves; without fault it answers like `uniform`.
pub struct Stress(Fault);

impl Backend for Stress {
    const NAME: &'static str = "stress";
    type Config = StressConfig;
    type Adapted = u64;

    fn describe() -> BackendInfo {
        BackendInfo::new("misbehaves as told").needs_messages()
    }

    fn open(config: StressConfig) -> Result<Self> {
        Ok(Self(config.fault))
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<u64> {
        match self.0 {
            Fault::PanicInAdapt => panic!("told to panic in adapt"),
            Fault::PanicSometimes if pilot.seed.is_multiple_of(2) => {
                panic!("told to panic sometimes")
            }
            Fault::Fails => Err(Error::Computation("told to fail".into())),
            _ => Ok(pilot.seed),
        }
    }

    fn respond(&self, _: &u64, asked: &Requests, answers: &mut Answers, _: &Control) -> Result<()> {
        match self.0 {
            Fault::PanicInRespond => panic!("told to panic in respond"),
            Fault::Sleeps => std::thread::sleep(std::time::Duration::from_millis(50)),
            _ => {}
        }
        for row in 0..asked.len() {
            self.answer(row, asked, answers);
        }
        Ok(())
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
            _ => answers.probabilities(id, &even),
        }
    }
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
    needs: ["env:PILOTBENCH_TESTKIT_DESCRIBE", "env:PILOTBENCH_TESTKIT_SHARED"],
}
