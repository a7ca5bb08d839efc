use crate::{records::Records, somebody};
use pilotbench_plugin_sdk::prelude::*;

/// Oracle: human against human. One random half of the held-out people answers for the other half,
/// each person for one partner, with that person's own record.
///
/// It shows the score of a method that is as good as other people are. The host passes the other
/// half in place of a pilot and names each person's partner. An answer that is missing in the record
/// becomes a refusal; a participant for whom nobody was drawn is an error.
#[derive(Debug)]
pub struct HumanSplit;

/// Oracle: the same people asked again. Each participant is answered for by the record that the
/// same person gave at the retest.
///
/// It shows the score of a method that knows everybody as well as people know themselves (test–retest
/// reliability): no simulator can be expected to do better on single people. The host passes the
/// retest in place of a pilot. An answer that is missing in the retest becomes a refusal; a
/// participant who was not asked again is an error.
#[derive(Debug)]
pub struct HumanRetest;

/// How an oracle that hands out records words what it lacks.
struct Words {
    /// Completes "participant `x` …".
    nobody: &'static str,
    refusal: &'static str,
}

/// Answers every request from the record under the participant's identifier.
fn answer(
    records: &Records,
    requests: &Requests,
    answers: &mut Answers,
    control: &Control,
    words: &Words,
) -> Result<()> {
    control.check()?;
    for row in 0..requests.len() {
        let id = requests.people.id(row);
        let record = records
            .find(id)
            .ok_or_else(|| Error::BadInput(format!("participant `{id}` {}", words.nobody)))?;
        let request = requests.request_id(row);
        match records.answer(record, requests.item_index(row)) {
            Some(level) => answers.choice(request, level),
            None => answers.refusal(request, words.refusal),
        }
    }
    Ok(())
}

/// The records of the people the host passed, each under whom the person stands in for.
fn learn(pilot: &Pilot) -> Result<Records> {
    somebody(pilot)?;
    Ok(Records::new(&pilot.people, &pilot.experiment, |row| pilot.partner_of(row)))
}

impl Backend for HumanSplit {
    const NAME: &'static str = "human-split";
    type Config = NoConfig;
    type Adapted = Records;

    fn describe() -> BackendInfo {
        BackendInfo::new("oracle: another held-out human's record")
            .learns_from(LearnsFrom::OtherHalf)
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<Records> {
        learn(pilot)
    }

    fn respond(
        &self,
        records: &Records,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        let words = Words {
            nobody: "has no partner in the other half",
            refusal: "the partner gave no answer to this item",
        };
        answer(records, requests, answers, control, &words)
    }
}

impl Backend for HumanRetest {
    const NAME: &'static str = "human-retest";
    type Config = NoConfig;
    type Adapted = Records;

    fn describe() -> BackendInfo {
        BackendInfo::new("oracle: the same human's record when asked again")
            .learns_from(LearnsFrom::Retest)
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<Records> {
        learn(pilot)
    }

    fn respond(
        &self,
        records: &Records,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        let words = Words {
            nobody: "was not asked again",
            refusal: "the participant gave no answer to this item when asked again",
        };
        answer(records, requests, answers, control, &words)
    }
}
