use crate::{
    marginal::marginal,
    somebody,
    tables::{ByItem, counts_of},
};
use pilotbench_plugin_sdk::{CovariateKind, prelude::*};

/// The pilot's shares within the participant's stratum, shrunk to the pooled ones:
/// `p = (c + k · p_pooled) / (n_g + k)`.
///
/// `c` of the `n_g` participants of the stratum who answered the item gave the level, and `p_pooled`
/// is what [`Marginal`](crate::Marginal) says by default. `k` imagined answers from the pooled
/// distribution make this the posterior mean under a Dirichlet prior (the shrinkage estimate of
/// Fienberg & Holland 1973). A stratum without pilot participants gets the pooled distribution.
///
/// Strata are the arm (if there are arms) crossed with the experiment's first categorical subgroup
/// column (if there is one), unless the setting `by` lists others. A missing arm or level is a level
/// of its own.
#[derive(Debug)]
pub struct StratumMarginal {
    by: Option<Vec<String>>,
    shrink: f64,
}

/// Settings of [`StratumMarginal`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StratumMarginalConfig {
    /// What strata are made of: `arm` and identifiers of categorical covariates. Without arms,
    /// `arm` is one stratum.
    pub by: Option<Vec<String>>,
    /// The `k` of the formula.
    pub shrink: f64,
}

impl Default for StratumMarginalConfig {
    fn default() -> Self {
        Self { by: None, shrink: 5.0 }
    }
}

/// One distribution per stratum of the pilot and item.
#[derive(Debug)]
pub struct Strata {
    key: Key,
    /// The strata that the pilot reaches, sorted, and their tables in the same order.
    seen: Vec<u64>,
    tables: Vec<ByItem>,
    pooled: ByItem,
}

/// Numbers a participant's stratum.
#[derive(Debug)]
struct Key(Vec<Part>);

#[derive(Debug)]
enum Part {
    Arm { levels: u64 },
    Covariate { index: usize, levels: u64 },
}

impl Key {
    fn new(experiment: &Experiment, by: Option<&[String]>) -> Result<Self> {
        let arm = Part::Arm { levels: experiment.arms.len() as u64 };
        let covariate = |index: usize| Part::Covariate {
            index,
            levels: experiment.covariates[index].levels.len() as u64,
        };
        let categorical =
            |index: &usize| experiment.covariates[*index].kind == CovariateKind::Categorical;
        let Some(by) = by else {
            let first = experiment.subgroups.iter().copied().find(categorical);
            return Ok(Self(std::iter::once(arm).chain(first.map(covariate)).collect()));
        };
        let find = |id: &String| match id.as_str() {
            "arm" => Ok(Part::Arm { levels: experiment.arms.len() as u64 }),
            _ => (0..experiment.covariates.len())
                .find(|index| experiment.covariates[*index].id == *id)
                .filter(categorical)
                .map(covariate)
                .ok_or_else(|| {
                    let what = format!("`{id}` is no categorical covariate of `{}`", experiment.id);
                    Error::config("by", what)
                }),
        };
        let key = Self(by.iter().map(find).collect::<Result<_>>()?);
        key.0
            .iter()
            .try_fold(1u64, |strata, part| strata.checked_mul(part.size()))
            .map(|_| key)
            .ok_or_else(|| Error::config("by", "too many strata"))
    }

    fn of(&self, people: &People, row: usize) -> u64 {
        self.0.iter().fold(0, |number, part| number * part.size() + part.level(people, row))
    }
}

impl Part {
    /// The levels and one for missing values.
    fn size(&self) -> u64 {
        match self {
            Self::Arm { levels } | Self::Covariate { levels, .. } => levels + 1,
        }
    }

    fn level(&self, people: &People, row: usize) -> u64 {
        match self {
            Self::Arm { levels } => people.arm(row).map_or(*levels, |arm| arm as u64),
            Self::Covariate { index, levels } => {
                people.level(row, *index).map_or(*levels, |level| level as u64)
            }
        }
    }
}

impl StratumMarginal {
    fn table(&self, pilot: &Pilot, rows: &[usize], pooled: &[Vec<f64>]) -> ByItem {
        ByItem::new(&pilot.experiment, |item, levels| {
            let counts = counts_of(&pilot.people, rows.iter().copied(), item, levels);
            let n: f64 = counts.iter().sum();
            if n == 0.0 {
                return pooled[item].clone();
            }
            let share = |(c, p): (&f64, &f64)| (c + self.shrink * p) / (n + self.shrink);
            counts.iter().zip(&pooled[item]).map(share).collect()
        })
    }
}

impl Backend for StratumMarginal {
    const NAME: &'static str = "stratum-marginal";
    type Config = StratumMarginalConfig;
    type Adapted = Strata;

    fn describe() -> BackendInfo {
        BackendInfo::new("the pilot's shares by arm and group, shrunk to the pooled ones")
            .min_pilot(1)
    }

    fn open(config: StratumMarginalConfig) -> Result<Self> {
        let StratumMarginalConfig { by, shrink } = config;
        if !(0.0..=1e6).contains(&shrink) {
            return Err(Error::config("shrink", format!("{shrink} is not from 0 to 1000000")));
        }
        let names = by.as_deref().unwrap_or_default();
        match (1..names.len()).find(|i| names[..*i].contains(&names[*i])) {
            Some(twice) => Err(Error::config("by", format!("`{}` stands twice", names[twice]))),
            None => Ok(Self { by, shrink }),
        }
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<Strata> {
        somebody(pilot)?;
        let key = Key::new(&pilot.experiment, self.by.as_deref())?;
        let items = pilot.experiment.items.iter().enumerate();
        let pooled: Vec<Vec<f64>> =
            items.map(|(item, it)| marginal(&pilot.people, item, it.levels.len())).collect();
        let mut numbered: Vec<(u64, usize)> =
            (0..pilot.people.len()).map(|row| (key.of(&pilot.people, row), row)).collect();
        numbered.sort_unstable();
        let (mut seen, mut tables) = (Vec::new(), Vec::new());
        for stratum in numbered.chunk_by(|a, b| a.0 == b.0) {
            let rows: Vec<usize> = stratum.iter().map(|(_, row)| *row).collect();
            seen.push(stratum[0].0);
            tables.push(self.table(pilot, &rows, &pooled));
        }
        let pooled = ByItem::new(&pilot.experiment, |item, _| pooled[item].clone());
        Ok(Strata { key, seen, tables, pooled })
    }

    fn respond(
        &self,
        strata: &Strata,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        control.check()?;
        for row in 0..requests.len() {
            let stratum = strata.seen.binary_search(&strata.key.of(&requests.people, row));
            let table = stratum.map_or(&strata.pooled, |slot| &strata.tables[slot]);
            answers
                .log_probabilities(requests.request_id(row), table.get(requests.item_index(row)));
        }
        Ok(())
    }
}
