//! Broken tables, cancellation, progress, memory.

use super::{
    bench::Bench,
    comparison::{Comparison, Quality},
};
use crate::{
    checks::{Stop, Verdict, failed, skipped},
    memory,
    subject::{Class, Quiet},
    watch::{Listener, Told, stopped},
    world::without_column,
};
use std::sync::Arc;

/// People in a small call.
const SMALL: usize = 12;

pub(super) fn broken_input(bench: &Bench) -> Verdict {
    let comparison = bench.comparison(Quality::Likely)?;
    let session = bench.session()?;
    let context = comparison.context();
    let names = ["the humans", "the simulated people", "the pilot", "the weights"];
    for (place, what) in names.into_iter().enumerate() {
        let mut tables = comparison.tables();
        tables[place] = without_column(&tables[place], "participant_id");
        let reply = session.evaluate(tables, &context, &Quiet).map(drop);
        refused(&format!("{what} without `participant_id`"), reply.map_err(|f| f.class))?;
    }
    let reply = session.evaluate(comparison.tables(), "{}", &Quiet).map(drop);
    refused("the context `{}`", reply.map_err(|failure| failure.class))
}

fn refused(what: &str, reply: Result<(), Class>) -> Verdict {
    match reply {
        Err(Class::Panicked) => failed(format!("{what}: it panics")),
        Err(_) => Ok(()),
        Ok(()) => failed(format!("{what}: not refused")),
    }
}

pub(super) fn after_error(bench: &Bench) -> Verdict {
    let comparison = bench.comparison(Quality::Likely)?;
    let before = bench.table(&comparison)?;
    // Refused or not: another check says.
    let _ = bench.session()?.evaluate(comparison.tables(), "{}", &Quiet);
    before.same(&bench.table(&comparison)?, 0.0).map_err(Stop::Failed)
}

pub(super) fn cancel_before(bench: &Bench) -> Verdict {
    cancel(bench, Told::Before, super::bench::PEOPLE)
}

pub(super) fn cancel_during(bench: &Bench) -> Verdict {
    cancel(bench, Told::During, bench.options.people)
}

fn cancel(bench: &Bench, told: Told, people: usize) -> Verdict {
    let comparison = Comparison::new(bench.world()?, people, Quality::Likely);
    let (tables, context) = (comparison.tables(), comparison.context());
    let session = Arc::clone(bench.session()?);
    stopped(told, move |watch| session.evaluate(tables, &context, watch))
}

pub(super) fn progress(bench: &Bench) -> Verdict {
    let comparison = bench.comparison(Quality::Likely)?;
    let heard = Listener::default();
    bench.session()?.evaluate(comparison.tables(), &comparison.context(), &heard)?;
    match heard.check()? {
        0 => skipped("it reports no progress"),
        _ => Ok(()),
    }
}

pub(super) fn memory(bench: &Bench) -> Verdict {
    let comparison = Comparison::new(bench.world()?, SMALL, Quality::Likely);
    let (tables, context) = (comparison.tables(), comparison.context());
    let session = bench.session()?;
    memory::watch(bench.options.calls, &|| session.resident_bytes(), &|_| {
        session.evaluate(tables.clone(), &context, &Quiet)?;
        Ok(())
    })
}
