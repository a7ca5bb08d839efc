//! Rows per item and over items.

use crate::{
    losses::{Sums, order},
    pairs::Pairs,
    pilot::Marginal,
};
use metric_common::{Layout, NOMINAL, People, Report, Side, Tally, Value};
use pilotbench_plugin_sdk::{Evaluation, MetricTable};

const NO_PAIRS: &str = "no participant has both answers";

pub(crate) fn report(input: &Evaluation, pairs: &Pairs, table: &mut MetricTable) {
    let orders: Vec<_> = input.experiment.items.iter().map(order).collect();
    let sums = Sums::new(pairs, &orders);
    let correct =
        pairs.tally(&pairs.side, |_| 2, |_, (human, simulated)| usize::from(human == simulated));
    let answering = pairs.people();
    let mut report = Report::new(input, table);
    for (g, group) in pairs.groups.iter().enumerate() {
        let people = |item: Option<usize>| match item {
            None => answering[g],
            Some(item) => both(correct.people(g, item)),
        };
        report.by_item("accuracy", group, people, |item| {
            each(correct.width(), |index| match correct.counts(g, item, index) {
                [0, 0] => Err(NO_PAIRS),
                [wrong, right] => Ok(f64::from(*right) / f64::from(wrong + right)),
                _ => Err(NO_PAIRS),
            })
        });
        report.by_item("log_loss", group, people, |item| {
            each(correct.width(), |index| {
                let n: u32 = correct.counts(g, item, index).iter().sum();
                mean(sums.log_loss(g, item, index), n)
            })
        });
    }
    let overall = Overall {
        cross: pairs.tally(
            &Side::human(input, &Layout::everybody()),
            |item| pairs.human[item].levels * pairs.human[item].levels,
            |item, (human, simulated)| human * pairs.human[item].levels + simulated,
        ),
        marginals: (0..orders.len()).map(|item| Marginal::new(input, item)).collect(),
        people: answering[0],
        pairs,
        sums: &sums,
    };
    overall.report(&mut report);
}

fn both(count: usize) -> People {
    People { human: count, simulated: count }
}

fn each(width: usize, value: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..width).map(value).collect()
}

fn mean(sum: f64, n: u32) -> Value {
    if n == 0 { Err(NO_PAIRS) } else { Ok(sum / f64::from(n)) }
}

/// What is reported for everybody only.
struct Overall<'a> {
    pairs: &'a Pairs<'a>,
    sums: &'a Sums,
    /// Pairs of levels: `human * K + simulated`.
    cross: Tally,
    marginals: Vec<Marginal>,
    people: People,
}

impl Overall<'_> {
    fn report(&self, report: &mut Report) {
        let mut push = |score: &str, value: &dyn Fn(usize, usize) -> Value| {
            let people = |item: Option<usize>| match item {
                None => self.people,
                Some(item) => both(self.cross.people(0, item)),
            };
            report.by_item(score, &self.pairs.groups[0], people, |item| {
                each(self.cross.width(), |index| value(item, index))
            });
        };
        push("balanced_accuracy", &|item, index| self.balanced_accuracy(item, index));
        push("brier", &|item, index| self.brier(item, index));
        push("rps", &|item, index| self.rps(item, index));
        push("log_loss_skill", &|item, index| {
            let loss = mean(self.sums.log_loss(0, item, index), self.n(item, index));
            self.skill(loss, &self.marginals[item].log_loss, item, index)
        });
        push("brier_skill", &|item, index| {
            self.skill(self.brier(item, index), &self.marginals[item].brier, item, index)
        });
        push("rps_skill", &|item, index| {
            self.skill(self.rps(item, index), &self.marginals[item].rps, item, index)
        });
        let clipped = self.clipped();
        push("log_loss_clipped", &|item, index| match clipped.counts(0, item, index) {
            [free, clipped] => mean(f64::from(*clipped), free + clipped),
            _ => Err(NO_PAIRS),
        });
    }

    fn n(&self, item: usize, index: usize) -> u32 {
        self.cross.counts(0, item, index).iter().sum()
    }

    fn brier(&self, item: usize, index: usize) -> Value {
        mean(self.sums.brier(item, index), self.n(item, index))
    }

    fn rps(&self, item: usize, index: usize) -> Value {
        if !self.pairs.input.experiment.items[item].is_ordered() {
            return Err(NOMINAL);
        }
        if self.pairs.human[item].levels < 2 {
            return Err("the item has one level");
        }
        mean(self.sums.rps(item, index), self.n(item, index))
    }

    /// Mean over the levels that humans took of the share of them answered rightly.
    fn balanced_accuracy(&self, item: usize, index: usize) -> Value {
        let (mut sum, mut taken) = (0.0, 0);
        for (level, row) in self.rows(item, index).enumerate() {
            let n: u32 = row.iter().sum();
            if n > 0 {
                sum += f64::from(row[level]) / f64::from(n);
                taken += 1;
            }
        }
        mean(sum, taken)
    }

    /// `1 - loss / loss of the pilot's shares`, over the same pairs.
    fn skill(&self, loss: Value, marginal: &[f64], item: usize, index: usize) -> Value {
        let loss = loss?;
        let counts = self.rows(item, index).map(|row| f64::from(row.iter().sum::<u32>()));
        let reference: f64 = counts.zip(marginal).map(|(count, loss)| count * loss).sum();
        let reference = mean(reference, self.n(item, index))?;
        if reference == 0.0 {
            return Err("the pilot's shares make no error");
        }
        Ok(1.0 - loss / reference)
    }

    /// The cross table, a slice per human level.
    fn rows(&self, item: usize, index: usize) -> impl Iterator<Item = &[u32]> {
        self.cross.counts(0, item, index).chunks(self.pairs.human[item].levels.max(1))
    }

    fn clipped(&self) -> Tally {
        let columns = self.sums.clipped.iter().enumerate().map(|(item, clipped)| {
            let code = |(row, clipped): (usize, &bool)| {
                self.pairs.answers(row, item).map(|_| usize::from(*clipped))
            };
            metric_common::Codes::new(2, clipped.iter().enumerate().map(code))
        });
        let columns: Vec<_> = columns.collect();
        Tally::new(&Side::human(self.pairs.input, &Layout::everybody()), &columns)
    }
}
