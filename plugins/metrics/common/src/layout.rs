use pilotbench_plugin_sdk::{Evaluation, Experiment, People};
use std::ops::Range;

/// Where the groups of [`Evaluation::groups`] stand: everybody, arms, subgroup columns in order.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Places of the arms; empty when there are none to tell apart.
    pub arms: Range<usize>,
    /// Covariate and places of the levels of each subgroup column.
    pub columns: Vec<(usize, Range<usize>)>,
    /// Number of groups.
    pub groups: usize,
}

impl Layout {
    /// Every group.
    pub fn new(input: &Evaluation) -> Self {
        Self::of(&input.experiment)
    }

    /// Everybody only.
    pub fn everybody() -> Self {
        Self { arms: 1..1, columns: Vec::new(), groups: 1 }
    }

    fn of(experiment: &Experiment) -> Self {
        let arms = experiment.arms.len();
        let arms = 1..1 + if arms > 1 { arms } else { 0 };
        let mut end = arms.end;
        let mut columns = Vec::new();
        for covariate in &experiment.subgroups {
            let start = end;
            end += experiment.covariates[*covariate].levels.len();
            columns.push((*covariate, start..end));
        }
        Self { arms, columns, groups: end }
    }

    /// Adds the places of a person's groups.
    pub(crate) fn places(&self, people: &People, row: usize, places: &mut Vec<u16>) {
        places.push(0);
        if let Some(arm) = people.arm(row).filter(|arm| *arm < self.arms.len()) {
            places.push((self.arms.start + arm) as u16);
        }
        for (covariate, levels) in &self.columns {
            if let Some(level) = people.level(row, *covariate) {
                places.push((levels.start + level) as u16);
            }
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::testing::Toy;

    #[test]
    fn places_are_those_of_the_groups() {
        for input in [Toy::new(3, 40).evaluation(), Toy::disclosure(0).evaluation()] {
            let (groups, layout) = (input.groups(), Layout::new(&input));
            assert_eq!(groups.len(), layout.groups);
            for row in 0..input.human.len() {
                let mut places = Vec::new();
                layout.places(&input.human, row, &mut places);
                let holding = (0..groups.len()).filter(|g| groups[*g].holds(&input.human, row));
                assert_eq!(places, holding.map(|g| g as u16).collect::<Vec<_>>());
            }
        }
    }
}
