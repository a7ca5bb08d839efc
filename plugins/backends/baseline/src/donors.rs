//! Pilot participants as donors of answers, in sets of bits.
//!
//! A set has one bit per donor. The donors who fit an interview are an intersection of sets, and a
//! share is a count of bits: a few words of work per request at the sizes of pilots.

use pilotbench_plugin_sdk::{Answers, Experiment, People, Requests};

const WORD: usize = 64;

/// Words that a set of this many donors takes.
pub(crate) fn words(donors: usize) -> usize {
    donors.div_ceil(WORD)
}

/// The donors for whom this holds.
pub(crate) fn set(donors: usize, holds: impl Fn(usize) -> bool) -> Vec<u64> {
    let mut bits = vec![0; words(donors)];
    for donor in (0..donors).filter(|donor| holds(*donor)) {
        bits[donor / WORD] |= 1 << (donor % WORD);
    }
    bits
}

/// Intersects `donors` with `others`, unless nobody would be left.
pub(crate) fn narrow(donors: &mut [u64], others: &[u64]) {
    if donors.iter().zip(others).any(|(a, b)| a & b != 0) {
        donors.iter_mut().zip(others).for_each(|(a, b)| *a &= b);
    }
}

fn common(a: &[u64], b: &[u64]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a & b).count_ones()).sum()
}

/// What donors answered.
#[derive(Debug)]
pub struct Donors {
    /// By item: who answered it.
    answered: Vec<Vec<u64>>,
    /// By item and level: who gave it.
    gave: Vec<Vec<Vec<u64>>>,
}

impl Donors {
    pub(crate) fn new(people: &People, experiment: &Experiment) -> Self {
        let who = |holds: &dyn Fn(usize) -> bool| set(people.len(), holds);
        let items = 0..experiment.items.len();
        let gave = items.clone().map(|item| {
            let levels = 0..experiment.items[item].levels.len();
            levels.map(|level| who(&|row| people.answer(row, item) == Some(level))).collect()
        });
        Self {
            gave: gave.collect(),
            answered: items.map(|item| who(&|row| people.answer(row, item).is_some())).collect(),
        }
    }

    /// Who answered an item.
    pub(crate) fn answered(&self, item: usize) -> &[u64] {
        &self.answered[item]
    }

    /// Narrows `donors` to those who answered as the interview in this row did, from the item asked
    /// last back to the first. An answer that none of those left gave is passed over.
    fn fit_interview(&self, donors: &mut [u64], requests: &Requests, row: usize) {
        for item in (0..requests.item_index(row)).rev() {
            if let Some(level) = requests.people.answer(row, item) {
                narrow(donors, &self.gave[item][level]);
            }
        }
    }

    /// Answers a request with the shares among those of `donors` who fit the interview. All of
    /// `donors` must have answered the item asked; when there are none, its levels are equally
    /// likely.
    pub(crate) fn answer(
        &self,
        donors: &mut [u64],
        requests: &Requests,
        row: usize,
        shares: &mut Vec<f64>,
        answers: &mut Answers,
    ) {
        self.fit_interview(donors, requests, row);
        let gave = &self.gave[requests.item_index(row)];
        let total: u32 = donors.iter().map(|word| word.count_ones()).sum();
        shares.clear();
        if total == 0 {
            shares.resize(gave.len(), 1.0 / gave.len() as f64);
        } else {
            let share = |level: &Vec<u64>| f64::from(common(donors, level)) / f64::from(total);
            shares.extend(gave.iter().map(share));
        }
        answers.probabilities(requests.request_id(row), shares);
    }
}
