use crate::{
    records::Records,
    somebody,
    tables::{ByItem, counts, smoothed},
};
use pilotbench_plugin_sdk::prelude::*;

/// Oracle: the shares of each level among everybody else, `p = c / n` without the participant's own
/// record, items independent of each other.
///
/// It shows the best that knowing marginal distributions alone can do. The host passes everybody in
/// place of a pilot, the participant among them; the own record is found by identifier and
/// subtracted. Missing answers are not counted; where nobody else answered an item, its levels are
/// equally likely.
#[derive(Debug)]
pub struct HumanFull;

/// Everybody's answers, and the shares without any one of them.
#[derive(Debug)]
pub struct Everybody {
    records: Records,
    all: ByItem,
    /// By level: the shares in each item when one person at this level is left out.
    without: Vec<ByItem>,
}

impl Backend for HumanFull {
    const NAME: &'static str = "human-full";
    type Config = NoConfig;
    type Adapted = Everybody;

    fn describe() -> BackendInfo {
        BackendInfo::new("oracle: the shares among all other humans")
            .learns_from(LearnsFrom::Everyone)
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<Everybody> {
        somebody(pilot)?;
        let (people, experiment) = (&pilot.people, &pilot.experiment);
        let counted: Vec<Vec<f64>> = experiment
            .items
            .iter()
            .enumerate()
            .map(|(item, it)| counts(people, item, it.levels.len()))
            .collect();
        let most = experiment.items.iter().map(|item| item.levels.len()).max().unwrap_or(0);
        let without = |left_out: usize| {
            ByItem::new(experiment, |item, _| {
                let mut counts = counted[item].clone();
                // Items with fewer levels, or nobody at this one, are never asked for here.
                if let Some(count) = counts.get_mut(left_out) {
                    *count = (*count - 1.0).max(0.0);
                }
                smoothed(&counts, 0.0)
            })
        };
        Ok(Everybody {
            records: Records::new(people, experiment, |row| Some(people.id(row))),
            all: ByItem::new(experiment, |item, _| smoothed(&counted[item], 0.0)),
            without: (0..most).map(without).collect(),
        })
    }

    fn respond(
        &self,
        everybody: &Everybody,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        control.check()?;
        for row in 0..requests.len() {
            let item = requests.item_index(row);
            let own = everybody.records.find(requests.people.id(row));
            let level = own.and_then(|person| everybody.records.answer(person, item));
            let table = level.map_or(&everybody.all, |level| &everybody.without[level]);
            answers.log_probabilities(requests.request_id(row), table.get(item));
        }
        Ok(())
    }
}
