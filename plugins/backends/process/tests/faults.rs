//! Whatever a program does, the call it was asked in fails by name, and no process is left.
#![allow(clippy::unwrap_used, reason = "a test may")]

use backend_process::{Process, ProcessConfig};
use pilotbench_plugin_sdk::{
    Answers, Backend, Control, Error, Experiment, Pilot, Requests, Result, abi,
    abi::abi_stable::std_types::RStr,
    arrow_array::{Array, RecordBatch, cast::AsArray, types::Float64Type},
    testing::{self, Person},
};
use std::{
    ffi::c_void,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A folder with the log of the programs that a test starts.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Settings of the program with a fault.
    fn settings(&self, fault: &str) -> ProcessConfig {
        let program = env!("CARGO_BIN_EXE_process-test-program").to_owned();
        let log = self.log().to_str().unwrap().to_owned();
        ProcessConfig { command: vec![program, fault.to_owned(), log], ..quick() }
    }

    fn open(&self, fault: &str) -> Result<Process> {
        Process::open(self.settings(fault))
    }

    /// What the programs noted.
    fn notes(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.log()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Processes that the programs named and that still run, or that we have not reaped.
    fn left(&self) -> Vec<String> {
        // What was killed takes a moment to die.
        let started = std::time::Instant::now();
        loop {
            let left = self.left_now();
            if left.is_empty() || started.elapsed() > std::time::Duration::from_secs(5) {
                return left;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    fn left_now(&self) -> Vec<String> {
        let mut pids = self.notes();
        pids.retain(|note| note.parse::<u32>().is_ok());
        assert!(!pids.is_empty());
        pids.retain(|pid| {
            let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
            let Ok(stat) = stat else { return false };
            let mut words = stat.rsplit(')').next().unwrap().split_whitespace();
            let (state, parent) = (words.next().unwrap(), words.next().unwrap());
            // What a program started is reaped by the system, in its own time.
            state != "Z" || parent == std::process::id().to_string()
        });
        pids
    }
}

fn quick() -> ProcessConfig {
    ProcessConfig {
        command: Vec::new(),
        processes: 1,
        timeout_s: 20.0,
        start_timeout_s: 20.0,
        read: Vec::new(),
    }
}

fn experiment() -> Experiment {
    testing::ordinal_experiment(&[3, 4, 2])
}

fn people(count: usize) -> Vec<Person> {
    (0..count).map(|i| Person::answering(format!("p{i}"), &[1, 2, 0])).collect()
}

fn pilot(count: usize) -> Pilot {
    testing::pilot(&experiment(), &people(count), u64::MAX).unwrap()
}

fn requests(count: usize) -> Requests {
    testing::requests(&experiment(), &people(count), 1).unwrap()
}

fn respond(process: &Process, adapted: &backend_process::Adapted) -> Result<RecordBatch> {
    let requests = requests(8);
    let mut answers = Answers::with_capacity(8);
    process.respond(adapted, &requests, &mut answers, &Control::none())?;
    answers.finish()
}

/// The message of a fault in `respond`, and that nothing is left of the program.
fn message_of(fault: &str) -> String {
    let place = Place::new();
    let process = place.open(fault).unwrap();
    let adapted = process.adapt(&pilot(5), &Control::none()).unwrap();
    let error = respond(&process, &adapted).unwrap_err();
    assert!(matches!(error, Error::External { .. }), "{error:?}");
    let again = respond(&process, &adapted).unwrap_err();
    assert_eq!(again.to_string(), error.to_string(), "a new copy meets the same fault");
    drop((adapted, process));
    assert_eq!(place.left(), [""; 0], "{fault}");
    error.to_string()
}

#[test]
fn answers_are_handed_on() {
    for fault in ["none", "other-types"] {
        let place = Place::new();
        let process = place.open(fault).unwrap();
        let adapted = process.adapt(&pilot(5), &Control::none()).unwrap();
        let batch = respond(&process, &adapted).unwrap();
        let lists = batch["logprobs"].as_list::<i32>();
        assert_eq!(lists.len(), 8);
        for list in lists.iter().flatten() {
            let logs = list.as_primitive::<Float64Type>().values().to_vec();
            assert!(logs.iter().all(|log| (log - 0.25_f64.ln()).abs() < 1e-12), "{logs:?}");
        }
        assert_eq!(process.usage().requests, 8);
        drop((adapted, process));
        let notes = place.notes();
        assert_eq!(notes[1..], ["adapt 1 5", "respond 1", "release 1", "bye"]);
        assert_eq!(place.left(), [""; 0]);
    }
}

#[test]
fn ends_are_named_with_the_last_words() {
    let message = message_of("ends-well");
    assert!(message.contains("process-test-program ends-well"), "{message}");
    assert!(message.contains("ended with status 0 in respond; it wrote nothing"), "{message}");
    let message = message_of("ends-badly");
    let words =
        "ended with status 3 in respond; its last words: `first` `\\u{1b}[31mValueError: no`";
    assert!(message.contains(words), "{message}");
    let message = message_of("aborts");
    assert!(message.contains("was killed by signal 6 in respond"), "{message}");
}

#[test]
fn output_that_is_no_frame_is_shown() {
    for (fault, expected) in [
        (
            "prints",
            "wrote `thinking about it` to its standard output in respond, where only frames",
        ),
        ("long-header", "wrote a line of more than 65536 bytes, which begins `xxx"),
        ("unknown-type", "wrote the header `{\"type\":\"answer\"}` in respond: unknown variant"),
        ("wrong-call", "wrote `{\"call\":999,\"type\":\"done\"}` in respond, which is call"),
        ("done-instead", "ended respond with `done` instead of `answers`"),
        ("huge-body", "wrote a body of 99999999999999 bytes; from 0 to"),
        (
            "half-header",
            "ended with status 0 in respond, in the middle of a frame, after `{\"type\":",
        ),
        ("half-body", "in the middle of a frame, after 3 of 100 bytes of a body"),
    ] {
        // The number of the call differs from one call to the next.
        let place = Place::new();
        let process = place.open(fault).unwrap();
        let adapted = process.adapt(&pilot(5), &Control::none()).unwrap();
        let message = respond(&process, &adapted).unwrap_err().to_string();
        assert!(message.contains(expected), "{fault}: {message}");
        assert_eq!(place.left(), [""; 0], "{fault}");
    }
}

#[test]
fn tables_that_break_the_contract_are_refused() {
    for (fault, expected) in [
        ("not-arrow", "is no Arrow stream"),
        ("few-answers", "request_id 1 is answered twice"),
        ("unknown-request", "request_id 1099511627776 was not asked"),
        ("fractional", "`request_id`: 0.5 is no whole number"),
        ("no-ids", "row 0 has no request_id"),
        ("chooses", "request_id 0, item `q1`: choice 9 of 4 levels"),
        ("says-nothing", "there are neither probabilities, logprobs, choice"),
        ("too-short", "1 probabilities for 4 levels"),
        ("too-much", "the probabilities sum to 4"),
        ("negative", "-1 is not a probability"),
        ("not-a-number", "NaN is not a probability"),
    ] {
        let message = message_of(fault);
        assert!(message.contains(expected), "{fault}: {message}");
    }
}

#[test]
fn programs_that_do_not_start_are_named() {
    let place = Place::new();
    let message = |fault: &str, config: ProcessConfig| match Process::open(config) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{fault} started"),
    };
    let nobody = ProcessConfig { command: vec!["/no/such/program".into()], ..quick() };
    let expected = "setting `command`: `/no/such/program` cannot be started: No such file";
    assert!(message("nobody", nobody).starts_with(expected));
    for (fault, expected) in [
        ("prints-at-start", "wrote `Loading model...` to its standard output in its start"),
        (
            "ends-at-start",
            "ended with status 1 in its start; its last words: `Traceback:` `no module",
        ),
        ("other-protocol", "old  speaks protocol 9, not 1"),
    ] {
        let message = message(fault, place.settings(fault));
        assert!(message.contains(expected), "{fault}: {message}");
    }
    let slow = ProcessConfig { start_timeout_s: 0.3, ..place.settings("hangs-at-start") };
    let message = message("hangs-at-start", slow);
    assert!(message.contains("took longer than 0.3 s in its start"), "{message}");
    assert_eq!(place.left(), [""; 0]);
}

#[test]
fn settings_are_checked() {
    let message = |config| Process::open(config).err().unwrap().to_string();
    let echo = || ProcessConfig { command: vec!["true".into()], ..quick() };
    assert!(message(quick()).contains("setting `command`: is empty"));
    assert!(message(ProcessConfig { processes: 0, ..echo() }).contains("`processes`: 0 is not"));
    assert!(message(ProcessConfig { timeout_s: f64::NAN, ..echo() }).contains("`timeout_s`: NaN"));
    assert!(message(ProcessConfig { start_timeout_s: 0.0, ..echo() }).contains("start_timeout_s"));
    let missing = ProcessConfig { read: vec!["/no/such/folder".into()], ..echo() };
    assert!(message(missing).contains("setting `read`: `/no/such/folder` is not there"));
    let nul = ProcessConfig { command: vec!["a\0b".into()], ..quick() };
    assert!(message(nul).contains("zero byte"));
}

#[test]
fn hangs_end_at_the_deadline() {
    for fault in ["hangs", "deaf", "leaves-a-child"] {
        let place = Place::new();
        let process =
            Process::open(ProcessConfig { timeout_s: 0.4, ..place.settings(fault) }).unwrap();
        // More than a pipe holds: a program that does not read must not hold the host up.
        let error = match process.adapt(&pilot(20_000), &Control::none()) {
            Err(error) => error,
            Ok(adapted) => respond(&process, &adapted).unwrap_err(),
        };
        assert!(error.to_string().contains("took longer than 0.4 s in "), "{error}");
        assert_eq!(place.left(), [""; 0], "{fault}");
    }
}

#[test]
fn errors_of_a_program_keep_it_alive() {
    let place = Place::new();
    let process = place.open("reports").unwrap();
    for _ in 0..2 {
        let error = process.adapt(&pilot(5), &Control::none()).err().unwrap();
        assert!(matches!(&error, Error::Computation(m) if m == "told to\\nfail"), "{error:?}");
    }
    assert_eq!(place.notes()[1..], ["adapt 1 5", "adapt 3 5"]);
    let process = place.open("has-no-pilot").unwrap();
    let error = process.adapt(&pilot(0), &Control::none()).err().unwrap();
    assert!(matches!(error, Error::EmptyPilot));
}

#[test]
fn a_new_copy_learns_again_what_the_old_one_knew() {
    let place = Place::new();
    let process = place.open("ends-second").unwrap();
    let first = process.adapt(&pilot(5), &Control::none()).unwrap();
    let second = process.adapt(&pilot(6), &Control::none()).unwrap();
    assert!(respond(&process, &first).is_ok());
    assert!(respond(&process, &first).is_err());
    assert!(respond(&process, &second).is_ok());
    drop((first, second, process));
    let mut notes = place.notes();
    notes.retain(|note| note.parse::<u32>().is_err());
    let before = ["adapt 1 5", "adapt 3 6", "respond 1", "respond 1"];
    let after = ["adapt 3 6", "respond 3", "release 3", "bye"];
    assert_eq!(notes, [before, after].concat());
    assert_eq!(place.left(), [""; 0]);
}

#[test]
fn a_copy_that_died_between_calls_is_replaced() {
    let place = Place::new();
    let process = place.open("none").unwrap();
    let adapted = process.adapt(&pilot(5), &Control::none()).unwrap();
    let pid = place.notes()[0].clone();
    std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap();
    thread::sleep(Duration::from_millis(50));
    assert!(respond(&process, &adapted).is_ok());
    assert_eq!(place.left().len(), 1, "the dead one was reaped");
}

#[test]
fn a_program_that_stays_after_goodbye_is_killed() {
    let place = Place::new();
    drop(place.open("stays").unwrap());
    assert_eq!(place.left(), [""; 0]);
}

#[test]
fn a_closed_output_is_told_from_an_end() {
    let script = r#"read -r hello; echo '{"type":"hello","protocol":1,"name":"sh"}'; read -r adapt
                    exec >&-; sleep 600"#;
    let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    let process = Process::open(ProcessConfig { command, ..quick() }).unwrap();
    let error = process.adapt(&pilot(0), &Control::none()).err().unwrap().to_string();
    assert!(error.contains("closed its standard output in adapt"), "{error}");
}

#[test]
fn copies_run_at_once_and_no_more_than_allowed() {
    let place = Place::new();
    let config = ProcessConfig { processes: 3, ..place.settings("none") };
    let process = Process::open(config).unwrap();
    let adapted = process.adapt(&pilot(5), &Control::none()).unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| (0..20).for_each(|_| drop(respond(&process, &adapted).unwrap())));
        }
    });
    let started = place.left().len();
    assert!((2..=3).contains(&started), "{started} copies");
    drop((adapted, process));
    assert_eq!(place.left(), [""; 0]);
    assert_eq!(place.notes().iter().filter(|note| *note == "respond 1").count(), 320);
}

/// What a program told the host.
#[derive(Default)]
struct Heard {
    stop: AtomicBool,
    words: Mutex<Vec<String>>,
}

impl Heard {
    fn control(&self) -> abi::Control {
        extern "C" fn progress(context: *const c_void, share: f64, what: RStr<'_>) {
            heard(context).words.lock().unwrap().push(format!("{share} {what}"));
        }
        extern "C" fn cancelled(context: *const c_void) -> bool {
            heard(context).stop.load(Ordering::Relaxed)
        }
        extern "C" fn log(context: *const c_void, level: u32, message: RStr<'_>) {
            heard(context).words.lock().unwrap().push(format!("{level}: {message}"));
        }
        #[allow(unsafe_code)]
        fn heard<'a>(context: *const c_void) -> &'a Heard {
            // SAFETY: the context is the `Heard` below, which outlives every call of its test.
            unsafe { &*context.cast::<Heard>() }
        }
        abi::Control { context: std::ptr::from_ref(self).cast(), progress, cancelled, log }
    }
}

#[test]
fn progress_and_warnings_come_through() {
    let place = Place::new();
    let process = place.open("talks").unwrap();
    let heard = Heard::default();
    process.adapt(&pilot(5), &Control::new(&heard.control())).unwrap();
    assert_eq!(*heard.words.lock().unwrap(), ["0.25 ", "0.5 ", "1 ", "2: slow"]);
}

#[test]
fn cancelled_calls_end_within_two_seconds() {
    for (fault, survives) in [("hangs", false), ("heeds", true), ("floods", false)] {
        let place = Place::new();
        let process = place.open(fault).unwrap();
        let adapted = process.adapt(&pilot(5), &Control::none()).unwrap();
        let heard = Heard::default();
        let (control, requests) = (heard.control(), requests(8));
        let (outcome, took) = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(100));
                heard.stop.store(true, Ordering::Relaxed);
            });
            let started = Instant::now();
            let mut answers = Answers::with_capacity(8);
            let control = Control::new(&control);
            (process.respond(&adapted, &requests, &mut answers, &control), started.elapsed())
        });
        assert!(matches!(outcome, Err(Error::Cancelled)), "{fault}: {outcome:?}");
        assert!(took < Duration::from_secs(2), "{fault}: {took:?}");
        assert_eq!(place.left().len(), usize::from(survives), "{fault}");
        drop((adapted, process));
        assert_eq!(place.left(), [""; 0], "{fault}");
    }
}
