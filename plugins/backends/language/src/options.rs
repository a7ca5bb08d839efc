//! An item's labels as a tree of tokens.

use crate::Problem;

/// A place where labels part: after `path`, one of `tokens` follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branching {
    /// Tokens from the prompt's end to here.
    pub path: Vec<u32>,
    /// Tokens that may follow, each of them once.
    pub tokens: Vec<u32>,
}

/// The labels of an item after a prompt.
///
/// `log P(label)` is the sum, over the branchings on its way, of the log-softmax over the tokens
/// that may follow there: the distribution of decoding constrained to the labels. A token without
/// an alternative costs nothing, and the probabilities sum to 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Branchings, each after those on its way. The first is at the prompt's end, even when only
    /// one token may follow there; all others have two tokens or more.
    pub branchings: Vec<Branching>,
    /// Per level its branchings, each with the index of the level's token.
    routes: Vec<Vec<(usize, usize)>>,
}

impl Options {
    /// The tree of these labels' tokens. Where a label is the beginning of another, `end` follows it.
    pub(crate) fn new(mut labels: Vec<Vec<u32>>, end: u32) -> Result<Self, Problem> {
        if labels.is_empty() {
            return Err(Problem::input("an item without labels"));
        }
        let begins_another: Vec<bool> = (0..labels.len())
            .map(|i| (0..labels.len()).any(|j| i != j && labels[j].starts_with(&labels[i])))
            .collect();
        for (label, begins_another) in labels.iter_mut().zip(begins_another) {
            if begins_another {
                label.push(end);
            }
        }
        let mut options = Self { branchings: Vec::new(), routes: vec![Vec::new(); labels.len()] };
        let all = (0..labels.len()).collect();
        options.grow(&labels, all, 0)?;
        Ok(options)
    }

    /// Adds the branchings of the levels that agree in their first `depth` tokens.
    fn grow(
        &mut self,
        labels: &[Vec<u32>],
        mut levels: Vec<usize>,
        mut depth: usize,
    ) -> Result<(), Problem> {
        while !levels.is_empty() {
            let mut tokens: Vec<u32> = Vec::new();
            let mut parts: Vec<Vec<usize>> = Vec::new();
            for &level in &levels {
                let Some(&token) = labels[level].get(depth) else {
                    if levels.len() > 1 {
                        let (a, b) = (levels[0], levels[1]);
                        let message = format!("labels {a} and {b} have the same tokens");
                        return Err(Problem::words(message));
                    }
                    return Ok(());
                };
                match tokens.iter().position(|known| *known == token) {
                    Some(i) => parts[i].push(level),
                    None => {
                        tokens.push(token);
                        parts.push(vec![level]);
                    }
                }
            }
            if depth == 0 || tokens.len() > 1 {
                for (i, part) in parts.iter().enumerate() {
                    for &level in part {
                        self.routes[level].push((self.branchings.len(), i));
                    }
                }
                let path = labels[levels[0]][..depth].to_vec();
                self.branchings.push(Branching { path, tokens });
            }
            depth += 1;
            // The last part is this call's own, so that a long label is no deep recursion.
            levels = parts.pop().unwrap_or_default();
            for part in parts {
                self.grow(labels, part, depth)?;
            }
        }
        Ok(())
    }

    /// Number of labels.
    pub fn levels(&self) -> usize {
        self.routes.len()
    }

    /// Writes the log-probability of each label to `out`. `logits` has, per branching, the logits
    /// of its tokens.
    ///
    /// # Errors
    /// When a logit is not finite, or when the shapes differ.
    pub fn log_probabilities(&self, logits: &[&[f32]], out: &mut [f64]) -> Result<(), Problem> {
        if logits.len() != self.branchings.len() || out.len() != self.levels() {
            let (given, wanted) = (logits.len(), self.branchings.len());
            let message = format!("logits of {given} branchings instead of {wanted}");
            return Err(Problem::words(message));
        }
        let mut logs = Vec::with_capacity(logits.len());
        for (branching, logits) in self.branchings.iter().zip(logits) {
            if logits.len() != branching.tokens.len() {
                let (given, wanted) = (logits.len(), branching.tokens.len());
                let message = format!("{given} logits for {wanted} tokens");
                return Err(Problem::words(message));
            }
            logs.push(log_softmax(logits)?);
        }
        for (out, route) in out.iter_mut().zip(&self.routes) {
            *out = route.iter().map(|&(branching, token)| logs[branching][token]).sum();
        }
        Ok(())
    }

    /// The branchings on the way to a level, in order, each with the index of the right token.
    ///
    /// # Panics
    /// When there is no such level.
    pub fn route(&self, level: usize) -> impl Iterator<Item = (usize, usize)> {
        self.routes[level].iter().copied()
    }
}

fn log_softmax(logits: &[f32]) -> Result<Vec<f64>, Problem> {
    if let Some(odd) = logits.iter().find(|logit| !logit.is_finite()) {
        return Err(Problem::words(format!("the model's logits hold {odd}")));
    }
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shifted = |logit: &f32| f64::from(*logit) - f64::from(largest);
    let sum: f64 = logits.iter().map(|logit| shifted(logit).exp()).sum();
    Ok(logits.iter().map(|logit| shifted(logit) - sum.ln()).collect())
}
