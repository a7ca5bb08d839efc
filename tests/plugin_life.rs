//! A plugin's life: begun, added, found, locked, replaced, removed; and what may go wrong with each.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::OnceLock,
};
use support::{Place, library, run_file, stress_plugin};

/// Where a plugin's name and version lie in its probe.
const NAME: (usize, usize) = (24, 64);
const VERSION: (usize, usize) = (88, 32);

/// The stress plugin under another name and version, and with a byte at its end that the loader does
/// not read: another build.
fn forged(name: &str, version: &str, build: u8) -> Vec<u8> {
    static STRESS: OnceLock<Vec<u8>> = OnceLock::new();
    let mut bytes = STRESS.get_or_init(stripped).clone();
    // The magic also stands in the code that compares it: the probe has its size after it.
    let is_probe = |at: &usize| bytes[*at..].starts_with(b"PILOTBEN") && bytes[at + 8] != 0;
    let at = (0..bytes.len() - 2048).find(|at| is_probe(at) && bytes[at + 12] == 1).unwrap();
    for ((offset, length), text) in [(NAME, name), (VERSION, version)] {
        let field = &mut bytes[at + offset..at + offset + length];
        field.fill(0);
        field[..text.len()].copy_from_slice(text.as_bytes());
    }
    bytes.push(build);
    bytes
}

/// The stress plugin without its debug information, where there is a tool to take it off.
fn stripped() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small.so");
    let mut strip = std::process::Command::new("strip");
    let done = strip.arg("-o").arg(&small).arg(stress_plugin()).output();
    match done.is_ok_and(|output| output.status.success()) {
        true => fs::read(small).unwrap(),
        false => fs::read(stress_plugin()).unwrap(),
    }
}

/// A forged library in this folder.
fn forge(place: &Place, name: &str, version: &str, build: u8) -> String {
    let path = place.write(&format!("{name}-{version}-{build}.so"), forged(name, version, build));
    path.to_str().unwrap().to_owned()
}

/// The binary under a second name, where no built-in plugins lie beside it: they are large in this
/// profile, and every command reads them.
fn lone(place: &Place, arguments: &[&str]) -> assert_cmd::Command {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let name = folder.path().join("pilotbench");
        fs::hard_link(env!("CARGO_BIN_EXE_pilotbench"), &name).unwrap();
        let lasting = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin-life");
        fs::create_dir_all(&lasting).unwrap();
        fs::rename(name, lasting.join("pilotbench")).unwrap();
        lasting.join("pilotbench")
    });
    place.binary(path, arguments)
}

/// Output of a command that must succeed.
fn does(place: &Place, arguments: &[&str]) -> String {
    let output = lone(place, arguments).assert().success().get_output().clone();
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says that must end with this code.
fn fails(place: &Place, arguments: &[&str], code: i32) -> String {
    let output = lone(place, arguments).assert().code(code).get_output().clone();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

fn listed(place: &Place) -> Value {
    serde_json::from_str(&does(place, &["plugin", "list", "--json"])).unwrap()
}

/// The list with the built-in plugins.
fn all_listed(place: &Place) -> Value {
    let output = place.pilotbench_alone(&["plugin", "list", "--json"]).assert().success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

/// `VERSION SOURCE STATE LOCK` of all plugins of this name, in order.
fn states(list: &Value, name: &str) -> Vec<String> {
    let of_name = list["plugins"].as_array().unwrap().iter().filter(|p| p["name"] == name);
    let word = |p: &Value, key: &str| p[key].as_str().unwrap().to_owned();
    let keys = ["version", "source", "state", "lock"];
    of_name.map(|p| keys.map(|key| word(p, key)).join(" ")).collect()
}

fn refused(list: &Value) -> Vec<&str> {
    list["refused"].as_array().unwrap().iter().map(|r| r.as_str().unwrap()).collect()
}

fn project(place: &Place) -> PathBuf {
    place.folder.path().join(".pilotbench/plugins")
}

/// A copy of the library in another place of the search, without manifest.
fn put(folder: PathBuf, file: &str, bytes: &[u8]) {
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(file), bytes).unwrap();
}

#[test]
fn added_listed_shown_verified_removed() {
    let place = Place::new();
    let library = forge(&place, "coin", "0.3.1", 1);
    let output = place.pilotbench_alone(&["plugin", "add", &library]).assert().success();
    let Output { stdout, stderr, .. } = output.get_output();
    let told = String::from_utf8_lossy(stderr);
    assert!(
        told.contains("coin 0.3.1\n  provides backend:stress backend:crash metric:stress-metric"),
        "{told}"
    );
    assert!(told.contains("needs    env:PILOTBENCH_TESTKIT_DESCRIBE env:"), "{told}");
    let added = String::from_utf8_lossy(stdout);
    assert!(added.contains("added in .pilotbench/plugins/coin/0.3.1; locked"), "{added}");
    assert!(does(&place, &["plugin", "add", &library]).contains("unchanged"));

    let manifest = fs::read_to_string(project(&place).join("coin/0.3.1/plugin.toml")).unwrap();
    assert!(manifest.contains("name = \"coin\"\nversion = \"0.3.1\""), "{manifest}");
    let lock = fs::read_to_string(place.folder.path().join("plugins.lock")).unwrap();
    assert!(lock.contains("name = \"coin\"") && lock.contains("source = \"library\""), "{lock}");

    let list = all_listed(&place);
    assert_eq!(states(&list, "coin"), ["0.3.1 project used locked"]);
    assert_eq!(states(&list, "individual"), ["0.1.0 built-in used built-in"]);
    assert_eq!(refused(&list), [""; 0]);
    let info = does(&place, &["plugin", "info", "coin@0.3.1"]);
    for expected in ["coin 0.3.1 (project)", "lock       locked", "backend stress: misbehaves"] {
        assert!(info.contains(expected), "{info}");
    }
    let verified = does(&place, &["plugin", "verify"]);
    assert_eq!(verified, "coin 0.3.1 (project): as it should be (locked)\n1 looked at, 0 differ\n");

    assert_eq!(does(&place, &["plugin", "remove", "coin"]), "removed coin 0.3.1 (project)\n");
    assert_eq!(fs::read_dir(project(&place)).unwrap().count(), 0);
    let lock = fs::read_to_string(place.folder.path().join("plugins.lock")).unwrap();
    assert!(!lock.contains("coin"), "{lock}");
    assert!(fails(&place, &["plugin", "remove", "coin"], 2).contains("there is no plugin `coin`"));
}

#[test]
fn the_first_place_wins_and_in_it_the_locked_or_highest_version() {
    let place = Place::new();
    let root = place.folder.path();
    let (first, second) = (root.join("first"), root.join("second"));
    let user = root.join("data/pilotbench/plugins");
    let argument = forge(&place, "individual", "0.0.1", 0);
    for version in ["0.9.0", "0.10.0", "0.10.0-beta"] {
        put(project(&place), &format!("a{version}.so"), &forged("individual", version, 0));
    }
    put(first.clone(), "a.so", &forged("individual", "3.0.0", 0));
    put(second.clone(), "a.so", &forged("individual", "4.0.0", 0));
    put(user.clone(), "a.so", &forged("individual", "5.0.0", 0));
    // Where nothing may be found: the working folder, PATH and the loader's own path.
    put(root.to_owned(), "b.so", &forged("individual", "6.0.0", 0));
    let list = |arguments: &[&str]| -> Value {
        let joined = std::env::join_paths([&first, Path::new("first"), &second]).unwrap();
        let mut command = place.pilotbench_alone(arguments);
        let command = command
            .env("PILOTBENCH_PLUGIN_PATH", joined)
            .env("PATH", root)
            .env("LD_LIBRARY_PATH", root)
            .args(["plugin", "list", "--json"]);
        serde_json::from_slice(&command.assert().success().get_output().stdout).unwrap()
    };
    let all = list(&["--plugin", &argument]);
    let expected = [
        "0.0.1 argument used unlocked",
        "0.10.0 project shadowed unlocked",
        "0.10.0-beta project shadowed unlocked",
        "0.9.0 project shadowed unlocked",
        "3.0.0 environment shadowed unlocked",
        "4.0.0 environment shadowed unlocked",
        "5.0.0 user shadowed unlocked",
        "0.1.0 built-in shadowed built-in",
    ];
    assert_eq!(states(&all, "individual"), expected);
    let of_name = all["plugins"].as_array().unwrap().iter().filter(|p| p["name"] == "individual");
    let by: Vec<_> = of_name.skip(1).map(|p| p["shadowed_by"].as_str().unwrap()).collect();
    assert_eq!(by, ["individual 0.0.1 (argument)"; 7]);

    let used = |list: Value| states(&list, "individual")[0].clone();
    assert_eq!(used(list(&[])), "0.10.0 project used unlocked");
    // A locked version goes before a higher one of the same place.
    let first_only = |version: &str| {
        fs::remove_dir_all(project(&place)).unwrap();
        put(project(&place), "a.so", &forged("individual", version, 0));
        does(&place, &["plugin", "update", "individual", "--accept"]);
    };
    first_only("0.9.0");
    put(project(&place), "b.so", &forged("individual", "0.10.0", 0));
    assert_eq!(used(list(&[])), "0.9.0 project used locked");
    fs::remove_dir_all(project(&place)).unwrap();
    assert_eq!(used(list(&[])), "3.0.0 environment refused differs");
    fs::remove_file(root.join("plugins.lock")).unwrap();
    fs::remove_dir_all(&first).unwrap();
    assert_eq!(used(list(&[])), "4.0.0 environment used unlocked");
    fs::remove_dir_all(&second).unwrap();
    assert_eq!(used(list(&[])), "5.0.0 user used unlocked");
    fs::remove_dir_all(&user).unwrap();
    assert_eq!(used(list(&[])), "0.1.0 built-in used built-in");
}

#[test]
fn one_file_under_two_names_is_one_and_its_copy_is_shadowed() {
    let place = Place::new();
    put(project(&place), "a.so", &forged("coin", "0.3.1", 1));
    fs::hard_link(project(&place).join("a.so"), project(&place).join("b.so")).unwrap();
    assert_eq!(states(&listed(&place), "coin"), ["0.3.1 project used unlocked"]);
    put(project(&place), "c.so", &forged("coin", "0.3.1", 1));
    let states = states(&listed(&place), "coin");
    assert_eq!(states, ["0.3.1 project used unlocked", "0.3.1 project shadowed unlocked"]);
}

/// A run file with methods of forged plugins, and without any built-in one.
fn methods(backends: &[&str]) -> String {
    let methods = backends.iter().enumerate().map(|(i, backend)| {
        format!(
            "[[method]]\nname = \"m{i}\"\nbackend = \"{backend}\"\nsettings = {{ fault = \"none\" }}\n"
        )
    });
    let file = run_file("", &methods.collect::<String>());
    file.replace("\"distribution\", \"individual\"", "\"coin/stress-metric\"")
}

#[test]
fn two_plugins_and_two_versions_in_one_run() {
    let place = Place::new();
    for (name, version) in [("coin", "0.3.1"), ("coin", "0.4.0"), ("toss", "0.3.1")] {
        does(&place, &["plugin", "add", &forge(&place, name, version, 0)]);
    }
    let states = states(&listed(&place), "coin");
    assert_eq!(states, ["0.4.0 project used locked", "0.3.1 project shadowed locked"]);
    let planned = |backends: &[&str]| {
        place.write("pilotbench.toml", methods(backends));
        fails(&place, &["plan"], 2)
    };
    let fault = planned(&["stress"]);
    assert!(fault.contains("backend `stress` is in plugins `coin` and `toss`"), "{fault}");
    let fault = planned(&["coin@0.5/stress"]);
    assert!(fault.contains("no version of plugin `coin` fits `^0.5`"), "{fault}");
    assert!(fault.contains("there are: coin 0.4.0 (project), coin 0.3.1 (project)"), "{fault}");
    let fault = planned(&["coin@new/stress"]);
    assert!(fault.contains("version of `coin@new`: unexpected character"), "{fault}");

    place.write("pilotbench.toml", methods(&["coin@0.3/stress", "coin/stress", "toss/stress"]));
    does(&place, &["run"]);
    let board = fs::read(place.run().join("leaderboard/leaderboard.json")).unwrap();
    let board: Value = serde_json::from_slice(&board).unwrap();
    let plugins: Vec<String> = board["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| format!("{} {}", p["name"].as_str().unwrap(), p["version"].as_str().unwrap()))
        .filter(|title| title.starts_with("coin") || title.starts_with("toss"))
        .collect();
    assert_eq!(plugins, ["coin 0.3.1", "coin 0.4.0", "toss 0.3.1"]);
    // A later version does not creep into a run that has begun.
    does(&place, &["plugin", "add", &forge(&place, "coin", "0.5.0", 0)]);
    does(&place, &["resume"]);
    let fault = fails(&place, &["plugin", "remove", "coin"], 2);
    assert!(fault.contains("name one: coin@0.3.1, coin@0.4.0, coin@0.5.0"), "{fault}");
    does(&place, &["plugin", "remove", "coin@0.4.0"]);
    assert!(fails(&place, &["resume"], 4).contains("plugin coin: another file"));
}

#[test]
fn another_file_than_the_locked_one_is_refused_until_it_is_accepted() {
    let place = Place::new();
    does(&place, &["plugin", "add", &forge(&place, "coin", "0.3.1", 1)]);
    place.write("pilotbench.toml", methods(&["stress"]));
    does(&place, &["plan"]);
    let other = forge(&place, "coin", "0.3.1", 2);
    let fault = fails(&place, &["plugin", "add", &other], 2);
    assert!(fault.contains("plugins.lock: another build of coin 0.3.1 is locked"), "{fault}");
    let lock = fs::read(place.folder.path().join("plugins.lock")).unwrap();
    fs::remove_file(place.folder.path().join("plugins.lock")).unwrap();
    let fault = fails(&place, &["plugin", "add", &other], 2);
    assert!(fault.contains("another coin 0.3.1 is installed here"), "{fault}");
    place.write("plugins.lock", lock);
    // By another way than `add`: a colleague's build on the search path.
    fs::rename(project(&place), place.folder.path().join("aside")).unwrap();
    put(project(&place), "theirs.so", &fs::read(&other).unwrap());
    assert_eq!(states(&listed(&place), "coin"), ["0.3.1 project refused differs"]);
    let fault = fails(&place, &["plan"], 4);
    assert!(fault.contains("plugins.lock holds coin 0.3.1 of sha256"), "{fault}");
    assert!(fault.contains("plugin update coin --accept"), "{fault}");
    assert!(fails(&place, &["plugin", "verify"], 4).contains("1 looked at, 1 differ"));
    assert!(fails(&place, &["--plugin", &other, "plan"], 4).contains("plugins.lock holds coin"));
    assert!(fails(&place, &["plugin", "update"], 4).contains("nothing is written"));
    fails(&place, &["plan"], 4);
    let changes = does(&place, &["plugin", "update", "--accept"]);
    assert!(changes.contains("instead of coin 0.3.1 of sha256"), "{changes}");
    does(&place, &["plan"]);
    does(&place, &["plugin", "verify", "coin"]);
    // By force.
    does(&place, &["plugin", "add", "--force", &forge(&place, "coin", "0.3.1", 3)]);
    let states = states(&listed(&place), "coin");
    assert_eq!(states, ["0.3.1 project used locked", "0.3.1 project shadowed differs"]);
    // Locked and gone.
    fs::remove_dir_all(project(&place)).unwrap();
    let told = fails(&place, &["plugin", "verify"], 4);
    assert!(told.contains("coin@0.3.1: locked, and not installed here"), "{told}");
    fails(&place, &["plugin", "verify", "coin"], 4);
    assert!(fails(&place, &["plugin", "verify", "nickel"], 2).contains("there is no plugin"));
    does(&place, &["plugin", "update", "--accept"]);
    assert!(does(&place, &["plugin", "verify"]).contains("0 looked at, 0 differ"));
    // Damaged.
    place.write("plugins.lock", "format = 1\n<<<<<<< ours\n");
    let fault = fails(&place, &["plugin", "list"], 4);
    assert!(fault.contains("error: plugins.lock:2: "), "{fault}");
}

/// Changes in `plugin.toml` and what is said of each.
const WRONG_MANIFESTS: [(&str, &str, &str); 12] = [
    ("name = \"coin\"", "name = \"dime\"", "name: plugin.toml says `dime`, the library `coin`"),
    ("\"0.3.1\"", "\"0.3.2\"", "version: plugin.toml says `0.3.2`, the library `0.3.1`"),
    ("backends = [\"crash\", ", "backends = [", "backends: plugin.toml says `stress`, the"),
    ("[\"stress-metric\"]", "[\"a\", \"b\"]", "metrics: plugin.toml says `a b`, the library"),
    ("\"metric/1\"", "\"metric/2\"", "interfaces: plugin.toml says `backend/1 metric/2`"),
    ("network = false", "network = true", "needs: plugin.toml says `network env:"),
    ("sha256 = \"", "sha256 = \"0", "sha256: not 64 digits of 0-9a-f"),
    ("file = \"lib", "file = \"../lib", "file: `../libcoin"),
    ("file = \"lib", "file = \"nib", "plugin file not found"),
    ("[library.", "[library.mips64-", "has no library for"),
    ("[plugin]", "[plug\u{1b}in]", "plugin.toml:1: "),
    ("[needs]", "[needs]\nroot = true", "unknown field `root`"),
];

#[test]
fn wrong_manifests_are_refused_before_anything_is_loaded() {
    let place = Place::new();
    does(&place, &["plugin", "add", &forge(&place, "coin", "0.3.1", 1)]);
    let folder = project(&place).join("coin/0.3.1");
    let right = fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let file = right.lines().find_map(|l| l.strip_prefix("file = \"")?.strip_suffix('"')).unwrap();
    for (number, (from, to, _)) in WRONG_MANIFESTS.iter().enumerate() {
        assert!(right.contains(from), "{from}: {right}");
        let wrong = project(&place).join(format!("wrong{number}/0.3.1"));
        fs::create_dir_all(&wrong).unwrap();
        fs::hard_link(folder.join(file), wrong.join(file)).unwrap();
        fs::write(wrong.join("plugin.toml"), right.replacen(from, to, 1)).unwrap();
    }
    let list = listed(&place);
    assert_eq!(states(&list, "coin"), ["0.3.1 project used locked"]);
    let refused_all = refused(&list);
    assert_eq!(refused_all.len(), WRONG_MANIFESTS.len(), "{list}");
    for (number, (_, to, expected)) in WRONG_MANIFESTS.iter().enumerate() {
        let of_folder = |fault: &&&str| fault.contains(&format!("wrong{number}/0.3.1/"));
        let fault = refused_all.iter().find(of_folder).unwrap();
        assert!(fault.contains(expected), "{to}: {fault}");
    }
    let told = fails(&place, &["plugin", "verify", "wrong11"], 4);
    assert!(told.contains("unknown field `root`") && told.contains("1 looked at"), "{told}");
    for number in 0..WRONG_MANIFESTS.len() {
        does(&place, &["plugin", "remove", &format!("wrong{number}@0.3.1")]);
    }
    // Another library under a right manifest, and a folder that lies about what is in it.
    fs::remove_file(folder.join(file)).unwrap();
    fs::write(folder.join(file), forged("coin", "0.3.1", 2)).unwrap();
    let list = listed(&place);
    assert!(refused(&list)[0].contains("another file than plugin.toml says (sha256"), "{list}");
    fs::remove_file(folder.join(file)).unwrap();
    fs::write(folder.join(file), forged("coin", "0.3.1", 1)).unwrap();
    fs::rename(&folder, folder.with_file_name("0.4.0")).unwrap();
    let list = listed(&place);
    assert!(
        refused(&list)[0].contains("holds coin 0.3.1, which belongs into coin/0.3.1"),
        "{list}"
    );
    // It heals by being added again from such a folder.
    let moved = folder.with_file_name("0.4.0");
    let moved = moved.to_str().unwrap();
    does(&place, &["--plugin", moved, "plugin", "info", "coin"]);
    does(&place, &["plugin", "add", moved]);
    assert_eq!(states(&listed(&place), "coin"), ["0.3.1 project used locked"]);
}

#[test]
fn a_plugin_is_replaced_under_those_who_look_at_it() {
    let place = Place::new();
    let builds = [1, 2].map(|build| forge(&place, "coin", "0.3.1", build));
    does(&place, &["plugin", "add", &builds[0]]);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for turn in 1..7 {
                does(&place, &["plugin", "add", "--force", &builds[turn % 2]]);
            }
        });
        while !writer.is_finished() {
            let list = listed(&place);
            assert_eq!(states(&list, "coin").len(), 1, "{list}");
            assert_eq!(refused(&list), [""; 0]);
        }
    });
    // One library and one manifest are left.
    assert_eq!(fs::read_dir(project(&place).join("coin/0.3.1")).unwrap().count(), 2);
    assert!(does(&place, &["plugin", "verify"]).contains("1 looked at, 0 differ"));
}

#[cfg(unix)]
#[test]
fn junk_in_a_place_is_listed_or_passed_over() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt, os::unix::fs::symlink};
    let place = Place::new();
    let folder = project(&place);
    fs::create_dir_all(folder.join("empty/1.0.0")).unwrap();
    fs::create_dir_all(folder.join("noversion/latest")).unwrap();
    fs::create_dir_all(folder.join("a-folder.so")).unwrap();
    symlink(".", folder.join("loop")).unwrap();
    symlink("self", folder.join("self")).unwrap();
    symlink("self.so", folder.join("self.so")).unwrap();
    symlink("nowhere", folder.join("dangling.so")).unwrap();
    symlink("/dev/zero", folder.join("zero.so")).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(folder.join("pipe.so")).status();
    assert!(pipe.unwrap().success());
    fs::write(folder.join(OsStr::from_bytes(b"\xff\x1b[31m.so")), "junk").unwrap();
    fs::write(folder.join("\u{1b}]0;title\u{7}.so"), "junk").unwrap();
    for number in 0..1000 {
        fs::write(folder.join(format!("junk{number}.so")), "junk").unwrap();
    }
    put(folder.clone(), "z.so", &forged("coin", "0.3.1", 1));
    // Two bad names that the libraries give themselves.
    put(folder.clone(), "y.so", &forged("../../x", "0.3.1", 1));
    put(folder.clone(), "x.so", &forged("a\u{1b}[31m", "0.3.1", 1));
    let list = listed(&place);
    assert_eq!(states(&list, "coin"), ["0.3.1 project used unlocked"]);
    let refused = refused(&list);
    let said = |file: &str, words: &str| {
        assert!(refused.iter().any(|r| r.contains(file) && r.contains(words)), "{file}: {words}");
    };
    said("empty/1.0.0/plugin.toml", "No such file");
    said("a-folder.so", "not a regular file");
    said("self.so", "symbolic links");
    said("dangling.so", "plugin file not found");
    said("zero.so", "not a regular file");
    said("pipe.so", "not a regular file");
    said("junk999.so", "not a shared library (no ELF header)");
    said("y.so", "its name `../../x` is not of [a-z0-9-]");
    said("x.so", "its name `a\\u{1b}[31m` is not of");
    let text = does(&place, &["plugin", "list"]);
    assert!(!text.contains('\u{1b}') && text.contains("more; --json shows all"), "{text}");

    // A place that is no folder.
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "words").unwrap();
    assert!(super_refused(&place).contains("cannot be searched"));
    let library = forge(&place, "coin", "0.3.1", 1);
    fails(&place, &["plugin", "add", &library], 4);
}

fn super_refused(place: &Place) -> String {
    refused(&listed(place)).join("\n")
}

#[test]
fn hostile_names_and_paths_are_faults() {
    let place = Place::new();
    does(&place, &["plugin", "add", &forge(&place, "coin", "0.3.1", 1)]);
    let long = "x".repeat(10_000);
    let names = ["../x", "..", "", "coin@..", "@", "coin@0.3.1/../..", "a\u{1b}[31m", &long];
    for (i, name) in names.into_iter().enumerate() {
        for command in [["remove", "verify"], ["info", "update"]][i % 2] {
            let output = lone(&place, &["plugin", command, "--", name])
                .assert()
                .failure()
                .get_output()
                .clone();
            let code = output.status.code().unwrap();
            let fault = String::from_utf8(output.stderr).unwrap();
            assert!([2, 4].contains(&code) && !fault.contains('\u{1b}'), "{name}: {fault}");
        }
    }
    for name in ["../x", "loop", "a b", "-x", "a\u{7}", &long] {
        let fault = fails(&place, &["plugin", "new", "--backend", "--", name], 2);
        assert!(fault.len() < 500, "{fault}");
    }
    fails(&place, &["plugin", "new", "coin"], 2);
    let fault = fails(&place, &["plugin", "new", "coin", "--backend", "--sdk", "nowhere"], 2);
    assert!(fault.contains("no pilotbench-plugin-sdk in nowhere"), "{fault}");
    place.write("there/file", "");
    let fault = fails(&place, &["plugin", "new", "there", "--metric"], 2);
    assert!(fault.contains("there: is there already"), "{fault}");
    // What cannot be added.
    let fault = fails(&place, &["plugin", "add", "there"], 2);
    assert!(fault.contains("a folder without plugin.toml or Cargo.toml"), "{fault}");
    let fault = fails(&place, &["plugin", "add", &forge(&place, "dime", "new", 1)], 4);
    assert!(fault.contains("its version `new` is none"), "{fault}");
    assert!(fails(&place, &["plugin", "add", "nothing.so"], 4).contains("plugin file not found"));
    let mut built_in = place.pilotbench_alone(&["plugin", "remove", "individual"]);
    let output = built_in.assert().code(2).get_output().clone();
    let fault = String::from_utf8(output.stderr).unwrap();
    assert!(fault.contains("is not installed in the project place"), "{fault}");
    assert_eq!(states(&listed(&place), "coin"), ["0.3.1 project used locked"]);
    assert_eq!(fs::read_dir(project(&place)).unwrap().count(), 1);
}

#[test]
fn for_all_projects_of_a_user() {
    let place = Place::new();
    let baseline = library("backend_baseline");
    does(&place, &["plugin", "add", "--user", baseline.to_str().unwrap()]);
    let expected = ["0.1.0 user used locked", "0.1.0 built-in shadowed built-in"];
    assert_eq!(states(&all_listed(&place), "baseline"), expected);
    assert!(fails(&place, &["plugin", "remove", "baseline"], 2).contains("hint: add --user"));
    does(&place, &["plugin", "remove", "baseline", "--user"]);
    // The built-in one has the same version, and is not what was locked.
    assert_eq!(states(&all_listed(&place), "baseline"), ["0.1.0 built-in used built-in"]);
}

/// Runs cargo as `plugin add` would, but in the profile and the target folder of this workspace's
/// tests, so that only the new crate and the SDK are compiled.
fn cargo_of_the_tests(place: &Place) -> Vec<(&'static str, std::ffi::OsString)> {
    use std::os::unix::fs::PermissionsExt;
    let wrapper = place.write(
        "cargo",
        "#!/bin/sh\nfor a; do shift; [ \"$a\" = --release ] || set -- \"$@\" \"$a\"; done\n\
         exec \"$REAL_CARGO\" \"$@\"\n",
    );
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let target = Path::new(env!("CARGO_BIN_EXE_pilotbench")).ancestors().nth(2).unwrap();
    vec![
        ("CARGO", wrapper.into()),
        ("REAL_CARGO", env!("CARGO").into()),
        ("CARGO_TARGET_DIR", target.into()),
        ("CARGO_NET_OFFLINE", "true".into()),
        ("CARGO_PROFILE_DEV_OPT_LEVEL", "1".into()),
        ("CARGO_PROFILE_DEV_DEBUG", "line-tables-only".into()),
    ]
}

#[cfg(unix)]
#[test]
fn a_new_crate_builds_passes_its_test_is_added_and_runs() {
    let place = Place::new();
    let cargo = cargo_of_the_tests(&place);
    does(&place, &["plugin", "new", "coin-toss", "--backend"]);
    does(&place, &["plugin", "new", "mean-gap", "--metric"]);
    let crates = ["coin-toss", "mean-gap"];
    for name in crates {
        let folder = place.folder.path().join(name);
        let mut rustfmt = std::process::Command::new("rustfmt");
        rustfmt.current_dir(&folder).args(["--check", "--edition", "2024"]);
        let formatted = rustfmt.args(["src/lib.rs", "tests/conformance.rs"]).output();
        // Where there is no rustfmt, nobody can tell.
        assert!(formatted.is_err() || formatted.is_ok_and(|output| output.stdout.is_empty()));
        let mut command = std::process::Command::new(env!("CARGO"));
        let tested = command.current_dir(&folder).envs(cargo.clone()).args(["test", "--tests"]);
        let Output { status, stdout, stderr } = tested.output().unwrap();
        let text =
            String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        assert!(status.success() && text.contains("test result: ok. 1 passed"), "{text}");
        let mut add = place.pilotbench_alone(&["plugin", "add", name, "--json"]);
        let output = add.envs(cargo.clone()).assert().success().get_output().clone();
        let added: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(added["installed"], "added");
        let description = added["manifest"]["plugin"]["description"].as_str().unwrap();
        assert!(["The pilot's smoothed", "Gap between"].iter().any(|d| description.starts_with(d)));
    }
    // A crate that cargo refuses, and one that is no plugin: cargo's own words are shown.
    let lib = place.write("coin-toss/src/lib.rs", "fn broken( {}");
    let mut add = place.pilotbench_alone(&["plugin", "add", "coin-toss"]);
    let output = add.envs(cargo.clone()).assert().code(4).get_output().clone();
    let fault = String::from_utf8(output.stderr).unwrap();
    assert!(fault.contains("src/lib.rs:1") && fault.contains("error: "), "{fault}");
    assert!(fault.contains("coin-toss: cargo failed (exit status: 101)"), "{fault}");
    fs::write(lib, "").unwrap();
    let mut add = place.pilotbench_alone(&["plugin", "add", "coin-toss"]);
    let output = add.envs(cargo).assert().code(4).get_output().clone();
    let fault = String::from_utf8(output.stderr).unwrap();
    assert!(fault.contains("not a pilotbench plugin (no probe symbol)"), "{fault}");

    let file = run_file("\"marginal\", \"coin-toss\"", "")
        .replace("[\"distribution\", \"individual\"]", "[\"distribution\", \"mean-gap\"]");
    place.write("pilotbench.toml", file);
    place.pilotbench_alone(&["run"]).assert().success();
    let board = fs::read_to_string(place.run().join("leaderboard/leaderboard.csv")).unwrap();
    let has = |words: [&str; 2]| board.lines().any(|line| words.iter().all(|w| line.contains(w)));
    assert!(has(["coin-toss", "mean_gap_mean_gap"]), "{board}");
}
