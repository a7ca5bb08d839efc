use crate::{
    experiment::{Columns, Experiment},
    pilot::Split,
    plan::LearnsFrom,
};
use arrow_array::StringArray;
use std::sync::Arc;

/// What one replicate reveals and asks.
#[derive(Debug)]
pub struct Revelation {
    /// Rows of the people whose answers the backend sees.
    pub revealed: Vec<u32>,
    /// Rows of the people for whom it answers and is scored.
    pub asked: Vec<u32>,
    /// For an oracle that learns from the other half or from the retest: per revealed row the asked
    /// row it stands in for.
    partners: Option<Vec<u32>>,
    /// Whether the backend sees what people answered when they were asked again.
    asked_again: bool,
}

/// Decides what a backend sees, by what it says it learns from.
pub fn reveal(split: &Split, size: usize, learns_from: LearnsFrom, everyone: usize) -> Revelation {
    let held_out = split.held_out();
    let whole = |revealed: Vec<u32>| Revelation {
        revealed,
        asked: held_out.to_vec(),
        partners: None,
        asked_again: false,
    };
    match learns_from {
        LearnsFrom::Nothing | LearnsFrom::Law => whole(Vec::new()),
        LearnsFrom::Pilot => whole(split.pilot(size).to_vec()),
        LearnsFrom::Everyone => whole((0..everyone as u32).collect()),
        LearnsFrom::Retest => Revelation {
            revealed: held_out.to_vec(),
            asked: held_out.to_vec(),
            partners: Some(held_out.to_vec()),
            asked_again: true,
        },
        LearnsFrom::OtherHalf => {
            // The held-out order is random, so its first half is a random half. Of an odd number
            // the last is left out, that everyone asked has a partner.
            let half = held_out.len() / 2;
            let asked = held_out[..half].to_vec();
            let revealed = held_out[half..2 * half].to_vec();
            Revelation { revealed, partners: Some(asked.clone()), asked, asked_again: false }
        }
    }
}

impl Revelation {
    /// Nobody revealed, for nobody.
    pub fn nobody() -> Self {
        Self { revealed: Vec::new(), asked: Vec::new(), partners: None, asked_again: false }
    }

    /// The columns that cross to the backend.
    pub fn columns(&self, experiment: &Experiment) -> Columns {
        let mut people = experiment.people.take(&self.revealed);
        if self.asked_again {
            people = people.asked_again();
        }
        let mut columns = people.columns(&experiment.design);
        if let Some(partners) = &self.partners {
            let ids = &experiment.people.ids;
            let partners: StringArray =
                partners.iter().map(|row| Some(ids.value(*row as usize))).collect();
            columns.push("partner_id", Arc::new(partners));
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{experiment::testing::experiment, pilot::Strategy};
    use arrow_array::cast::AsArray;
    use std::collections::HashSet;

    fn revelation(learns_from: LearnsFrom) -> Revelation {
        let split = Split::new(&experiment(61), &Strategy::Random, 3, 10, None).unwrap();
        reveal(&split, 4, learns_from, 61)
    }

    #[test]
    fn a_method_sees_the_pilot_alone() {
        assert!(revelation(LearnsFrom::Nothing).revealed.is_empty());
        let seen = revelation(LearnsFrom::Pilot);
        assert_eq!((seen.revealed.len(), seen.asked.len()), (4, 51));
        let asked: HashSet<_> = seen.asked.iter().collect();
        assert!(seen.revealed.iter().all(|row| !asked.contains(row)));
    }

    #[test]
    fn the_retest_is_the_same_people_with_other_answers() {
        let seen = revelation(LearnsFrom::Retest);
        assert_eq!((seen.revealed.clone(), seen.asked.len()), (seen.asked.clone(), 51));
        let experiment = experiment(61);
        let batch = seen.columns(&experiment).batch();
        assert_eq!(batch["partner_id"].as_string::<i32>(), batch["participant_id"].as_string());
        // The tiny experiment asks nobody again: what they said at first does not cross.
        assert_eq!(batch["answer.b1"].null_count(), 51);
        assert!(revelation(LearnsFrom::Law).revealed.is_empty());
    }

    #[test]
    fn halves_are_apart_and_paired_one_to_one() {
        let seen = revelation(LearnsFrom::OtherHalf);
        assert_eq!((seen.revealed.len(), seen.asked.len()), (25, 25));
        let batch = seen.columns(&experiment(61)).batch();
        let partners: HashSet<_> =
            batch["partner_id"].as_string::<i32>().iter().flatten().collect();
        let revealed: HashSet<_> =
            batch["participant_id"].as_string::<i32>().iter().flatten().collect();
        assert_eq!(partners.len(), 25);
        assert!(partners.is_disjoint(&revealed));
    }
}
