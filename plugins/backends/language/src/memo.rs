//! What was computed for prompts before: rows of numbers, small, so that many can be kept.
//!
//! A prompt that one call is computing is not computed by another: it waits.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// What a model computed for a prompt and for its option paths, one after the other.
pub type Rows = Arc<Vec<f32>>;

/// Rows by prompt, in two generations: when the young one is full, the old one goes.
pub struct Memo {
    held: Mutex<Held>,
    changed: Condvar,
    /// Most bytes of one generation.
    room: usize,
    /// Prompts that were asked for and not computed.
    reused: AtomicU64,
}

#[derive(Default)]
struct Held {
    young: HashMap<Vec<u32>, Rows>,
    old: HashMap<Vec<u32>, Rows>,
    bytes: usize,
    /// Being computed.
    claimed: HashSet<Vec<u32>>,
}

/// What is to be done for a prompt.
enum Found {
    /// Nothing.
    Rows(Rows),
    /// To compute it: nobody else does until the claim is dropped.
    Claimed,
    /// To wait for another call, and ask again.
    Elsewhere,
}

/// The right to compute some prompts; whoever waits for them goes on when it is dropped.
struct Claim<'a> {
    memo: &'a Memo,
    keys: Vec<Vec<u32>>,
}

impl Memo {
    /// Room for so many bytes.
    pub fn new(bytes: usize) -> Self {
        let (held, changed) = (Mutex::default(), Condvar::new());
        Self { held, changed, room: bytes / 2, reused: AtomicU64::new(0) }
    }

    /// How many prompts were asked for that nobody computed for that: they were there, or another call
    /// had begun with them.
    pub fn reused(&self) -> u64 {
        self.reused.load(Ordering::Relaxed)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for prompts and claims those that nobody knows or computes.
    fn claim(&self, keys: &[Vec<u32>]) -> (Vec<Found>, Claim<'_>) {
        let mut held = self.held();
        let mut claim = Claim { memo: self, keys: Vec::new() };
        let found = keys.iter().map(|key| match held.get(key, self.room) {
            Some(rows) => Found::Rows(rows),
            None if held.claimed.insert(key.clone()) => {
                claim.keys.push(key.clone());
                Found::Claimed
            }
            None => Found::Elsewhere,
        });
        (found.collect(), claim)
    }

    /// Waits until nobody computes this prompt.
    fn wait(&self, key: &[u32]) {
        let held = self.held();
        let claimed = |held: &mut Held| held.claimed.contains(key);
        drop(self.changed.wait_while(held, claimed).unwrap_or_else(PoisonError::into_inner));
    }

    /// The rows of prompts, one for each key: `compute` is called for those that nobody has or
    /// computes, by their indices; for the others, another call is waited for.
    ///
    /// # Errors
    /// The first that `compute` gives.
    pub fn all<E>(
        &self,
        keys: &[Vec<u32>],
        mut compute: impl FnMut(&[usize]) -> Result<Vec<Rows>, E>,
    ) -> Result<Vec<Rows>, E> {
        let mut rows: Vec<Option<Rows>> = vec![None; keys.len()];
        let mut left: Vec<usize> = (0..keys.len()).collect();
        let mut new = 0;
        while !left.is_empty() {
            let wanted: Vec<Vec<u32>> = left.iter().map(|at| keys[*at].clone()).collect();
            let (found, claim) = self.claim(&wanted);
            let (mut claimed, mut elsewhere) = (Vec::new(), Vec::new());
            for (at, found) in left.into_iter().zip(found) {
                match found {
                    Found::Rows(known) => rows[at] = Some(known),
                    Found::Claimed => claimed.push(at),
                    Found::Elsewhere => elsewhere.push(at),
                }
            }
            new += claimed.len();
            for (at, computed) in claimed.iter().zip(compute(&claimed)?) {
                self.put(keys[*at].clone(), Arc::clone(&computed));
                rows[*at] = Some(computed);
            }
            drop(claim);
            elsewhere.iter().for_each(|at| self.wait(&keys[*at]));
            left = elsewhere;
        }
        self.reused.fetch_add((keys.len() - new) as u64, Ordering::Relaxed);
        Ok(rows.into_iter().flatten().collect())
    }

    /// The rows of a prompt, if they are here.
    pub fn get(&self, key: &[u32]) -> Option<Rows> {
        let rows = self.held().get(key, self.room);
        self.reused.fetch_add(u64::from(rows.is_some()), Ordering::Relaxed);
        rows
    }

    /// Keeps the rows of a prompt.
    pub fn put(&self, key: Vec<u32>, rows: Rows) {
        self.held().put(key, rows, self.room);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut held = self.memo.held();
        self.keys.iter().for_each(|key| {
            held.claimed.remove(key);
        });
        self.memo.changed.notify_all();
    }
}

impl Held {
    fn get(&mut self, key: &[u32], room: usize) -> Option<Rows> {
        if let Some(rows) = self.young.get(key) {
            return Some(Arc::clone(rows));
        }
        let rows = self.old.remove(key)?;
        self.put(key.to_vec(), Arc::clone(&rows), room);
        Some(rows)
    }

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

    #[test]
    fn what_was_there_is_counted() {
        let memo = Memo::new(1 << 10);
        let compute = |wanted: &[usize]| -> Result<Vec<Rows>, ()> {
            Ok(wanted.iter().map(|at| Arc::new(vec![*at as f32])).collect())
        };
        memo.all(&[vec![1], vec![2], vec![1]], compute).unwrap();
        assert_eq!(memo.reused(), 1);
        memo.all(&[vec![1], vec![3]], compute).unwrap();
        assert_eq!(memo.reused(), 2);
        assert!(memo.get(&[4]).is_none() && memo.get(&[3]).is_some());
        assert_eq!(memo.reused(), 3);
    }

    #[test]
    fn a_prompt_is_computed_by_one_call() {
        let memo = Memo::new(1 << 10);
        let keys = [vec![1], vec![1], vec![2]];
        let (found, claim) = memo.claim(&keys);
        assert!(matches!(found[..], [Found::Claimed, Found::Elsewhere, Found::Claimed]));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                memo.wait(&[1]);
                memo.get(&[1])
            });
            assert!(matches!(memo.claim(&[vec![2]]).0[..], [Found::Elsewhere]));
            memo.put(vec![1], Arc::new(vec![7.0]));
            drop(claim);
            assert_eq!(waiting.join().unwrap().unwrap()[0].to_bits(), 7.0f32.to_bits());
        });
        // What was claimed and not computed is free again.
        assert!(matches!(memo.claim(&[vec![2]]).0[..], [Found::Claimed]));
    }
}
