//! People as rows of numbers.

use pilotbench_plugin_sdk::{CovariateKind, Experiment, ItemKind, People};

/// Where a predictor comes from.
#[derive(Debug, Clone)]
enum Source {
    Arm(usize),
    Level {
        covariate: usize,
        level: usize,
    },
    Number {
        covariate: usize,
    },
    AnswerLevel {
        item: usize,
        level: usize,
    },
    /// Values of the item's levels.
    AnswerValue {
        item: usize,
        values: Vec<f64>,
    },
}

impl Source {
    fn value(&self, people: &People, row: usize) -> Option<f64> {
        let dummy = |at: usize, level: usize| f64::from(u8::from(at == level));
        match self {
            Self::Arm(arm) => people.arm(row).map(|at| dummy(at, *arm)),
            Self::Level { covariate, level } => {
                people.level(row, *covariate).map(|at| dummy(at, *level))
            }
            Self::Number { covariate } => people.number(row, *covariate).filter(|v| v.is_finite()),
            Self::AnswerLevel { item, level } => {
                people.answer(row, *item).map(|at| dummy(at, *level))
            }
            Self::AnswerValue { item, values } => people.answer(row, *item).map(|at| values[at]),
        }
    }
}

/// Levels that get a dummy: all, so that the penalty singles none out; of two only the second, for
/// the first is its mirror image.
fn dummies(levels: usize) -> std::ops::Range<usize> {
    usize::from(levels == 2)..levels
}

fn sources(experiment: &Experiment, asked: usize) -> Vec<Source> {
    let mut sources: Vec<Source> = dummies(experiment.arms.len()).map(Source::Arm).collect();
    for (covariate, field) in experiment.covariates.iter().enumerate() {
        match field.kind {
            CovariateKind::Numeric => sources.push(Source::Number { covariate }),
            CovariateKind::Categorical => sources.extend(
                dummies(field.levels.len()).map(|level| Source::Level { covariate, level }),
            ),
        }
    }
    for (item, earlier) in experiment.items[..asked].iter().enumerate() {
        if earlier.kind == ItemKind::Nominal {
            let levels = dummies(earlier.levels.len());
            sources.extend(levels.map(|level| Source::AnswerLevel { item, level }));
        } else {
            sources.push(Source::AnswerValue { item, values: earlier.values() });
        }
    }
    sources
}

#[derive(Debug)]
struct Column {
    source: Source,
    mean: f64,
    deviation: f64,
}

/// The standardised predictors of an item.
#[derive(Debug)]
pub(super) struct Predictors(Vec<Column>);

impl Predictors {
    /// Those that vary among the people in these rows.
    pub(super) fn new(
        experiment: &Experiment,
        people: &People,
        rows: &[usize],
        asked: usize,
    ) -> Self {
        let standardised = |source: Source| {
            let values: Vec<f64> =
                rows.iter().filter_map(|row| source.value(people, *row)).collect();
            let first = *values.first()?;
            // Compared, not inferred from the deviation: rounding must not make a constant vary.
            values.iter().any(|value| (value - first).abs() > 0.0).then_some(())?;
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
            let deviation = variance.sqrt();
            (deviation.is_normal() && mean.is_finite()).then_some(Column {
                source,
                mean,
                deviation,
            })
        };
        Self(sources(experiment, asked).into_iter().filter_map(standardised).collect())
    }

    /// Number of predictors.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Appends the predictors of one person; a missing one is at the mean.
    pub(super) fn encode(&self, people: &People, row: usize, into: &mut Vec<f64>) {
        into.extend(self.0.iter().map(|column| {
            let value = column.source.value(people, row);
            value.map_or(0.0, |value| (value - column.mean) / column.deviation)
        }));
    }
}
