//! The synthetic disclosure population of any size, as codes.

/// Columns of the generator's table.
const COLUMNS: usize = 15;
/// Where the covariates of the card stand in a row: ethnicity, age, gender, education, politics.
const COVARIATES: std::ops::Range<usize> = 4..9;
/// Where the items stand, and the code of their first level.
pub(crate) const ITEMS: [(usize, i32); 5] = [(9, 1), (10, 1), (11, 1), (12, 1), (14, 0)];
/// Number of predictors of [`Population::design`].
pub(crate) const PREDICTORS: usize = 12;

/// People, row by row as the generator writes them.
pub(crate) struct Population(Vec<[i32; COLUMNS]>);

impl Population {
    /// People drawn from a seed.
    pub(crate) fn new(seed: u64, people: usize) -> Self {
        let mut csv = Vec::new();
        pilotbench_synthetic::disclosure(seed, people, &mut csv).unwrap();
        let mut rows = Vec::with_capacity(people);
        for line in str::from_utf8(&csv).unwrap().lines().skip(1) {
            let mut row = [0; COLUMNS];
            row.iter_mut().zip(line.split(',')).for_each(|(code, text)| {
                *code = text.parse().unwrap();
            });
            rows.push(row);
        }
        Self(rows)
    }

    /// Number of people.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Arms.
    pub(crate) fn arms(&self) -> impl Iterator<Item = i32> {
        self.0.iter().map(|row| row[0])
    }

    /// Level indices by covariate.
    pub(crate) fn covariates(&self) -> impl Iterator<Item = Vec<i32>> {
        COVARIATES.map(|column| self.0.iter().map(|row| row[column]).collect())
    }

    /// Level indices by item.
    pub(crate) fn answers(&self) -> impl Iterator<Item = Vec<i32>> {
        ITEMS.iter().map(|(column, first)| self.0.iter().map(|row| row[*column] - first).collect())
    }

    /// Predictors of the card's logit, row by row: four beliefs, three factors of the arm, non-White,
    /// 18-24, female, degree, Democrat.
    pub(crate) fn design(&self) -> Vec<f64> {
        let of = |row: &[i32; COLUMNS]| {
            let flag = |flag: bool| i32::from(flag);
            let [_, a, b, c, ethnicity, age, female, education, politics, ..] = *row;
            let person = [
                flag(ethnicity != 0),
                flag(age == 0),
                female,
                flag(education == 2),
                flag(politics == 0),
            ];
            let predictors = row[9..13].iter().copied().chain([a, b, c]).chain(person);
            predictors.map(f64::from).collect::<Vec<f64>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// Whether each discloses.
    pub(crate) fn outcomes(&self) -> Vec<usize> {
        self.0.iter().map(|row| usize::from(row[14] == 1)).collect()
    }
}
