use metric_common::{Value, average_ranks};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use std::ops::Range;

/// Ridge penalty: that of a logit with ridge penalty 1, whose Hessian is a quarter of ours where
/// both labels are as likely.
const RIDGE: f64 = 4.0;

/// Two equally large sets of rows and what it takes to tell them apart by cross-validation.
///
/// The classifier is linear: ridge regression of the label, ±1, on the features, with an intercept.
/// For two classes this is Fisher's discriminant (regularised, Friedman 1989) and the first Newton
/// step of a ridge logit from even odds, which ranks rows nearly as the finished logit does, at a
/// tenth of the time: folds share their sums, and so do permutations of the labels.
pub(super) struct TwoSample<'a> {
    /// Rows of both sets; those of one pair are in one fold.
    first: Vec<&'a [f64]>,
    second: Vec<&'a [f64]>,
    folds: Vec<Fold>,
}

struct Fold {
    /// Pairs that test.
    test: Range<usize>,
    /// Factor of the centred sums of squares of the rows that train; `None` if it has none.
    factor: Option<Cholesky<f64, Dyn>>,
}

impl<'a> TwoSample<'a> {
    /// Pair `i` is in fold `⌊i · folds / pairs⌋`, about.
    pub(super) fn new(first: Vec<&'a [f64]>, second: Vec<&'a [f64]>, folds: usize) -> Self {
        let n = first.len();
        let ranges = (0..folds).map(|fold| fold * n / folds..(fold + 1) * n / folds);
        let sums: Vec<Sums> =
            ranges.clone().map(|test| Sums::new(&first[test.clone()], &second[test])).collect();
        let all = sums.iter().skip(1).fold(sums[0].clone(), |all, fold| all.plus(fold));
        let factor =
            |test: &Range<usize>, sums: &Sums| all.minus(sums).factor(2 * (n - test.len()));
        let folds = ranges.zip(&sums);
        let folds = folds.map(|(test, sums)| Fold { factor: factor(&test, sums), test }).collect();
        Self { first, second, folds }
    }

    /// Number of pairs.
    pub(super) fn pairs(&self) -> usize {
        self.first.len()
    }

    /// Mean over folds of the area under the ROC curve, for labels swapped within these pairs.
    ///
    /// A mean, for the scores of different folds come from different classifiers.
    ///
    /// # Errors
    /// When the classifier cannot be fitted.
    pub(super) fn auc(&self, swapped: &[bool]) -> Value {
        let differences: Vec<DVector<f64>> =
            self.folds.iter().map(|fold| self.difference(fold.test.clone(), swapped)).collect();
        let all: DVector<f64> = differences.iter().sum();
        let mut sum = 0.0;
        for (fold, difference) in self.folds.iter().zip(&differences) {
            let factor = fold.factor.as_ref().ok_or("the classifier cannot be fitted")?;
            let slopes = factor.solve(&(&all - difference));
            let (mut positive, mut negative) = (Vec::new(), Vec::new());
            for pair in fold.test.clone() {
                let [first, second] =
                    [self.first[pair], self.second[pair]].map(|row| dot(slopes.as_slice(), row));
                let (p, n) = if swapped[pair] { (second, first) } else { (first, second) };
                positive.push(p);
                negative.push(n);
            }
            sum += area(positive, negative);
        }
        Ok(sum / self.folds.len() as f64)
    }

    /// Sum of the features times the labels: with as many rows of each label, the intercept is out.
    fn difference(&self, pairs: Range<usize>, swapped: &[bool]) -> DVector<f64> {
        let mut sum = DVector::zeros(self.first.first().map_or(0, |row| row.len()));
        for pair in pairs {
            let sign = if swapped[pair] { -1.0 } else { 1.0 };
            let rows = self.first[pair].iter().zip(self.second[pair]);
            for (sum, (first, second)) in sum.iter_mut().zip(rows) {
                *sum += sign * (first - second);
            }
        }
        sum
    }
}

/// Sums of features and of their products over rows.
#[derive(Clone)]
struct Sums {
    features: DVector<f64>,
    /// Only the lower triangle is meant.
    products: DMatrix<f64>,
}

impl Sums {
    fn new(first: &[&[f64]], second: &[&[f64]]) -> Self {
        let columns = first.first().map_or(0, |row| row.len());
        let mut sums =
            Self { features: DVector::zeros(columns), products: DMatrix::zeros(columns, columns) };
        for row in first.iter().chain(second) {
            sums.features.iter_mut().zip(*row).for_each(|(sum, value)| *sum += value);
            for (column, value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                let start = column * columns + column;
                let below = &mut sums.products.as_mut_slice()[start..(column + 1) * columns];
                for (sum, other) in below.iter_mut().zip(&row[column..]) {
                    *sum += value * other;
                }
            }
        }
        sums
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            features: &self.features + &other.features,
            products: &self.products + &other.products,
        }
    }

    fn minus(&self, other: &Self) -> Self {
        Self {
            features: &self.features - &other.features,
            products: &self.products - &other.products,
        }
    }

    /// Factors the centred products with the ridge.
    fn factor(self, rows: usize) -> Option<Cholesky<f64, Dyn>> {
        let mut matrix = self.products;
        matrix.ger(-1.0 / rows as f64, &self.features, &self.features, 1.0);
        for place in 0..matrix.nrows() {
            matrix[(place, place)] += RIDGE;
        }
        Cholesky::new(matrix)
    }
}

/// Area under the ROC curve: the share of pairs (positive, negative) in which the positive row has
/// the larger score, ties for a half (Hanley and McNeil 1982), from average ranks.
fn area(mut positive: Vec<f64>, negative: Vec<f64>) -> f64 {
    let (p, n) = (positive.len() as f64, negative.len() as f64);
    positive.extend(negative);
    let ranks = average_ranks(&positive);
    let sum: f64 = ranks[..p as usize].iter().sum();
    ((sum - p * (p + 1.0) / 2.0) / (p * n)).clamp(0.0, 1.0)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_of_given_scores() {
        // sklearn.metrics.roc_auc_score
        assert_eq!(area(vec![0.9, 0.4, 0.4], vec![0.1, 0.4, 0.6, 0.4]), 0.6666666666666666);
        assert_eq!(area(vec![2.0, 3.0], vec![0.0, 1.0]), 1.0);
        assert_eq!(area(vec![0.0], vec![1.0, 2.0]), 0.0);
        assert_eq!(area(vec![1.0, 1.0], vec![1.0]), 0.5);
    }

    /// Rows told apart by the sign of one feature only: perfectly, whatever the other does.
    #[test]
    fn separable_rows_have_area_one() {
        let rows: Vec<[f64; 2]> =
            (0..20).map(|i| [f64::from(i % 2) * 2.0 - 1.0, f64::from(i * 7 % 5)]).collect();
        let first = rows.iter().filter(|row| row[0] > 0.0).map(|row| &row[..]).collect();
        let second = rows.iter().filter(|row| row[0] < 0.0).map(|row| &row[..]).collect();
        let test = TwoSample::new(first, second, 5);
        assert_eq!(test.auc(&[false; 10]), Ok(1.0));
        assert_eq!(test.auc(&[true; 10]), Ok(1.0));
    }

    #[test]
    fn equal_rows_have_area_half() {
        let rows: Vec<[f64; 2]> = (0..12).map(|i| [f64::from(i % 3), f64::from(i % 5)]).collect();
        let set = || rows.iter().map(|row| &row[..]).collect();
        assert_eq!(TwoSample::new(set(), set(), 3).auc(&[false; 12]), Ok(0.5));
    }
}
