//! What a metric is shown: humans, simulated people, a pilot, resample weights.

use crate::{
    experiment::Experiment,
    people::{self, Columns, Person},
    random::Random,
};
use arrow_array::{FixedSizeListArray, RecordBatch, StringArray, UInt16Array};
use arrow_schema::{DataType, Field};
use serde_json::json;
use std::sync::Arc;

/// Resamples of an ordinary comparison.
const RESAMPLES: usize = 6;

/// A comparison that can be rearranged.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    pub(crate) experiment: Experiment,
    pub(crate) human: Vec<Person>,
    pub(crate) simulated: Vec<Person>,
    pilot: Vec<Person>,
    /// Identifier and weights of the resamples.
    weights: Vec<(String, Vec<u16>)>,
    pub(crate) resamples: usize,
}

impl Comparison {
    /// So many humans, somebody simulated for each, and a pilot.
    pub(crate) fn new(experiment: Experiment, people: usize) -> Self {
        let mut random = Random::new(3);
        let human = people::draw(&experiment, &mut random, "p", people);
        let mut simulated = people::draw(&experiment, &mut random, "p", people);
        for (simulated, human) in simulated.iter_mut().zip(&human) {
            simulated.arm = human.arm;
            simulated.covariates.clone_from(&human.covariates);
            for (item, (_, levels)) in experiment.items.iter().enumerate() {
                let with = simulated.answers[item].is_some() && random.share() < 0.7;
                simulated.probabilities.push(with.then(|| random.probabilities(*levels)));
            }
        }
        let pilot = people::draw(&experiment, &mut random, "pilot ", 30);
        let mut new = Self { experiment, human, simulated, pilot, weights: vec![], resamples: 0 };
        new.resample(RESAMPLES);
        new
    }

    /// An ordinary one.
    pub(crate) fn ordinary() -> Self {
        Self::new(Experiment::mixed(), 120)
    }

    /// Draws as many resamples as said.
    pub(crate) fn resample(&mut self, resamples: usize) {
        let mut random = Random::new(7);
        let people = self.human.len();
        let mut counts = vec![vec![0_u16; resamples]; people];
        for resample in 0..resamples {
            for _ in 0..people {
                counts[random.below(people)][resample] += 1;
            }
        }
        let ids = self.human.iter().map(|person| person.id.clone());
        self.weights = ids.zip(counts).collect();
        self.resamples = resamples;
    }

    /// Everybody gives the answers of `answers`, as certain as can be.
    fn answering(mut self, answers: impl Fn(&Person, usize) -> Option<i32>) -> Self {
        for (person, human) in self.simulated.iter_mut().zip(&self.human) {
            let items = 0..self.experiment.items.len();
            person.answers = items.map(|item| answers(human, item)).collect();
            let certain = |(answer, (_, levels)): (&Option<i32>, &(String, usize))| {
                let sure = |answer: i32| {
                    (0..*levels).map(|l| f64::from(u8::from(l == answer as usize))).collect()
                };
                answer.map(sure)
            };
            person.probabilities =
                person.answers.iter().zip(&self.experiment.items).map(certain).collect();
        }
        self
    }

    /// Humans compared with themselves.
    pub(crate) fn itself(self) -> Self {
        self.answering(|human, item| human.answers[item])
    }

    /// Everybody gives the last level of every item.
    pub(crate) fn monotonous(self) -> Self {
        let last: Vec<i32> = self.experiment.items.iter().map(|(_, n)| *n as i32 - 1).collect();
        self.answering(|_, item| Some(last[item]))
    }

    /// Answers by chance.
    pub(crate) fn guessing(mut self) -> Self {
        let mut random = Random::new(11);
        for person in &mut self.simulated {
            let levels = self.experiment.items.iter().map(|(_, levels)| *levels);
            person.answers = levels.clone().map(|n| Some(random.below(n) as i32)).collect();
            person.probabilities = levels.map(|n| Some(vec![1.0 / n as f64; n])).collect();
        }
        self
    }

    /// Rows in another order, those of each table in one of its own.
    pub(crate) fn shuffled(mut self) -> Self {
        let mut random = Random::new(13);
        random.shuffle(&mut self.human);
        random.shuffle(&mut self.simulated);
        random.shuffle(&mut self.pilot);
        random.shuffle(&mut self.weights);
        self
    }

    /// Nobody was held out.
    pub(crate) fn nobody(mut self) -> Self {
        self.human.clear();
        self.simulated.clear();
        self.weights.clear();
        self
    }

    /// Nobody gave an answer, and nothing is known of anybody.
    pub(crate) fn silent(mut self) -> Self {
        for person in self.human.iter_mut().chain(&mut self.simulated) {
            person.arm = None;
            person.covariates.fill(None);
            person.answers.fill(None);
            person.probabilities.fill(None);
        }
        self
    }

    /// Everybody gives the same answers, on both sides.
    pub(crate) fn unanimous(mut self) -> Self {
        self.human.iter_mut().for_each(|person| person.answers.fill(Some(0)));
        self.itself()
    }

    /// Simulated people who stand in for nobody in particular, and fewer of them.
    pub(crate) fn unpaired(mut self) -> Self {
        self.simulated.truncate(self.human.len() / 2);
        for (i, person) in self.simulated.iter_mut().enumerate() {
            person.id = format!("simulated {i}");
        }
        let others = self.simulated.iter().map(|person| person.id.clone());
        let weights = self.weights.iter().map(|(_, weights)| weights.clone());
        let more: Vec<_> = others.zip(weights).collect();
        self.weights.extend(more);
        self
    }

    /// Choices without probabilities.
    pub(crate) fn choices(mut self) -> Self {
        self.simulated.iter_mut().for_each(|person| person.probabilities.fill(None));
        self
    }

    /// No pilot.
    pub(crate) fn without_pilot(mut self) -> Self {
        self.pilot.clear();
        self
    }

    /// Identifiers that are odd.
    pub(crate) fn odd(mut self) -> Self {
        self.human = people::with_odd_ids(self.human);
        self.simulated = people::with_odd_ids(self.simulated);
        let resamples = self.resamples;
        self.resample(resamples);
        self
    }

    /// The tables that cross.
    pub(crate) fn tables(&self) -> [RecordBatch; 4] {
        let experiment = &self.experiment;
        [
            people::columns(experiment, &self.human).batch(),
            people::simulated_columns(experiment, &self.simulated).batch(),
            people::columns(experiment, &self.pilot).batch(),
            self.weights(),
        ]
    }

    fn weights(&self) -> RecordBatch {
        let width = 1 + self.resamples;
        let row = |(_, weights): &(String, Vec<u16>)| {
            std::iter::once(1).chain(weights.iter().copied()).collect::<Vec<u16>>()
        };
        let values: UInt16Array = self.weights.iter().flat_map(row).collect::<Vec<u16>>().into();
        let field = Arc::new(Field::new("item", DataType::UInt16, false));
        let lists = FixedSizeListArray::new(field, width as i32, Arc::new(values), None);
        let mut columns = Columns::default();
        let ids: StringArray = self.weights.iter().map(|(id, _)| Some(id)).collect();
        columns.push("participant_id", ids);
        columns.push("weights", lists);
        columns.batch()
    }

    /// The context that crosses.
    pub(crate) fn context(&self) -> String {
        json!({"experiment": self.experiment.json, "seed": 149}).to_string()
    }
}
