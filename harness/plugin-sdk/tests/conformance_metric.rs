//! Each breach of the contract by a metric fails the check that is about it, and no other.
#![allow(clippy::unwrap_used, reason = "a test may")]

use pilotbench_plugin_sdk::{
    prelude::*,
    testing::{self, Options, Report},
};
use std::{
    sync::{
        RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wrong {
    Nothing,
    Undescribed,
    Item,
    Twice,
    Both,
    Range,
    Resamples,
    People,
    Empty,
    Pilot,
    Counter,
    Order,
    Weights,
    Direction,
    Optimum,
    Deaf,
    Progress,
    Leak,
    Groups,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    wrong: Wrong,
}

/// The share of equal answers and the ratio of answered ones, with one thing wrong.
struct Faulty {
    wrong: Wrong,
    calls: AtomicU64,
}

impl Metric for Faulty {
    const NAME: &'static str = "faulty";
    type Config = Settings;

    fn describe() -> MetricInfo {
        let score = |name, better| ScoreInfo::new(name, Heading::Individual, better, "a score");
        MetricInfo {
            summary: "one thing wrong".into(),
            scores: vec![
                score("right", Better::Higher).range(0.0, 1.0),
                score("ratio", Better::At(1.0)).at_least(0.0),
                score("wrong_way", Better::Lower),
            ],
        }
    }

    fn open(settings: Settings) -> Result<Self> {
        Ok(Self { wrong: settings.wrong, calls: AtomicU64::new(0) })
    }

    fn evaluate(
        &self,
        input: &Evaluation,
        table: &mut MetricTable,
        control: &Control,
    ) -> Result<()> {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        self.misbehave(input, control)?;
        let pairs = input.pairs();
        let width = input.human_weights.width();
        let (mut right, mut asked) = (vec![0.0; width], vec![0.0; width]);
        for (human, simulated) in &pairs {
            let both = (input.human.answer(*human, 0), input.simulated.answer(*simulated, 0));
            let (Some(truth), Some(answer)) = both else { continue };
            for (index, weight) in input.human_weights.row(*human).iter().enumerate() {
                asked[index] += f64::from(*weight);
                right[index] += f64::from(*weight) * f64::from(u8::from(truth == answer));
            }
        }
        let mut values: Vec<Result<f64>> = right
            .iter()
            .zip(&asked)
            .map(|(right, asked)| match *asked > 0.0 {
                true => Ok(right / asked),
                false => Err(Error::computation("nobody answered")),
            })
            .collect();
        let humans = input.human.len();
        let people = if self.wrong == Wrong::People { humans + 1 } else { humans };
        match self.wrong {
            Wrong::Resamples => values.truncate(3),
            Wrong::Counter => values[0] = Ok(1.0 / (2.0 + calls as f64)),
            Wrong::Order if humans > 0 => {
                let first = input.human.id(0).bytes().map(f64::from).sum::<f64>();
                values = vec![values[0].clone().map(|value| value / first)];
            }
            Wrong::Weights => values[1] = Ok(0.5),
            _ => {}
        }
        let defined = values[0].is_ok();
        let plain = values[0].clone();
        table.score("right").people(people, input.simulated.len()).values(values);
        let row = table.score("ratio").people(humans, input.simulated.len());
        let optimum = if self.wrong == Wrong::Optimum { 1.01 } else { 1.0 };
        match defined {
            true => row.value(optimum),
            false => row.undefined("nobody answered"),
        }
        self.more(input, plain, table);
        Ok(())
    }
}

impl Faulty {
    fn misbehave(&self, input: &Evaluation, control: &Control) -> Result<()> {
        match self.wrong {
            Wrong::Deaf if input.human.len() > 180 => {
                std::thread::sleep(Duration::from_millis(2_500));
            }
            Wrong::Progress => control.progress(1.5, "too far")?,
            Wrong::Leak => std::mem::forget(vec![1_u8; 1 << 19]),
            Wrong::Pilot => assert!(!input.pilot.is_empty(), "no pilot"),
            Wrong::Empty => assert!(!input.human.is_empty(), "nobody"),
            Wrong::Groups => {
                for group in input.groups() {
                    assert!(input.human.len() < 20 || !group.rows(&input.human).is_empty());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Rows that the builder does not write wrongly by itself.
    fn more(&self, input: &Evaluation, value: Result<f64>, table: &mut MetricTable) {
        let (humans, simulated) = (input.human.len(), input.simulated.len());
        let row = |table: &mut MetricTable, score: &str, value: f64| {
            table.score(score).people(humans, simulated).value(value);
        };
        match self.wrong {
            Wrong::Undescribed => row(table, "surprise", 1.0),
            Wrong::Twice => row(table, "ratio", 1.0),
            Wrong::Direction => match value {
                Ok(value) => row(table, "wrong_way", value),
                Err(_) => table.score("wrong_way").undefined("nobody answered"),
            },
            Wrong::Range => {
                let group = &input.groups()[0];
                let item = Some(input.experiment.items[0].id.as_str());
                let value = Resampled::point(-0.5);
                table.push(Row { score: "right", item, group, value, n_human: 1, n_simulated: 1 });
            }
            Wrong::Item => {
                let group = &Group::everybody();
                let value = Resampled::point(0.5);
                let item = Some("no such item");
                table.push(Row { score: "right", item, group, value, n_human: 1, n_simulated: 1 });
            }
            Wrong::Both => table.score("wrong_way").people(humans, simulated).undefined(" "),
            _ => {}
        }
    }
}

/// Memory is that of the process: nothing else is checked while something leaks.
static MEMORY: RwLock<()> = RwLock::new(());

fn report(wrong: &str) -> Report {
    let (_alone, _beside) = match wrong {
        "leak" => (Some(MEMORY.write().unwrap()), None),
        _ => (None, Some(MEMORY.read().unwrap())),
    };
    let options = Options { rows: 100, calls: 100, people: 200 };
    testing::check_metric_with::<Faulty>(&format!("{{\"wrong\": \"{wrong}\"}}"), options)
}

#[test]
fn nothing_wrong_conforms() {
    let report = report("nothing");
    report.assert_conforms();
    assert_eq!(report.verdict(), "conforms: 30 of 31 checks passed, 1 skipped");
}

#[test]
fn each_breach_fails_its_check() {
    let cases: [(&str, &[&str]); 17] = [
        ("undescribed", &["metric.rows.described"]),
        ("item", &["metric.rows.described"]),
        ("twice", &["metric.rows.once"]),
        ("both", &["metric.rows.valued"]),
        ("range", &["metric.rows.range"]),
        ("resamples", &["metric.rows.resamples"]),
        ("people", &["metric.rows.people"]),
        ("empty", &["metric.people.none"]),
        ("pilot", &["metric.people.pilot"]),
        ("groups", &["metric.people.group"]),
        ("counter", &["metric.same.twice"]),
        ("order", &["metric.same.order"]),
        ("weights", &["metric.same.weights"]),
        ("direction", &["metric.best.itself"]),
        ("optimum", &["metric.best.itself"]),
        ("progress", &["metric.progress"]),
        ("leak", &["metric.memory"]),
    ];
    for (wrong, expected) in cases {
        let report = report(wrong);
        assert_eq!(report.failed(), expected, "{wrong}: {}", report.text());
    }
}

#[test]
fn a_call_must_end_when_told_to() {
    assert_eq!(report("deaf").failed(), ["metric.cancel.during"]);
}

/// Describes scores that tables cannot hold.
struct Careless;

impl Metric for Careless {
    const NAME: &'static str = "careless";
    type Config = NoConfig;
    fn describe() -> MetricInfo {
        let score = ScoreInfo::new("fine", Heading::Marginal, Better::At(2.0), "out of range");
        MetricInfo { summary: "careless".into(), scores: vec![score.range(0.0, 1.0)] }
    }
    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }
    fn evaluate(&self, _: &Evaluation, _: &mut MetricTable, _: &Control) -> Result<()> {
        Ok(())
    }
}

#[test]
fn descriptions_are_looked_at() {
    let _beside = MEMORY.read().unwrap();
    let report = testing::check_metric::<Careless>("{}");
    assert_eq!(report.failed(), ["metric.describes.itself", "metric.rows.columns"]);
    assert!(report.text().contains("score `fine` is best at 2, outside of 0.0 to 1.0"));
}
