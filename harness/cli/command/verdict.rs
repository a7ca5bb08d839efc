//! How an execution ended, for people and for the shell.

use crate::{exit::Exit, output};
use pilotbench_engine::{
    fault::FaultKind,
    run::{GivenUp, Outcome},
};

/// Says what failed and what was left for later; the exit code of both.
pub(super) fn verdict(outcome: &Outcome, run: &str) -> Exit {
    if outcome.failed > 0 {
        output::remark(&format!(
            "{} of {} replicates failed; `pilotbench status` tells why, `resume` tries again",
            outcome.failed, outcome.planned
        ));
    }
    for given_up in &outcome.given_up {
        output::remark(&output::inert(&left_for_later(given_up, run)));
    }
    exit_of(outcome)
}

/// The same of an estimate, of which nothing is left for later.
pub(super) fn estimated(outcome: &Outcome) -> Exit {
    for GivenUp { method, fault } in &outcome.given_up {
        output::remark(&output::inert(&format!("`{method}` was given up: {}", fault.message)));
    }
    exit_of(outcome)
}

fn exit_of(outcome: &Outcome) -> Exit {
    let met = |kind| outcome.given_up.iter().any(|given_up| given_up.fault.kind == kind);
    match (outcome.failed, outcome.given_up.len()) {
        (0, 0) => Exit::Done,
        _ if met(FaultKind::Budget) => Exit::Budget,
        _ if met(FaultKind::Denied) => Exit::Usage,
        _ => Exit::SomeFailed,
    }
}

fn left_for_later(GivenUp { method, fault }: &GivenUp, run: &str) -> String {
    let then = match fault.kind {
        FaultKind::Budget => format!("`pilotbench resume {run} --budget MORE` goes on"),
        FaultKind::Denied => format!("with another key `pilotbench resume {run}` goes on"),
        _ => format!("`pilotbench resume {run}` tries again"),
    };
    format!("what is left of `{method}` is left for later: {}; {then}", fault.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pilotbench_engine::fault::Fault;

    #[test]
    fn money_comes_before_keys_and_keys_before_failures() {
        let ended = |failed: usize, kinds: &[FaultKind]| {
            let given_up = kinds.iter().map(|kind| GivenUp {
                method: "m".to_owned(),
                fault: Fault::new(*kind, "service", "no more"),
            });
            let outcome = Outcome { failed, given_up: given_up.collect(), ..Outcome::default() };
            verdict(&outcome, "test-1")
        };
        let (budget, denied) = (FaultKind::Budget, FaultKind::Denied);
        assert_eq!(ended(0, &[]), Exit::Done);
        assert_eq!(ended(1, &[]), Exit::SomeFailed);
        assert_eq!(ended(1, &[FaultKind::Unavailable]), Exit::SomeFailed);
        assert_eq!(ended(1, &[FaultKind::Unavailable, denied]), Exit::Usage);
        assert_eq!(ended(2, &[denied, budget]), Exit::Budget);
    }

    #[test]
    fn a_spent_budget_says_how_to_go_on() {
        let fault =
            Fault::new(FaultKind::Budget, "openai.respond", "budget: 5 US dollars are spent");
        let given_up = GivenUp { method: "m".to_owned(), fault };
        let words = left_for_later(&given_up, "test-1");
        assert!(words.contains("`pilotbench resume test-1 --budget MORE` goes on"), "{words}");
    }
}
