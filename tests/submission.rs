//! What is handed in to a shared board: made, checked against every kind of damage, merged.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use arrow_array::{Int32Array, RecordBatch};
use parquet::{
    data_type::DoubleType,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use pilotbench_engine::{
    identity,
    plugin::{
        Executor, Plugins, Search,
        worker::{Reader, ReaderSettings, Sandbox},
    },
    record,
    submission::{self, Here},
};
use proptest::prelude::*;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};
use support::{Place, below};

const REFERENCES: &str = "methods = [\"marginal\", \"uniform\", \"human-split\"]";

/// A method that answers evenly, or leans.
fn stress(name: &str, fault: &str) -> String {
    format!(
        "[[method]]\nbackend = \"stress\"\nname = \"{name}\"\nsettings = {{ fault = \"{fault}\" }}\n"
    )
}

/// Runs a file over the tiny experiment.
fn run(place: &Place, name: &str, rest: &str, methods: &str) {
    let text = format!(
        "name = \"{name}\"\nexperiments = [\"tiny\"]\nsizes = [8, 15]\nseeds = 4\n{REFERENCES}\n\
         metrics = [\"distribution\", \"individual\"]\n{rest}\n{methods}\n[score]\nresamples = 20\n"
    );
    let file = place.write(&format!("{name}.toml"), text);
    place.pilotbench(&["run", "--quiet", file.to_str().unwrap()]).assert().success();
}

fn done(place: &Place, arguments: &[&str]) -> String {
    let mut command = place.pilotbench(arguments);
    let output = command.arg("--quiet").assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

/// The report of `submit-check`, and whether it passed.
fn checked(place: &Place, arguments: &[&str]) -> (bool, Value) {
    let mut command = place.pilotbench(&["submit-check", "--json", "--quiet"]);
    let output = command.args(arguments).assert();
    let output = output.get_output();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let passed = report["passed"].as_bool().unwrap();
    assert_eq!(output.status.code(), Some(if passed { 0 } else { 4 }));
    (passed, report)
}

/// All findings as `check: place: message`.
fn findings(report: &Value) -> Vec<String> {
    let of = |check: &Value| {
        let name = check["name"].as_str().unwrap().to_owned();
        let told = |f: &Value| {
            format!("{name}: {}: {}", f["place"].as_str().unwrap(), f["message"].as_str().unwrap())
        };
        check["findings"].as_array().unwrap().iter().map(told).collect::<Vec<_>>()
    };
    report["checks"].as_array().unwrap().iter().flat_map(of).collect()
}

/// A place with one submission, made once for all tests.
static ALICE: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::new();
    run(&place, "mine", "", &stress("model", "leans"));
    let arguments = ["submit", "mine", "--out", "alice", "--by", "alice", "--name", "first"];
    done(&place, &[&arguments[..], &["--note", "it leans", "--seen", "no"]].concat());
    place
});

/// A copy of the submission, to be damaged.
fn copy() -> (&'static Place, tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("handed-in");
    copied(&ALICE.folder.path().join("alice"), &into);
    (&ALICE, folder, into)
}

fn copied(from: &Path, into: &Path) {
    for file in below(from, "") {
        let to = into.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
}

/// Makes the files of a submission hang together again, as somebody would who wants to deceive.
fn reseal(folder: &Path) {
    let name = |path: &PathBuf| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    let files = below(folder, "").into_iter().filter(|path| !path.ends_with("submission.toml"));
    let hashes: BTreeMap<String, String> =
        files.map(|path| (name(&path), identity::sha256(&fs::read(&path).unwrap()))).collect();
    let hashes: Vec<_> = hashes.into_iter().collect();
    let form = folder.join("submission.toml");
    let mut table: toml::Table = toml::from_str(&fs::read_to_string(&form).unwrap()).unwrap();
    table.insert("files_sha256".into(), identity::sha256_of(&hashes).into());
    if let Ok(plan) = serde_json::from_slice(&fs::read(folder.join("plan.json")).unwrap()) {
        let plan: pilotbench_engine::plan::Plan = plan;
        table.insert("plan".into(), plan.identity().into());
    }
    fs::write(form, toml::to_string(&table).unwrap()).unwrap();
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {}", path.display());
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

fn first(folder: &Path, ending: &str) -> PathBuf {
    below(folder, ending).remove(0)
}

/// Puts other answers into the first replicate of a submission, and seals it.
fn with_answers(folder: &Path, bytes: &[u8]) {
    replaced(folder, bytes);
    reseal(folder);
}

/// Puts other answers into the first replicate, with a manifest that agrees.
fn replaced(folder: &Path, bytes: &[u8]) {
    let old = first(folder, ".parquet");
    let manifest = old.with_file_name("manifest.json");
    let sha256 = identity::sha256(bytes);
    let mut value: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    value["answers"]["file"] = format!("{sha256}.parquet").into();
    value["answers"]["sha256"] = sha256.clone().into();
    value["answers"]["bytes"] = bytes.len().into();
    fs::write(manifest, serde_json::to_string_pretty(&value).unwrap()).unwrap();
    fs::remove_file(&old).unwrap();
    fs::write(old.with_file_name(format!("{sha256}.parquet")), bytes).unwrap();
}

/// Another first column of levels.
fn with_levels(folder: &Path, levels: impl Fn(&Int32Array) -> Int32Array) {
    let table = record::decode(fs::read(first(folder, ".parquet")).unwrap()).unwrap();
    let mut columns = table.columns().to_vec();
    let old = columns[1].as_any().downcast_ref::<Int32Array>().unwrap();
    columns[1] = Arc::new(levels(old));
    let table = RecordBatch::try_new(table.schema(), columns).unwrap();
    with_answers(folder, &record::encode(&table).unwrap());
}

/// The first replicate with everybody acting the other way.
fn other_acts(folder: &Path) -> Vec<u8> {
    let table = record::decode(fs::read(first(folder, ".parquet")).unwrap()).unwrap();
    let mut columns = table.columns().to_vec();
    // answer.act, status.act, probability.act are the last.
    let at = columns.len() - 3;
    let old = columns[at].as_any().downcast_ref::<Int32Array>().unwrap();
    let other: Int32Array = old.iter().map(|level| level.map(|level| 1 - level)).collect();
    columns[at] = Arc::new(other);
    record::encode(&RecordBatch::try_new(table.schema(), columns).unwrap()).unwrap()
}

/// A file of a few kilobytes with few rows, whose lists have so many numbers.
fn bomb(numbers: usize) -> Vec<u8> {
    const ROWS: usize = 40;
    let schema = "message m { required group l (LIST) { repeated group list { required double element; } } }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut bytes = Vec::new();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let zeros = vec![0.0; numbers / ROWS];
    let defined = vec![1; zeros.len()];
    let mut repeated = defined.clone();
    repeated[0] = 0;
    for _ in 0..ROWS {
        column.typed::<DoubleType>().write_batch(&zeros, Some(&defined), Some(&repeated)).unwrap();
    }
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn a_submission_passes_and_says_nothing_of_the_machine() {
    let (place, _folder, submission) = copy();
    let folder = submission.to_str().unwrap();
    let (passed, report) = checked(place, &[folder]);
    assert!(passed, "{report}");
    let names: Vec<&str> =
        report["checks"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    let all = [
        "files",
        "form",
        "untouched",
        "plan",
        "experiments",
        "complete",
        "answers",
        "plugins",
        "scores",
    ];
    assert_eq!(names, all);
    let told = done(place, &["submit-check", folder]);
    assert!(told.contains("stress 0.1.0") && told.contains("nothing is wrong"), "{told}");
    let manifest: Value =
        serde_json::from_slice(&fs::read(first(&submission, "manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["volatile"].get("machine"), None);
    // What is taken in is what was written, to the byte.
    let hash = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut written: Vec<String> = below(&submission, ".parquet").iter().map(hash).collect();
    let mut taken = ANSWERS.clone().unwrap();
    written.sort();
    taken.sort();
    assert_eq!(written, taken);
    // Baselines are the board's, unless one is named.
    let form = fs::read_to_string(submission.join("submission.toml")).unwrap();
    assert!(form.contains("methods = [\"model\"]") && form.contains("seen_in_training = \"no\""));
    let there = place.fails(&["submit", "mine", "--out", "alice", "--by", "alice", "--quiet"], 2);
    assert!(there.contains("is there already"), "{there}");
    let name = place.fails(&["submit", "mine", "--out", "x", "--by", "../x", "--quiet"], 2);
    assert!(name.contains("is not of [a-z0-9-]"), "{name}");
}

/// What is done to a submission, and what must be said of it.
type Damage = (&'static str, fn(&Path), &'static str);

/// Damage that leaves the files' own hash as it was, or to which it does not matter.
const DAMAGES: &[Damage] = &[
    ("a byte of the answers", |f| flip(&first(f, ".parquet"), 100), "answers: cells/"),
    (
        "a program",
        |f| fs::write(f.join("run"), b"\x7fELF\x02").unwrap(),
        "files: run: is no file of a submission: it is a program (ELF)",
    ),
    ("a script", |f| fs::write(f.join("setup.sh"), "#!/bin/sh\n").unwrap(), "it is a program (#!)"),
    (
        "a pickle",
        |f| fs::write(f.join("model.pkl"), b"\x80\x04\x95").unwrap(),
        "it is a pickle, which is code",
    ),
    (
        "an archive",
        |f| fs::write(f.join("a.npz"), b"PK\x03\x04").unwrap(),
        "it is an archive (zip)",
    ),
    (
        "a file more",
        |f| fs::write(f.join("notes.txt"), "hello").unwrap(),
        "files: notes.txt: is no file of a submission",
    ),
    (
        "a folder more",
        |f| fs::create_dir(f.join("src")).unwrap(),
        "files: src: is no folder of a submission",
    ),
    (
        "a link",
        |f| std::os::unix::fs::symlink("/etc/passwd", f.join("cells/passwd")).unwrap(),
        "files: cells/passwd: is a link",
    ),
    (
        "a link for the plan",
        |f| {
            fs::remove_file(f.join("plan.json")).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", f.join("plan.json")).unwrap();
        },
        "files: plan.json: is a link",
    ),
    (
        "a link for the cells",
        |f| {
            fs::rename(f.join("cells"), f.with_extension("elsewhere")).unwrap();
            std::os::unix::fs::symlink(f.with_extension("elsewhere"), f.join("cells")).unwrap();
        },
        "files: cells: is a link",
    ),
    (
        "a pipe",
        |f| {
            let path = std::ffi::CString::new(f.join("cells/pipe").to_str().unwrap()).unwrap();
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o644.into(), 0)
                .unwrap();
        },
        "files: cells/pipe: is a device, a pipe or a socket",
    ),
    (
        "a mode",
        |f| fs::set_permissions(f.join("plan.json"), PermissionsExt::from_mode(0o755)).unwrap(),
        "files: plan.json: may be run as a program",
    ),
    (
        "a form that is too long",
        |f| fs::write(f.join("submission.toml"), "#".repeat(70_000)).unwrap(),
        "has 70000 bytes, at most 65536 are taken",
    ),
    (
        "no scores",
        |f| fs::remove_file(f.join("scores.csv")).unwrap(),
        "files: scores.csv: is missing",
    ),
    (
        "a control character in a name",
        |f| fs::write(f.join("a\u{1b}[31mb"), "").unwrap(),
        "files: a\u{fffd}[31mb: is no file",
    ),
    (
        "an unknown key",
        |f| edit(&f.join("submission.toml"), "by = ", "evil = 1\nby = "),
        "form: submission.toml:2: unknown field `evil`",
    ),
    (
        "a hostile name",
        |f| edit(&f.join("submission.toml"), "\"alice\"", "\"../alice\""),
        "form: submission.toml: by: `../alice` is not of",
    ),
    (
        "markup for a name",
        |f| edit(&f.join("submission.toml"), "\"model\"", "\"<b>x</b>\""),
        "form: submission.toml: methods: `<b>x</b>` is not of",
    ),
    (
        "a control character in a note",
        |f| edit(&f.join("submission.toml"), "it leans", "it \\u001b[31mleans"),
        "form: submission.toml: note: longer than",
    ),
    (
        "another plan",
        |f| edit(&f.join("submission.toml"), "plan = \"", "plan = \"0"),
        "plan: plan.json: its identity is",
    ),
];

/// Damage after which everything was sealed anew.
const DECEITS: &[Damage] = &[
    ("a claimed score", |f| edit(&f.join("scores.csv"), ",0.1", ",0.0"), "is claimed to be 0.0"),
    (
        "a score less",
        |f| {
            let text = fs::read_to_string(f.join("scores.csv")).unwrap();
            let kept: Vec<&str> = text.lines().take(5).collect();
            fs::write(f.join("scores.csv"), kept.join("\n")).unwrap();
        },
        "scores: scores.csv:6: the row of tiny, model",
    ),
    (
        "a replicate less",
        |f| {
            planned(f, |plan| {
                plan.remove(1);
            })
        },
        "complete: plan.json: a replicate is missing: tiny, model, size 8, random, seed 2",
    ),
    (
        "a replicate twice",
        |f| {
            planned(f, |plan| {
                let again = plan[1].clone();
                plan.insert(1, again);
            })
        },
        "complete: plan.json: a replicate stands twice: tiny, model, size 8",
    ),
    (
        "a replicate more",
        |f| planned(f, |plan| plan[0]["size"] = 15.into()),
        "complete: plan.json: the protocol has no replicate",
    ),
    (
        "an experiment that is not here",
        |f| edit(&f.join("plan.json"), "a93160adacb57ac3", "0000000000000000"),
        "experiments: experiment tiny: unknown here: its table of human answers is another",
    ),
    (
        "another experiment",
        |f| edit(&f.join("plan.json"), "\"id\": \"tiny\"", "\"id\": \"../tiny\""),
        "experiments: experiment ../tiny: is no name of an experiment",
    ),
    (
        "an unknown key in the plan",
        |f| edit(&f.join("plan.json"), "\"min_pilot\"", "\"evil\": 1, \"min_pilot\""),
        "plan: plan.json: `methods[0].facts.evil` is not as pilotbench writes it",
    ),
    (
        "markup in a plugin's name",
        |f| edit(&f.join("plan.json"), "\"rustc\": \"", "\"rustc\": \"<script>"),
        "plan: plan.json: a plugin says of itself",
    ),
    (
        "an absurd number of resamples",
        |f| edit(&f.join("plan.json"), "\"resamples\": 20", "\"resamples\": 2000000000"),
        "plan: plan.json: score.resamples: at most",
    ),
    (
        "a larger pilot",
        |f| edit(&f.join("plan.json"), "\"largest_pilot\": 15", "\"largest_pilot\": 16"),
        "complete: plan.json: the protocol has no replicate",
    ),
    (
        "a size that is left out",
        |f| {
            edit(
                &f.join("plan.json"),
                "\"left_out\": []",
                "\"left_out\": [{\"experiment\": \"tiny\", \"method\": \"model\", \"size\": 20, \"reason\": \"[x](y)\"}]",
            )
        },
        "complete: plan.json: a replicate is missing: tiny, model, size 20",
    ),
    (
        "another pilot",
        |f| edit(&first(f, "manifest.json"), "\"revealed_sha256\": \"", "\"revealed_sha256\": \"0"),
        "pilot or held-out are not those that the plan draws",
    ),
    (
        "another manifest",
        |f| {
            let [a, b] = [0, 1].map(|at| below(f, "manifest.json").remove(at));
            fs::copy(a, b).unwrap();
        },
        "answers: cells/",
    ),
    (
        "no manifest",
        |f| fs::remove_file(first(f, "manifest.json")).unwrap(),
        "/manifest.json: is missing",
    ),
    (
        "another plugin",
        |f| edit(&first(f, "manifest.json"), "\"name\": \"stress\"", "\"name\": \"better\""),
        "was answered by another plugin than the plan names",
    ),
    (
        "other counts",
        |f| edit(&first(f, "manifest.json"), "\"refused\": 0", "\"refused\": 1"),
        "the manifest counts other answers than there are",
    ),
    (
        "answers that nobody names",
        |f| {
            let file = first(f, ".parquet");
            fs::copy(&file, file.with_file_name(format!("{}.parquet", "ab".repeat(32)))).unwrap();
        },
        "no manifest names it",
    ),
    (
        "people in another order",
        |f| {
            let table = record::decode(fs::read(first(f, ".parquet")).unwrap()).unwrap();
            let halves = [table.slice(1, table.num_rows() - 1), table.slice(0, 1)];
            let mut columns = Vec::new();
            for at in 0..table.num_columns() {
                let parts = halves.each_ref().map(|half| half.column(at).as_ref());
                columns.push(arrow_select::concat::concat(&parts).unwrap());
            }
            let table = RecordBatch::try_new(table.schema(), columns).unwrap();
            with_answers(f, &record::encode(&table).unwrap());
        },
        "row 1 is not of participant `",
    ),
    (
        "people less",
        |f| {
            let table = record::decode(fs::read(first(f, ".parquet")).unwrap()).unwrap();
            with_answers(f, &record::encode(&table.slice(0, 40)).unwrap());
        },
        "40 participants answered, 45 are held out",
    ),
    (
        "other answers",
        |f| with_levels(f, |old| old.iter().map(|level| level.map(|l| (l + 1) % 3)).collect()),
        "is claimed to be",
    ),
    (
        "a level that is none",
        |f| with_levels(f, |old| old.iter().map(|level| level.map(|_| 7)).collect()),
        "item `b1`: row 1: there is no level 7",
    ),
    (
        "a missing level",
        |f| with_levels(f, |old| old.iter().map(|_| None).collect()),
        "item `b1`: row 1: answered without a level",
    ),
    (
        "a column less",
        |f| {
            let table = record::decode(fs::read(first(f, ".parquet")).unwrap()).unwrap();
            let columns: Vec<usize> = (0..table.num_columns()).filter(|at| *at != 2).collect();
            with_answers(f, &record::encode(&table.project(&columns).unwrap()).unwrap());
        },
        "column `status.b1` is not in its place",
    ),
    (
        "a pickle called Parquet",
        |f| with_answers(f, b"\x80\x04\x95 and so on"),
        "it is a pickle, which is code, not Parquet",
    ),
    (
        "cut Parquet",
        |f| {
            let bytes = fs::read(first(f, ".parquet")).unwrap();
            with_answers(f, &bytes[..bytes.len() / 2]);
        },
        "answers: cells/",
    ),
    (
        "a table of many rows",
        |f| {
            let ids: arrow_array::StringArray = (0..100_000).map(|_| Some("x")).collect();
            let table =
                RecordBatch::try_from_iter([("participant_id", Arc::new(ids) as _)]).unwrap();
            with_answers(f, &record::encode(&table).unwrap());
        },
        "the table has 100000 rows, at most 45 are read",
    ),
];

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Changes the list of replicates.
fn planned(folder: &Path, change: impl Fn(&mut Vec<Value>)) {
    let path = folder.join("plan.json");
    let mut plan: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(plan["replicates"].as_array_mut().unwrap());
    fs::write(path, serde_json::to_string_pretty(&plan).unwrap()).unwrap();
}

fn is_found((what, damage, expected): &Damage, sealed: bool) {
    let (place, _folder, submission) = copy();
    damage(&submission);
    if sealed {
        reseal(&submission);
    }
    let (passed, report) = checked(place, &[submission.to_str().unwrap()]);
    let found = findings(&report);
    assert!(!passed && found.iter().any(|f| f.contains(expected)), "{what}: {found:#?}");
    // Hostile bytes do not reach the terminal.
    if !what.contains("control character") {
        return;
    }
    let arguments = ["submit-check", "--quiet", submission.to_str().unwrap()];
    let output = place.pilotbench(&arguments).assert().code(4).get_output().clone();
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b), "{what}");
}

#[test]
fn every_kind_of_damage_is_found_with_its_own_message() {
    DAMAGES.iter().for_each(|damage| is_found(damage, false));
}

#[test]
fn every_kind_of_deceit_is_found_with_its_own_message() {
    DECEITS.iter().for_each(|damage| is_found(damage, true));
}

/// All faults at once, and none of them hides another.
#[test]
fn several_faults_are_all_told() {
    let (place, _folder, submission) = copy();
    fs::write(submission.join("a.sh"), "#!/bin/sh").unwrap();
    flip(&first(&submission, ".parquet"), 100);
    edit(&submission.join("scores.csv"), ",0.1", ",0.0");
    let (_, report) = checked(place, &[submission.to_str().unwrap()]);
    let found = findings(&report);
    for words in ["files: a.sh", "untouched: ", "answers: cells/"] {
        assert!(found.iter().any(|f| f.starts_with(words)), "{words}: {found:#?}");
    }
}

#[test]
fn a_small_file_that_grows_to_gigabytes_fails_alone() {
    let (place, _folder, submission) = copy();
    let bytes = bomb(64 << 20);
    assert!(bytes.len() < 100_000, "{} bytes", bytes.len());
    with_answers(&submission, &bytes);
    let (_, report) = checked(place, &[submission.to_str().unwrap(), "--memory", "0.4"]);
    let found = findings(&report);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("reading it takes more than the 409 MiB of memory"), "{found:#?}");
}

/// Two submissions on one board against one run with the methods of both.
#[test]
fn a_board_of_two_hands_is_the_board_of_one_run() {
    let place = Place::new();
    run(&place, "base", "", "");
    let methods = [stress("leaning", "leans"), stress("model", "none")];
    for (by, method) in ["alice", "bob"].iter().zip(&methods) {
        run(&place, by, "", method);
        done(
            &place,
            &["submit", by, "--out", &format!("of-{by}"), "--by", by, "--note", "<b>x</b> | y"],
        );
    }
    run(&place, "both", "", &methods.concat());
    let new = ["board", "new", "board", "--run", "base", "--title", "Ours"];
    place.pilotbench(&new).assert().success();
    done(&place, &["board", "add", "of-alice", "of-bob", "--board", "board"]);
    done(&place, &["board", "build", "--board", "board", "--out", "site"]);
    let at = |path: &str| place.folder.path().join(path);
    let board: Value =
        serde_json::from_slice(&fs::read(at("board/leaderboard/leaderboard.json")).unwrap())
            .unwrap();
    let one = done(&place, &["leaderboard", "both", "--format", "json"]);
    let one: Value = serde_json::from_str(&one).unwrap();
    let plain = |name: &Value| {
        name.as_str().unwrap().trim_start_matches("alice.").trim_start_matches("bob.").to_owned()
    };
    let ranks = |board: &Value| {
        let cells = board["comparisons"]["cells"].as_array().unwrap().iter();
        let of = |cell: &Value| {
            (plain(&cell["method"]), cell["size"].to_string(), cell["rank"].to_string())
        };
        let mut ranks: Vec<_> = cells.map(of).collect();
        ranks.sort();
        ranks
    };
    assert_eq!(ranks(&board), ranks(&one));
    let order = |board: &Value| -> Vec<String> {
        board["experiments"][0]["order"].as_array().unwrap().iter().map(plain).collect()
    };
    assert_eq!(order(&board), order(&one));
    // Badges, in words, in all forms; and nothing of a note is markup.
    let levels: Vec<&str> =
        board["methods"].as_array().unwrap().iter().map(|m| m["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["reference", "reference", "reference", "re-scored", "re-scored"]);
    let markdown = fs::read_to_string(at("board/leaderboard/leaderboard.md")).unwrap();
    assert!(markdown.contains("| alice.leaning | [re-scored] |"), "{markdown}");
    assert!(markdown.contains("&lt;b>x&lt;/b> \\| y"), "{markdown}");
    let page = fs::read_to_string(at("site/index.html")).unwrap();
    assert!(
        page.contains("<td class=\"w\"><span class=\"badge\">re-scored</span></td>")
            && page.contains("data-key=\"level\"")
    );
    assert!(!page.contains("<b>x</b>") && page.contains("Ours"), "{page}");
    let csv = fs::read_to_string(at("board/leaderboard/leaderboard.csv")).unwrap();
    assert!(csv.lines().next().unwrap().ends_with(",level") && csv.contains(",re-scored"));

    // The same once more, another version of one's own, and other people's names.
    let code = |arguments: &[&str], code: i32| {
        let mut command = place.pilotbench(&["board", "add", "--board", "board", "--quiet"]);
        let output = command.args(arguments).assert().code(code).get_output().stdout.clone();
        String::from_utf8(output).unwrap()
    };
    assert!(code(&["of-bob"], 4).contains("is on the board already"));
    done(&place, &["submit", "bob", "--out", "again", "--by", "bob", "--note", "better"]);
    assert!(code(&["again"], 4).contains("--replace puts this one in its place"));
    assert!(code(&["again", "--replace"], 0).contains("added bob.bob, re-scored"));
    done(&place, &["submit", "bob", "--out", "stolen", "--by", "carol"]);
    assert!(code(&["stolen"], 4).contains("is `bob.model` of bob.bob"));
    // What is changed on the board afterwards is no part of it any more.
    flip(&first(&at("board/submissions/bob.bob"), ".parquet"), 50);
    let changed = place.fails(&["board", "build", "--board", "board", "--quiet"], 4);
    assert!(changed.contains("submissions/bob.bob"), "{changed}");
}

#[test]
fn another_protocol_is_refused_with_what_differs() {
    let place = Place::new();
    run(&place, "base", "held_out = 40", "");
    place
        .pilotbench(&["board", "new", "board", "--run", "base", "--title", "Ours"])
        .assert()
        .success();
    let folder = ALICE.folder.path().join("alice");
    let arguments = [folder.to_str().unwrap(), "--board", "board", "--no-score"];
    let (passed, report) = checked(&place, &arguments);
    let found = findings(&report);
    assert!(!passed, "{report}");
    let words = "protocol: plan.json: another protocol: held-out people scored: all, not 40";
    assert!(found.iter().any(|f| f == words), "{found:#?}");
    // A method that was run at the size alone that suits it.
    run(&place, "some", "held_out = 40", &format!("{}sizes = [15]", stress("model", "none")));
    done(&place, &["submit", "some", "--out", "some", "--by", "bob"]);
    let (_, report) = checked(&place, &["some", "--board", "board", "--no-score"]);
    let found = findings(&report);
    let words = "protocol: plan.json: another protocol: tiny: pilot sizes: 15, not 8, 15";
    assert_eq!(found, [words]);
    let fixed = ["board", "new", "x", "--run", "base", "--title", "x", "--reference", "uniform"];
    let told = place.fails(&fixed, 2);
    assert!(told.contains("none of the references learns from the pilot"), "{told}");
}

/// A place with a board, and a run of a method that is to be handed in.
fn with_board() -> Place {
    let place = Place::new();
    run(&place, "base", "", "");
    run(&place, "theirs", "", &stress("model", "leans"));
    let new = ["board", "new", "board", "--run", "base", "--title", "Ours"];
    place.pilotbench(&new).assert().success();
    place
}

/// Makes `alice.first` of a run.
fn submit(place: &Place, run: &str, out: &str, more: &[&str]) {
    let arguments = ["submit", run, "--out", out, "--by", "alice", "--name", "first"];
    done(place, &[&arguments[..], more].concat());
}

/// Adds to the board, which must end like this; what is said.
fn add(place: &Place, arguments: &[&str], code: i32) -> String {
    let mut command =
        place.pilotbench(&["board", "add", "--board", "board", "--replace", "--quiet"]);
    let output = command.args(arguments).assert().code(code);
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

/// Builds the board: how many methods it has, the level of `alice.model`, and all of it.
fn built(place: &Place) -> (usize, String, Value) {
    done(place, &["board", "build", "--board", "board"]);
    let path = place.folder.path().join("board/leaderboard/leaderboard.json");
    let board: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let methods = board["methods"].as_array().unwrap();
    let own = methods.iter().find(|m| m["name"] == "alice.model").unwrap();
    (methods.len(), own["level"].as_str().unwrap().to_owned(), board.clone())
}

#[test]
fn scores_are_shown_as_claimed_or_computed_again() {
    let place = with_board();
    submit(&place, "theirs", "plain", &[]);
    // Scores as they were handed in: shown, and not ranked.
    edit(&place.folder.path().join("plain/scores.csv"), ",0.1", ",0.0");
    reseal(&place.folder.path().join("plain"));
    add(&place, &["plain", "--no-score"], 0);
    let (count, level, board) = built(&place);
    assert_eq!((count, level.as_str()), (4, "self-reported"));
    let cells = board["cells"].as_array().unwrap();
    let own = cells.iter().find(|c| c["method"] == "alice.model").unwrap();
    assert!(own["scores"]["js_distance"]["mean"].as_f64().unwrap() < 0.1, "{own}");
    let compared = board["comparisons"]["cells"].as_array().unwrap();
    assert!(
        compared.iter().all(|c| c["method"] != "alice.model" || c["rank"].get("rank").is_none())
    );
    // Claims that cannot be are not shown.
    submit(&place, "theirs", "wild", &["--note", "wild"]);
    edit(&place.folder.path().join("wild/scores.csv"), ",0.1", ",7.1");
    reseal(&place.folder.path().join("wild"));
    let told = add(&place, &["wild", "--no-score"], 4);
    assert!(told.contains("scores.csv:2: `js_distance` is outside of its range"), "{told}");
    // A reference among the methods is the board's own.
    submit(&place, "theirs", "both", &["--method", "model", "--method", "marginal"]);
    add(&place, &["both"], 0);
    let (count, level, _) = built(&place);
    assert_eq!((count, level.as_str()), (4, "re-scored"));
}

#[test]
fn a_run_of_the_keepers_vouches_for_answers() {
    let place = with_board();
    run(&place, "ours", "", &stress("renamed", "leans"));
    run(&place, "other", "", &stress("model", "none"));
    submit(&place, "theirs", "plain", &[]);
    add(&place, &["plain"], 0);
    // The same submission, at another level.
    let told = add(&place, &["plain", "--re-run", "ours"], 0);
    assert!(told.contains("all 8 replicates have the same answers in ours"), "{told}");
    assert_eq!(built(&place).1, "re-run");
    // One that does not answer the same twice: by its scores, within a margin.
    run(&place, "varying", "", &stress("model", "leans"));
    let runs = place.folder.path().join("results/runs");
    let is_it = |path: &PathBuf| path.to_str().unwrap().contains("varying-");
    let of_run = below(&runs, "plan.json").into_iter().find(is_it).unwrap();
    let of_run = of_run.parent().unwrap();
    // The first cell of the run may be of a reference: only the method's is changed.
    let of_model = below(of_run, "manifest.json")
        .into_iter()
        .find(|path| fs::read_to_string(path).unwrap().contains("\"method\": \"model\""));
    let cell = of_model.unwrap().parent().unwrap().to_owned();
    replaced(&cell, &other_acts(&cell));
    submit(&place, "varying", "varying", &[]);
    let near = |margin: &str, code: i32| {
        add(&place, &["varying", "--re-run", "ours", "--margin", margin], code)
    };
    let told = near("0", 4);
    assert!(told.contains("in the own run: not shown to be within 0"), "{told}");
    let told = near("1", 0);
    assert!(told.contains("7 of 8 replicates have the same answers in ours"), "{told}");
    // A run that has not the method vouches for nothing.
    let told = add(&place, &["plain", "--re-run", "other"], 4);
    assert!(told.contains("other: has no answers of model, seed 1"), "{told}");
}

/// The checks of a submission in this process, and its answers when nothing is wrong with it.
fn taken(folder: &Path) -> (Vec<submission::Check>, Option<Vec<String>>) {
    let settings = ReaderSettings {
        executable: PathBuf::from(env!("CARGO_BIN_EXE_pilotbench")),
        sandbox: Sandbox::BestEffort,
        memory: Some(1 << 30),
        patience: Duration::from_secs(60),
    };
    let reader = Reader::new(settings);
    let plugins = Plugins::new(Search::default().run().unwrap(), Executor::InProcess);
    let datasets = pilotbench_testkit::experiments();
    let here = Here { datasets: &datasets, reader: &reader, plugins: &plugins };
    let checked = submission::check(folder, &here, &|| ()).unwrap();
    let sound = checked.sound.as_ref().filter(|_| checked.is_passed());
    let answers = sound.map(|(read, record)| {
        let hash = |replicate| record.manifest(replicate).unwrap().unwrap().answers.sha256;
        read.plan.replicates.iter().map(hash).collect()
    });
    (checked.checks, answers)
}

/// The answers of the whole submission.
static ANSWERS: LazyLock<Option<Vec<String>>> =
    LazyLock::new(|| taken(&ALICE.folder.path().join("alice")).1);

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any byte of any file: found, or the same answers, even where everything was sealed anew. (That
    /// scores follow from answers is a check of its own.)
    #[test]
    fn a_flipped_byte_is_found_or_changes_no_answer(
        file in 0_usize..1000,
        at in 0_usize..1_000_000,
        bit in 0_u32..8,
        sealed: bool,
    ) {
        prop_assert!(ANSWERS.is_some());
        let (_, _folder, submission) = copy();
        let files = below(&submission, "");
        let path = &files[file % files.len()];
        let mut bytes = fs::read(path).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        fs::write(path, bytes).unwrap();
        if sealed && !path.ends_with("submission.toml") {
            reseal(&submission);
        }
        let (_, answers) = taken(&submission);
        prop_assert!(answers.is_none() || answers == *ANSWERS, "{} at {at}", path.display());
    }

    /// Parquet that was changed by somebody who seals it: whatever it does to the decoder, it is that
    /// file alone that fails.
    #[test]
    fn damaged_parquet_fails_alone(at in 0_usize..1_000_000, byte: u8) {
        let (_, _folder, submission) = copy();
        let mut bytes = fs::read(first(&submission, ".parquet")).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        with_answers(&submission, &bytes);
        let damaged = first(&submission, ".parquet");
        let id = damaged.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let (checks, _) = taken(&submission);
        for finding in checks.iter().flat_map(|check| &check.findings) {
            prop_assert!(finding.place.contains(id), "{finding:?}");
        }
    }
}
