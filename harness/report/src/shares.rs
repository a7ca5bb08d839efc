//! How often each level was answered, by everybody and by groups of people.

use crate::{people::Answered, plot::distribution::Shares};
use pilotbench_engine::experiment::{CovariateKind, Experiment, code};

/// More levels than this are shown in classes of neighbours.
const LEVELS_MAX: usize = 11;

/// People who have something in common.
pub(crate) struct Group {
    /// What divides people so: an arm, or a covariate's label.
    pub(crate) column: String,
    /// Their arm's or level's label.
    pub(crate) label: String,
    kind: Kind,
}

enum Kind {
    Everybody,
    Arm(usize),
    Level(usize, usize),
}

impl Group {
    /// Whether somebody belongs to it.
    fn has(&self, experiment: &Experiment, row: usize) -> bool {
        match self.kind {
            Kind::Everybody => true,
            Kind::Arm(arm) => experiment.people.arm(row) == Some(arm),
            Kind::Level(covariate, level) => experiment.people.level(row, covariate) == Some(level),
        }
    }

    /// What the rows of scores call it: column and level; nothing for everybody.
    pub(crate) fn key(&self, experiment: &Experiment) -> Option<(String, String)> {
        let design = &experiment.design;
        match self.kind {
            Kind::Everybody => None,
            Kind::Arm(arm) => Some(("arm".to_owned(), design.arms[arm].id.clone())),
            Kind::Level(covariate, level) => {
                let covariate = &design.covariates[covariate];
                Some((covariate.id.clone(), covariate.levels[level].label.clone()))
            }
        }
    }
}

/// Everybody, each arm where there are several, and each level of the covariates that are scored
/// apart.
pub(crate) fn groups(experiment: &Experiment) -> Vec<Group> {
    let design = &experiment.design;
    let named = |column: &str, label: &str, kind| Group {
        column: column.to_owned(),
        label: label.to_owned(),
        kind,
    };
    let mut groups = vec![named("", "everybody", Kind::Everybody)];
    if design.arms.len() > 1 {
        let arms = design.arms.iter().enumerate();
        groups.extend(arms.map(|(arm, words)| named("arm", &words.label, Kind::Arm(arm))));
    }
    for covariate in &design.subgroups {
        let words = &design.covariates[*covariate];
        if words.kind == CovariateKind::Categorical {
            let levels = words.levels.iter().enumerate();
            groups.extend(levels.map(|(level, told)| {
                named(&words.label, &told.label, Kind::Level(*covariate, level))
            }));
        }
    }
    groups
}

/// Which levels are shown together, and what they are called.
pub(crate) fn classes(experiment: &Experiment, item: usize) -> (Vec<usize>, Vec<String>) {
    let levels = &experiment.design.items[item].levels;
    if levels.len() <= LEVELS_MAX {
        return ((0..levels.len()).collect(), levels.iter().map(|l| l.label.clone()).collect());
    }
    let class = |level: usize| level * 10 / levels.len();
    let of: Vec<usize> = (0..levels.len()).map(class).collect();
    let label = |wanted: usize| {
        let inside = || of.iter().zip(levels).filter(|(class, _)| **class == wanted);
        let [first, last] = [inside().next(), inside().next_back()];
        let word = |found: Option<(&usize, &pilotbench_engine::experiment::Level)>| {
            found.map_or(String::new(), |(_, level)| level.label.clone())
        };
        format!("{} … {}", word(first), word(last))
    };
    let labels = (0..10).map(label).collect();
    (of, labels)
}

/// The shares of the humans among these rows, in the classes of [`classes`].
pub(crate) fn human(
    experiment: &Experiment,
    item: usize,
    group: &Group,
    rows: &[usize],
    (of, labels): &(Vec<usize>, Vec<String>),
) -> Shares {
    let inside = rows.iter().filter(|row| group.has(experiment, **row));
    let levels = inside.filter_map(|row| code(&experiment.people.answers[item], *row));
    counted("humans", true, levels.map(|level| of[level]), labels.len())
}

/// The same of what was simulated for them.
pub(crate) fn simulated(
    experiment: &Experiment,
    item: usize,
    group: &Group,
    (name, answered): (&str, &Answered),
    (of, labels): &(Vec<usize>, Vec<String>),
) -> Shares {
    let people = answered.rows.iter().zip(&answered.items[item].levels);
    let inside = people.filter(|(row, _)| group.has(experiment, **row));
    let levels = inside.filter_map(|(_, level)| *level).filter_map(|level| of.get(level));
    counted(name, false, levels.copied(), labels.len())
}

fn counted(
    name: &str,
    human: bool,
    answers: impl Iterator<Item = usize>,
    classes: usize,
) -> Shares {
    let mut counts = vec![0_usize; classes];
    answers.for_each(|class| counts[class] += 1);
    let people: usize = counts.iter().sum();
    let shares = counts.iter().map(|count| *count as f64 / people.max(1) as f64).collect();
    Shares { name: name.to_owned(), people, shares, human }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_those_who_answered() {
        let shares = counted("m", false, [0, 2, 2, 2].into_iter(), 3);
        assert_eq!((shares.people, shares.shares), (4, vec![0.25, 0.0, 0.75]));
        assert_eq!(counted("m", false, [].into_iter(), 2).shares, [0.0, 0.0]);
    }
}
