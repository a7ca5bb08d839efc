//! What simulated answers are worth beside human ones: prediction-powered inference.
//!
//! Some held-out people are labelled: their human answers are used. Of the others only the
//! simulated answers are. An estimate of the humans' mean from both is compared with the classical
//! one from the labelled people alone, and with the mean of all held-out humans, which is known
//! here.

mod draws;
mod ppi;
mod scores;
mod values;

use draws::Outcome;
use metric_common::{NOMINAL, People, Report, Value, order_by_id};
use pilotbench_plugin_sdk::prelude::*;
use values::Values;

/// The metric.
#[derive(Debug)]
pub struct Usefulness {
    config: Config,
}

/// Settings.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Held-out participants whose human answers are used.
    pub labelled: usize,
    /// Random labelled sets over which scores are averaged.
    pub draws: usize,
    /// Parts of a labelled set, of which each is given a power-tuning parameter by the others.
    pub folds: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { labelled: 60, draws: 20, folds: 5 }
    }
}

impl Metric for Usefulness {
    const NAME: &'static str = "usefulness";
    type Config = Config;

    fn describe() -> MetricInfo {
        MetricInfo {
            summary: "what simulated answers are worth beside those of some labelled humans".into(),
            scores: scores::scores(),
        }
    }

    fn open(config: Config) -> Result<Self> {
        if config.draws == 0 || config.draws > 10_000 {
            return Err(Error::config("draws", "must be between 1 and 10000"));
        }
        if config.folds < 2 {
            return Err(Error::config("folds", "must be at least 2"));
        }
        // Outside any fold, a covariance needs two people.
        if config.labelled / 2 < config.folds || config.labelled > 1_000_000 {
            let message = "must be at least two per fold, and at most 1000000";
            return Err(Error::config("labelled", message));
        }
        Ok(Self { config })
    }

    fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
        let order = order_by_id(&input.human, 0..input.human.len());
        let twins = input.human.rows_in(input.simulated.people());
        let pairs: Vec<(usize, usize)> =
            order.into_iter().filter_map(|row| Some((row, twins[row]?))).collect();
        let items = input.experiment.items.iter().enumerate();
        let items: Vec<Option<Values>> = items
            .map(|(i, item)| item.is_ordered().then(|| Values::new(input, i, &pairs)))
            .collect();
        let outcomes: Vec<std::result::Result<Outcome, &'static str>> = items
            .iter()
            .map(|values| match values {
                Some(values) => Outcome::new(values, self.config, input.seed),
                None => Err(NOMINAL),
            })
            .collect();
        let people = |item: Option<usize>| {
            let count = match item {
                Some(item) => items[item].as_ref().map_or(0, Values::len),
                None => items.iter().flatten().map(Values::len).max().unwrap_or(0),
            };
            People { human: count, simulated: count }
        };
        let mut report = Report::new(input, table);
        let everybody = Group::everybody();
        let pilot = input.pilot.len();
        for (score, value) in Outcome::scores(self.config.labelled, pilot) {
            report.by_item(score, &everybody, people, |item| {
                let outcome = outcomes[item].as_ref();
                vec![outcome.map_err(|reason| *reason).and_then(&value)]
            });
        }
        report.by_item("simulation_bias", &everybody, people, |item| {
            let bias: Value = items[item].as_ref().ok_or(NOMINAL).and_then(Values::bias);
            vec![bias]
        });
        Ok(())
    }
}

export_plugin! { name: "usefulness", backends: [], metrics: [Usefulness] }
