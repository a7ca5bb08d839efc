use pilotbench_plugin_sdk::prelude::*;
use pilotbench_synthetic::{Covariates, Person, Stream};

/// Name under which an experiment declares the population that this oracle knows.
const POPULATION: &str = "disclosure";
/// Items of the population and their numbers of levels.
const ITEMS: [(&str, usize); 5] =
    [("benefit", 5), ("risk", 5), ("trust", 5), ("norm", 5), ("act", 2)];
/// Covariates of the population, in the order of the fields of [`Covariates`].
const COVARIATES: [&str; 5] = ["eth", "age", "fem", "edu", "pol"];

/// Oracle: a perfect simulator of a synthetic population. Each participant is answered for by a new
/// person of the same law, with the participant's arm and covariates.
///
/// It shows the score of a method that answers as the population does and knows nothing of the single
/// participant beyond what it is told. It gives answers, not probabilities: what is said about
/// single people can be better. The only law known is that of the population
/// `disclosure` (`pilotbench-synthetic`); an experiment that names another one, or none, is an
/// error. Nothing is learned from the pilot.
///
/// The new person is drawn from the replicate's seed and the participant's identifier, so all items
/// belong to one person, and every replicate asks other people. A participant whose arm or one of
/// whose covariates is not known, and an item that the law does not have, become refusals.
#[derive(Debug)]
pub struct FreshPopulation;

/// Where an experiment holds what the law needs.
#[derive(Debug)]
pub struct Law {
    seed: u64,
    /// By arm, numbered as in [`Covariates`]; `None` where the factors do not say.
    arms: Vec<Option<usize>>,
    /// Index of each covariate of [`COVARIATES`].
    covariates: [Option<usize>; COVARIATES.len()],
    /// By item of the experiment: its place in [`ITEMS`].
    items: Vec<Option<usize>>,
}

impl Law {
    fn new(experiment: &Experiment, seed: u64) -> Result<Self> {
        for (id, levels) in ITEMS {
            let item = experiment.items.iter().find(|item| item.id == id);
            if let Some(found) = item.map(|item| item.levels.len()).filter(|n| *n != levels) {
                return Err(Error::BadInput(format!(
                    "item `{id}` has {found} levels, the population `{POPULATION}` has {levels}"
                )));
            }
        }
        let covariate =
            |id: &str| experiment.covariates.iter().position(|covariate| covariate.id == id);
        let item = |id: &str| ITEMS.iter().position(|(known, _)| *known == id);
        Ok(Self {
            seed,
            arms: experiment.arms.iter().map(|arm| number(&arm.factors)).collect(),
            covariates: COVARIATES.map(covariate),
            items: experiment.items.iter().map(|it| item(&it.id)).collect(),
        })
    }

    /// The new person in place of the participant in this row, or what is not known of them.
    fn person(&self, people: &People, row: usize) -> std::result::Result<Person, &'static str> {
        let arm = people.arm(row).and_then(|arm| self.arms[arm]).ok_or("arm")?;
        let mut codes = [0; COVARIATES.len()];
        for ((code, place), id) in codes.iter_mut().zip(self.covariates).zip(COVARIATES) {
            *code = place.and_then(|place| people.level(row, place)).ok_or(id)?;
        }
        let [ethnicity, age, female, education, politics] = codes;
        let covariates =
            Covariates { arm, ethnicity, age, female: female == 1, education, politics };
        let mut stream = Stream::new(hash(self.seed, people.id(row)));
        Ok(Person::given(covariates, &mut stream))
    }
}

/// Number of the arm with these factors A, B and C, each 0 or 1.
fn number(factors: &std::collections::BTreeMap<String, f64>) -> Option<usize> {
    let bit = |name: &str| match factors.get(name) {
        Some(0.0) => Some(0),
        Some(1.0) => Some(1),
        _ => None,
    };
    Some(bit("A")? + 2 * bit("B")? + 4 * bit("C")?)
}

/// FNV-1a (Fowler, Noll and Vo) of seed and identifier.
fn hash(seed: u64, id: &str) -> u64 {
    seed.to_le_bytes()
        .into_iter()
        .chain(id.bytes())
        .fold(0xCBF2_9CE4_8422_2325, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// Level index of an item's answer.
fn level(person: &Person, item: usize) -> usize {
    match person.beliefs.get(item) {
        Some(belief) => usize::from(*belief) - 1,
        None => usize::from(person.discloses),
    }
}

impl Backend for FreshPopulation {
    const NAME: &'static str = "fresh-population";
    type Config = NoConfig;
    type Adapted = Law;

    fn describe() -> BackendInfo {
        BackendInfo::new("oracle: a new person of the synthetic population's own law")
            .learns_from(LearnsFrom::Law)
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<Law> {
        let experiment = &pilot.experiment;
        match experiment.population.as_deref() {
            Some(POPULATION) => Law::new(experiment, pilot.seed),
            Some(other) => Err(Error::unsupported(format!(
                "the law of the population `{other}` is not known, only that of `{POPULATION}`"
            ))),
            None => Err(Error::unsupported(format!(
                "experiment `{}` names no synthetic population, and `{}` needs one: `{POPULATION}`",
                experiment.id,
                Self::NAME
            ))),
        }
    }

    fn respond(
        &self,
        law: &Law,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        control.check()?;
        for row in 0..requests.len() {
            let request = requests.request_id(row);
            let Some(item) = law.items[requests.item_index(row)] else {
                answers.refusal(request, "the population has no such item");
                continue;
            };
            match law.person(&requests.people, row) {
                Ok(person) => answers.choice(request, level(&person, item)),
                Err(what) => {
                    answers.refusal(request, &format!("the participant's `{what}` is not known"))
                }
            }
        }
        Ok(())
    }
}
