use crate::Random;
use pilotbench_plugin_sdk::{
    Evaluation, Experiment,
    testing::{self, Person},
};
use serde_json::json;

/// A small random comparison that can be rearranged.
#[derive(Debug, Clone)]
pub struct Toy {
    /// Three beliefs (one nominal) and a binary action; three arms; a covariate with three levels.
    pub experiment: Experiment,
    /// Humans.
    pub human: Vec<Person>,
    /// Simulated people.
    pub simulated: Vec<Person>,
    /// The pilot.
    pub pilot: Vec<Person>,
    /// Resample weights by human row.
    pub weights: Vec<Vec<u16>>,
}

/// Levels of the items of a toy; the second item is nominal, the last the action.
const LEVELS: [usize; 4] = [5, 3, 4, 2];

impl Toy {
    /// A comparison drawn from a seed; some answers are missing.
    pub fn new(seed: u64, people: usize) -> Self {
        let mut random = Random::new(seed, &[]);
        let missing = random.below(3) as f64 * 0.08;
        let side = |random: &mut Random, prefix: &str, count: usize| -> Vec<Person> {
            (0..count).map(|i| person(random, format!("{prefix}{i:04}"), missing)).collect()
        };
        let human = side(&mut random, "p", people);
        let mut simulated = side(&mut random, "p", people);
        for (simulated, human) in simulated.iter_mut().zip(&human) {
            (simulated.arm, simulated.covariates) = (human.arm, human.covariates.clone());
            for (item, levels) in LEVELS.iter().enumerate() {
                let probabilities = simulated.answers[item].filter(|_| random.share() < 0.7);
                let list = probabilities.map(|_| random.probabilities(*levels));
                simulated.probabilities.push(list);
            }
        }
        let size = random.below(6);
        let pilot = side(&mut random, "q", size);
        let mut weights = vec![vec![0; 4]; people];
        for draw in 0..4 * people {
            weights[random.below(people)][draw % 4] += 1;
        }
        Self { experiment: experiment(), human, simulated, pilot, weights }
    }

    /// The comparison as a metric sees it.
    ///
    /// # Panics
    /// When the people do not fit the experiment.
    pub fn evaluation(&self) -> Evaluation {
        let sides = (&self.human, &self.simulated, &self.pilot);
        testing::evaluation(&self.experiment, sides.0, sides.1, sides.2, &self.weights)
            .expect("a comparison")
    }

    /// Humans compared with themselves, as certain as can be.
    pub fn itself(mut self) -> Self {
        self.simulated.clone_from(&self.human);
        for person in &mut self.simulated {
            let certain = |(answer, levels): (&Option<i32>, &usize)| {
                answer.map(|answer| {
                    (0..*levels)
                        .map(|level| f64::from(u8::from(level == answer as usize)))
                        .collect()
                })
            };
            person.probabilities = person.answers.iter().zip(&LEVELS).map(certain).collect();
        }
        self
    }

    /// Rows in another order on both sides.
    pub fn shuffled(mut self, seed: u64) -> Self {
        let mut random = Random::new(seed, &[1]);
        let mut order: Vec<usize> = (0..self.human.len()).collect();
        random.draw(&mut order, usize::MAX);
        self.human = order.iter().map(|row| self.human[*row].clone()).collect();
        self.weights = order.iter().map(|row| self.weights[*row].clone()).collect();
        random.draw(&mut self.simulated, usize::MAX);
        self
    }

    /// The rows of one resample, written out: each participant as often as drawn, without weights.
    pub fn repeated(mut self, resample: usize) -> Self {
        let times: Vec<u16> = self.weights.iter().map(|weights| weights[resample]).collect();
        let repeat = |people: &[Person]| -> Vec<Person> {
            let people = people.iter().zip(&times).flat_map(|(person, times)| {
                (0..*times)
                    .map(|time| Person { id: format!("{}-{time}", person.id), ..person.clone() })
            });
            people.collect()
        };
        (self.human, self.simulated) = (repeat(&self.human), repeat(&self.simulated));
        self.weights.clear();
        self
    }

    /// Without resamples.
    pub fn unweighted(mut self) -> Self {
        self.weights.clear();
        self
    }

    /// Levels of the nominal item in reverse order.
    pub fn relevelled(mut self) -> Self {
        let last = LEVELS[1] as i32 - 1;
        for person in self.human.iter_mut().chain(&mut self.simulated).chain(&mut self.pilot) {
            person.answers[1] = person.answers[1].map(|level| last - level);
            if let Some(Some(list)) = person.probabilities.get_mut(1) {
                list.reverse();
            }
        }
        self
    }

    /// Other names for arms and for the levels of the covariate, with the names of before.
    pub fn renamed(mut self) -> Self {
        self.experiment.arms.iter_mut().for_each(|arm| arm.id = format!("other {}", arm.id));
        for level in &mut self.experiment.covariates[0].levels {
            level.label = format!("other {}", level.label);
        }
        self
    }
}

fn experiment() -> Experiment {
    let levels = |count: usize| -> Vec<serde_json::Value> {
        (1..=count).map(|v| json!({"label": v.to_string(), "value": v})).collect()
    };
    let kinds =
        [("belief", "ordinal"), ("belief", "nominal"), ("belief", "numeric"), ("action", "binary")];
    let item = |(i, (role, kind))| json!({"id": format!("q{i}"), "role": role, "kind": kind, "levels": levels(LEVELS[i])});
    let items: Vec<_> = kinds.into_iter().enumerate().map(item).collect();
    let arms: Vec<_> = (0..3).map(|i| json!({"id": format!("arm{i}"), "label": "arm"})).collect();
    let experiment = json!({
        "id": "toy", "title": "Toy", "arms": arms, "items": items, "subgroups": [0],
        "covariates": [{"id": "group", "label": "Group", "kind": "categorical", "levels": levels(3)}],
        "implied_action": {"action": 3, "rule": "linear", "centre": 2.0, "positive": 1,
            "negative": 0, "tie": "excluded",
            "terms": [{"item": 0, "weight": 1.0}, {"item": 2, "weight": -1.0}]},
    });
    serde_json::from_value(experiment).expect("an experiment")
}

fn person(random: &mut Random, id: String, missing: f64) -> Person {
    let leaning = random.share();
    let answer = |levels: &usize| {
        let place = 0.5 * leaning + 0.5 * random.share();
        (random.share() >= missing).then_some((place * *levels as f64) as i32)
    };
    let answers = LEVELS.iter().map(answer).collect();
    Person {
        id,
        arm: Some(random.below(3) as i32),
        covariates: vec![(random.share() < 0.9).then(|| random.below(3) as f64)],
        answers,
        probabilities: Vec::new(),
    }
}

impl Random {
    pub(super) fn probabilities(&mut self, levels: usize) -> Vec<f64> {
        let parts: Vec<f64> = (0..levels).map(|_| self.share() + 0.01).collect();
        let sum: f64 = parts.iter().sum();
        parts.into_iter().map(|part| part / sum).collect()
    }
}
