//! What prompts have in common.

use backend_language::trie::{Node, plan};
use proptest::prelude::*;

fn node(
    parent: Option<usize>,
    prompt: usize,
    tokens: std::ops::Range<usize>,
    ends: &[usize],
) -> Node {
    Node { parent, prompt, tokens, ends: ends.to_vec() }
}

#[test]
fn a_common_beginning_is_computed_once() {
    let prompts: [&[u32]; 4] = [&[1, 2, 9], &[1, 2, 3, 4], &[1, 2, 3, 4], &[1, 2]];
    let expected =
        [node(None, 0, 0..2, &[3]), node(Some(0), 1, 2..4, &[1, 2]), node(Some(0), 0, 2..3, &[0])];
    assert_eq!(plan(&prompts, &[0; 4]), expected);
}

#[test]
fn known_tokens_are_left_out() {
    let prompts: [&[u32]; 3] = [&[1, 2, 3, 4], &[1, 2, 3, 5], &[1, 2]];
    let expected =
        [node(None, 0, 2..3, &[]), node(Some(0), 0, 3..4, &[0]), node(Some(0), 1, 3..4, &[1])];
    assert_eq!(plan(&prompts, &[2, 2, 2]), expected);
}

#[test]
fn different_known_beginnings_are_not_mixed() {
    let prompts: [&[u32]; 2] = [&[1, 7], &[2, 7]];
    assert_eq!(plan(&prompts, &[1, 1]).len(), 2);
}

#[test]
fn nothing_comes_of_nothing() {
    assert_eq!(plan(&[], &[]), []);
    assert_eq!(plan(&[&[], &[1]], &[0, 3]), []);
}

#[test]
fn prompts_that_each_begin_the_next_are_a_chain() {
    let long: Vec<u32> = (0..3000).collect();
    let prompts: Vec<&[u32]> = (1..=3000).map(|n| &long[..n]).collect();
    let nodes = plan(&prompts, &vec![0; 3000]);
    assert_eq!(nodes.len(), 3000);
    assert!(nodes.iter().enumerate().all(|(i, n)| n.parent == i.checked_sub(1)));
}

/// Tokens from the first that is not known to a node's end, and where they begin.
fn spelled(nodes: &[Node], prompts: &[&[u32]], mut at: usize) -> (usize, Vec<u32>) {
    let mut parts = Vec::new();
    loop {
        let node = &nodes[at];
        parts.push(&prompts[node.prompt][node.tokens.clone()]);
        match node.parent {
            Some(parent) => {
                assert!(parent < at, "parents first");
                assert_eq!(nodes[parent].tokens.end, node.tokens.start);
                at = parent;
            }
            None => {
                let start = node.tokens.start;
                return (start, parts.into_iter().rev().flatten().copied().collect());
            }
        }
    }
}

proptest! {
    #[test]
    fn each_prompt_is_spelled_once_and_nothing_twice(
        prompts in proptest::collection::vec(
            (proptest::collection::vec(0u32..3, 0..8), 0usize..9), 0..12),
    ) {
        let (texts, known): (Vec<Vec<u32>>, Vec<usize>) = prompts.into_iter().unzip();
        let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
        let nodes = plan(&texts, &known);
        let mut seen = vec![0; texts.len()];
        for (i, node) in nodes.iter().enumerate() {
            prop_assert!(!node.tokens.is_empty());
            let (start, tokens) = spelled(&nodes, &texts, i);
            for &p in &node.ends {
                seen[p] += 1;
                prop_assert_eq!(start, known[p]);
                prop_assert_eq!(&texts[p][start..], &tokens[..]);
            }
        }
        for ((seen, text), known) in seen.iter().zip(&texts).zip(&known) {
            prop_assert_eq!(*seen, usize::from(*known < text.len()));
        }
        // As few tokens as there are different (known beginning, beginning) pairs.
        let mut beginnings = std::collections::BTreeSet::new();
        for (text, known) in texts.iter().zip(&known) {
            beginnings.extend((known + 1..=text.len()).map(|end| (known, &text[..end])));
        }
        prop_assert_eq!(nodes.iter().map(|n| n.tokens.len()).sum::<usize>(), beginnings.len());
    }
}
