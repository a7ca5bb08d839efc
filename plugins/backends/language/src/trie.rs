//! What prompts have in common, so that it is computed once.

use std::ops::Range;

/// A run of tokens that is computed once, after that of its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The node before it; none at the first token that is not known.
    pub parent: Option<usize>,
    /// A prompt that holds the tokens.
    pub prompt: usize,
    /// Where in that prompt they are; never empty.
    pub tokens: Range<usize>,
    /// Prompts that end with this node, in order.
    pub ends: Vec<usize>,
}

/// Plans the computation of prompts as radix trees: parents first, and a depth-first order, so that
/// what a node needs was computed shortly before. `known` has for each prompt the number of its
/// first tokens that are known; a prompt that is known to its end gets no node, and prompts that are
/// not known equally far share none. The nodes do not depend on the order of the prompts, but for
/// [`Node::prompt`], which is the first of those that hold the tokens.
///
/// # Panics
/// When the two slices differ in length.
pub fn plan(prompts: &[&[u32]], known: &[usize]) -> Vec<Node> {
    assert_eq!(prompts.len(), known.len(), "one number of known tokens per prompt");
    let known = |p: usize| known[p];
    let mut order: Vec<usize> =
        (0..prompts.len()).filter(|&p| known(p) < prompts[p].len()).collect();
    order.sort_by_key(|&p| (known(p), prompts[p], p));

    let mut nodes: Vec<Node> = Vec::new();
    let mut open: Vec<(Range<usize>, usize, Option<usize>)> = Vec::new();
    for roots in order.chunk_by(|&a, &b| {
        known(a) == known(b) && prompts[a][..=known(a)] == prompts[b][..=known(b)]
    }) {
        open.push((0..roots.len(), known(roots[0]), None));
        while let Some((group, start, parent)) = open.pop() {
            let members = &roots[group.clone()];
            let (first, last) = (prompts[members[0]], prompts[members[members.len() - 1]]);
            // Sorted: what the first and the last have in common, all have.
            let stop = first.iter().zip(last).take_while(|(a, b)| a == b).count();
            let ending = members.iter().take_while(|p| prompts[**p].len() == stop).count();
            let prompt = members.iter().copied().min().unwrap_or(members[0]);
            let ends = members[..ending].to_vec();
            nodes.push(Node { parent, prompt, tokens: start..stop, ends });
            let this = nodes.len() - 1;
            let mut from = group.start + ending;
            let children: Vec<_> = members[ending..]
                .chunk_by(|&a, &b| prompts[a][stop] == prompts[b][stop])
                .map(|child| {
                    from += child.len();
                    (from - child.len()..from, stop, Some(this))
                })
                .collect();
            open.extend(children.into_iter().rev());
        }
    }
    nodes
}
