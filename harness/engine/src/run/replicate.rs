//! One replicate, from the plan's line to bytes that can be committed.

use super::{tally::Tallied, taught::taught};
use crate::{
    adapter::{self, Revelation},
    cache::{Cached, Known},
    experiment::{Experiment, People},
    fault::Result,
    identity::{self, Digest},
    interview,
    pilot::Split,
    plan::{Plan, PlannedMethod, PluginFacts, Replicate},
    plugin::BackendSession,
    record::{self, AnswersFile, Counts, Manifest, Sets, Volatile},
};
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

/// An open backend and the library that it is in.
pub(super) struct Session {
    pub(super) backend: Arc<dyn BackendSession>,
    /// What is known of its answers, where they depend on its words alone.
    pub(super) known: Option<Arc<Known>>,
    pub(super) plugin: PluginFacts,
    pub(super) isolation: String,
}

/// Who is revealed and who is asked in a replicate: a function of the plan.
pub struct Participants {
    /// Whose answers the backend sees, and for whom it answers.
    pub revelation: Revelation,
    /// The pilot of the replicate's size.
    pub pilot: Vec<u32>,
}

/// Finds the participants of a replicate.
///
/// # Errors
/// When the plan asks for more people than there are, which its making excludes.
pub fn participants(
    plan: &Plan,
    experiment: &Experiment,
    method: &PlannedMethod,
    replicate: &Replicate,
) -> Result<Participants> {
    let largest =
        plan.experiment(experiment.id()).map_or(replicate.size, |planned| planned.largest_pilot);
    let split = Split::new(
        experiment,
        &replicate.strategy,
        u64::from(replicate.seed),
        largest,
        plan.held_out_max,
    )?;
    let everyone = experiment.people.len();
    let revelation = adapter::reveal(&split, replicate.size, method.facts.learns_from, everyone);
    Ok(Participants { revelation, pilot: split.pilot(replicate.size).to_vec() })
}

/// Runs a replicate: reveal, adapt, interview, encode.
///
/// # Errors
/// What the backend reports, or a reply that breaks the contract.
pub(super) fn run(
    plan: &Plan,
    experiment: &Experiment,
    method: &PlannedMethod,
    replicate: &Replicate,
    Session { backend, known, plugin, isolation }: &Session,
    stop: &AtomicBool,
) -> Result<(Manifest, Vec<u8>)> {
    let participants = participants(plan, experiment, method, replicate)?;
    let design = &experiment.design;
    let tallied = Tallied::new(&**backend);
    let cached = known.as_ref().map(|known| Cached::new(&tallied, known, design));
    let asked: &dyn BackendSession = match &cached {
        Some(cached) => cached,
        None => &tallied,
    };
    let of = (method, replicate);
    let (transcript, adapted, took, answered) =
        taught(experiment, of, &participants, (&**backend, asked), stop, |taught| {
            let started = Instant::now();
            let transcript = interview::conduct(&taught.interview, asked, taught.handle, stop)?;
            Ok((transcript, taught.facts, taught.took, started.elapsed()))
        })?;
    let revelation = &participants.revelation;
    let bytes = record::encode(&transcript.batch(design))?;
    let sha256 = identity::sha256(&bytes);
    let [ok, refused, invalid] = transcript.counts();
    let answers = AnswersFile {
        file: format!("{sha256}.parquet"),
        sha256,
        bytes: bytes.len(),
        rows: revelation.asked.len(),
    };
    let volatile = Volatile {
        adapt_ms: took.as_secs_f64() * 1e3,
        answer_ms: answered.as_secs_f64() * 1e3,
        isolation: isolation.clone(),
        machine: record::machine(),
        known: cached.map(|cached| cached.counts()),
    };
    let manifest = Manifest::new(
        replicate,
        answers,
        Counts { ok, refused, invalid },
        sets(&experiment.people, revelation),
        plugin,
        &experiment.card.table.sha256,
        volatile,
    );
    Ok((Manifest { adapted, used: tallied.used(), ..manifest }, bytes))
}

/// The two sets of participants as a manifest holds them.
pub fn sets(people: &People, revelation: &Revelation) -> Sets {
    let hash = |rows: &[u32]| {
        let mut digest = Digest::default();
        for row in rows {
            digest.word(people.ids.value(*row as usize));
        }
        digest.finish()
    };
    Sets {
        revealed: revelation.revealed.len(),
        revealed_sha256: hash(&revelation.revealed),
        asked: revelation.asked.len(),
        asked_sha256: hash(&revelation.asked),
    }
}
