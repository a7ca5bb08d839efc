//! The `copula` backend: [`margin`] cuts a normal variable into an item's levels, [`fit`] estimates
//! how the variables hang together, [`interview`] conditions one on the answers so far.

mod fit;
mod interview;
mod margin;

use crate::{marginal::marginal, somebody};
use interview::Given;
use margin::Margin;
use pilotbench_plugin_sdk::prelude::*;
use std::collections::HashMap;

/// Gaussian copula: the smoothed shares of [`Marginal`](crate::Marginal), joined by the rank
/// correlations of the pilot. It is to the joint distribution what `marginal` is to single items,
/// and the usual statistical way of making artificial respondents (Cario & Nelson 1997).
///
/// Model. Each item that has an order is a standard normal variable, cut at the normal quantiles of
/// the item's cumulative shares. The variables are jointly normal. Arm and covariates have no say.
/// Nominal items have no rank: they are independent of everything.
///
/// Correlations. For each pair of items, Spearman's `r` over the `n` pilot participants who answered
/// both is shrunk to `r · n / (n + k)`, the posterior mean when `k` imagined participants are
/// uncorrelated. The correlation of the two normal variables is then the one at which the cut
/// variables have that rank correlation, at most .95 in size. For many levels it is
/// `2 sin(π r / 6)` (Pearson 1907); the few levels of an item need more, for cutting loses some
/// correlation. Where an item does not vary among those people, the correlation is 0. Should the
/// matrix not be positive definite, which pairs of unequal people can bring about, all correlations
/// are shrunk alike until it is.
///
/// Interview. An item's distribution is that of its variable given that those of the earlier answers
/// lie between their cuts, by the sequential sampler of Geweke (1991), Hajivassiliou and Keane on 64
/// points of a fixed lattice: nothing is drawn, and equal requests get equal answers. The error of a
/// probability is about .001 at moderate correlations and rarely above .01. A missing earlier answer
/// is passed over.
#[derive(Debug)]
pub struct Copula {
    shrink: f64,
}

/// Settings of [`Copula`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CopulaConfig {
    /// The `k` of the shrinkage. 10 suits correlations that lie about .3 around 0: the error
    /// variance of one, `1 / n`, over the variance of their true values.
    pub shrink: f64,
}

impl Default for CopulaConfig {
    fn default() -> Self {
        Self { shrink: 10.0 }
    }
}

/// An item by itself.
#[derive(Debug)]
struct Shape {
    /// Smoothed shares of its levels.
    shares: Vec<f64>,
    /// For an ordered item: its place in the correlations, and its cuts.
    variable: Option<(usize, Margin)>,
}

/// What an answer depends on: the item asked, and the earlier answers (item, level) to ordered
/// items.
type Interview = (usize, Vec<(usize, usize)>);

/// What a pilot is to a copula.
#[derive(Debug)]
pub struct Joint {
    items: Vec<Shape>,
    correlations: fit::Correlations,
    lattice: interview::Lattice,
}

impl Joint {
    fn new(pilot: &Pilot, shrink: f64) -> Self {
        let experiment = &pilot.experiment;
        let mut ordered = Vec::new();
        let items = experiment.items.iter().enumerate().map(|(index, item)| {
            let shares = marginal(&pilot.people, index, item.levels.len());
            let variable = Margin::new(item, &shares).map(|margin| (ordered.len(), margin));
            ordered.extend(variable.is_some().then_some(index));
            Shape { shares, variable }
        });
        let items: Vec<Shape> = items.collect();
        let margins =
            ordered.iter().filter_map(|index| Some((*index, &items[*index].variable.as_ref()?.1)));
        let margins: Vec<(usize, &Margin)> = margins.collect();
        let correlations = fit::Correlations::new(&pilot.people, &margins, shrink);
        let lattice = interview::Lattice::new(ordered.len());
        Self { items, correlations, lattice }
    }

    /// Probabilities of the levels of the item asked.
    fn probabilities(&self, (asked, earlier): &Interview) -> Vec<f64> {
        let Shape { shares, variable } = &self.items[*asked];
        let given = earlier.iter().filter_map(|(item, level)| {
            let (place, margin) = self.items[*item].variable.as_ref()?;
            let (low, high) = margin.interval(*level);
            Some(Given { place: *place, low, high })
        });
        let given: Vec<Given> = given.collect();
        let conditional = variable.as_ref().and_then(|(place, margin)| {
            self.lattice.conditional(&self.correlations, &given, *place, margin)
        });
        conditional.unwrap_or_else(|| shares.clone())
    }

    fn interview(&self, requests: &Requests, row: usize) -> Interview {
        let asked = requests.item_index(row);
        let ordered = |item: &usize| self.items[*item].variable.is_some();
        let earlier = (0..asked).filter(|item| ordered(item) && ordered(&asked));
        let given = |item| Some((item, requests.people.answer(row, item)?));
        (asked, earlier.filter_map(given).collect())
    }
}

impl Backend for Copula {
    const NAME: &'static str = "copula";
    type Config = CopulaConfig;
    type Adapted = Joint;

    fn describe() -> BackendInfo {
        BackendInfo::new("the pilot's smoothed shares, joined by its rank correlations")
            .min_pilot(2)
    }

    fn open(config: CopulaConfig) -> Result<Self> {
        let CopulaConfig { shrink } = config;
        if !(0.0..=1e6).contains(&shrink) {
            return Err(Error::config("shrink", format!("{shrink} is not from 0 to 1000000")));
        }
        Ok(Self { shrink })
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<Joint> {
        somebody(pilot)?;
        Ok(Joint::new(pilot, self.shrink))
    }

    fn respond(
        &self,
        joint: &Joint,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        control.check()?;
        // Many people give the same answers so far: each such interview is worked out once.
        let mut known: HashMap<Interview, Vec<f64>> = HashMap::new();
        for row in 0..requests.len() {
            let shares = known
                .entry(joint.interview(requests, row))
                .or_insert_with_key(|interview| joint.probabilities(interview));
            answers.probabilities(requests.request_id(row), shares);
        }
        Ok(())
    }
}
