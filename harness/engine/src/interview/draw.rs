//! The random numbers of answers.

use crate::{
    experiment::{Design, People},
    random::{key, uniform_at},
};

/// The random numbers of one seed: one per participant and item.
pub(super) struct Draws {
    seed: u64,
    participants: Vec<u64>,
    items: Vec<u64>,
}

impl Draws {
    pub(super) fn new(design: &Design, people: &People, seed: u32) -> Self {
        Self {
            seed: key(&["draw", &design.id, &seed.to_string()]),
            participants: people.ids.iter().flatten().map(|id| key(&[id])).collect(),
            items: design.items.iter().map(|item| key(&[&item.id])).collect(),
        }
    }

    /// The level that the random number of this participant and item picks.
    pub(super) fn level(&self, row: usize, item: usize, probabilities: &[f64]) -> usize {
        let u = uniform_at([self.seed, self.participants[row], self.items[item]]);
        pick(u, probabilities)
    }
}

/// The first level whose cumulated probability exceeds `u`; rounding at the end picks the last
/// level that is possible.
fn pick(u: f64, probabilities: &[f64]) -> usize {
    let mut cumulated = 0.0;
    for (level, p) in probabilities.iter().enumerate() {
        cumulated += p;
        if u < cumulated {
            return level;
        }
    }
    probabilities.iter().rposition(|p| *p > 0.0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::testing::experiment;

    #[test]
    fn levels_come_in_their_shares_and_never_at_zero() {
        let experiment = experiment(3000);
        let draws = Draws::new(&experiment.design, &experiment.people, 1);
        let mut counts = [0.0; 4];
        for row in 0..3000 {
            counts[draws.level(row, 1, &[0.5, 0.0, 0.3, 0.2])] += 1.0 / 3000.0;
        }
        for (count, p) in counts.iter().zip([0.5_f64, 0.0, 0.3, 0.2]) {
            assert!((count - p).abs() < 0.03, "{counts:?}");
        }
        assert!(counts[1] <= 0.0);
        assert_eq!(pick(0.999_999, &[0.5, 0.499_999, 0.0]), 1);
    }

    #[test]
    fn a_draw_belongs_to_the_participant_not_to_the_row() {
        let experiment = experiment(50);
        let all = Draws::new(&experiment.design, &experiment.people, 1);
        let some = Draws::new(&experiment.design, &experiment.people.take(&[7, 3]), 1);
        let fine = [0.01; 100];
        assert_eq!(all.level(7, 2, &fine), some.level(0, 2, &fine));
        assert_eq!(all.level(3, 2, &fine), some.level(1, 2, &fine));
        let other = Draws::new(&experiment.design, &experiment.people, 2);
        assert!((0..50).any(|row| all.level(row, 0, &fine) != other.level(row, 0, &fine)));
    }
}
