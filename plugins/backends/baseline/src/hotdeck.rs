use crate::{donors::Donors, somebody};
use pilotbench_plugin_sdk::prelude::*;

/// Random hot deck: every simulated participant repeats the whole record of a pilot participant
/// drawn at random (Andridge & Little 2010, *A review of hot deck imputation for survey
/// non-response*).
///
/// The host asks item by item and draws, so the record is drawn in steps: the distribution of an
/// item is that among the donors whose earlier answers equal those given so far in the interview.
/// By the chain rule the answers of a whole interview are then distributed as the pilot's records.
///
/// Missing answers. A donor who did not answer the item asked does not count for it, and one who
/// did not answer an earlier item fits no answer to it; an earlier item that has no answer in the
/// interview asks nothing of donors. Where nobody fits, which only missing answers can bring about,
/// recent answers go before old ones: going back from the last item asked, an answer that none of
/// the donors left gave is passed over. When nobody in the pilot answered the item, its levels are
/// equally likely.
#[derive(Debug)]
pub struct HotDeck;

impl Backend for HotDeck {
    const NAME: &'static str = "hotdeck";
    type Config = NoConfig;
    type Adapted = Donors;

    fn describe() -> BackendInfo {
        BackendInfo::new("the whole record of a random pilot participant").min_pilot(1)
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<Donors> {
        somebody(pilot)?;
        Ok(Donors::new(&pilot.people, &pilot.experiment))
    }

    fn respond(
        &self,
        donors: &Donors,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        control.check()?;
        let (mut left, mut shares) = (Vec::new(), Vec::new());
        for row in 0..requests.len() {
            left.clear();
            left.extend_from_slice(donors.answered(requests.item_index(row)));
            donors.answer(&mut left, requests, row, &mut shares, answers);
        }
        Ok(())
    }
}
