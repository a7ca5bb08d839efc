use super::Toy;
use crate::Random;
use pilotbench_plugin_sdk::testing::Person;
use serde_json::json;

const TABLE: &str = include_str!("../../../../../datasets/disclosure/participants.csv");
/// Levels of ethnicity, age, gender, education and politics.
const COVARIATES: [(&str, usize); 5] = [("eth", 5), ("age", 5), ("fem", 2), ("edu", 3), ("pol", 3)];
const ITEMS: [(&str, usize); 5] =
    [("benefit", 5), ("risk", 5), ("trust", 5), ("norm", 5), ("act", 2)];

impl Toy {
    /// The synthetic disclosure population, with eight arms and five subgroup columns. Each
    /// participant is answered for by the participant some places further down, with random
    /// probabilities; with `resamples` bootstrap resamples.
    ///
    /// # Panics
    /// When the table is not what it was.
    pub fn disclosure(resamples: usize) -> Self {
        let mut random = Random::new(149, &[]);
        let rows = TABLE.lines().skip(1).enumerate();
        let human: Vec<Person> = rows.map(|(number, line)| person(number, line)).collect();
        let shift = human.len() / 2;
        let mut simulated = human.clone();
        for (row, twin) in simulated.iter_mut().enumerate() {
            twin.answers.clone_from(&human[(row + shift) % human.len()].answers);
            twin.probabilities =
                ITEMS.iter().map(|(_, levels)| Some(random.probabilities(*levels))).collect();
        }
        let mut weights = vec![vec![0; resamples]; human.len()];
        for draw in 0..resamples * human.len() {
            weights[random.below(human.len())][draw % resamples] += 1;
        }
        let pilot = human[..30].to_vec();
        Self { experiment: experiment(), human, simulated, pilot, weights }
    }
}

fn person(number: usize, line: &str) -> Person {
    let cells: Vec<i32> = line.split(',').map(|cell| cell.parse().expect("a number")).collect();
    let beliefs = cells[9..13].iter().map(|value| Some(value - 1));
    Person {
        id: format!("p{number:04}"),
        arm: Some(cells[0]),
        covariates: cells[4..9].iter().map(|value| Some(f64::from(*value))).collect(),
        answers: beliefs.chain([Some(cells[14])]).collect(),
        probabilities: Vec::new(),
    }
}

fn experiment() -> pilotbench_plugin_sdk::Experiment {
    let levels = |count: usize, first: usize| -> Vec<serde_json::Value> {
        (first..first + count).map(|v| json!({"label": v.to_string(), "value": v})).collect()
    };
    let arms: Vec<_> = (0..8).map(|i| json!({"id": format!("a{i}"), "label": "arm"})).collect();
    let covariates = COVARIATES.map(|(id, count)| {
        json!({"id": id, "label": id, "kind": "categorical", "levels": levels(count, 0)})
    });
    let items = ITEMS.map(|(id, count)| match count {
        2 => json!({"id": id, "role": "action", "kind": "binary", "levels": levels(2, 0)}),
        _ => json!({"id": id, "role": "belief", "kind": "ordinal", "levels": levels(count, 1)}),
    });
    let terms = [0.5, -0.6, 0.55, 0.3];
    let terms =
        terms.iter().enumerate().map(|(item, weight)| json!({"item": item, "weight": weight}));
    let experiment = json!({
        "id": "disclosure", "title": "Disclosure", "arms": arms, "covariates": covariates,
        "items": items, "subgroups": [0, 1, 2, 3, 4],
        "implied_action": {"action": 4, "rule": "linear", "centre": 3.0, "positive": 1,
            "negative": 0, "tie": "positive", "terms": terms.collect::<Vec<_>>()},
    });
    serde_json::from_value(experiment).expect("an experiment")
}
