//! People.

use super::{Random, World};

/// Share of what is not known.
const MISSING: f64 = 0.06;
/// What identifiers of participants may hold.
const ODD_IDS: [&str; 11] = [
    "日本語",
    "עברית\u{200f}",
    "e\u{301}\u{328}",
    "👩\u{200d}👩\u{200d}👧",
    "line\nbreak",
    "tab\t\"quote\"'",
    "nul\0nul",
    "\u{feff}bom",
    " spaced ",
    "a,b;c/d\\e",
    "",
];

/// A participant. Codes are level indices.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) arm: Option<i32>,
    /// By covariate; for a numeric one the number.
    pub(crate) covariates: Vec<Option<f64>>,
    /// By item.
    pub(crate) answers: Vec<Option<i32>>,
}

/// People of a world, the same for the same seed. Low levels are more frequent than high ones, and
/// answers hang together, so that a wrong simulation differs in every respect.
pub(crate) fn people(world: &World, count: usize, seed: u64) -> Vec<Person> {
    (0..count).map(|place| person(world, place, seed)).collect()
}

fn person(world: &World, place: usize, seed: u64) -> Person {
    let mut random = Random::new(seed, place as u64);
    let leaning = random.share().powi(2);
    let known = |random: &mut Random| random.share() >= MISSING;
    let id = match world.odd {
        true => format!("{}{seed}-{place}", ODD_IDS[place % ODD_IDS.len()]),
        false => format!("p{seed}-{place:06}"),
    };
    let arm = (world.arms > 0).then(|| random.below(world.arms) as i32);
    let covariates = world.covariates.iter().map(|covariate| {
        let value = match covariate.levels {
            0 => 18.0 + (62.0 * random.share()).floor(),
            levels => random.below(levels) as f64,
        };
        known(&mut random).then_some(value)
    });
    let covariates = covariates.collect();
    let answers = world.items.iter().map(|item| {
        let level = (0.6 * leaning + 0.4 * random.share().powf(1.5)) * item.levels as f64;
        known(&mut random).then_some(level as i32)
    });
    let answers = answers.collect();
    Person { id, arm, covariates, answers }
}
