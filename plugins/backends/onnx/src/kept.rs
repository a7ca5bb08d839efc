//! Keys and values of earlier prompts, the longest-unused of which go when there is no room.

use crate::network::State;
use std::sync::Arc;

/// States by the tokens that they are after.
pub(crate) struct Kept {
    entries: Vec<Entry>,
    bytes: usize,
    room: usize,
    /// Counts uses.
    clock: u64,
}

struct Entry {
    tokens: Vec<u32>,
    state: Arc<State>,
    used: u64,
    /// Several prompts begin so: it stays when one of them is continued.
    is_shared: bool,
}

impl Kept {
    pub(crate) fn new(room: usize) -> Self {
        Self { entries: Vec::new(), bytes: 0, room, clock: 0 }
    }

    /// The state that has most of the first tokens of a prompt, and how many it has.
    pub(crate) fn longest(&mut self, tokens: &[u32]) -> Option<(Arc<State>, usize)> {
        let common =
            |entry: &Entry| entry.tokens.iter().zip(tokens).take_while(|(a, b)| a == b).count();
        let best = self.entries.iter_mut().map(|entry| (common(entry), entry));
        // The shorter of those that have equally many: less to cut.
        let (common, entry) =
            best.max_by_key(|(common, entry)| (*common, usize::MAX - entry.tokens.len()))?;
        self.clock += 1;
        entry.used = self.clock;
        (common > 0).then(|| (Arc::clone(&entry.state), common))
    }

    /// Keeps a state; those that it continues and nobody else begins with go.
    pub(crate) fn keep(&mut self, tokens: &[u32], state: &Arc<State>, is_shared: bool) {
        self.clock += 1;
        if let Some(known) = self.entries.iter_mut().find(|entry| entry.tokens == tokens) {
            known.is_shared |= is_shared;
            known.used = self.clock;
            return;
        }
        self.drop_where(|entry| !entry.is_shared && tokens.starts_with(&entry.tokens));
        while self.bytes + state.bytes > self.room && !self.entries.is_empty() {
            let oldest = self.entries.iter().map(|entry| entry.used).min();
            self.drop_where(|entry| Some(entry.used) == oldest);
        }
        if state.bytes <= self.room {
            self.bytes += state.bytes;
            let (tokens, state) = (tokens.to_vec(), Arc::clone(state));
            self.entries.push(Entry { tokens, state, used: self.clock, is_shared });
        }
    }

    fn drop_where(&mut self, mut goes: impl FnMut(&Entry) -> bool) {
        let bytes = &mut self.bytes;
        self.entries.retain(|entry| {
            let goes = goes(entry);
            if goes {
                *bytes -= entry.state.bytes;
            }
            !goes
        });
    }
}
