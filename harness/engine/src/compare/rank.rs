//! Ranks with their uncertainty.

use super::{
    Compared, OverallRank, Verdict,
    curve::ends,
    difference::difference,
    field::{Badness, Field},
};
use crate::score::Draws;
use serde::Serialize;

/// A place among methods.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rank {
    /// Rank of the score; equal scores share the mean of their ranks. Over experiments: the mean.
    pub rank: f64,
    /// Lower bound: the bootstrap interval of the rank (Goldstein and Spiegelhalter 1996), which
    /// holds the rank itself.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// Share of the draws in which it is first; those who tie share.
    pub first: f64,
    /// Tie group, from 1: a method belongs to the group of the best one from which its paired
    /// difference is not clear.
    pub group: usize,
    /// How many are ranked.
    pub of: usize,
}

/// The ranks of one size of a field.
pub(super) struct Ranked {
    pub(super) size: usize,
    methods: Vec<(String, Rank)>,
    /// By method and draw.
    draws: Vec<Vec<f64>>,
}

impl Ranked {
    /// The rank of a method.
    pub(super) fn of(&self, method: &str) -> Verdict<Rank> {
        let found = self.methods.iter().find(|(name, _)| name == method);
        found.map(|(_, rank)| *rank).ok_or("not ranked: an oracle, or without a score").into()
    }
}

/// The ranks of a field's methods, size by size.
pub(super) fn by_size(field: &Field) -> Vec<Ranked> {
    field.sizes.iter().map(|size| at_size(field, *size)).collect()
}

fn at_size(field: &Field, size: usize) -> Ranked {
    let info = field.headline();
    let judged = field.plan.methods.iter().filter(|method| !method.facts.learns_from.is_oracle());
    let entrants = judged.filter_map(|method| {
        Some((method.name.as_str(), field.cell(&method.name, size)?.draws.get(&info.name)?))
    });
    let entrants: Vec<(&str, &Draws)> = entrants.collect();
    let badness: Vec<Badness> =
        entrants.iter().map(|(_, draws)| Badness::of(draws, info.better)).collect();
    let point = ranks(&badness.iter().map(|b| b.value).collect::<Vec<_>>());
    let draws = draw_ranks(&badness);
    let groups = tie_groups(field, &entrants, &point);
    let methods = entrants.iter().enumerate().map(|(i, (name, _))| {
        let rank = summary(point[i], &draws, i, groups[i], field.confidence());
        ((*name).to_owned(), rank)
    });
    Ranked { size, methods: methods.collect(), draws }
}

/// Ranks from 1, the smallest first; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: f64| {
        let less = values.iter().filter(|other| **other < value).count() as f64;
        let equal = values.iter().filter(|other| **other == value).count() as f64;
        less + (equal + 1.0) / 2.0
    };
    values.iter().map(|value| rank(*value)).collect()
}

/// By method the rank in each draw in which every method has a value.
fn draw_ranks(badness: &[Badness]) -> Vec<Vec<f64>> {
    let mut by_method = vec![Vec::new(); badness.len()];
    let count = badness.iter().map(|b| b.draws.len()).min().unwrap_or(0);
    for draw in 0..count {
        let values: Option<Vec<f64>> = badness.iter().map(|b| b.draws[draw]).collect();
        let Some(values) = values else { continue };
        for (list, rank) in by_method.iter_mut().zip(ranks(&values)) {
            list.push(rank);
        }
    }
    by_method
}

/// Interval and chance of being first. Without draws the rank is all there is.
fn summary(rank: f64, draws: &[Vec<f64>], method: usize, group: usize, confidence: f64) -> Rank {
    let of = draws.len();
    let mut sorted = draws[method].clone();
    if sorted.is_empty() {
        return Rank { rank, low: 1.0, high: of as f64, first: f64::from(of == 1), group, of };
    }
    sorted.sort_by(f64::total_cmp);
    let (low, high) = ends(&sorted, confidence);
    let count = sorted.len();
    let share = |draw: usize| {
        let best = draws.iter().map(|ranks| ranks[draw]).fold(f64::INFINITY, f64::min);
        let firsts = draws.iter().filter(|ranks| ranks[draw] == best).count();
        if draws[method][draw] == best { 1.0 / firsts as f64 } else { 0.0 }
    };
    let first = (0..count).map(share).sum::<f64>() / count as f64;
    Rank { rank, low: low.min(rank), high: high.max(rank), first, group, of }
}

/// Groups of methods that are not told apart from the best of their group.
fn tie_groups(field: &Field, entrants: &[(&str, &Draws)], point: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entrants.len()).collect();
    order.sort_by(|a, b| point[*a].total_cmp(&point[*b]));
    let mut groups = vec![0; entrants.len()];
    let (mut group, mut leader) = (0, None);
    for place in order {
        let apart = leader.is_none_or(|leader: usize| {
            let (own, best) = (entrants[place].1, entrants[leader].1);
            let better = field.headline().better;
            // Without draws nothing is known to be apart.
            difference(field, better, Some(own), Some(best), None).is_ok_and(|d| d.is_clear())
        });
        if apart {
            (group, leader) = (group + 1, Some(place));
        }
        groups[place] = group;
    }
    groups
}

/// Mean ranks over the experiments that have a size, among the methods ranked in all of them.
pub(super) fn overall(
    fields: &[Field],
    ranked: &[Vec<Ranked>],
    cells: &[Compared],
) -> Vec<OverallRank> {
    let mut sizes: Vec<usize> = fields.iter().flat_map(|field| field.sizes.clone()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes.into_iter().flat_map(|size| overall_at(fields, ranked, cells, size)).collect()
}

fn overall_at(
    fields: &[Field],
    ranked: &[Vec<Ranked>],
    cells: &[Compared],
    size: usize,
) -> Vec<OverallRank> {
    let having: Vec<&Ranked> = ranked.iter().flatten().filter(|r| r.size == size).collect();
    let Some((field, first)) = fields.first().zip(having.first()) else { return Vec::new() };
    let everywhere =
        |name: &&String| having.iter().all(|r| r.methods.iter().any(|m| m.0 == **name));
    let names: Vec<&String> = first.methods.iter().map(|(n, _)| n).filter(everywhere).collect();
    let place =
        |r: &Ranked, name: &String| r.methods.iter().position(|m| m.0 == *name).unwrap_or(0);
    let count = having.iter().filter_map(|r| r.draws.first()).map(Vec::len).min().unwrap_or(0);
    let mean = |of: &dyn Fn(&Ranked) -> f64| {
        having.iter().map(|r| of(r)).sum::<f64>() / having.len() as f64
    };
    let means: Vec<f64> =
        names.iter().map(|name| mean(&|r| r.methods[place(r, name)].1.rank)).collect();
    let draws: Vec<Vec<f64>> = names
        .iter()
        .map(|name| (0..count).map(|b| mean(&|r| r.draws[place(r, name)][b])).collect())
        .collect();
    let row = |(i, name): (usize, &&String)| OverallRank {
        strategy: field.strategy.to_owned(),
        size,
        method: (*name).clone(),
        experiments: having.len(),
        rank: summary(means[i], &draws, i, 0, field.confidence()),
        skill: mean_skill(cells, field.strategy, name, size),
    };
    names.iter().enumerate().map(row).collect()
}

fn mean_skill(
    cells: &[Compared],
    strategy: &str,
    method: &str,
    size: usize,
) -> Option<(f64, usize)> {
    let own =
        cells.iter().filter(|c| c.method == method && c.size == size && c.strategy == strategy);
    let values: Vec<f64> = own.filter_map(|c| c.skill.value()).map(|s| s.value).collect();
    let n = values.len();
    (n > 0).then(|| (values.iter().sum::<f64>() / n as f64, n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn badness(value: f64, draws: &[f64]) -> Badness {
        Badness { value, draws: draws.iter().copied().map(Some).collect() }
    }

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[0.3, 0.1, 0.3, 0.2]), [3.5, 1.0, 3.5, 2.0]);
    }

    #[test]
    fn ranks_are_those_of_each_draw() {
        let field = [badness(1.0, &[1.0, 2.0, 1.0, 1.0]), badness(2.0, &[2.0, 1.0, 2.0, 1.0])];
        let draws = draw_ranks(&field);
        assert_eq!(draws, [[1.0, 2.0, 1.0, 1.5], [2.0, 1.0, 2.0, 1.5]]);
        let rank = summary(1.0, &draws, 0, 1, 0.95);
        assert_eq!((rank.low, rank.high, rank.first), (1.0, 2.0, 0.625));
        assert_eq!(summary(2.0, &draws, 1, 1, 0.95).first, 0.375);
    }

    #[test]
    fn a_draw_that_one_method_lacks_ranks_nobody() {
        let mut field = [badness(1.0, &[1.0, 2.0]), badness(2.0, &[2.0, 1.0])];
        field[0].draws[1] = None;
        assert_eq!(draw_ranks(&field), [[1.0], [2.0]]);
    }
}
