//! In which order people would be asked to join the pilot.

use super::Strategy;
use crate::{
    experiment::{Experiment, People},
    random::SplitMix64,
};

/// Everybody in random order. It depends on experiment and seed alone, so that all strategies draw
/// from one permutation, and not on the order of the table's rows.
pub(super) fn permutation(experiment: &Experiment, seed: u64) -> Vec<u32> {
    let people = &experiment.people;
    let mut rows: Vec<u32> = (0..people.len() as u32).collect();
    rows.sort_by_key(|row| people.ids.value(*row as usize));
    SplitMix64::of(&["pilot", experiment.id(), &seed.to_string()]).shuffle(&mut rows);
    rows
}

/// Candidates for the pilot in the order in which they join; people whom the strategy leaves out
/// are not among them.
pub(super) fn candidates(
    experiment: &Experiment,
    strategy: &Strategy,
    seed: u64,
    permutation: &[u32],
) -> Vec<u32> {
    let people = &experiment.people;
    let design = &experiment.design;
    let by = |groups: usize, group_of: &dyn Fn(usize) -> Option<usize>| {
        let mut members = vec![Vec::new(); groups];
        for row in permutation {
            if let Some(group) = group_of(*row as usize) {
                members[group].push(*row);
            }
        }
        members
    };
    let column = |id: &str| design.covariate_index(id).expect("the strategy was checked");
    let by_column = |id: &str| {
        let column = column(id);
        by(design.covariates[column].levels.len(), &|row| people.level(row, column))
    };
    let by_arm = || by(design.arms.len(), &|row| people.arm(row));
    let mut chooser = SplitMix64::of(&["pilot-group", experiment.id(), &seed.to_string()]);
    match strategy {
        Strategy::Random => permutation.to_vec(),
        Strategy::SingleArm(arm) => {
            let mut members = by_arm();
            let chosen = match arm {
                Some(id) => design.arms.iter().position(|a| a.id == *id),
                None => Some(chooser.below(design.arms.len())),
            };
            members.swap_remove(chosen.expect("the strategy was checked"))
        }
        Strategy::StratifiedArm => proportional(by_arm(), &mut chooser),
        Strategy::Proportional(id) => proportional(by_column(id), &mut chooser),
        Strategy::EqualGroup(id) => in_turn(by_column(id), &mut chooser),
    }
}

/// Joins the group that is furthest behind its share, so that every beginning is proportional.
fn proportional(members: Vec<Vec<u32>>, chooser: &mut SplitMix64) -> Vec<u32> {
    let total: usize = members.iter().map(Vec::len).sum();
    let mut precedence: Vec<usize> = (0..members.len()).collect();
    chooser.shuffle(&mut precedence);
    let mut taken = vec![0; members.len()];
    let mut order = Vec::with_capacity(total);
    while order.len() < total {
        // Deficits are compared as whole numbers: rounding must not decide who joins.
        let deficit = |group: usize| {
            (members[group].len() * (order.len() + 1)) as i64 - (taken[group] * total) as i64
        };
        let open = precedence.iter().copied().filter(|group| taken[*group] < members[*group].len());
        let next = open.rev().max_by_key(|group| deficit(*group)).expect("someone is left");
        order.push(members[next][taken[next]]);
        taken[next] += 1;
    }
    order
}

/// One of each group in turn, as long as no group has run out: an unequal pilot would not be what
/// was asked for.
fn in_turn(mut members: Vec<Vec<u32>>, chooser: &mut SplitMix64) -> Vec<u32> {
    members.retain(|group| !group.is_empty());
    chooser.shuffle(&mut members);
    let rounds = members.iter().map(Vec::len).min().unwrap_or(0);
    (0..rounds).flat_map(|round| members.iter().map(move |group| group[round])).collect()
}

/// People whose group is unknown cannot be chosen by it; said in faults.
pub(super) fn why_few(strategy: &Strategy, people: &People) -> String {
    match strategy {
        Strategy::EqualGroup(column) => {
            format!("the smallest level of `{column}` ends the turns")
        }
        _ => format!("the table has {} participants", people.len()),
    }
}
