//! Whether answers are what they must be.

use super::{
    bench::{ASKED, Bench, asked, draw},
    reply::Reply,
};
use crate::{
    checks::{Stop, Verdict, during, failed},
    subject::Quiet,
    world::Person,
};

/// Holds an interview and keeps the replies for the checks that follow.
pub(super) fn plain(bench: &Bench) -> Verdict {
    let world = bench.main()?;
    let scene = bench.plain_scene()?;
    let handle = bench.plain_handle(&scene)?;
    let mut people = scene.asked;
    let mut replies = Vec::with_capacity(world.items.len());
    for (index, item) in world.items.iter().enumerate() {
        let requests = bench.requests(world, &asked(&people), index)?;
        let reply = bench.session()?.respond(handle, requests, &Quiet);
        let reply = reply.map_err(during(&format!("item {index}")))?;
        // What is wrong with it, another check says.
        if let Ok(reply) = Reply::read(&reply) {
            draw(&mut people, index, item.levels, &reply);
        }
        replies.push(reply);
    }
    bench.session()?.release(handle)?;
    let _ = bench.replies.set(replies);
    Ok(())
}

pub(super) fn columns(bench: &Bench) -> Verdict {
    each(bench, |_, _, _| Ok(()))
}

pub(super) fn complete(bench: &Bench) -> Verdict {
    each(bench, |reply, asked, _| reply.complete(asked))
}

pub(super) fn once(bench: &Bench) -> Verdict {
    each(bench, |reply, _, _| reply.once())
}

pub(super) fn known(bench: &Bench) -> Verdict {
    each(bench, |reply, asked, _| reply.known(asked))
}

pub(super) fn given(bench: &Bench) -> Verdict {
    each(bench, |reply, _, _| reply.given())
}

pub(super) fn levels(bench: &Bench) -> Verdict {
    each(bench, |reply, _, levels| reply.levels(levels))
}

pub(super) fn probabilities(bench: &Bench) -> Verdict {
    each(bench, |reply, _, _| reply.probabilities())
}

/// Looks at the reply to each item, with the identifiers asked and the number of levels.
fn each(bench: &Bench, check: impl Fn(&Reply, &[i64], usize) -> Result<(), String>) -> Verdict {
    let world = bench.main()?;
    let ids: Vec<i64> = (0..ASKED as i64).collect();
    let replies = bench.replies.get().map_or(&[][..], Vec::as_slice);
    for (index, (reply, item)) in replies.iter().zip(&world.items).enumerate() {
        let checked = Reply::read(reply).and_then(|reply| check(&reply, &ids, item.levels));
        checked.map_err(|message| Stop::Failed(format!("item {index}: {message}")))?;
    }
    Ok(())
}

pub(super) fn experiments(bench: &Bench) -> Verdict {
    let (mut asked, mut last) = (0, None);
    for world in bench.others()? {
        let scene = bench.scene(world, bench.pilot_size()?, ASKED)?;
        match bench.interview(world, &scene) {
            Err(Stop::Skipped(reason)) => last = Some(reason),
            other => {
                other?;
                asked += 1;
            }
        }
    }
    match last {
        Some(reason) if asked == 0 => Err(Stop::Skipped(reason)),
        _ => Ok(()),
    }
}

pub(super) fn unicode(bench: &Bench) -> Verdict {
    let world = bench.odd()?;
    let scene = bench.scene(world, bench.pilot_size()?, ASKED)?;
    bench.interview(world, &scene)
}

/// Nothing is known of the people, and no earlier answer either.
pub(super) fn missing(bench: &Bench) -> Verdict {
    let world = bench.main()?;
    let scene = bench.plain_scene()?;
    let handle = bench.plain_handle(&scene)?;
    let blank = |person: &Person| Person {
        id: person.id.clone(),
        arm: None,
        covariates: vec![None; world.covariates.len()],
        answers: vec![None; world.items.len()],
    };
    let people: Vec<Person> = scene.asked.iter().map(blank).collect();
    let asked = asked(&people);
    let ids: Vec<i64> = asked.iter().map(|asked| asked.id).collect();
    for (index, item) in world.items.iter().enumerate() {
        let reply = bench.ask(world, handle, &asked, index)?;
        let sound = reply.sound(&ids, item.levels);
        sound.map_err(|message| Stop::Failed(format!("item {index}: {message}")))?;
    }
    Ok(bench.session()?.release(handle)?)
}

pub(super) fn sizes(bench: &Bench) -> Verdict {
    let world = bench.main()?;
    let last = world.items.len() - 1;
    let scene = bench.scene(world, bench.pilot_size()?, bench.options.rows)?;
    let handle = bench.plain_handle(&scene)?;
    for size in [0, 1, bench.options.rows] {
        let asked = asked(&scene.asked[..size]);
        let ids: Vec<i64> = asked.iter().map(|asked| asked.id).collect();
        let reply = bench.ask(world, handle, &asked, last)?;
        if let Err(message) = reply.sound(&ids, world.items[last].levels) {
            return failed(format!("a batch of {size}: {message}"));
        }
    }
    Ok(bench.session()?.release(handle)?)
}
