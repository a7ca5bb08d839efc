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
        somebody(pilot)?;
        Ok(Records::new(&pilot.people, &pilot.experiment, |row| pilot.partner_of(row)))
    }

    fn respond(
        &self,
        records: &Records,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        control.check()?;
        for row in 0..requests.len() {
            let id = requests.people.id(row);
            let partner = records.find(id).ok_or_else(|| {
                Error::BadInput(format!("participant `{id}` has no partner in the other half"))
            })?;
            let request = requests.request_id(row);
            match records.answer(partner, requests.item_index(row)) {
                Some(level) => answers.choice(request, level),
                None => answers.refusal(request, "the partner gave no answer to this item"),
            }
        }
        Ok(())
    }
}
