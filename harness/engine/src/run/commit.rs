//! Commits run beside the computation: waiting for a disk to sync costs no CPU, so many waits go on
//! at once.

use crate::{
    fault::{Fault, Result},
    record::{Manifest, Record},
};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::Scope,
};

/// Threads that wait for the disk, and finished replicates that may wait for a thread: memory does
/// not grow with the number of replicates.
const THREADS: usize = 16;
const QUEUE: usize = 32;

/// A replicate ready to be committed.
pub(super) struct Ready {
    pub(super) manifest: Manifest,
    pub(super) answers: Vec<u8>,
}

/// Where finished replicates go.
pub(super) struct Committer {
    sender: SyncSender<Ready>,
}

/// The first fault of the store; it stops the run.
#[derive(Default)]
pub(super) struct Broken {
    fault: Mutex<Option<Fault>>,
    is_broken: AtomicBool,
}

impl Broken {
    pub(super) fn is_set(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, fault: Fault) {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
        self.is_broken.store(true, Ordering::Relaxed);
    }

    pub(super) fn into_result(self) -> Result<()> {
        match self.fault.into_inner().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(fault) => Err(fault),
        }
    }
}

impl Committer {
    /// Starts the threads; they end when the committer is dropped and the queue is empty.
    /// `committed` is told of each replicate that is safe on disk.
    pub(super) fn start<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        record: &'env Record,
        receiver: &'env Mutex<Option<Receiver<Ready>>>,
        broken: &'env Broken,
        committed: &'env (dyn Fn(&Manifest) + Sync),
    ) -> Self {
        let (sender, incoming) = sync_channel(QUEUE);
        *receiver.lock().unwrap_or_else(PoisonError::into_inner) = Some(incoming);
        for _ in 0..THREADS {
            scope.spawn(move || {
                while let Some(ready) = next(receiver) {
                    if broken.is_set() {
                        continue;
                    }
                    match record.commit(&ready.manifest, ready.answers) {
                        Ok(()) => committed(&ready.manifest),
                        Err(fault) => broken.set(fault),
                    }
                }
            });
        }
        Self { sender }
    }

    /// Hands over a replicate; waits when the disk is behind.
    pub(super) fn send(&self, ready: Ready) {
        self.sender.send(ready).expect("the threads live as long as the sender");
    }
}

fn next(receiver: &Mutex<Option<Receiver<Ready>>>) -> Option<Ready> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.recv().ok()
}
