//! A regression of the card on the people of one side.

use metric_common::order_by_id;
use pilotbench_plugin_sdk::{Experiment, People, Regression, RegressionFamily};
use pilotbench_regression::{Data, Fitter, Kind, NoEstimate};

/// The people with an outcome and all terms, in an order that depends on their identifiers alone.
pub(crate) struct Table {
    /// Their rows.
    pub(crate) rows: Vec<usize>,
    pub(crate) kind: Kind,
    pub(crate) columns: usize,
    /// Row by row.
    pub(crate) design: Vec<f64>,
    /// Levels of the outcome; of an ordered one by rising value.
    pub(crate) outcomes: Vec<usize>,
    /// Values of these levels.
    pub(crate) values: Vec<f64>,
}

impl Table {
    pub(crate) fn new(experiment: &Experiment, regression: &Regression, people: &People) -> Self {
        let item = &experiment.items[regression.outcome];
        let kind = match regression.family {
            RegressionFamily::Logit => Kind::Binary,
            RegressionFamily::Ols => Kind::LeastSquares,
            RegressionFamily::OrdinalLogit => Kind::Ordinal,
        };
        let mut values = item.values();
        let mut order: Vec<usize> = (0..values.len()).collect();
        if kind == Kind::Ordinal {
            order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
            values.sort_by(f64::total_cmp);
        }
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, level)| places[*level] = place);
        let mut table = Self {
            rows: Vec::with_capacity(people.len()),
            kind,
            columns: regression.terms.len(),
            design: Vec::with_capacity(people.len() * regression.terms.len()),
            outcomes: Vec::with_capacity(people.len()),
            values,
        };
        for row in order_by_id(people, 0..people.len()) {
            let Some(level) = people.answer(row, regression.outcome) else { continue };
            let start = table.design.len();
            let terms = regression.terms.iter();
            let values = terms.map_while(|term| {
                term.value(experiment, people, row).filter(|value| value.is_finite())
            });
            table.design.extend(values);
            if table.design.len() < start + table.columns {
                table.design.truncate(start);
                continue;
            }
            table.rows.push(row);
            table.outcomes.push(places[level]);
        }
        table
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The people who are `kept`.
    pub(crate) fn part(&self, kept: &[bool]) -> Self {
        let mut part = Self {
            rows: Vec::new(),
            design: Vec::new(),
            outcomes: Vec::new(),
            values: self.values.clone(),
            ..*self
        };
        for (at, _) in kept.iter().enumerate().filter(|(_, kept)| **kept) {
            part.rows.push(self.rows[at]);
            part.design.extend(&self.design[at * self.columns..(at + 1) * self.columns]);
            part.outcomes.push(self.outcomes[at]);
        }
        part
    }

    pub(crate) fn fitter(&self) -> Result<Fitter, NoEstimate> {
        let data = Data::new(&self.design, self.columns, &self.outcomes, self.values.len());
        Fitter::new(self.kind, &data.map_err(|_| NoEstimate::Unfit)?, &self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::Table;
    use metric_common::testing::Toy;
    use pilotbench_plugin_sdk::{Experiment, People};
    use std::path::Path;

    #[derive(serde::Deserialize)]
    struct Reference {
        experiment: String,
        regression: String,
        people: usize,
        coefficients: Vec<f64>,
        errors: Vec<f64>,
        p_values: Vec<f64>,
    }

    /// Coefficients, errors and p-values of the humans of every embedded experiment, by statsmodels
    /// (`tests/fixtures/make.py`).
    #[test]
    fn embedded_regressions_are_those_of_statsmodels() {
        let datasets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../datasets");
        let references: Vec<Reference> =
            serde_json::from_str(include_str!("../tests/fixtures/embedded.json")).unwrap();
        assert!(references.len() >= 5);
        for reference in references {
            let name = format!("{} {}", reference.experiment, reference.regression);
            let loaded = pilotbench_engine::experiment::Experiment::load(
                &datasets.join(&reference.experiment),
            )
            .unwrap();
            let experiment: Experiment =
                serde_json::from_value(serde_json::to_value(&loaded.design).unwrap()).unwrap();
            let batch = loaded.people.columns(&loaded.design).batch();
            let people = People::new(&batch, &experiment).unwrap();
            let regression =
                experiment.regressions.iter().find(|r| r.id == reference.regression).unwrap();
            let table = Table::new(&experiment, regression, &people);
            assert_eq!(table.len(), reference.people, "{name}");
            let fitter = table.fitter().unwrap();
            let weights = vec![1.0; table.len()];
            let found = fitter.fit(&weights, None, &mut fitter.scratch()).unwrap();
            assert!(!found.estimator.is_substitute() && found.dropped().count() == 0);
            let slopes = found.slopes.iter().copied().flatten();
            let ours: Vec<_> = found.intercepts.iter().copied().chain(slopes).collect();
            assert_eq!(ours.len(), reference.coefficients.len(), "{name}");
            for (i, ours) in ours.iter().enumerate() {
                let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1e-4);
                let theirs =
                    (reference.coefficients[i], reference.errors[i], reference.p_values[i]);
                let same = near(ours.value, theirs.0)
                    && near(ours.error, theirs.1)
                    && near(ours.p_value(), theirs.2);
                assert!(same, "{name} {i}: {ours:?} {} against {theirs:?}", ours.p_value());
            }
        }
    }

    #[test]
    fn people_without_a_term_are_left_out_whatever_the_order_of_rows() {
        let mut toy = Toy::new(5, 40);
        toy.experiment.regressions = serde_json::from_value(serde_json::json!([{
            "id": "r", "family": "ordinal-logit", "formula": "", "outcome": 2,
            "terms": [{"name": "q0", "parts": [{"kind": "item", "item": 0}]}]
        }]))
        .unwrap();
        toy.experiment.items[2].levels.reverse();
        let table = |toy: &Toy| {
            let input = toy.evaluation();
            Table::new(&input.experiment, &input.experiment.regressions[0], &input.human)
        };
        let (own, other) = (table(&toy), table(&toy.clone().shuffled(3)));
        assert!(own.len() < 40 && own.len() > 10);
        assert_eq!((own.design, &own.outcomes), (other.design, &other.outcomes));
        // Levels of the outcome rise with their values.
        assert_eq!(own.values, [1.0, 2.0, 3.0, 4.0]);
        let first = toy.human.iter().find(|p| p.answers.iter().all(Option::is_some)).unwrap();
        let level = 3 - first.answers[2].unwrap_or_default() as usize;
        let at = own.rows.iter().position(|row| toy.human[*row].id == first.id).unwrap();
        assert_eq!(own.outcomes[at], level);
    }
}
