use super::{
    Toy,
    rows::{Scores, score},
};
use pilotbench_plugin_sdk::Metric;

/// What must hold for any people, and what a metric may be excused from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Properties<'a> {
    /// Settings in JSON; empty for none.
    pub settings: &'a str,
    /// Scores that humans against themselves need not make perfect.
    pub imperfect: &'a [&'a str],
    /// Beginnings of the names of scores whose resamples are not what repeated rows would give.
    pub frozen: &'a [&'a str],
}

impl Properties<'_> {
    /// Checks a metric on the people of one seed.
    ///
    /// # Panics
    /// When a property does not hold.
    pub fn check<M: Metric>(&self, seed: u64, people: usize) {
        let toy = Toy::new(seed, people);
        let scores = self.score::<M>(&toy);
        self.score::<M>(&toy.clone().itself()).assert_perfect(self.imperfect);
        scores.assert_same(&self.score::<M>(&toy.clone().shuffled(seed)));
        scores.assert_same(&self.score::<M>(&toy.clone().relevelled()));
        same_points(&scores, &self.score::<M>(&toy.clone().unweighted()));
        same_points(&scores, &self.score::<M>(&toy.clone().renamed()));
        self.weights_are_repeated_rows::<M>(&toy, &scores);
    }

    fn score<M: Metric>(&self, toy: &Toy) -> Scores {
        let settings = if self.settings.is_empty() { "{}" } else { self.settings };
        score::<M>(settings, &toy.evaluation())
    }

    fn weights_are_repeated_rows<M: Metric>(&self, toy: &Toy, scores: &Scores) {
        let resample = 2;
        let repeated = self.score::<M>(&toy.clone().repeated(resample));
        for (row, twin) in scores.rows.iter().zip(&repeated.rows) {
            let Some(value) = row.resamples.get(resample) else { continue };
            let same = match (value, &twin.value) {
                (Some(a), Ok(b)) => (a - b).abs() < 1e-9 * (1.0 + a.abs()),
                (a, b) => a.is_none() && b.is_err(),
            };
            let frozen = self.frozen.iter().any(|start| row.score.starts_with(start));
            assert!(same || frozen, "{row:?}\n{twin:?}");
        }
    }
}

fn same_points(scores: &Scores, others: &Scores) {
    for (row, twin) in scores.rows.iter().zip(&others.rows) {
        assert_eq!(row.value, twin.value, "{row:?}");
    }
    assert_eq!(scores.rows.len(), others.rows.len());
}
