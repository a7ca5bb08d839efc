//! Cancellation, progress, counters, memory.

use super::bench::{Bench, SEED, asked};
use crate::{
    checks::{Stop, Verdict, during, failed, skipped},
    memory,
    subject::Quiet,
    watch::{Listener, Told, stopped},
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Requests in a small call.
const SMALL: usize = 10;
/// Small calls to one handle before another is made.
const CALLS_PER_HANDLE: usize = 20;

pub(super) fn cancel_before(bench: &Bench) -> Verdict {
    cancel(bench, Told::Before, super::bench::ASKED)
}

pub(super) fn cancel_during(bench: &Bench) -> Verdict {
    cancel(bench, Told::During, bench.options.rows)
}

fn cancel(bench: &Bench, told: Told, people: usize) -> Verdict {
    let world = bench.main()?;
    let scene = bench.scene(world, bench.pilot_size()?, people)?;
    let handle = bench.plain_handle(&scene)?;
    let session = Arc::clone(bench.session()?);
    let (pilot, params) = (scene.revealed.clone(), world.params(SEED));
    let in_place = |what: &'static str| {
        move |stop| match stop {
            Stop::Failed(reason) => Stop::Failed(format!("{what}: {reason}")),
            other => other,
        }
    };
    stopped(told, move |watch| {
        let handle = session.adapt(pilot, &params, watch)?;
        session.release(handle)
    })
    .map_err(in_place("adapt"))?;
    let requests = bench.requests(world, &asked(&scene.asked), world.items.len() - 1)?;
    let session = Arc::clone(bench.session()?);
    stopped(told, move |watch| session.respond(handle, requests, watch))
        .map_err(in_place("respond"))?;
    Ok(bench.session()?.release(handle)?)
}

pub(super) fn progress(bench: &Bench) -> Verdict {
    let world = bench.main()?;
    let scene = bench.plain_scene()?;
    let session = bench.session()?;
    let heard = Listener::default();
    let handle = session.adapt(scene.revealed.clone(), &world.params(SEED), &heard)?;
    let mut reports = heard.check()?;
    for item in 0..world.items.len() {
        let heard = Listener::default();
        let requests = bench.requests(world, &asked(&scene.asked), item)?;
        session.respond(handle, requests, &heard)?;
        reports += heard.check()?;
    }
    session.release(handle)?;
    match reports {
        0 => skipped("it reports no progress"),
        _ => Ok(()),
    }
}

pub(super) fn usage(bench: &Bench) -> Verdict {
    let world = bench.main()?;
    let scene = bench.plain_scene()?;
    let before = counters(bench)?;
    let handle = bench.plain_handle(&scene)?;
    let mut last = before;
    for item in 0..world.items.len() {
        bench.ask(world, handle, &asked(&scene.asked), item)?;
        let now = counters(bench)?;
        let count = |counters: &Map<String, Value>, key: &str| counters.get(key)?.as_f64();
        let fell = last.keys().find(|key| {
            let now = count(&now, key);
            now.is_none() || now < count(&last, key)
        });
        if let Some(key) = fell {
            return failed(format!("counter `{key}` was {}, is {:?}", last[key], now.get(key)));
        }
        last = now;
    }
    Ok(bench.session()?.release(handle)?)
}

fn counters(bench: &Bench) -> Result<Map<String, Value>, Stop> {
    let text = bench.session()?.usage().map_err(during("usage"))?;
    let mut counters = serde_json::from_str(&text);
    if let Ok(Value::Object(counters)) = &mut counters {
        // What is no counter travels with them.
        counters.remove("provenance");
    }
    match counters {
        Ok(Value::Object(counters)) if counters.values().all(Value::is_number) => Ok(counters),
        _ => failed(format!("usage is `{text}`; it should be a JSON object of numbers")),
    }
}

pub(super) fn memory(bench: &Bench) -> Verdict {
    let world = bench.main()?;
    let scene = bench.scene(world, bench.pilot_size()?, SMALL)?;
    let session = bench.session()?;
    let requests = bench.requests(world, &asked(&scene.asked), world.items.len() - 1)?;
    let params = world.params(SEED);
    let handle = std::cell::Cell::new(None);
    memory::watch(bench.options.calls, &|| session.resident_bytes(), &|call| {
        if call % CALLS_PER_HANDLE == 0 {
            if let Some(last) = handle.take() {
                session.release(last)?;
            }
            handle.set(Some(session.adapt(scene.revealed.clone(), &params, &Quiet)?));
        }
        if let Some(handle) = handle.get() {
            session.respond(handle, requests.clone(), &Quiet)?;
        }
        Ok(())
    })?;
    match handle.take() {
        Some(last) => Ok(session.release(last)?),
        None => Ok(()),
    }
}
