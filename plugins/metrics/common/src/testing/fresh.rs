use super::Toy;
use crate::Random;
use pilotbench_plugin_sdk::{Evaluation, testing};
use pilotbench_synthetic::{Person, Stream};

impl Toy {
    /// New people of the disclosure population's law, and whoever `simulate` makes of each: it gets
    /// the human and a perfect simulator's answer, which is another person of the same law with the
    /// same arm and covariates. With bootstrap resamples.
    pub fn fresh(
        seed: u64,
        people: usize,
        resamples: usize,
        simulate: impl Fn(&mut Stream, &Person, &Person) -> Vec<Option<i32>>,
    ) -> Self {
        let mut toy = Self::disclosure(0);
        let (mut humans, mut others) = (Stream::new(seed), Stream::new(!seed));
        toy.human.clear();
        toy.simulated.clear();
        for i in 0..people {
            let person = Person::draw(i, &mut humans);
            let twin = Person::given(person.covariates(), &mut others);
            toy.human.push(row(i, &person, fresh_answers(&person)));
            let answers = simulate(&mut others, &person, &twin);
            toy.simulated.push(row(i, &person, answers));
        }
        toy.pilot.clear();
        let mut random = Random::new(seed, &[u64::from_le_bytes(*b"resample")]);
        toy.weights = vec![vec![0; resamples]; people];
        for draw in 0..resamples * people {
            toy.weights[random.below(people)][draw % resamples] += 1;
        }
        toy
    }

    /// The comparison with this seed for what a metric draws.
    ///
    /// # Panics
    /// When the people do not fit the experiment.
    pub fn evaluation_of(&self, seed: u64) -> Evaluation {
        Evaluation { seed, ..self.evaluation() }
    }
}

/// What a person of the law answers, as level indices.
pub fn fresh_answers(person: &Person) -> Vec<Option<i32>> {
    let beliefs = person.beliefs.iter().map(|belief| Some(i32::from(*belief) - 1));
    beliefs.chain([Some(i32::from(person.discloses))]).collect()
}

fn row(number: usize, person: &Person, answers: Vec<Option<i32>>) -> testing::Person {
    let c = person.covariates();
    let covariates = [c.ethnicity, c.age, usize::from(c.female), c.education, c.politics];
    testing::Person {
        id: format!("p{number:04}"),
        arm: Some(person.arm() as i32),
        covariates: covariates.map(|code| Some(code as f64)).to_vec(),
        answers,
        probabilities: Vec::new(),
    }
}
