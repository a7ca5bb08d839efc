//! The plugin of somebody else: another arrow, another allocator, the interface of its time.

use pilotbench_plugin_sdk::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Everybody gives the level that the pilot gave most often; of several, the lowest.
struct Majority;

impl Backend for Majority {
    const NAME: &'static str = "foreign-majority";
    type Config = NoConfig;
    type Adapted = Vec<usize>;

    fn describe() -> BackendInfo {
        BackendInfo::new("the pilot's most frequent level").min_pilot(1)
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<Vec<usize>> {
        if pilot.people.is_empty() {
            return Err(Error::EmptyPilot);
        }
        let most_frequent = |(index, item): (usize, &Item)| {
            let mut counts = vec![0_usize; item.levels.len()];
            for level in (0..pilot.people.len()).filter_map(|row| pilot.people.answer(row, index)) {
                counts[level] += 1;
            }
            let most = counts.iter().max().copied().unwrap_or_default();
            counts.iter().position(|count| *count == most).unwrap_or_default()
        };
        Ok(pilot.experiment.items.iter().enumerate().map(most_frequent).collect())
    }

    fn respond(
        &self,
        levels: &Vec<usize>,
        asked: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        control.progress(0.5, "half way")?;
        for row in 0..asked.len() {
            let mut shares = vec![0.0; asked.item(row).levels.len()];
            shares[levels[asked.item_index(row)]] = 1.0;
            answers.probabilities(asked.request_id(row), &shares);
        }
        Ok(())
    }
}

/// How often a person's simulated answer is not the person's own.
struct Misses;

impl Metric for Misses {
    const NAME: &'static str = "foreign-misses";
    type Config = NoConfig;

    fn describe() -> MetricInfo {
        let summary = "share of answers that are not the person's own";
        let score = ScoreInfo::new("foreign_misses", Heading::Individual, Better::Lower, summary);
        MetricInfo { summary: "misses".into(), scores: vec![score.range(0.0, 1.0)] }
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
        let pairs = input.pairs();
        let width = input.human_weights.width();
        let (mut missed, mut asked) = (vec![0.0; width], vec![0.0; width]);
        for (human, simulated) in &pairs {
            for item in 0..input.experiment.items.len() {
                let own = input.human.answer(*human, item);
                let Some(own) = own else { continue };
                let miss = f64::from(input.simulated.answer(*simulated, item) != Some(own));
                for (at, weight) in input.human_weights.row(*human).iter().enumerate() {
                    missed[at] += miss * f64::from(*weight);
                    asked[at] += f64::from(*weight);
                }
            }
        }
        let share = |(missed, asked): (f64, f64)| match asked > 0.0 {
            true => Ok(missed / asked),
            false => Err("nobody answered"),
        };
        table.push(Row {
            score: "foreign_misses",
            item: None,
            group: &Group::everybody(),
            value: Resampled::from_results(missed.into_iter().zip(asked).map(share)),
            n_human: pairs.len(),
            n_simulated: pairs.len(),
        });
        Ok(())
    }
}

export_plugin! { name: "foreign", backends: [Majority], metrics: [Misses] }
