//! Handles, second sessions, and what follows an error.

use super::{
    bench::{Bench, SEED, asked},
    reply::Reply,
    same::{Known, TOLERANCE},
};
use crate::{
    checks::{Stop, Verdict, during, failed},
    subject::{self, Class, Quiet},
    world,
};
use std::fmt::Debug;

/// A handle that nobody gives out.
const NO_HANDLE: u64 = u64::MAX - 1;

pub(super) fn unknown(bench: &Bench) -> Verdict {
    let world = bench.main()?;
    let people = world::people(world, 3, 2);
    let requests = bench.requests(world, &asked(&people), 0)?;
    let session = bench.session()?;
    refused("respond with an unknown handle", session.respond(NO_HANDLE, requests, &Quiet))?;
    refused("release of an unknown handle", session.release(NO_HANDLE))
}

pub(super) fn twice(bench: &Bench) -> Verdict {
    let scene = bench.plain_scene()?;
    let handle = bench.plain_handle(&scene)?;
    let session = bench.session()?;
    session.release(handle)?;
    refused("a second release", session.release(handle))?;
    let requests = bench.requests(bench.main()?, &asked(&scene.asked), 0)?;
    refused("respond after release", session.respond(handle, requests, &Quiet))
}

fn refused<T: Debug>(what: &str, reply: subject::Reply<T>) -> Verdict {
    match reply {
        Err(failure) if failure.class == Class::UnknownHandle => Ok(()),
        Err(failure) => failed(format!("{what} reports `{failure}`, not an unknown handle")),
        Ok(_) => failed(format!("{what} is not refused")),
    }
}

/// Opens another with the same settings, uses and drops it.
pub(super) fn second(bench: &Bench) -> Verdict {
    let known = Known::new(bench)?;
    {
        let other = bench.subject.open(&bench.settings).map_err(during("a second open"))?;
        let scene = bench.scene(known.world, 2 * bench.pilot_size()?, known.scene.asked.len())?;
        let params = known.world.params(SEED + 1);
        let handle = other.adapt(scene.revealed, &params, &Quiet);
        let handle = handle.map_err(during("a second open"))?;
        other.release(handle).map_err(during("a second open"))?;
    }
    known.compare(&known.ask(bench, &asked(&known.scene.asked))?, TOLERANCE)?;
    known.end(bench)
}

/// Tables without a column, and parameters that are none.
pub(super) fn broken_input(bench: &Bench) -> Verdict {
    let world = bench.main()?;
    let scene = bench.plain_scene()?;
    let session = bench.session()?;
    let no_ids = world::without_column(&scene.revealed, "participant_id");
    broken("a pilot without `participant_id`", session.adapt(no_ids, &world.params(1), &Quiet))?;
    let pilot = scene.revealed.clone();
    broken("adapt with parameters `{}`", session.adapt(pilot, "{}", &Quiet))?;
    let handle = bench.plain_handle(&scene)?;
    let requests = bench.requests(world, &asked(&scene.asked), 0)?;
    for name in ["request_id", "item"] {
        let requests = world::without_column(&requests, name);
        let what = format!("requests without `{name}`");
        broken(&what, session.respond(handle, requests, &Quiet))?;
    }
    Ok(session.release(handle)?)
}

fn broken<T>(what: &str, reply: subject::Reply<T>) -> Verdict {
    match reply {
        Err(failure) if failure.class == Class::Panicked => failed(format!("{what}: {failure}")),
        Err(_) => Ok(()),
        Ok(_) => failed(format!("{what}: not refused")),
    }
}

pub(super) fn after_error(bench: &Bench) -> Verdict {
    let scene = bench.plain_scene()?;
    let world = bench.main()?;
    let handle = bench.plain_handle(&scene)?;
    let asked = asked(&scene.asked);
    let session = bench.session()?;
    let requests = bench.requests(world, &asked, 0)?;
    let broken = world::without_column(&requests, "item");
    // Refused or not: another check says.
    let _ = session.respond(handle, broken, &Quiet);
    let _ = session.respond(NO_HANDLE, requests, &Quiet);
    let reply: Reply = bench.ask(world, handle, &asked, 0)?;
    let ids: Vec<i64> = asked.iter().map(|asked| asked.id).collect();
    reply.complete(&ids).map_err(|message| Stop::Failed(format!("after an error: {message}")))?;
    Ok(session.release(handle)?)
}
