//! The replies of a cell's replicates, added up score by score.

use super::{
    collect::Collected,
    rows::{Names, Reply, ScoreKey, Value},
};
use crate::{
    fault::{Fault, Result},
    plugin::{MetricDescription, ScoreInfo},
};
use arrow_array::RecordBatch;
use std::collections::BTreeMap;

/// What the seeds of a cell add up to, for one key.
#[derive(Default)]
pub(super) struct Sums {
    pub(super) collected: Collected,
    pub(super) n_human: i64,
    pub(super) n_simulated: i64,
    pub(super) seeds: i64,
}

impl Sums {
    fn add(&mut self, seed: u32, drawn: &[u16], value: &Value) {
        self.n_human += value.n_human;
        self.n_simulated += value.n_simulated;
        self.seeds += 1;
        self.collected.add(seed, drawn, value.value.clone(), &value.resamples);
    }
}

/// Sums by the place of the score among the metrics' descriptions, then by item and group.
#[derive(Default)]
pub(super) struct AllSums {
    places: BTreeMap<(usize, ScoreKey), usize>,
    sums: Vec<Sums>,
    last: Option<Known>,
    scratch: Value,
}

/// A reply's names, and for each row the place of its score's description and of its sums.
struct Known {
    names: Names,
    rows: Vec<(usize, usize)>,
}

/// A replicate's seed, and how often it is drawn in each resample.
#[derive(Clone, Copy)]
pub(super) struct Drawn<'a> {
    pub(super) seed: u32,
    pub(super) times: &'a [u16],
}

impl AllSums {
    /// Adds a metric's reply. Every score must be one that the metric described, and stand once.
    pub(super) fn add_reply(
        &mut self,
        batch: &RecordBatch,
        described: &MetricDescription,
        infos: &[ScoreInfo],
        resamples: usize,
        drawn: Drawn,
    ) -> Result<()> {
        let fault =
            |message: String| Fault::plugin(format!("{}.evaluate: reply", described.name), message);
        let reply = Reply::read(batch).map_err(fault)?;
        let known = match self.last.take().filter(|known| known.names == reply.names) {
            Some(known) => known,
            None => self.places_of(&reply.names, described, infos).map_err(fault)?,
        };
        for (row, (order, place)) in known.rows.iter().enumerate() {
            reply.row(row, &infos[*order], resamples, &mut self.scratch).map_err(fault)?;
            self.sums[*place].add(drawn.seed, drawn.times, &self.scratch);
        }
        self.last = Some(known);
        Ok(())
    }

    /// Adds a value of the host's own.
    pub(super) fn add(&mut self, order: usize, key: ScoreKey, value: &Value, drawn: Drawn) {
        let place = self.place(order, key);
        self.sums[place].add(drawn.seed, drawn.times, value);
    }

    fn places_of(
        &mut self,
        names: &Names,
        described: &MetricDescription,
        infos: &[ScoreInfo],
    ) -> std::result::Result<Known, String> {
        let mut rows = Vec::new();
        for key in names.keys()? {
            let info = described.score(&key.score);
            let order = info.and_then(|_| infos.iter().position(|info| info.name == key.score));
            let order = order
                .ok_or_else(|| format!("score `{}` was not described", key.score.escape_debug()))?;
            rows.push((order, self.place(order, key)));
        }
        Ok(Known { names: names.clone(), rows })
    }

    fn place(&mut self, order: usize, key: ScoreKey) -> usize {
        let next = self.sums.len();
        let place = *self.places.entry((order, key)).or_insert(next);
        if place == next {
            self.sums.push(Sums::default());
        }
        place
    }

    /// All sums in the order of their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&(usize, ScoreKey), &Sums)> {
        self.places.iter().map(|(key, place)| (key, &self.sums[*place]))
    }
}

/// The value of a score over all items and everybody in a reply; `None` where it has no such row.
pub(super) fn overall(
    batch: &RecordBatch,
    info: &ScoreInfo,
    resamples: usize,
) -> std::result::Result<Option<Value>, String> {
    let reply = Reply::read(batch)?;
    let Some(row) = reply.names.overall(&info.name) else { return Ok(None) };
    let mut value = Value::default();
    reply.row(row, info, resamples, &mut value)?;
    Ok(Some(value))
}
