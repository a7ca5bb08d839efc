use crate::{Codes, Layout, People, Side, Tally};
use pilotbench_plugin_sdk::{Evaluation, Group};

/// Answers of both sides counted by item, group and weight index.
#[derive(Debug)]
pub struct ItemTables {
    /// The groups.
    pub groups: Vec<Group>,
    human: Tally,
    simulated: Tally,
    answering: Vec<People>,
}

impl ItemTables {
    /// Counts both sides.
    pub fn new(input: &Evaluation) -> Self {
        let (groups, layout) = (input.groups(), Layout::new(input));
        let items = &input.experiment.items;
        let count = |side: &Side| {
            let codes = items.iter().enumerate();
            let codes: Vec<Codes> =
                codes.map(|(i, item)| Codes::of_item(side.people, i, item.levels.len())).collect();
            let mut answering = vec![0; groups.len()];
            for row in 0..side.people.len() {
                if codes.iter().any(|column| column.get(row).is_some()) {
                    side.groups_of(row).iter().for_each(|g| answering[usize::from(*g)] += 1);
                }
            }
            (Tally::new(side, &codes), answering)
        };
        let (human, humans) = count(&Side::human(input, &layout));
        let (simulated, others) = count(&Side::simulated(input, &layout));
        let people = humans.into_iter().zip(others);
        let answering = people.map(|(human, simulated)| People { human, simulated }).collect();
        Self { groups, human, simulated, answering }
    }

    /// Counts by level of both sides.
    pub fn counts(&self, group: usize, item: usize, index: usize) -> (&[u32], &[u32]) {
        (self.human.counts(group, item, index), self.simulated.counts(group, item, index))
    }

    /// A score of an item, or several, at every weight index.
    pub fn values<T>(
        &self,
        group: usize,
        item: usize,
        score: impl Fn(&[u32], &[u32]) -> T,
    ) -> Vec<T> {
        let (human, simulated) = (self.human.all(group, item), self.simulated.all(group, item));
        // Where the number of levels is known, the loops of a score over them are unrolled.
        match self.human.levels(item) {
            2 => each::<2, T>(human, simulated, score),
            3 => each::<3, T>(human, simulated, score),
            4 => each::<4, T>(human, simulated, score),
            5 => each::<5, T>(human, simulated, score),
            7 => each::<7, T>(human, simulated, score),
            _ => {
                let value = |index| {
                    let (human, simulated) = self.counts(group, item, index);
                    score(human, simulated)
                };
                (0..self.width()).map(value).collect()
            }
        }
    }

    /// People with an answer to the item, or to any.
    pub fn people(&self, group: usize, item: Option<usize>) -> People {
        match item {
            None => self.answering[group],
            Some(item) => People {
                human: self.human.people(group, item),
                simulated: self.simulated.people(group, item),
            },
        }
    }

    /// Number of weight indices.
    pub fn width(&self) -> usize {
        self.human.width()
    }
}

fn each<const LEVELS: usize, T>(
    human: &[u32],
    simulated: &[u32],
    score: impl Fn(&[u32], &[u32]) -> T,
) -> Vec<T> {
    let (human, simulated) = (human.as_chunks::<LEVELS>().0, simulated.as_chunks::<LEVELS>().0);
    human.iter().zip(simulated).map(|(human, simulated)| score(human, simulated)).collect()
}
