//! Whether the same questions get the same answers.

use super::{
    bench::{ASKED, Bench, SEED, Scene, asked},
    reply::Reply,
};
use crate::{
    checks::{Stop, Verdict, during, skipped},
    world::{Asked, Random, World},
};

/// Other batches may be computed in another order: so far may probabilities be apart.
pub(super) const TOLERANCE: f64 = 1e-6;

/// The reply of a fresh handle to the last item, which sees all earlier answers.
pub(super) struct Known<'a> {
    pub(super) world: &'a World,
    pub(super) scene: Scene,
    pub(super) handle: u64,
    pub(super) item: usize,
    pub(super) reply: Reply,
}

impl<'a> Known<'a> {
    pub(super) fn new(bench: &'a Bench) -> Result<Self, Stop> {
        if !bench.described()?.deterministic {
            return skipped("it describes itself as nondeterministic");
        }
        let world = bench.main()?;
        let scene = bench.plain_scene()?;
        let handle = bench.plain_handle(&scene)?;
        let item = world.items.len() - 1;
        let reply = bench.ask(world, handle, &asked(&scene.asked), item)?;
        Ok(Self { world, scene, handle, item, reply })
    }

    pub(super) fn ask(&self, bench: &Bench, asked: &[Asked]) -> Result<Reply, Stop> {
        bench.ask(self.world, self.handle, asked, self.item)
    }

    pub(super) fn compare(&self, other: &Reply, tolerance: f64) -> Verdict {
        self.reply.same(other, tolerance).map_err(Stop::Failed)
    }

    pub(super) fn end(self, bench: &Bench) -> Verdict {
        Ok(bench.session()?.release(self.handle)?)
    }
}

/// Adapted twice with one seed, asked twice: the same bits, as a run that is repeated must have.
pub(super) fn seed(bench: &Bench) -> Verdict {
    let known = Known::new(bench)?;
    let asked = asked(&known.scene.asked);
    known.compare(&known.ask(bench, &asked)?, 0.0)?;
    let handle = bench.plain_handle(&known.scene)?;
    known.compare(&bench.ask(known.world, handle, &asked, known.item)?, 0.0)?;
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
    let mut reply = known.ask(bench, &asked[..1])?;
    for piece in asked[1..].chunks(7) {
        reply.extend(known.ask(bench, piece)?);
    }
    known.compare(&reply, TOLERANCE)?;
    known.end(bench)
}

/// Another pilot under another seed is learned and asked in between.
pub(super) fn interleaved(bench: &Bench) -> Verdict {
    let known = Known::new(bench)?;
    let other = bench.scene(known.world, 2 * bench.pilot_size()?, ASKED)?;
    let other_handle = bench.adapt(known.world, &other, SEED + 2).map_err(during("adapt"))?;
    bench.ask(known.world, other_handle, &asked(&other.asked), known.item)?;
    known.compare(&known.ask(bench, &asked(&known.scene.asked))?, TOLERANCE)?;
    bench.session()?.release(other_handle)?;
    known.compare(&known.ask(bench, &asked(&known.scene.asked))?, TOLERANCE)?;
    known.end(bench)
}

pub(super) fn threads(bench: &Bench) -> Verdict {
    let known = Known::new(bench)?;
    let asked = asked(&known.scene.asked);
    let session = bench.session()?;
    let requests = bench.requests(known.world, &asked, known.item)?;
    let call = || {
        let mut last = None;
        for _ in 0..4 {
            last = Some(session.respond(known.handle, requests.clone(), &crate::Quiet));
        }
        last
    };
    let replies = std::thread::scope(|scope| {
        let threads = [scope.spawn(call), scope.spawn(call)];
        threads.map(|thread| thread.join().ok().flatten())
    });
    for reply in replies {
        let reply = reply.ok_or_else(|| Stop::Failed("a thread did not end".into()))?;
        let reply = Reply::read(&reply.map_err(during("with two threads"))?);
        known.compare(&reply.map_err(Stop::Failed)?, TOLERANCE)?;
    }
    known.end(bench)
}
