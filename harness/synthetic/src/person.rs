use crate::Stream;

const ETHNICITY: [f64; 5] = [0.64, 0.13, 0.08, 0.10, 0.05];
const AGE: [f64; 5] = [0.16, 0.27, 0.24, 0.17, 0.16];
const EDUCATION: [f64; 3] = [0.30, 0.22, 0.48];
const POLITICS: [f64; 3] = [0.46, 0.30, 0.24];
const CUTS: [f64; 4] = [-1.5, -0.5, 0.5, 1.5];
/// Loading of the common factor, and standard deviation of the action's own noise.
const LAMBDA: f64 = 0.72;
const TAU: f64 = 1.70;

/// What is known of a person of the disclosure population before the interview. Codes are those of
/// the table in `datasets/disclosure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covariates {
    /// Arm, from 0 to 7: bits 0, 1 and 2 are the factors A, B and C.
    pub arm: usize,
    /// 0 White, 1 Black, 2 Asian, 3 Mixed, 4 Other.
    pub ethnicity: usize,
    /// 0 18–24, 1 25–34, 2 35–44, 3 45–54, 4 55+.
    pub age: usize,
    /// Whether the person is a woman.
    pub female: bool,
    /// 0 no degree, 1 some college, 2 degree.
    pub education: usize,
    /// 0 Democrat, 1 Independent, 2 Republican.
    pub politics: usize,
}

impl Covariates {
    /// Draws those of the person at place `i`, whose arm is `i mod 8`.
    fn draw(i: usize, stream: &mut Stream) -> Self {
        Self {
            arm: i % 8,
            ethnicity: stream.pick(&ETHNICITY),
            age: stream.pick(&AGE),
            female: stream.uniform() < 0.5,
            education: stream.pick(&EDUCATION),
            politics: stream.pick(&POLITICS),
        }
    }
}

/// A person of the disclosure population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// A (anonymity), B (benefit made salient), C (commercial recipient), each 0 or 1.
    pub factors: [usize; 3],
    /// As in [`Covariates`].
    pub ethnicity: usize,
    /// As in [`Covariates`].
    pub age: usize,
    /// As in [`Covariates`].
    pub female: bool,
    /// As in [`Covariates`].
    pub education: usize,
    /// As in [`Covariates`].
    pub politics: usize,
    /// Benefit, risk, trust and norm, each from 1 to 5.
    pub beliefs: [u8; 4],
    /// Whether the beliefs imply disclosing.
    pub implied: bool,
    /// Whether the person discloses.
    pub discloses: bool,
}

impl Person {
    /// Draws the person at place `i`, in a fixed order: ethnicity, age, female, education,
    /// politics, common factor, four belief noises, action noise. The arm is `i mod 8`.
    pub fn draw(i: usize, stream: &mut Stream) -> Self {
        let covariates = Covariates::draw(i, stream);
        Self::given(covariates, stream)
    }

    /// Draws a new person of the same law with these covariates: common factor, four belief noises,
    /// action noise. Only the lowest three bits of the arm count.
    pub fn given(covariates: Covariates, stream: &mut Stream) -> Self {
        let Covariates { arm, ethnicity, age, female, education, politics } = covariates;
        let factors = [arm & 1, (arm >> 1) & 1, (arm >> 2) & 1];
        let [a, b, c] = factors.map(|factor| factor as f64);
        let f = stream.near_normal();
        let m = if ethnicity == 0 { 0.0 } else { 1.0 };
        let democrat = if politics == 0 { 1.0 } else { 0.0 };
        // The order of the operations is part of the definition: another one rounds otherwise.
        let latent = [
            0.35 + 0.45 * b - 0.15 * c + LAMBDA * f + stream.near_normal(),
            0.10 - 0.50 * a + 0.45 * c + 0.25 * m - LAMBDA * f + stream.near_normal(),
            0.05 + 0.20 * a - 0.55 * c - 0.20 * m
                + 0.15 * democrat
                + LAMBDA * f
                + stream.near_normal(),
            0.10 + 0.15 * b + LAMBDA * f + stream.near_normal(),
        ];
        let beliefs = latent.map(|x| 1 + CUTS.iter().filter(|cut| x > **cut).count() as u8);
        let [b0, b1, b2, b3] = beliefs.map(|belief| f64::from(belief) - 3.0);
        let v = 0.50 * b0 - 0.60 * b1 + 0.55 * b2 + 0.30 * b3;
        let young = if age == 0 { 1.0 } else { 0.0 };
        let s = v + 0.40 * a - 0.25 * c + 0.15 * young - 0.10;
        let discloses = s + TAU * stream.near_normal() > 0.0;
        Self {
            factors,
            ethnicity,
            age,
            female,
            education,
            politics,
            beliefs,
            implied: v >= 0.0,
            discloses,
        }
    }

    /// The arm.
    pub fn arm(&self) -> usize {
        self.factors[0] + 2 * self.factors[1] + 4 * self.factors[2]
    }

    /// What was known before the interview.
    pub fn covariates(&self) -> Covariates {
        Covariates {
            arm: self.arm(),
            ethnicity: self.ethnicity,
            age: self.age,
            female: self.female,
            education: self.education,
            politics: self.politics,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_is_covariates_and_then_a_person_given_them() {
        let (mut whole, mut parts) = (Stream::new(149), Stream::new(149));
        for i in 0..100 {
            let person = Person::draw(i, &mut whole);
            let covariates = Covariates::draw(i, &mut parts);
            assert_eq!(person, Person::given(covariates, &mut parts));
            assert_eq!(person.covariates(), covariates);
            assert_eq!(person.arm(), i % 8);
        }
    }

    /// Expectations by quadrature over the common factor with normal noise (numpy), for a White
    /// Democrat of 25–34 in arm 0 and for a non-White Republican of 18–24 in arm 7.
    #[test]
    fn people_given_covariates_have_the_laws_means() {
        let first =
            Covariates { arm: 0, ethnicity: 0, age: 1, female: true, education: 2, politics: 0 };
        let second = Covariates { arm: 7, ethnicity: 2, age: 0, politics: 2, ..first };
        let means = |covariates| {
            let mut stream = Stream::new(11);
            let mut sums = [0.0; 5];
            for _ in 0..40_000 {
                let person = Person::given(covariates, &mut stream);
                let beliefs = person.beliefs.map(f64::from);
                (0..4).for_each(|i| sums[i] += beliefs[i]);
                sums[4] += f64::from(u8::from(person.discloses));
            }
            sums.map(|sum| sum / 40_000.0)
        };
        for (covariates, due) in [(first, FIRST), (second, SECOND)] {
            // Standard errors are about .006 for beliefs and .0025 for the action.
            for ((mean, due), room) in means(covariates).iter().zip(due).zip(ROOM) {
                assert!((mean - due).abs() < room, "{mean} is not {due}");
            }
        }
    }

    const FIRST: [f64; 5] = [3.31511, 3.09046, 3.18069, 3.09046, 0.52335];
    const SECOND: [f64; 5] = [3.57775, 3.27046, 2.55229, 3.22565, 0.52450];
    const ROOM: [f64; 5] = [0.025, 0.025, 0.025, 0.025, 0.01];
}
