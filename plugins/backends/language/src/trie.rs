//! Plans a batch so that what prompts have in common is computed once.

use std::{collections::BTreeMap, ops::Range};

/// A run of tokens that is computed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The node before it; none where what comes before is known.
    pub parent: Option<usize>,
    /// A prompt that the tokens are of.
    pub prompt: usize,
    /// Where in that prompt they are.
    pub tokens: Range<usize>,
    /// Prompts that end with this node.
    pub ends: Vec<usize>,
}

/// Nodes that hold every token of the prompts that is not known, parents before children. `known[p]`
/// tokens at the beginning of prompt `p` are known; prompts share nodes only where they are known
/// equally far.
pub fn plan(prompts: &[&[u32]], known: &[usize]) -> Vec<Node> {
    let mut groups: BTreeMap<(usize, &[u32]), Vec<usize>> = BTreeMap::new();
    for (prompt, (tokens, known)) in prompts.iter().zip(known).enumerate() {
        groups.entry((*known, &tokens[..*known])).or_default().push(prompt);
    }
    let mut nodes = Vec::new();
    for ((known, _), mut members) in groups {
        members.sort_by_key(|prompt| (prompts[*prompt], *prompt));
        grow(&mut nodes, prompts, &members, known, None);
    }
    nodes
}

/// Adds what follows after the first `at` tokens, which all members (sorted) share.
fn grow(
    nodes: &mut Vec<Node>,
    prompts: &[&[u32]],
    members: &[usize],
    at: usize,
    parent: Option<usize>,
) {
    let longer = members.partition_point(|prompt| prompts[*prompt].len() == at);
    for branch in members[longer..].chunk_by(|a, b| prompts[*a][at] == prompts[*b][at]) {
        let (first, last) = (prompts[branch[0]], prompts[branch[branch.len() - 1]]);
        let common = first[at..].iter().zip(&last[at..]).take_while(|(a, b)| a == b).count();
        let end = at + common;
        let is_end = |prompt: &&usize| prompts[**prompt].len() == end;
        let ends = branch.iter().take_while(is_end).copied().collect();
        nodes.push(Node { parent, prompt: branch[0], tokens: at..end, ends });
        grow(nodes, prompts, branch, end, Some(nodes.len() - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_prompt_is_whole_and_nothing_is_computed_twice(
            prompts in prop::collection::vec(prop::collection::vec(0u32..3, 1..12), 1..12),
            cut in 0usize..12,
        ) {
            let slices: Vec<&[u32]> = prompts.iter().map(Vec::as_slice).collect();
            // What is known is known of all that begin so.
            let known: Vec<usize> = slices.iter().map(|p| if p[0] == 0 { cut.min(p.len()) } else { 0 }).collect();
            let nodes = plan(&slices, &known);
            let mut seen = std::collections::BTreeSet::new();
            let mut whole: Vec<Vec<u32>> = Vec::new();
            for (id, node) in nodes.iter().enumerate() {
                let before = match node.parent {
                    Some(parent) => {
                        prop_assert!(parent < id);
                        prop_assert_eq!(node.tokens.start, nodes[parent].tokens.end);
                        whole[parent].clone()
                    }
                    None => slices[node.prompt][..node.tokens.start].to_vec(),
                };
                prop_assert!(!node.tokens.is_empty());
                let mut all = before;
                for token in &slices[node.prompt][node.tokens.clone()] {
                    all.push(*token);
                    let start = if node.parent.is_none() { node.tokens.start } else { 0 };
                    prop_assert!(seen.insert((start.min(0), all.clone())) , "computed twice");
                }
                for end in &node.ends {
                    prop_assert_eq!(&all, &prompts[*end]);
                }
                whole.push(all);
            }
            let ended: usize = nodes.iter().map(|node| node.ends.len()).sum();
            let done = slices.iter().zip(&known).filter(|(p, known)| p.len() == **known).count();
            prop_assert_eq!(ended + done, prompts.len());
        }
    }
}
