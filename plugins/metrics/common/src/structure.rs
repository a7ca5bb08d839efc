use crate::{
    NO_HUMANS, NO_SIMULATED, Side, Value,
    divergence::{js_of_terms, js_term},
};
use pilotbench_plugin_sdk::{Evaluation, People, Role};
use std::sync::LazyLock;

/// Complete answer vectors of both sides as numbers: equal vectors, equal numbers.
///
/// People with a missing answer are left out.
#[derive(Debug)]
pub struct Structures {
    /// `(vector, row)` of the humans, by vector.
    pub human: Vec<(u32, usize)>,
    /// `(vector, row)` of the simulated people, by vector.
    pub simulated: Vec<(u32, usize)>,
    /// Number of different vectors on both sides together.
    pub distinct: usize,
}

impl Structures {
    /// Reads the beliefs.
    ///
    /// # Errors
    /// When the experiment asks for no beliefs.
    pub fn new(input: &Evaluation) -> Result<Self, &'static str> {
        match input.experiment.items_with_role(Role::Belief) {
            items if items.is_empty() => Err("no belief items"),
            items => Ok(Self::of_items(input, &items)),
        }
    }

    /// Reads the answers to some items.
    pub fn of_items(input: &Evaluation, items: &[usize]) -> Self {
        let complete = |people: &People, offset: usize| -> Vec<(u128, usize)> {
            let rows = 0..people.len();
            let complete = |row: &usize| items.iter().all(|i| people.answer(*row, *i).is_some());
            rows.filter(complete).map(|row| (0, row + offset)).collect()
        };
        let offset = input.human.len();
        let mut rows = complete(&input.human, 0);
        rows.extend(complete(input.simulated.people(), offset));
        let answer = |row: usize, item| match row.checked_sub(offset) {
            None => input.human.answer(row, item),
            Some(row) => input.simulated.answer(row, item),
        };
        let mut cells: u128 = 1;
        for item in items {
            let levels = input.experiment.items[*item].levels.len().max(1) as u128;
            if cells.checked_mul(levels).is_none() {
                cells = renumber(&mut rows);
            }
            cells *= levels;
            for (code, row) in &mut rows {
                *code = *code * levels + answer(*row, *item).unwrap_or_default() as u128;
            }
        }
        let distinct = renumber(&mut rows) as usize;
        let (human, simulated): (Vec<_>, Vec<_>) =
            rows.into_iter().map(|(code, row)| (code as u32, row)).partition(|(_, r)| *r < offset);
        let simulated = simulated.into_iter().map(|(code, row)| (code, row - offset)).collect();
        Self { human, simulated, distinct }
    }
}

/// The vector of each row of one side of [`Structures`]; `None` where an answer is missing.
pub fn vectors_by_row(rows: &[(u32, usize)], count: usize) -> Vec<Option<u32>> {
    let mut vectors = vec![None; count];
    rows.iter().for_each(|(vector, row)| vectors[*row] = Some(*vector));
    vectors
}

/// Sorts by code and replaces the codes by their ranks; returns how many there are. Rows of one code
/// stay in their order.
fn renumber(rows: &mut [(u128, usize)]) -> u128 {
    // There are few codes and many rows of each, which this sort makes use of.
    rows.sort_by_key(|(code, _)| *code);
    let mut rank = 0;
    let mut last = rows.first().map(|(code, _)| *code);
    for (code, _) in rows.iter_mut() {
        if last != Some(*code) {
            rank += 1;
            last = Some(*code);
        }
        *code = rank;
    }
    if rows.is_empty() { 0 } else { rank + 1 }
}

/// One side of [`Structures`] with the people of each group. Weights are copied into the order of the
/// vectors, so that counting a group reads a large table from one end to the other.
#[derive(Debug)]
pub struct ByVector {
    width: usize,
    vectors: Vec<u32>,
    weights: Vec<u16>,
    /// By group, places in `vectors`.
    groups: Vec<Vec<u32>>,
}

impl ByVector {
    /// Copies the weights of rows that stand in the order of their vectors.
    pub fn new(side: &Side, rows: &[(u32, usize)]) -> Self {
        let width = side.weights.width();
        let mut weights = Vec::with_capacity(rows.len() * width);
        let mut groups = vec![Vec::new(); side.groups()];
        for (place, (_, row)) in rows.iter().enumerate() {
            weights.extend_from_slice(side.weights.row(*row));
            side.groups_of(*row).iter().for_each(|g| groups[usize::from(*g)].push(place as u32));
        }
        Self { width, vectors: rows.iter().map(|(vector, _)| *vector).collect(), weights, groups }
    }
}

/// How often each belief vector was given in one group, at every weight index.
#[derive(Debug, Default)]
pub struct VectorCounts {
    width: usize,
    ids: Vec<u32>,
    counts: Vec<u32>,
    totals: Vec<u32>,
    people: usize,
}

impl VectorCounts {
    /// Counts rows, which stand in the order of their vectors.
    pub fn new(side: &Side, rows: &[(u32, usize)]) -> Self {
        let mut table = Self::default();
        let people = rows.iter().map(|(vector, row)| (*vector, side.weights.row(*row)));
        table.count(side.weights.width(), people);
        table
    }

    /// Counts another group in the same memory.
    pub fn fill(&mut self, people: &ByVector, group: usize) {
        let width = people.width;
        let person = |place: &u32| {
            let place = *place as usize;
            (people.vectors[place], &people.weights[place * width..(place + 1) * width])
        };
        self.count(width, people.groups[group].iter().map(person));
    }

    fn count<'w>(&mut self, width: usize, people: impl ExactSizeIterator<Item = (u32, &'w [u16])>) {
        self.width = width;
        self.people = people.len();
        self.ids.clear();
        self.counts.clear();
        for (id, weights) in people {
            if self.ids.last() == Some(&id) {
                let at = self.counts.len() - width;
                let counts = self.counts[at..].iter_mut().zip(weights);
                counts.for_each(|(count, weight)| *count += u32::from(*weight));
            } else {
                self.ids.push(id);
                self.counts.extend(weights.iter().map(|weight| u32::from(*weight)));
            }
        }
        self.totals.clear();
        self.totals.resize(width, 0);
        for counts in self.counts.chunks_exact(width) {
            self.totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        }
    }

    /// People counted, without weights.
    pub fn people(&self) -> usize {
        self.people
    }

    /// People by weight index.
    pub fn totals(&self) -> &[u32] {
        &self.totals
    }

    /// Number of different vectors by weight index.
    pub fn unique(&self) -> Vec<u32> {
        let mut unique = vec![0; self.width];
        for counts in self.counts.chunks_exact(self.width) {
            unique.iter_mut().zip(counts).for_each(|(sum, count)| *sum += u32::from(*count > 0));
        }
        unique
    }

    /// Number of vectors that both sides gave, by weight index.
    pub fn shared(&self, other: &Self) -> Vec<u32> {
        let mut shared = vec![0; self.width];
        for (own, others) in self.aligned(other) {
            if let (Some(own), Some(others)) = (own, others) {
                let pairs = self.at(own).iter().zip(other.at(others));
                shared
                    .iter_mut()
                    .zip(pairs)
                    .for_each(|(sum, (a, b))| *sum += u32::from(*a > 0 && *b > 0));
            }
        }
        shared
    }

    /// Expected number of different vectors among `m` people drawn without replacement.
    pub fn rarefied(&self, index: usize, m: u32) -> f64 {
        let counts = self.counts[index..].iter().step_by(self.width);
        rarefied(counts.copied(), self.totals[index], m)
    }

    /// Jensen–Shannon divergence of the vectors, by weight index.
    pub fn js_divergence(&self, simulated: &Self) -> Vec<Value> {
        let nobody = vec![0; self.width];
        let mut sums = vec![0.0; self.width];
        let sizes = || self.totals.iter().copied().zip(simulated.totals.iter().copied());
        for (human, other) in self.aligned(simulated) {
            let human = human.map_or(&nobody[..], |at| self.at(at)).iter();
            let other = other.map_or(&nobody[..], |at| simulated.at(at));
            for (sum, ((human, other), sizes)) in sums.iter_mut().zip(human.zip(other).zip(sizes()))
            {
                *sum += js_term(*human, *other, sizes);
            }
        }
        let divergence = |(index, sum)| Ok(js_of_terms(sum, self.both(simulated, index)?));
        sums.into_iter().enumerate().map(divergence).collect()
    }

    /// Both sides must have somebody at this weight index.
    ///
    /// # Errors
    /// When one is empty.
    pub fn both(&self, simulated: &Self, index: usize) -> Result<(u32, u32), &'static str> {
        match (self.totals[index], simulated.totals[index]) {
            (0, _) => Err(NO_HUMANS),
            (_, 0) => Err(NO_SIMULATED),
            both => Ok(both),
        }
    }

    fn at(&self, place: usize) -> &[u32] {
        &self.counts[place * self.width..(place + 1) * self.width]
    }

    /// Places of every vector that one of the two tables has.
    fn aligned(&self, other: &Self) -> Vec<(Option<usize>, Option<usize>)> {
        let (mut a, mut b) = (0, 0);
        let mut aligned = Vec::with_capacity(self.ids.len() + other.ids.len());
        while a < self.ids.len() || b < other.ids.len() {
            let first = self.ids.get(a).copied().unwrap_or(u32::MAX);
            let second = other.ids.get(b).copied().unwrap_or(u32::MAX);
            let least = first.min(second);
            aligned.push(((first == least).then_some(a), (second == least).then_some(b)));
            a += usize::from(first == least);
            b += usize::from(second == least);
        }
        aligned
    }
}

/// Expected number of kinds among `m` of `n` individuals, `Σ 1 - C(n - k, m) / C(n, m)` over the
/// counts `k` of the kinds (Hurlbert 1971; `rarefy` of the R package vegan).
pub fn rarefied(counts: impl Iterator<Item = u32>, n: u32, m: u32) -> f64 {
    let mut kinds_by_count: Vec<u32> = Vec::new();
    for count in counts.filter(|count| *count > 0) {
        let count = count as usize;
        if kinds_by_count.len() <= count {
            kinds_by_count.resize(count + 1, 0);
        }
        kinds_by_count[count] += 1;
    }
    let all = ln_factorial(n - m) - ln_factorial(n);
    let terms = kinds_by_count.iter().enumerate().filter(|(_, kinds)| **kinds > 0);
    let seen = |k: u32| {
        // C(n - k, m) / C(n, m) = (n - k)! (n - m)! / ((n - k - m)! n!)
        match (n - k).checked_sub(m) {
            Some(rest) => -(ln_factorial(n - k) - ln_factorial(rest) + all).exp_m1(),
            None => 1.0,
        }
    };
    terms.map(|(k, kinds)| f64::from(*kinds) * seen(k as u32)).sum()
}

static LN_FACTORIALS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let mut sum = 0.0;
    let step = |x: u32| {
        sum += f64::from(x.max(1)).ln();
        sum
    };
    (0..1 << 13).map(step).collect()
});

/// `ln x!`
pub fn ln_factorial(x: u32) -> f64 {
    LN_FACTORIALS.get(x as usize).copied().unwrap_or_else(|| {
        // Stirling's series, exact to the last digits at this size.
        let z = f64::from(x) + 1.0;
        (z - 0.5) * z.ln() - z + 0.5 * (2.0 * std::f64::consts::PI).ln() + 1.0 / (12.0 * z)
            - 1.0 / (360.0 * z * z * z)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layout;
    use pilotbench_plugin_sdk::testing::{Person, evaluation, ordinal_experiment};

    fn toy() -> Evaluation {
        // beliefs (a,a,b,c,d,b) against (c×4,b×2), a = (0,0), b = (0,1), c = (1,0), d = (1,1)
        let experiment = ordinal_experiment(&[2, 2, 2]);
        let people = |vectors: [[i32; 2]; 6]| -> Vec<Person> {
            let rows = vectors.iter().enumerate();
            rows.map(|(i, v)| Person::answering(format!("p{i}"), &[v[0], v[1], 0])).collect()
        };
        let (a, b, c, d) = ([0, 0], [0, 1], [1, 0], [1, 1]);
        let (human, simulated) = (people([a, a, b, c, d, b]), people([c, c, c, c, b, b]));
        evaluation(&experiment, &human, &simulated, &[], &[]).unwrap()
    }

    #[test]
    fn catalogue_values() {
        let input = toy();
        let structures = Structures::new(&input).unwrap();
        let layout = Layout::everybody();
        let (human, simulated) = (Side::human(&input, &layout), Side::simulated(&input, &layout));
        let human = VectorCounts::new(&human, &structures.human);
        let simulated = VectorCounts::new(&simulated, &structures.simulated);
        assert_eq!((human.unique(), simulated.unique()), (vec![4], vec![2]));
        assert_eq!((human.shared(&simulated), structures.distinct), (vec![2], 4));
        assert!((human.rarefied(0, 3) - 2.6).abs() < 1e-12);
        assert!((human.rarefied(0, 6) - 4.0).abs() < 1e-12);
        assert!((human.rarefied(0, 1) - 1.0).abs() < 1e-12);
        assert_eq!(human.both(&simulated, 0), Ok((6, 6)));
    }

    #[test]
    fn factorials_meet_at_the_end_of_the_table() {
        let last = (1 << 13) - 1;
        let next = ln_factorial(last) + f64::from(last + 1).ln();
        assert!((ln_factorial(last + 1) - next).abs() < 1e-8);
    }

    #[test]
    fn renumbering_keeps_equal_codes_together() {
        let mut rows = vec![(7, 0), (3, 1), (7, 2), (900, 3)];
        assert_eq!(renumber(&mut rows), 3);
        assert_eq!(rows, [(0, 1), (1, 0), (1, 2), (2, 3)]);
    }

    #[test]
    fn many_items_do_not_overflow() {
        let experiment = ordinal_experiment(&[9; 60]);
        let people: Vec<Person> =
            (0..4).map(|i| Person::answering(format!("p{i}"), &[8 - i / 2; 60])).collect();
        let input = evaluation(&experiment, &people, &people, &[], &[]).unwrap();
        let structures = Structures::new(&input).unwrap();
        assert_eq!(structures.distinct, 2);
        assert_eq!(structures.human.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0, 0, 1, 1]);
    }
}
