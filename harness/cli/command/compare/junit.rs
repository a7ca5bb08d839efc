//! A comparison as JUnit XML: a test case for each score of each cell, failed where it became worse.

use super::{
    Report,
    forms::{by, times, words},
};
use pilotbench_engine::{
    contrast::Outcome,
    fault::{Fault, Result},
};
use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

pub(super) fn junit(report: &Report) -> Result<String> {
    let mut junit = Junit::new(format!("{} against {}", report.new, report.base));
    let mut scores = TestSuite::new("scores");
    for change in &report.contrast.changes {
        let name = format!("{}, pilot size {}, {}", change.method, change.size, change.score);
        scores.add_test_case(case(&name, &change.experiment, change.outcome, &by(change)));
    }
    let mut speeds = TestSuite::new("speed");
    for speed in &report.contrast.speeds {
        let name = format!("{}, pilot size {}", speed.method, speed.size);
        speeds.add_test_case(case(&name, &speed.experiment, speed.outcome, &times(speed)));
    }
    let mut others = TestSuite::new("incomparable");
    for one in &report.contrast.incomparable {
        let mut skipped = TestCaseStatus::skipped();
        skipped.set_message(one.reason.clone());
        others.add_test_case(TestCase::new(words(one), skipped));
    }
    junit.add_test_suites([scores, speeds, others]);
    junit.to_string().map_err(|e| Fault::usage("junit", e))
}

fn case(name: &str, experiment: &str, outcome: Outcome, words: &str) -> TestCase {
    let status = match outcome {
        Outcome::Worse => {
            let mut failed = TestCaseStatus::non_success(NonSuccessKind::Failure);
            failed.set_message(format!("worse: {words}"));
            failed
        }
        Outcome::Noisy => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(format!("noisy: {words}"));
            skipped
        }
        _ => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(experiment);
    case
}
