//! Humans and simulations to compare, from perfect to wrong.

use crate::world::{
    self, Person, Random, Simulated, World, people_batch, simulated_batch, weights_batch,
};
use arrow_array::RecordBatch;
use serde_json::json;

/// Weights of each person: the table as it is, everybody once more, and drawn ones.
const WIDTH: usize = 8;
/// The resample in which everybody has weight 1.
pub(super) const ONES: usize = 0;

/// Everything that crosses in one evaluation.
#[derive(Debug, Clone)]
pub(super) struct Comparison<'a> {
    pub(super) world: &'a World,
    pub(super) human: Vec<Person>,
    pub(super) simulated: Vec<Simulated>,
    pub(super) pilot: Vec<Person>,
    /// Weights of the humans and, after them, of simulated people who are none of them.
    pub(super) weights: Vec<(String, Vec<u16>)>,
    pub(super) seed: u64,
}

/// A simulation of whose quality something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quality {
    /// Other people of the same law, with probabilities for most.
    Likely,
    /// The humans themselves, and sure of it.
    Perfect,
    /// Everybody takes the first level.
    First,
    /// Everybody takes the last level.
    Last,
    /// Any level, at random.
    Random,
}

impl<'a> Comparison<'a> {
    /// As many people of this experiment, and what a simulation of this quality says.
    pub(super) fn new(world: &'a World, count: usize, quality: Quality) -> Self {
        let human = world::people(world, count, 2);
        let simulated = simulate(world, &human, quality);
        let mut random = Random::new(5, count as u64);
        let mut drawn = vec![[0_u16; WIDTH - 2]; count];
        for draw in 0..count * (WIDTH - 2) {
            drawn[random.below(count)][draw % (WIDTH - 2)] += 1;
        }
        let weights = human.iter().zip(drawn).map(|(person, drawn)| {
            let weights = [1, 1].into_iter().chain(drawn).collect();
            (person.id.clone(), weights)
        });
        let weights = weights.collect();
        let pilot = world::people(world, 20, 1);
        Self { world, human, simulated, pilot, weights, seed: 11 }
    }

    /// Number of resamples.
    pub(super) fn resamples() -> usize {
        WIDTH - 1
    }

    /// The four tables.
    pub(super) fn tables(&self) -> [RecordBatch; 4] {
        let ids: Vec<&str> = self.weights.iter().map(|(id, _)| id.as_str()).collect();
        let weights: Vec<Vec<u16>> = self.weights.iter().map(|(_, w)| w.clone()).collect();
        [
            people_batch(self.world, &self.human),
            simulated_batch(self.world, &self.simulated),
            people_batch(self.world, &self.pilot),
            weights_batch(&ids, &weights, WIDTH),
        ]
    }

    /// The context that goes with them.
    pub(super) fn context(&self) -> String {
        json!({"experiment": self.world.design, "seed": self.seed}).to_string()
    }

    /// All tables in another order, each its own.
    pub(super) fn shuffled(mut self) -> Self {
        let mut random = Random::new(6, 0);
        random.shuffle(&mut self.human);
        random.shuffle(&mut self.simulated);
        random.shuffle(&mut self.pilot);
        random.shuffle(&mut self.weights);
        self
    }

    /// Simulated people under identifiers of their own, and more of them.
    pub(super) fn unpaired(mut self) -> Self {
        let more = world::people(self.world, self.human.len() + 10, 3);
        self.simulated = more
            .into_iter()
            .map(|person| Simulated {
                probabilities: vec![None; self.world.items.len()],
                person: Person { id: format!("s-{}", person.id), ..person },
            })
            .collect();
        let ones = self.simulated.iter().map(|row| (row.person.id.clone(), vec![1; WIDTH]));
        self.weights.extend(ones);
        self
    }
}

fn simulate(world: &World, human: &[Person], quality: Quality) -> Vec<Simulated> {
    let others = world::people(world, human.len(), 8);
    let rows = human.iter().zip(others).enumerate();
    rows.map(|(row, (human, other))| {
        let mut random = Random::new(9, row as u64);
        let answers = (0..world.items.len()).map(|item| {
            let levels = world.items[item].levels;
            match quality {
                Quality::Likely => other.answers[item],
                Quality::Perfect => human.answers[item],
                Quality::First => Some(0),
                Quality::Last => Some(levels as i32 - 1),
                Quality::Random => Some(random.below(levels) as i32),
            }
        });
        let answers: Vec<Option<i32>> = answers.collect();
        let probabilities = answers.iter().zip(&world.items).map(|(answer, item)| {
            let sure = if quality == Quality::Likely { 0.6 } else { 1.0 };
            answer.filter(|_| sure == 1.0 || random.share() < 0.8).map(|answer| {
                let rest = (1.0 - sure) / (item.levels as f64 - 1.0);
                let share = |level| if level == answer as usize { sure } else { rest };
                (0..item.levels).map(share).collect()
            })
        });
        let probabilities = probabilities.collect();
        Simulated { person: Person { answers, ..human.clone() }, probabilities }
    })
    .collect()
}
