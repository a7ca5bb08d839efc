//! Final rows of prompts that were computed before: small, so many can be kept, and good for the
//! plain answers as for every head.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The final rows of a prompt and of its option paths, one after the other.
pub(crate) type Rows = Arc<Vec<f32>>;

/// Rows by prompt, in two generations: when the young one is full, the old one goes.
#[derive(Default)]
pub(crate) struct Memo {
    generations: Mutex<Generations>,
    /// Most bytes of one generation.
    room: usize,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Vec<u32>, Rows>,
    old: HashMap<Vec<u32>, Rows>,
    bytes: usize,
}

impl Memo {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { generations: Mutex::default(), room: bytes / 2 }
    }

    pub(crate) fn get(&self, key: &[u32]) -> Option<Rows> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rows) = generations.young.get(key) {
            return Some(Arc::clone(rows));
        }
        let rows = generations.old.remove(key)?;
        generations.put(key.to_vec(), Arc::clone(&rows), self.room);
        Some(rows)
    }

    pub(crate) fn put(&self, key: Vec<u32>, rows: Rows) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.put(key, rows, self.room);
    }
}

impl Generations {
    fn put(&mut self, key: Vec<u32>, rows: Rows, room: usize) {
        let bytes = 4 * (key.len() + rows.len());
        if self.bytes + bytes > room {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.young.insert(key, rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let memo = Memo::new(2 * 4 * 8);
        let rows = || Arc::new(vec![1.0; 3]);
        memo.put(vec![0], rows());
        for key in 1..9 {
            memo.put(vec![key], rows());
            assert!(memo.get(&[0]).is_some(), "{key}");
        }
        assert!(memo.get(&[1]).is_none());
        assert!(memo.get(&[8]).is_some());
    }
}
