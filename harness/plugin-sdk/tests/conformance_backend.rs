//! Each breach of the contract by a backend fails the check that is about it, and no other.
#![allow(clippy::unwrap_used, reason = "a test may")]

use pilotbench_plugin_sdk::{
    prelude::*,
    testing::{self, Options, Outcome, Report},
};
use std::{
    sync::{
        RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wrong {
    Nothing,
    NeedsAPilotInSecret,
    NoSeedOfZero,
    Counter,
    Shared,
    ByRow,
    ByBatch,
    DeafBefore,
    Deaf,
    Progress,
    Usage,
    Leak,
    Labels,
    Missing,
    Panics,
    Positive,
    Cancels,
    LearnsNothing,
    AnyAdapter,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    wrong: Wrong,
}

/// A backend that answers by participant and seed, with one thing wrong.
struct Faulty {
    wrong: Wrong,
    calls: AtomicU64,
    last_seed: AtomicU64,
}

impl Backend for Faulty {
    const NAME: &'static str = "faulty";
    type Config = Settings;
    type Adapted = u64;

    fn describe() -> BackendInfo {
        BackendInfo::new("one thing wrong").adapter("again", "learns as it does without")
    }

    fn open(settings: Settings) -> Result<Self> {
        let (calls, last_seed) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { wrong: settings.wrong, calls, last_seed })
    }

    fn adapt(&self, pilot: &Pilot, control: &Control) -> Result<u64> {
        let offered = pilot.adapter().is_none_or(|adapter| adapter.name == "again");
        if !offered && self.wrong != Wrong::AnyAdapter {
            return Err(Error::config("adapter", "there is `again`"));
        }
        match self.wrong {
            Wrong::NeedsAPilotInSecret if pilot.people.is_empty() && pilot.adapter().is_none() => {
                return Err(Error::EmptyPilot);
            }
            Wrong::LearnsNothing if pilot.adapter().is_some() && pilot.people.is_empty() => {
                return Err(Error::EmptyPilot);
            }
            Wrong::NoSeedOfZero => assert!(pilot.seed != 0, "seed 0"),
            Wrong::Progress => {
                control.progress(0.7, "ahead")?;
                control.progress(0.2, "and back")?;
            }
            _ => {}
        }
        if self.wrong == Wrong::Counter {
            return Ok(self.calls.fetch_add(1, Ordering::Relaxed));
        }
        self.last_seed.store(pilot.seed, Ordering::Relaxed);
        Ok(pilot.seed)
    }

    fn respond(
        &self,
        seed: &u64,
        asked: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        self.misbehave(asked, control)?;
        for (row, request) in asked.iter().enumerate() {
            let seed = match self.wrong {
                Wrong::Shared => self.last_seed.load(Ordering::Relaxed),
                _ => *seed,
            };
            let place = match self.wrong {
                Wrong::ByRow => row as u64,
                Wrong::ByBatch => asked.len() as u64,
                _ => request.person().id().bytes().map(u64::from).sum(),
            };
            let levels = request.levels();
            let level = (place.wrapping_add(seed) % levels as u64) as usize;
            let mut logs = vec![f64::NEG_INFINITY; levels];
            logs[level] = 0.0;
            if self.wrong == Wrong::Positive {
                logs[level] = 1.0;
            }
            answers.log_probabilities(request.id(), &logs);
        }
        Ok(())
    }

    fn usage(&self) -> Usage {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        let requests = if self.wrong == Wrong::Usage { 100 - calls.min(100) } else { calls };
        Usage { requests, ..Usage::default() }
    }
}

impl Faulty {
    fn misbehave(&self, asked: &Requests, control: &Control) -> Result<()> {
        match self.wrong {
            Wrong::Deaf if asked.len() >= 500 => wait(None),
            Wrong::DeafBefore if control.check().is_err() => wait(None),
            Wrong::Cancels if asked.len() >= 500 => wait(Some(control)),
            Wrong::Leak => std::mem::forget(vec![1_u8; 1 << 19]),
            Wrong::Labels => {
                assert!(!asked.experiment().title.contains('\u{feff}'), "an odd title")
            }
            Wrong::Missing if !asked.experiment().arms.is_empty() => {
                let known = |person: Person| person.arm().is_some();
                assert!(asked.iter().all(|request| known(request.person())), "no arm");
            }
            Wrong::Panics => assert!(!asked.is_empty(), "nothing asked"),
            _ => {}
        }
        Ok(())
    }
}

/// Waits for longer than a stopped call may take, or until told to stop.
fn wait(control: Option<&Control>) {
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(2_500) {
        std::thread::sleep(Duration::from_millis(10));
        if control.is_some_and(|control| control.check().is_err()) {
            return;
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
    let options = Options { rows: 500, calls: 100, people: 100 };
    testing::check_backend_with::<Faulty>(&format!("{{\"wrong\": \"{wrong}\"}}"), options)
}

fn outcome<'r>(report: &'r Report, id: &str) -> &'r Outcome {
    &report.checks.iter().find(|check| check.id == id).unwrap().outcome
}

#[test]
fn nothing_wrong_conforms() {
    let report = report("nothing");
    report.assert_conforms();
    assert!(report.verdict().starts_with("conforms: 36 of 37 checks passed, 1 skipped"));
    assert!(matches!(outcome(&report, "backend.progress"), Outcome::Skipped { .. }));
}

#[test]
fn each_breach_fails_its_check() {
    let cases: [(&str, &[&str]); 15] = [
        ("needs-a-pilot-in-secret", &["backend.pilot.empty"]),
        ("no-seed-of-zero", &["backend.pilot.seeds"]),
        ("counter", &["backend.same.seed"]),
        ("shared", &["backend.same.interleaved"]),
        ("by-row", &["backend.same.order", "backend.same.split"]),
        ("by-batch", &["backend.same.split"]),
        ("progress", &["backend.progress"]),
        ("usage", &["backend.usage"]),
        ("leak", &["backend.memory"]),
        ("labels", &["backend.answers.unicode"]),
        ("missing", &["backend.answers.missing"]),
        ("panics", &["backend.answers.sizes"]),
        ("positive", &["backend.answers.probabilities"]),
        ("learns-nothing", &["backend.adapters.learn"]),
        ("any-adapter", &["backend.adapters.unknown"]),
    ];
    for (wrong, expected) in cases {
        let report = report(wrong);
        assert_eq!(report.failed(), expected, "{wrong}: {}", report.text());
    }
}

#[test]
fn a_call_must_end_when_told_to() {
    report("cancels").assert_conforms();
    assert_eq!(report("deaf").failed(), ["backend.cancel.during"]);
    assert_eq!(report("deaf-before").failed(), ["backend.cancel.before"]);
}

#[test]
fn a_report_says_what_was_found_and_what_to_do() {
    let report = report("positive");
    let text = report.text();
    assert!(text.contains("FAILED  backend.answers.probabilities"), "{text}");
    assert!(text.contains("log-probability 1; it should be -inf to 0"), "{text}");
    assert!(text.contains("hint: log-probabilities are at most 0"), "{text}");
    assert!(text.ends_with(&report.verdict()), "{text}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((json["format"].as_u64(), json["conforms"].as_bool()), (Some(1), Some(false)));
    assert_eq!(json["checks"][0]["outcome"], "passed");
    let back: Report = serde_json::from_value(json).unwrap();
    assert_eq!(back, report);
}

/// Describes itself wrongly and ignores what it does not know.
struct Careless;

#[derive(Deserialize)]
struct Anything {}

impl Backend for Careless {
    const NAME: &'static str = "Care less";
    type Config = Anything;
    type Adapted = ();
    fn describe() -> BackendInfo {
        BackendInfo::new("learns nothing").learns_from(LearnsFrom::Nothing)
    }
    fn open(_: Anything) -> Result<Self> {
        Ok(Self)
    }
    fn adapt(&self, _: &Pilot, _: &Control) -> Result<()> {
        Err(Error::unsupported("not today"))
    }
    fn respond(&self, _: &(), _: &Requests, _: &mut Answers, _: &Control) -> Result<()> {
        Ok(())
    }
}

#[test]
fn what_cannot_be_asked_is_skipped() {
    let report = testing::check_backend::<Careless>("{}");
    let failed = ["backend.describes.itself", "backend.settings.unknown", "backend.pilot.plain"];
    assert_eq!(report.failed(), failed);
    let skipped = outcome(&report, "backend.answers.plain");
    assert_eq!(*skipped, Outcome::Skipped { reason: "backend.pilot.plain did not pass".into() });
    let report = testing::check_backend::<Faulty>("{}");
    assert_eq!(report.failed(), ["backend.settings.opens"]);
}
