//! Computed runs of tokens as a tree, bounded in size.
//!
//! Entries hang on their parents at some token; what lies behind that token in the parent is another
//! branch. Only entries without children are dropped, those of later items first, which belong to one
//! course of an interview, while the beginning of an interview is shared by all of its courses.

use super::node::{Chain, Node};
use std::sync::Arc;

/// How long something is worth keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Up to a participant's first question: every course of the interview begins with it.
    Beginning,
    /// One course of an interview.
    Course,
}

struct Entry {
    tokens: Vec<u32>,
    node: Arc<Node>,
    parent: Option<usize>,
    /// Tokens of the parent that come before.
    attach: usize,
    children: Vec<usize>,
    used: u64,
    worth: Worth,
}

/// The tree of one stage.
pub(crate) struct Tree {
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    roots: Vec<usize>,
    /// Bytes by worth.
    bytes: [usize; 2],
    budget: usize,
    clock: u64,
}

/// Where a search ended.
struct Found {
    chain: Chain,
    known: usize,
    /// The last entry and how many of its tokens fit.
    at: Option<(usize, usize)>,
}

impl Tree {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
            roots: Vec::new(),
            bytes: [0; 2],
            budget,
            clock: 0,
        }
    }

    /// The longest known beginning of a prompt.
    pub(super) fn find(&mut self, prompt: &[u32]) -> (Chain, usize) {
        let found = self.search(prompt);
        (found.chain, found.known)
    }

    fn search(&mut self, prompt: &[u32]) -> Found {
        self.clock += 1;
        let mut found = Found { chain: Chain::default(), known: 0, at: None };
        loop {
            let rest = &prompt[found.known..];
            let here = found.at;
            let children = match here {
                None => &self.roots,
                Some((id, _)) => match &self.entries[id] {
                    Some(entry) => &entry.children,
                    None => return found,
                },
            };
            let attach = here.map_or(0, |(_, used)| used);
            let best = children
                .iter()
                .filter_map(|id| Some((*id, self.entries[*id].as_ref()?)))
                .filter(|(_, entry)| entry.attach == attach)
                .map(|(id, entry)| (common(&entry.tokens, rest), id))
                .max_by_key(|(fits, id)| (*fits, std::cmp::Reverse(*id)));
            let Some((fits, id)) = best.filter(|(fits, _)| *fits > 0) else { return found };
            let clock = self.clock;
            if let Some(entry) = &mut self.entries[id] {
                entry.used = clock;
                found.chain.0.push((Arc::clone(&entry.node), fits));
            }
            found.known += fits;
            found.at = Some((id, fits));
        }
    }

    /// Keeps the tokens of `prompt` from `start` on, unless they are known by now or what comes
    /// before them is no longer here.
    pub(super) fn keep(&mut self, prompt: &[u32], start: usize, node: &Arc<Node>, worth: Worth) {
        let found = self.search(prompt);
        if found.known != start || start == prompt.len() {
            return;
        }
        let (parent, attach) = match found.at {
            Some((id, used)) => (Some(id), used),
            None => (None, 0),
        };
        self.bytes[worth as usize] += node.bytes();
        let entry = Entry {
            tokens: prompt[start..].to_vec(),
            node: Arc::clone(node),
            parent,
            attach,
            children: Vec::new(),
            used: self.clock,
            worth,
        };
        let id = self.free.pop().unwrap_or(self.entries.len());
        match id == self.entries.len() {
            true => self.entries.push(Some(entry)),
            false => self.entries[id] = Some(entry),
        }
        self.siblings(parent).push(id);
    }

    fn siblings(&mut self, parent: Option<usize>) -> &mut Vec<usize> {
        match parent.and_then(|id| self.entries[id].as_mut()) {
            Some(entry) => &mut entry.children,
            None => &mut self.roots,
        }
    }

    /// Drops what is over the budget, the longest unused first.
    pub(super) fn shrink(&mut self) {
        while self.bytes[0] + self.bytes[1] > self.budget {
            // Beginnings may fill most of the room, never all: the courses in hand need some.
            let crowded = self.bytes[Worth::Beginning as usize] > self.budget / 5 * 3;
            let first = if crowded { Worth::Beginning } else { Worth::Course };
            let Some(id) = self.oldest(Some(first)).or_else(|| self.oldest(None)) else { return };
            self.drop_leaf(id);
        }
    }

    fn oldest(&self, worth: Option<Worth>) -> Option<usize> {
        let leaves = self.entries.iter().enumerate().filter_map(|(id, entry)| {
            let entry = entry.as_ref().filter(|entry| entry.children.is_empty())?;
            worth.is_none_or(|worth| entry.worth == worth).then_some((entry.used, id))
        });
        leaves.min().map(|(_, id)| id)
    }

    fn drop_leaf(&mut self, id: usize) {
        let Some(entry) = self.entries[id].take() else { return };
        self.bytes[entry.worth as usize] -= entry.node.bytes();
        self.siblings(entry.parent).retain(|child| *child != id);
        self.free.push(id);
    }
}

/// Length of the common beginning.
fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(tree: &mut Tree, prompt: &[u32], start: usize, worth: Worth) {
        let node = Node {
            len: prompt.len() - start,
            keys: vec![],
            values: vec![],
            exits: vec![0.0; prompt.len() - start],
        };
        tree.keep(prompt, start, &Arc::new(node), worth);
    }

    #[test]
    fn beginnings_are_found_through_branches() {
        let mut tree = Tree::new(1 << 20);
        keep(&mut tree, &[1, 2, 3, 4], 0, Worth::Beginning);
        keep(&mut tree, &[1, 2, 9, 9], 2, Worth::Course);
        keep(&mut tree, &[1, 2, 9, 9, 5], 4, Worth::Course);
        assert_eq!(tree.find(&[1, 2, 3, 7]).1, 3);
        assert_eq!(tree.find(&[1, 2, 9, 9, 5, 6]).1, 5);
        assert_eq!(tree.find(&[1, 2, 9, 9, 5, 6]).0.0.len(), 3);
        assert_eq!(tree.find(&[2]).1, 0);
        // Known already, or with a gap before: not kept.
        let before = tree.entries.len();
        keep(&mut tree, &[1, 2, 3], 1, Worth::Course);
        keep(&mut tree, &[1, 7, 7, 7], 3, Worth::Course);
        assert_eq!(tree.entries.len(), before);
    }

    #[test]
    fn the_oldest_course_goes_first_and_parents_stay_while_they_have_children() {
        let mut tree = Tree::new(4 * 8);
        keep(&mut tree, &[1, 2], 0, Worth::Beginning);
        for last in 3..7 {
            keep(&mut tree, &[1, 2, last, 0], 2, Worth::Course);
            tree.shrink();
        }
        assert_eq!(tree.find(&[1, 2, 3]).1, 2, "dropped");
        assert_eq!(tree.find(&[1, 2, 6, 0]).1, 4, "the newest is there");
        assert!(tree.bytes[0] + tree.bytes[1] <= tree.budget);
        // More beginnings than their share push each other out, and nothing is ever left hanging.
        for first in 10..20 {
            keep(&mut tree, &[first, 0], 0, Worth::Beginning);
            tree.shrink();
        }
        assert!(tree.bytes[0] + tree.bytes[1] <= tree.budget);
        assert_eq!(tree.find(&[19, 0]).1, 2);
    }
}
