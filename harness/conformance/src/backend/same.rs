//! Whether the same questions get the same answers.

use super::{
    bench::{ASKED, Bench, SEED, Scene, asked},
    reply::Reply,
};
use crate::{
    checks::{Stop, Verdict, during, failed, skipped},
    subject::{self, Quiet},
    world::{Asked, Random, World},
};
use arrow_array::RecordBatch;

/// Other batches may be computed in another order: so far may probabilities be apart.
pub(super) const TOLERANCE: f64 = 1e-6;

/// The replies of a fresh handle to every item.
pub(super) struct Known<'a> {
    pub(super) world: &'a World,
    pub(super) scene: Scene,
    pub(super) handle: u64,
    pub(super) replies: Vec<Reply>,
}

impl<'a> Known<'a> {
    pub(super) fn new(bench: &'a Bench) -> Result<Self, Stop> {
        if !bench.described()?.deterministic {
            return skipped("it describes itself as nondeterministic");
        }
        let world = bench.main()?;
        let scene = bench.plain_scene()?;
        let handle = bench.plain_handle(&scene)?;
        let replies = every_item(bench, world, handle, &asked(&scene.asked))?;
        Ok(Self { world, scene, handle, replies })
    }

    /// Asks the same again.
    pub(super) fn ask(&self, bench: &Bench, asked: &[Asked]) -> Result<Vec<Reply>, Stop> {
        every_item(bench, self.world, self.handle, asked)
    }

    pub(super) fn compare(&self, others: &[Reply], tolerance: f64) -> Verdict {
        for (item, (reply, other)) in self.replies.iter().zip(others).enumerate() {
            let same = reply.same(other, tolerance);
            same.map_err(|message| Stop::Failed(format!("item {item}: {message}")))?;
        }
        Ok(())
    }

    pub(super) fn end(self, bench: &Bench) -> Verdict {
        Ok(bench.session()?.release(self.handle)?)
    }
}

/// The replies to every item; earlier answers are those of the people made.
fn every_item(
    bench: &Bench,
    world: &World,
    handle: u64,
    asked: &[Asked],
) -> Result<Vec<Reply>, Stop> {
    (0..world.items.len()).map(|item| bench.ask(world, handle, asked, item)).collect()
}

/// Adapted twice with one seed, asked twice: the same bits, as a run that is repeated must have.
pub(super) fn seed(bench: &Bench) -> Verdict {
    let known = Known::new(bench)?;
    let asked = asked(&known.scene.asked);
    known.compare(&known.ask(bench, &asked)?, 0.0)?;
    let handle = bench.plain_handle(&known.scene)?;
    known.compare(&every_item(bench, known.world, handle, &asked)?, 0.0)?;
    bench.session()?.release(handle)?;
    known.end(bench)
}

pub(super) fn order(bench: &Bench) -> Verdict {
    let known = Known::new(bench)?;
    let mut asked = asked(&known.scene.asked);
    Random::new(SEED, 0).shuffle(&mut asked);
    known.compare(&known.ask(bench, &asked)?, TOLERANCE)?;
    known.end(bench)
}

pub(super) fn split(bench: &Bench) -> Verdict {
    let known = Known::new(bench)?;
    let asked = asked(&known.scene.asked);
    let mut replies = known.ask(bench, &asked[..1])?;
    for piece in asked[1..].chunks(7) {
        for (reply, more) in replies.iter_mut().zip(known.ask(bench, piece)?) {
            reply.extend(more);
        }
    }
    known.compare(&replies, TOLERANCE)?;
    known.end(bench)
}

/// Another pilot under another seed is learned and asked in between.
pub(super) fn interleaved(bench: &Bench) -> Verdict {
    let known = Known::new(bench)?;
    let other = bench.scene(known.world, 2 * bench.pilot_size()?, ASKED)?;
    let other_handle = bench.adapt(known.world, &other, SEED + 1).map_err(during("adapt"))?;
    every_item(bench, known.world, other_handle, &asked(&other.asked))?;
    known.compare(&known.ask(bench, &asked(&known.scene.asked))?, TOLERANCE)?;
    bench.session()?.release(other_handle)?;
    known.compare(&known.ask(bench, &asked(&known.scene.asked))?, TOLERANCE)?;
    known.end(bench)
}

/// Each thread asks all items, one from the first and one from the last on.
pub(super) fn threads(bench: &Bench) -> Verdict {
    let known = Known::new(bench)?;
    let session = bench.session()?;
    let asked = asked(&known.scene.asked);
    let items = 0..known.world.items.len();
    let requests = items.map(|item| bench.requests(known.world, &asked, item));
    let requests: Vec<_> = requests.collect::<Result<_, Stop>>()?;
    let call = |backwards: bool| {
        let mut replies: Vec<_> = (0..requests.len()).map(|_| None).collect();
        for place in 0..requests.len() {
            let item = if backwards { requests.len() - 1 - place } else { place };
            let batch = requests[item].clone();
            replies[item] = Some(session.respond(known.handle, batch, &Quiet));
        }
        replies
    };
    let all = std::thread::scope(|scope| {
        let threads = [scope.spawn(|| call(false)), scope.spawn(|| call(true))];
        threads.map(|thread| thread.join().unwrap_or_default())
    });
    for replies in all {
        if replies.len() != requests.len() {
            return failed("a thread did not end");
        }
        let read = |reply: subject::Reply<RecordBatch>| {
            let batch = reply.map_err(during("with two threads"))?;
            Reply::read(&batch).map_err(Stop::Failed)
        };
        let replies = replies.into_iter().flatten().map(read);
        known.compare(&replies.collect::<Result<Vec<_>, Stop>>()?, TOLERANCE)?;
    }
    known.end(bench)
}
