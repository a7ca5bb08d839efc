//! The regressions of the card, on humans and on simulated people, for the plot of coefficients. The
//! scores say how well the two agree over all seeds; this shows one seed, coefficient by coefficient.

use crate::{
    people::Answered,
    plot::{
        curves::Look,
        forest::{Coefficient, Estimated},
    },
};
use pilotbench_engine::experiment::{Experiment, Family, Regression, Term, TermPart, code};
use pilotbench_regression::{Data, Fitter, Kind};

/// Level of the tests: intervals cover the rest.
const ALPHA: f64 = 0.05;

/// Levels that somebody answered, by item.
type Levels<'a> = &'a dyn Fn(usize, usize) -> Option<usize>;

/// The coefficients of a regression for the humans among `rows` and for each method.
pub(crate) fn coefficients(
    experiment: &Experiment,
    regression: &Regression,
    rows: &[usize],
    methods: &[(String, Look, &Answered)],
) -> Vec<Coefficient> {
    let humans = |place: usize, item: usize| code(&experiment.people.answers[item], rows[place]);
    let mut sources = vec![("humans".to_owned(), None, fit(experiment, regression, rows, &humans))];
    for (name, look, answered) in methods {
        let levels = |place: usize, item: usize| answered.items[item].levels[place];
        sources.push((
            name.clone(),
            Some(*look),
            fit(experiment, regression, &answered.rows, &levels),
        ));
    }
    let of = |(place, term): (usize, &Term)| Coefficient {
        name: term.name.clone(),
        sources: sources
            .iter()
            .map(|(name, look, fitted)| Estimated {
                name: name.clone(),
                look: *look,
                bounds: fitted.as_ref().and_then(|bounds| bounds[place]),
            })
            .collect(),
    };
    regression.terms.iter().enumerate().map(of).collect()
}

/// By term its estimate and bounds; `None` where the regression cannot be fitted.
fn fit(
    experiment: &Experiment,
    regression: &Regression,
    rows: &[usize],
    levels: Levels,
) -> Option<Vec<Option<[f64; 3]>>> {
    let item = &experiment.design.items[regression.outcome];
    let kind = match regression.family {
        Family::Logit => Kind::Binary,
        Family::Ols => Kind::LeastSquares,
        Family::OrdinalLogit => Kind::Ordinal,
    };
    let mut values: Vec<f64> = item.levels.iter().map(|level| level.value).collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    if kind == Kind::Ordinal {
        order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
        values.sort_by(f64::total_cmp);
    }
    let (mut design, mut outcomes) = (Vec::new(), Vec::new());
    for (place, row) in rows.iter().enumerate() {
        let answer = |item: usize| levels(place, item);
        let terms = regression.terms.iter();
        let terms = terms.map(|term| value(experiment, term, *row, &answer));
        let Some(terms) = terms.collect::<Option<Vec<f64>>>() else { continue };
        let Some(level) = answer(regression.outcome) else { continue };
        outcomes.push(order.iter().position(|known| *known == level)?);
        design.extend(terms);
    }
    let data = Data::new(&design, regression.terms.len(), &outcomes, values.len()).ok()?;
    let fitter = Fitter::new(kind, &data, &values).ok()?;
    let weights = vec![1.0; outcomes.len()];
    let fitted = fitter.fit(&weights, None, &mut fitter.scratch()).ok()?;
    let bounds = fitted.slopes.iter().map(|slope| {
        let slope = slope.as_ref()?;
        let (low, high) = slope.interval(ALPHA);
        Some([slope.value, low, high])
    });
    Some(bounds.collect())
}

/// The value of a term for somebody; `None` where a part is missing.
fn value(
    experiment: &Experiment,
    term: &Term,
    row: usize,
    answer: &dyn Fn(usize) -> Option<usize>,
) -> Option<f64> {
    let people = &experiment.people;
    let is_in = |level: usize, levels: &[usize]| f64::from(u8::from(levels.contains(&level)));
    let part = |part: &TermPart| match part {
        TermPart::Item { item } => {
            let level = answer(*item)?;
            experiment.design.items[*item].levels.get(level).map(|level| level.value)
        }
        TermPart::ItemLevel { item, levels } => Some(is_in(answer(*item)?, levels)),
        TermPart::Covariate { covariate } => people.number(row, *covariate),
        TermPart::CovariateLevel { covariate, levels } => {
            Some(is_in(people.level(row, *covariate)?, levels))
        }
        TermPart::ArmFactor { values } => values.get(people.arm(row)?).copied(),
    };
    let product = term.parts.iter().map(part).product::<Option<f64>>()?;
    product.is_finite().then_some(product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::path::Path;

    #[derive(Deserialize)]
    struct Reference {
        experiment: String,
        regression: String,
        coefficients: Vec<f64>,
        errors: Vec<f64>,
    }

    /// The humans of every embedded experiment, by statsmodels; the script that made the numbers lies
    /// beside them.
    #[test]
    fn coefficients_are_those_of_statsmodels() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let fixture = root.join("plugins/metrics/inference/tests/fixtures/embedded.json");
        let text = std::fs::read_to_string(fixture).unwrap();
        let references: Vec<Reference> = serde_json::from_str(&text).unwrap();
        assert!(references.len() >= 5);
        for reference in references {
            let folder = root.join("datasets").join(&reference.experiment);
            let experiment = Experiment::load(&folder).unwrap();
            let mut regressions = experiment.design.regressions.iter();
            let regression = regressions.find(|r| r.id == reference.regression).unwrap();
            let rows: Vec<usize> = (0..experiment.people.len()).collect();
            let ours = coefficients(&experiment, regression, &rows, &[]);
            // Intercepts and thresholds come first there, and are not drawn here.
            let slopes = reference.coefficients.len() - ours.len();
            let theirs = reference.coefficients[slopes..].iter().zip(&reference.errors[slopes..]);
            for (ours, (value, error)) in ours.iter().zip(theirs) {
                let [found, low, high] = ours.sources[0].bounds.unwrap();
                let half = 1.959_963_985 * error;
                let near = |a: f64, b: f64| (a - b).abs() <= 1e-5 * b.abs().max(1e-3);
                let same = near(found, *value) && near(high - low, 2.0 * half);
                assert!(same, "{} {}", reference.experiment, ours.name);
            }
        }
    }
}
