use crate::Problem;

/// Options as a tree of tokens.
///
/// The log-probability of an option is the sum, over the places on its way where options part, of
/// the log-softmax over the tokens that can follow there. A token that no other option can take its
/// place from costs nothing, so the probabilities sum to 1: it is the distribution of decoding under
/// a grammar that allows the options only. Where one option is the beginning of another, the token
/// that ends an answer is one of those that can follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The places where options part, each after the ones on its way.
    pub branchings: Vec<Branching>,
    /// By level: the branchings on its way and the token taken there.
    routes: Vec<Vec<(usize, usize)>>,
}

/// A place where options part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branching {
    /// Tokens after the prompt.
    pub path: Vec<u32>,
    /// Tokens that can follow, at least two.
    pub tokens: Vec<u32>,
}

impl Options {
    /// The tree of some lists of tokens, one per level.
    ///
    /// # Errors
    /// When two are the same, one is empty, or one begins another and nothing ends an answer.
    pub fn new(levels: &[Vec<u32>], end: Option<u32>) -> Result<Self, Problem> {
        if levels.len() < 2 || levels.iter().any(Vec::is_empty) {
            return Err(Problem::words("options: at least two, each of at least one token"));
        }
        let mut options =
            Self { branchings: Vec::new(), routes: vec![Vec::new(); levels.len()] };
        options.part(levels, &(0..levels.len()).collect::<Vec<_>>(), 0, end)?;
        Ok(options)
    }

    /// Adds the branchings of levels that are the same up to `depth`.
    fn part(
        &mut self,
        levels: &[Vec<u32>],
        members: &[usize],
        depth: usize,
        end: Option<u32>,
    ) -> Result<(), Problem> {
        let [first, _, ..] = members else { return Ok(()) };
        let mut depth = depth;
        // All go the same way: nothing to choose.
        while members.iter().all(|level| {
            levels[*level].len() > depth && levels[*level][depth] == levels[*first][depth]
        }) {
            depth += 1;
        }
        let mut groups: Vec<(u32, Vec<usize>)> = Vec::new();
        for level in members {
            let token = match levels[*level].get(depth) {
                Some(token) => *token,
                None => end.ok_or_else(|| {
                    Problem::words("an option begins another, and the model has no token that ends")
                })?,
            };
            match groups.iter_mut().find(|(known, _)| *known == token) {
                Some((_, group)) => group.push(*level),
                None => groups.push((token, vec![*level])),
            }
        }
        if groups.len() < 2 {
            return Err(Problem::words("two options are the same tokens"));
        }
        let branching = self.branchings.len();
        let path = levels[*first][..depth].to_vec();
        let tokens = groups.iter().map(|(token, _)| *token).collect();
        self.branchings.push(Branching { path, tokens });
        for (token, (_, group)) in groups.iter().enumerate() {
            for level in group {
                self.routes[*level].push((branching, token));
            }
            self.part(levels, group, depth + 1, end)?;
        }
        Ok(())
    }

    /// Number of options.
    pub fn levels(&self) -> usize {
        self.routes.len()
    }

    /// The branchings on the way to a level, each with the token taken there.
    pub fn route(&self, level: usize) -> impl Iterator<Item = (usize, usize)> {
        self.routes[level].iter().copied()
    }

    /// Log-probabilities of the levels, given for each branching the logits of its tokens.
    ///
    /// # Errors
    /// When a logit is no number.
    pub fn log_probabilities(&self, logits: &[&[f32]], out: &mut [f64]) -> Result<(), Problem> {
        let logs = logits.iter().map(|logits| {
            let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            if !logits.iter().all(|logit| logit.is_finite()) {
                return Err(Problem::input("the model gives a logit that is no number"));
            }
            let shifted: Vec<f64> = logits.iter().map(|l| f64::from(l - most)).collect();
            let sum = shifted.iter().map(|s| s.exp()).sum::<f64>().ln();
            Ok(shifted.into_iter().map(|s| s - sum).collect())
        });
        let logs: Vec<Vec<f64>> = logs.collect::<Result<_, _>>()?;
        for (out, route) in out.iter_mut().zip(&self.routes) {
            *out = route.iter().map(|(branching, token)| logs[*branching][*token]).sum();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_places_where_options_part_count() {
        // Strongly disagree, Disagree, Agree, Strongly agree
        let levels = [vec![1, 2, 3], vec![4, 5], vec![6], vec![1, 2, 7]];
        let options = Options::new(&levels, None).unwrap();
        assert_eq!(
            options.branchings,
            [
                Branching { path: vec![], tokens: vec![1, 4, 6] },
                Branching { path: vec![1, 2], tokens: vec![3, 7] }
            ]
        );
        assert_eq!(options.route(3).collect::<Vec<_>>(), [(0, 0), (1, 1)]);
        let mut out = [0.0; 4];
        options.log_probabilities(&[&[0.0, 0.0, 0.0], &[0.0, 1.0]], &mut out).unwrap();
        let third = (1.0f64 / 3.0).ln();
        assert!((out[1] - third).abs() < 1e-12);
        assert!((out[3] - third + (1.0 + (-1.0f64).exp()).ln()).abs() < 1e-12);
    }

    #[test]
    fn an_option_that_begins_another_ends() {
        let levels = [vec![1], vec![1, 2]];
        let options = Options::new(&levels, Some(9)).unwrap();
        assert_eq!(options.branchings, [Branching { path: vec![1], tokens: vec![9, 2] }]);
        assert!(Options::new(&levels, None).unwrap_err().to_string().contains("begins another"));
        let same = [vec![1, 2], vec![1, 2]];
        assert!(Options::new(&same, Some(9)).unwrap_err().to_string().contains("same tokens"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let options = Options::new(&[vec![1], vec![2]], None).unwrap();
        assert!(options.log_probabilities(&[&[f32::NAN, 0.0]], &mut [0.0; 2]).is_err());
        assert!(options.log_probabilities(&[&[f32::INFINITY, 0.0]], &mut [0.0; 2]).is_err());
    }

    proptest! {
        #[test]
        fn probabilities_sum_to_one(
            mut levels in prop::collection::btree_set(prop::collection::vec(0u32..3, 1..5), 2..8),
            seed in 0u32..1000,
        ) {
            let levels: Vec<Vec<u32>> = std::mem::take(&mut levels).into_iter().collect();
            let options = Options::new(&levels, Some(77)).unwrap();
            let logit = |at: usize| ((at as u32 * 7919 + seed * 31) % 101) as f32 / 20.0;
            let logits: Vec<Vec<f32>> = options
                .branchings
                .iter()
                .enumerate()
                .map(|(b, branching)| (0..branching.tokens.len()).map(|t| logit(b * 10 + t)).collect())
                .collect();
            let logits: Vec<&[f32]> = logits.iter().map(Vec::as_slice).collect();
            let mut out = vec![0.0; levels.len()];
            options.log_probabilities(&logits, &mut out).unwrap();
            let sum: f64 = out.iter().map(|log| log.exp()).sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
            // Every option's tokens follow from its route.
            for (level, tokens) in levels.iter().enumerate() {
                for (branching, token) in options.route(level) {
                    let Branching { path, tokens: next } = &options.branchings[branching];
                    prop_assert!(tokens.starts_with(path));
                    let taken = tokens.get(path.len()).copied().unwrap_or(77);
                    prop_assert_eq!(next[token], taken);
                }
            }
        }
    }
}
