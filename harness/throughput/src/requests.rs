//! What is asked: the requests of a replicate, recorded while it is scored, its people divided so that
//! no scenario of a run is asked what another was asked before.

use crate::answers::Scored;
use arrow_array::RecordBatch;
use pilotbench_engine::{
    experiment::People,
    fault::{Fault, Result},
    interview::{Interview, conduct},
    plugin::{BackendSession, Watch},
    run::Taught,
};
use std::{
    ops::Range,
    sync::{Mutex, PoisonError, atomic::AtomicBool},
};

/// Fewest people of a part.
const PEOPLE_MIN: usize = 2;
/// Shares of the people: warm-up, single-stream, server; the rest is offline's.
const SHARES: [f64; 3] = [0.2, 0.2, 0.2];

/// A batch as the engine made it, and the scored answers to it.
pub(crate) struct Batch {
    pub(crate) requests: RecordBatch,
    pub(crate) scored: Scored,
}

/// Some of a batch's rows.
pub(crate) struct Asked<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) rows: Range<usize>,
}

impl Asked<'_> {
    /// The requests as they cross.
    pub(crate) fn requests(&self) -> RecordBatch {
        self.batch.requests.slice(self.rows.start, self.rows.len())
    }
}

/// The interviews of some people.
pub(crate) struct Part {
    /// Item by item, group by group of people that are asked together.
    batches: Vec<Batch>,
    items: usize,
}

/// Everything that is asked of a method.
pub(crate) struct Requests {
    pub(crate) warm_up: Part,
    pub(crate) single: Part,
    pub(crate) server: Part,
    pub(crate) offline: Part,
}

impl Part {
    /// Asks these people for the score and records requests and answers.
    fn recorded(
        interview: &Interview,
        people: &People,
        handle: u64,
        backend: &dyn BackendSession,
        stop: &AtomicBool,
    ) -> Result<Self> {
        let recorder = Recorder { backend, taken: Mutex::default() };
        let items = interview.design.items.len();
        conduct(&Interview { people, ..*interview }, &recorder, handle, stop)?;
        let taken = recorder.taken.into_inner().unwrap_or_else(PoisonError::into_inner);
        let batch = |(requests, reply): (RecordBatch, RecordBatch)| {
            let scored = Scored::new(reply, requests.num_rows())?;
            Ok(Batch { requests, scored })
        };
        let batches = taken.into_iter().map(batch).collect::<Result<_>>()?;
        Ok(Self { batches, items })
    }

    /// Whole batches, as the engine makes them.
    pub(crate) fn batches(&self) -> Vec<Asked<'_>> {
        self.batches.iter().map(|batch| Asked { batch, rows: 0..batch.len() }).collect()
    }

    /// One request after the other: the interview of each person in order.
    pub(crate) fn one_by_one(&self) -> Vec<Asked<'_>> {
        self.interviews().into_iter().flatten().collect()
    }

    /// The requests of each person.
    pub(crate) fn interviews(&self) -> Vec<Vec<Asked<'_>>> {
        let groups = self.batches.chunks(self.items.max(1));
        groups
            .flat_map(|group| {
                let people = group.first().map_or(0, Batch::len);
                (0..people).map(move |row| {
                    group.iter().map(|batch| Asked { batch, rows: row..row + 1 }).collect()
                })
            })
            .collect()
    }

    /// Number of requests.
    pub(crate) fn len(&self) -> usize {
        self.batches.iter().map(Batch::len).sum()
    }
}

impl Batch {
    fn len(&self) -> usize {
        self.requests.num_rows()
    }
}

impl Requests {
    /// Asks everybody of an interview for the score, part by part.
    pub(crate) fn recorded(
        taught: &Taught,
        backend: &dyn BackendSession,
        stop: &AtomicBool,
    ) -> Result<Self> {
        let interview = &taught.interview;
        let [warm_up, single, server, offline] = parts(interview.people.len())?;
        let part = |rows: Range<usize>| {
            let rows: Vec<u32> = rows.map(|row| row as u32).collect();
            let people = interview.people.take(&rows);
            Part::recorded(interview, &people, taught.handle, backend, stop)
        };
        Ok(Self {
            warm_up: part(warm_up)?,
            single: part(single)?,
            server: part(server)?,
            offline: part(offline)?,
        })
    }
}

/// Divides people, in order.
fn parts(people: usize) -> Result<[Range<usize>; 4]> {
    let sizes = SHARES.map(|share| ((people as f64 * share) as usize).max(PEOPLE_MIN));
    let [a, b, c] = [sizes[0], sizes[0] + sizes[1], sizes.iter().sum()];
    if c + PEOPLE_MIN > people {
        let message = format!("{people} people are asked; at least {} are needed", 4 * PEOPLE_MIN);
        let hint = "the parts of a run are asked of different people: allow more, or take another \
                    experiment";
        return Err(Fault::usage("--people", message).hint(hint));
    }
    Ok([0..a, a..b, b..c, c..people])
}

/// Stands before a backend and keeps what passes.
struct Recorder<'a> {
    backend: &'a dyn BackendSession,
    taken: Mutex<Vec<(RecordBatch, RecordBatch)>>,
}

impl BackendSession for Recorder<'_> {
    fn adapt(&self, pilot: RecordBatch, params: &str, watch: &dyn Watch) -> Result<u64> {
        self.backend.adapt(pilot, params, watch)
    }

    fn respond(
        &self,
        handle: u64,
        requests: RecordBatch,
        params: &str,
        watch: &dyn Watch,
    ) -> Result<RecordBatch> {
        let reply = self.backend.respond(handle, requests.clone(), params, watch)?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.push((requests, reply.clone()));
        Ok(reply)
    }

    fn release(&self, handle: u64) -> Result<()> {
        self.backend.release(handle)
    }

    fn usage(&self) -> Result<String> {
        self.backend.usage()
    }

    fn resident_bytes(&self) -> Option<u64> {
        self.backend.resident_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_meet_and_leave_nobody_out() {
        assert_eq!(parts(100).unwrap(), [0..20, 20..40, 40..60, 60..100]);
        assert_eq!(parts(8).unwrap(), [0..2, 2..4, 4..6, 6..8]);
        let fault = parts(7).unwrap_err();
        assert_eq!(fault.message, "7 people are asked; at least 8 are needed");
    }
}
