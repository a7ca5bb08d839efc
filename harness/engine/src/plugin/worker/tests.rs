//! A host against workers that break the rules. They are shell scripts whose standard input is the
//! socket, so that what is broken is the worker itself and not a plugin in it.

use super::{
    client::{Failed, Worker},
    message::Start,
    settings::WorkerSettings,
};
use crate::{
    fault::{Fault, FaultKind},
    plugin::{file::PluginFile, needs::Needs, opened::Opened},
};
use pilotbench_plugin_abi::ProbeInfo;
use serde_json::Value;
use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

/// A file that passes for a plugin: nothing here loads it.
fn file() -> PluginFile {
    let path = std::env::current_exe().unwrap();
    let opened = Opened::open(&path).unwrap();
    let sha256 = crate::identity::sha256(&opened.bytes().unwrap());
    let text = String::new;
    let probe = ProbeInfo {
        name: "fake".into(),
        version: text(),
        arch: text(),
        rustc: text(),
        sdk: text(),
        abi_stable: text(),
        interfaces: Vec::new(),
        provides: Vec::new(),
        flags: 0,
    };
    PluginFile { path, probe, sha256, needs: Needs::default(), opened, looks_beside_itself: false }
}

/// Starts a script as a worker; what the host says of it.
fn fault_of(script: &str, stop: bool) -> Fault {
    let folder = tempfile::tempdir().unwrap();
    let executable = folder.path().join("worker.sh");
    std::fs::write(&executable, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&executable, PermissionsExt::from_mode(0o755)).unwrap();
    let mut settings = WorkerSettings::new(executable);
    settings.patience = Duration::from_millis(300);
    let file = file();
    let start = Start {
        path: String::new(),
        looks_beside_itself: false,
        plugin: "fake".into(),
        open: None,
        limits: settings.limits(&file.needs, &Value::Null, Path::new("/nowhere")),
    };
    let own = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let worker = Worker::start(&settings, &file, &start, "fake", own, &AtomicBool::new(stop));
    assert!(started.elapsed() < Duration::from_secs(20), "{script}");
    match worker {
        Ok(_) => panic!("{script}: a worker that is none was accepted"),
        Err(Failed::Said(fault) | Failed::Died { fault, .. }) => fault,
    }
}

#[test]
fn workers_that_break_the_rules() {
    let cases = [
        ("exit 0", "exited with status 0 in the middle of a call"),
        ("exit 3", "exited with status 3 in the middle of a call"),
        ("kill -9 $$", "died of signal 9"),
        ("kill -11 $$", "died of signal 11 (SIGSEGV"),
        ("echo last words >&2; exit 1", "; its last words: last words"),
        // A message cut short, one that is none, one that is not UTF-8, one that is too long.
        ("printf '{\"Ready\":{\"isol' >&0; sleep 9", "sent what is no message (EOF while parsing"),
        ("printf hello >&0; sleep 9", "sent what is no message (expected value"),
        ("printf '\"\\377\"' >&0; sleep 9", "sent what is no message (invalid unicode"),
        (
            "dd if=/dev/zero bs=20000 count=1 2>/dev/null >&0; sleep 9",
            "sent what is no message (a message that is too",
        ),
        // Right messages at the wrong time.
        ("printf '\"Done\"' >&0; sleep 9", "the worker's answer is of the wrong kind"),
        (
            "printf '{\"Ready\":{\"isolation\":\"\",\"lengths\":[]}}' >&0; sleep 9",
            "the worker's answer is of the wrong kind",
        ),
        ("exec 0<&-; sleep 9", "closed its connection and lived on; killed"),
        ("sleep 9", "gave no sign of life for 0.3 s and did not stop when told to; killed"),
        // Signs of life keep it alive, but no longer than they come.
        (
            "for i in 1 2 3; do printf '{\"Progress\":{\"share\":0.1,\"what\":\"x\"}}' >&0; \
             sleep 0.2; done; sleep 9",
            "gave no sign of life for 0.3 s",
        ),
    ];
    for (script, words) in cases {
        let fault = fault_of(script, false);
        assert!(fault.message.contains(words), "{script}: {fault}");
        assert!(fault.place.starts_with("fake.open"), "{script}: {fault}");
    }
}

#[test]
fn whoever_stops_waiting_is_not_kept() {
    let fault = fault_of("sleep 9", true);
    assert_eq!(fault.kind, FaultKind::Interrupted, "{fault}");
}

#[test]
fn a_flood_of_output_is_drained_and_cut() {
    let fault = fault_of("head -c 10000000 /dev/zero | tr '\\0' x >&2; exit 1", false);
    assert!(fault.output.starts_with('('), "{}", &fault.output[..40]);
    assert!(fault.output.len() < 70_000);
    assert!(fault.message.len() < 3000);
}
