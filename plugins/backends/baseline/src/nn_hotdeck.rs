use crate::{
    donors::{Donors, narrow, set, words},
    somebody,
};
use pilotbench_plugin_sdk::{CovariateKind, prelude::*};

/// Nearest-neighbour hot deck: as [`HotDeck`](crate::HotDeck), but only the pilot participants who
/// are most like the participant are donors (Andridge & Little 2010).
///
/// Likeness is the number of equal fields among the arm (if there are arms) and all covariates. A
/// categorical field is equal at the same level; a numeric one within half a standard deviation of
/// the pilot (divided by `n − 1`; 0 for a single person, then only the same number is equal). A
/// missing value equals nothing. All donors who are equal in the most fields stay, so ties are
/// broken at random by the host's draw.
///
/// The nearest are sought among the donors who answered the item asked; without missing answers
/// those are the same people throughout an interview, and its answers are one whole record. Earlier
/// answers and missing ones are treated as by [`HotDeck`](crate::HotDeck).
#[derive(Debug)]
pub struct NnHotDeck;

/// What a pilot is to a nearest-neighbour hot deck.
#[derive(Debug)]
pub struct Neighbours {
    donors: Donors,
    fields: Vec<Field>,
    words: usize,
}

/// Donors by their value of one field.
#[derive(Debug)]
enum Field {
    Arm(Vec<Vec<u64>>),
    Levels {
        covariate: usize,
        at: Vec<Vec<u64>>,
    },
    /// Missing values are NaN, which is within no distance.
    Numbers {
        covariate: usize,
        values: Vec<f64>,
        near: f64,
    },
}

impl Field {
    fn all(people: &People, experiment: &Experiment) -> Vec<Self> {
        let donors = people.len();
        let arm = |arm| set(donors, |row| people.arm(row) == Some(arm));
        let arms = (!experiment.arms.is_empty())
            .then(|| Self::Arm((0..experiment.arms.len()).map(arm).collect()));
        let covariates = experiment.covariates.iter().enumerate().map(|(covariate, field)| {
            if field.kind == CovariateKind::Categorical {
                let at = |level| set(donors, |row| people.level(row, covariate) == Some(level));
                return Self::Levels { covariate, at: (0..field.levels.len()).map(at).collect() };
            }
            let values: Vec<f64> =
                (0..donors).map(|row| people.number(row, covariate).unwrap_or(f64::NAN)).collect();
            let near = 0.5 * deviation(&values);
            Self::Numbers { covariate, values, near }
        });
        arms.into_iter().chain(covariates).collect()
    }

    /// The donors equal to the participant in this row; `scratch` holds them where they must be
    /// worked out.
    fn equal<'a>(
        &'a self,
        people: &People,
        row: usize,
        scratch: &'a mut [u64],
    ) -> Option<&'a [u64]> {
        match self {
            Self::Arm(at) => Some(&at[people.arm(row)?]),
            Self::Levels { covariate, at } => Some(&at[people.level(row, *covariate)?]),
            Self::Numbers { covariate, values, near } => {
                let own = people.number(row, *covariate)?;
                for (word, values) in scratch.iter_mut().zip(values.chunks(64)) {
                    let bit =
                        |(i, value): (usize, &f64)| u64::from((value - own).abs() <= *near) << i;
                    *word = values.iter().enumerate().map(bit).sum();
                }
                Some(scratch)
            }
        }
    }
}

/// Standard deviation of the values that are there, 0 for fewer than two.
fn deviation(values: &[f64]) -> f64 {
    let present = || values.iter().filter(|value| !value.is_nan());
    let n = present().count() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let mean = present().sum::<f64>() / n;
    (present().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

impl Neighbours {
    /// Leaves in `left` those who are equal in the most fields.
    ///
    /// Each donor's number of equal fields is held in binary, one digit of all donors per plane:
    /// adding a field is a carry through the planes, and the largest number is found digit by digit
    /// from the highest.
    fn nearest(&self, people: &People, row: usize, left: &mut [u64], scratch: &mut Scratch) {
        let words = self.words;
        let Scratch { planes, carry, near } = scratch;
        planes.fill(0);
        for field in &self.fields {
            let Some(equal) = field.equal(people, row, near) else { continue };
            carry.copy_from_slice(equal);
            for plane in planes.chunks_exact_mut(words) {
                for (digit, carry) in plane.iter_mut().zip(carry.iter_mut()) {
                    let over = *digit & *carry;
                    *digit ^= *carry;
                    *carry = over;
                }
            }
        }
        for plane in planes.chunks_exact(words).rev() {
            narrow(left, plane);
        }
    }
}

struct Scratch {
    planes: Vec<u64>,
    carry: Vec<u64>,
    near: Vec<u64>,
}

impl Scratch {
    fn new(neighbours: &Neighbours) -> Self {
        let words = neighbours.words;
        // Digits of the number of fields.
        let planes = (usize::BITS - neighbours.fields.len().leading_zeros()) as usize;
        Self { planes: vec![0; planes * words], carry: vec![0; words], near: vec![0; words] }
    }
}

impl Backend for NnHotDeck {
    const NAME: &'static str = "nn-hotdeck";
    type Config = NoConfig;
    type Adapted = Neighbours;

    fn describe() -> BackendInfo {
        BackendInfo::new("the whole record of the most similar pilot participant").min_pilot(1)
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<Neighbours> {
        somebody(pilot)?;
        Ok(Neighbours {
            donors: Donors::new(&pilot.people, &pilot.experiment),
            fields: Field::all(&pilot.people, &pilot.experiment),
            words: words(pilot.people.len()),
        })
    }

    fn respond(
        &self,
        neighbours: &Neighbours,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        control.check()?;
        let mut scratch = Scratch::new(neighbours);
        let (mut left, mut shares) = (Vec::new(), Vec::new());
        for row in 0..requests.len() {
            left.clear();
            left.extend_from_slice(neighbours.donors.answered(requests.item_index(row)));
            neighbours.nearest(&requests.people, row, &mut left, &mut scratch);
            neighbours.donors.answer(&mut left, requests, row, &mut shares, answers);
        }
        Ok(())
    }
}
