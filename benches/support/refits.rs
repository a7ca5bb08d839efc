//! One regression and the case weights to fit it with.

use super::{
    comparison::{SEEDS, weights},
    population::{PREDICTORS, Population},
};
use pilotbench_regression::{Data, Estimates, Fitter, Kind, Scratch};
use rayon::prelude::*;

/// The decision to disclose on 12 predictors, with bootstrap resamples.
pub(crate) struct Refits {
    fitter: Fitter,
    /// The fit of the table as it is, where each refit starts.
    pub(crate) all: Estimates,
    /// By resample, the weights of the people.
    cases: Vec<Vec<f64>>,
}

impl Refits {
    /// A population of this size with its own weights.
    pub(crate) fn of(kind: Kind, people: usize, resamples: usize) -> Self {
        let population = Population::new(SEEDS[0], people);
        Self::new(kind, &population, &weights(people, resamples), resamples)
    }

    /// `weights` are those of [`weights`].
    pub(crate) fn new(kind: Kind, people: &Population, weights: &[u16], resamples: usize) -> Self {
        let (design, outcomes) = (people.design(), people.outcomes());
        let data = Data::new(&design, PREDICTORS, &outcomes, 2).unwrap();
        let fitter = Fitter::new(kind, &data, &[0.0, 1.0]).unwrap();
        let cases = |index| weights.iter().skip(index).step_by(1 + resamples);
        let cases = |index| cases(index).map(|weight| f64::from(*weight)).collect::<Vec<f64>>();
        let all = fitter.fit(&cases(0), None, &mut fitter.scratch()).unwrap();
        Self { fitter, all, cases: (1..=resamples).map(cases).collect() }
    }

    /// All refits on this thread.
    pub(crate) fn one_by_one(&self) -> Vec<Estimates> {
        let mut scratch = self.fitter.scratch();
        self.cases.iter().map(|cases| self.refit(cases, &mut scratch)).collect()
    }

    /// All refits on all cores.
    pub(crate) fn in_parallel(&self) -> Vec<Estimates> {
        let scratch = || self.fitter.scratch();
        self.cases.par_iter().map_init(scratch, |s, cases| self.refit(cases, s)).collect()
    }

    fn refit(&self, cases: &[f64], scratch: &mut Scratch) -> Estimates {
        self.fitter.fit(cases, Some(&self.all), scratch).unwrap()
    }
}
