//! Which nodes go through the layers together, and in which order.

use backend_language::trie::Node;

/// Rows of a bin: enough for the matrix products, few enough for the caches.
const ROWS: usize = 384;

/// Sorted lists of nodes, in phases that follow each other. A node's parent is in the same list, or
/// in an earlier phase.
pub(super) fn phases(plan: &[Node], threads: usize) -> Vec<Vec<Vec<usize>>> {
    let mut weights: Vec<usize> = plan.iter().map(|node| node.tokens.len()).collect();
    for (id, node) in plan.iter().enumerate().rev() {
        if let Some(parent) = node.parent {
            weights[parent] += weights[id];
        }
    }
    let total: usize = plan.iter().map(|node| node.tokens.len()).sum();
    let count = total.div_ceil(ROWS).next_multiple_of(threads.max(1)).max(1);
    let share = total.div_ceil(count);
    let mut phases: Vec<Vec<Vec<usize>>> = Vec::new();
    let mut roots: Vec<usize> = (0..plan.len()).filter(|id| plan[*id].parent.is_none()).collect();
    while !roots.is_empty() {
        let is_split =
            |root: &usize| weights[*root] > share && weights[*root] > plan[*root].tokens.len();
        let (split, whole): (Vec<usize>, Vec<usize>) =
            roots.iter().partition(|root| is_split(root));
        let next =
            (0..plan.len()).filter(|id| plan[*id].parent.is_some_and(|p| split.contains(&p)));
        // Whole subtrees wait, if others are still to be split, so that phases are few and full.
        let (now, later) = match split.is_empty() {
            true => (binned(plan, &whole, &weights, share), Vec::new()),
            false => (vec![split.clone()], next.chain(whole).collect()),
        };
        phases.push(now);
        roots = later;
        roots.sort_unstable();
    }
    phases
}

/// Whole subtrees in lists of about equal numbers of tokens.
fn binned(plan: &[Node], roots: &[usize], weights: &[usize], share: usize) -> Vec<Vec<usize>> {
    let mut bin_of: Vec<Option<usize>> = vec![None; plan.len()];
    let mut filled: Vec<usize> = Vec::new();
    for root in roots {
        match filled.last_mut() {
            Some(filled) if *filled + weights[*root] / 2 < share => *filled += weights[*root],
            _ => filled.push(weights[*root]),
        }
        bin_of[*root] = Some(filled.len() - 1);
    }
    let mut bins: Vec<Vec<usize>> = vec![Vec::new(); filled.len()];
    for id in 0..plan.len() {
        if bin_of[id].is_none() {
            bin_of[id] = plan[id].parent.and_then(|parent| bin_of[parent]);
        }
        if let Some(bin) = bin_of[id] {
            bins[bin].push(id);
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(parent: Option<usize>, tokens: usize) -> Node {
        let start = 0;
        Node { parent, prompt: 0, tokens: start..start + tokens, ends: Vec::new() }
    }

    #[test]
    fn what_many_share_goes_first_and_the_rest_is_spread() {
        let mut plan = vec![node(None, 50), node(Some(0), 5)];
        plan.extend((0..8).map(|i| node(Some(i % 2), 100)));
        let phases = phases(&plan, 2);
        assert_eq!(phases[0], [vec![0]]);
        let mut seen: Vec<usize> = phases.iter().flatten().flatten().copied().collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..plan.len()).collect::<Vec<_>>());
        let last = phases.last().unwrap();
        assert!(last.len() >= 2, "{phases:?}");
        // A parent is in the same list or an earlier phase.
        for (at, phase) in phases.iter().enumerate() {
            for id in phase.iter().flatten() {
                let Some(parent) = plan[*id].parent else { continue };
                let before = phases[..at].iter().flatten().any(|bin| bin.contains(&parent));
                assert!(
                    before || phase.iter().any(|bin| bin.contains(id) && bin.contains(&parent))
                );
            }
        }
    }
}
