//! Entries for tests.

use super::{Entry, Kept};
use serde_json::json;

/// Values by seed of one score of a method.
pub(super) type Values<'a> = (&'a str, Vec<(u32, f64)>);

/// An entry of a night, with the score `s` (lower is better) of these methods.
pub(super) fn entry(night: usize, methods: &[Values]) -> Entry {
    let cell = |(method, seeds): &Values| {
        let mean = seeds.iter().map(|(_, value)| value).sum::<f64>() / seeds.len() as f64;
        let s = json!({ "mean": mean, "low": mean - 0.1, "high": mean + 0.1, "seeds": seeds });
        json!({
            "experiment": "e", "method": method, "size": 8, "strategy": "random",
            "planned": seeds.len(), "committed": seeds.len(), "scores": { "s": s }, "speed": null,
        })
    };
    let info = json!({
        "name": "s", "summary": "", "better": "lower", "heading": "marginal", "min": 0.0, "max": 1.0,
    });
    let experiment = json!({
        "id": "e", "title": "", "origin": "synthetic", "exposure": "low", "licence": "",
        "participants": 100, "table_sha256": "t", "design_sha256": "d", "largest_pilot": 8,
    });
    let entry = json!({
        "schema": super::entry::SCHEMA, "name": "nightly", "run": format!("run-{night}"),
        "plan": "p", "execution": night.to_string(), "pilotbench": "0", "plugins": [],
        "told": { "at": format!("2026-01-01T00:{:02}:{:02}Z", night / 60, night % 60) },
        "experiments": [experiment], "held_out_max": null, "headline": "s", "scores": [info],
        "metrics": {}, "cells": methods.iter().map(cell).collect::<Vec<_>>(),
    });
    serde_json::from_value(entry).unwrap()
}

/// As it comes from a folder.
pub(super) fn kept(entry: Entry) -> Kept {
    Kept { id: entry.run.clone(), accepted: None, entry }
}
