//! What good tools do: completions, manual pages, colours, silence, JSON, a look at the machine.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::Value;
use std::{
    fs,
    process::{Command, Output},
};
use support::{Place, run_file, stress_plugin};

fn output(place: &Place, arguments: &[&str]) -> Output {
    place.pilotbench(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a command prints that must end well.
fn says(place: &Place, arguments: &[&str]) -> String {
    text(&place.pilotbench(arguments).assert().success().get_output().stdout)
}

/// The one JSON document of a command, and its exit code.
fn json(place: &Place, arguments: &[&str]) -> (Value, i32) {
    let output = output(place, arguments);
    let said = text(&output.stdout);
    let value =
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {said}"));
    (value, output.status.code().unwrap())
}

fn small() -> Place {
    Place::with(&run_file("\"marginal\", \"uniform\"", ""))
}

/// A program that may be missing on this machine.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    Command::new(program).args(arguments).output().ok()
}

#[test]
fn completions_can_be_read_by_their_shells() {
    let place = Place::new();
    let reads = [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")];
    for (shell, only_reads) in reads {
        let script = place.write(shell, says(&place, &["completions", shell]));
        if let Some(read) = run(shell, &[only_reads, script.to_str().unwrap()]) {
            assert!(read.status.success(), "{shell}: {}", text(&read.stderr));
        }
    }
    for shell in ["elvish", "powershell"] {
        assert!(says(&place, &["completions", shell]).contains("pilotbench"));
    }
}

#[test]
fn bash_completes_commands_values_and_no_hidden_command() {
    let place = Place::new();
    let script = place.write("completions", says(&place, &["completions", "bash"]));
    let ask = |words: &str| {
        let program = format!(
            "source {}; COMP_WORDS=({words} ''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _pilotbench pilotbench '' \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; echo \"${{COMPREPLY[*]}}\"",
            script.display()
        );
        let said = text(&run("bash", &["-c", &program]).unwrap().stdout);
        said.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let has = |all: &[String], word: &str| all.iter().any(|one| one == word);
    let commands = ask("pilotbench");
    assert!(has(&commands, "doctor") && has(&commands, "--color") && !has(&commands, "worker"));
    assert_eq!(ask("pilotbench --color"), ["auto", "always", "never"]);
    assert!(has(&ask("pilotbench compare --fail-on"), "regression"));
    assert!(has(&ask("pilotbench plugin"), "verify"));
}

#[test]
fn every_command_that_is_for_people_has_a_manual_page() {
    let place = Place::new();
    says(&place, &["man", "--out", "pages"]);
    let folder = place.folder.path().join("pages");
    let page = |name: &str| fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
    let help = says(&place, &["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 10, "{help}");
    for command in commands {
        assert!(page(&format!("pilotbench-{command}")).contains(".SH NAME"), "{command}");
    }
    assert!(!folder.join("pilotbench-worker.1").exists());
    assert_eq!(page("pilotbench"), says(&place, &["man"]));
    // Lines of examples stay lines.
    let add = page("pilotbench-plugin-add");
    assert!(add.lines().any(|line| line.starts_with("  pilotbench plugin add ./coin  ")), "{add}");
    if let Some(checked) =
        run("mandoc", &["-T", "lint", "-W", "error", folder.join("pilotbench.1").to_str().unwrap()])
    {
        assert!(checked.status.success(), "{}", text(&checked.stdout));
    }
}

/// Standard error of a command line that is wrong, under these variables.
fn complaint(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = place.pilotbench(arguments);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command.envs(variables.iter().copied());
    text(&command.output().unwrap().stderr)
}

#[test]
fn colours_are_for_terminals_or_for_who_asks() {
    let place = Place::new();
    let wrong = ["status", "none"];
    let plain = complaint(&place, &wrong, &[]);
    assert!(
        plain.starts_with("error: results/runs: `none`") && plain.contains("\nhint: "),
        "{plain}"
    );
    assert!(!plain.contains('\u{1b}'), "a pipe has no colours");
    let painted = complaint(&place, &["--color", "always", "status", "none"], &[]);
    assert!(painted.starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m "), "{painted:?}");
    assert_eq!(complaint(&place, &wrong, &[("CLICOLOR_FORCE", "1")]), painted);
    // What is typed goes before variables.
    let always = ["status", "none", "--color=always"];
    assert_eq!(complaint(&place, &always, &[("NO_COLOR", "1")]), painted);
    let never = ["status", "none", "--color", "never"];
    assert_eq!(complaint(&place, &never, &[("CLICOLOR_FORCE", "1")]), plain);
    // The words are the same.
    let codes = ["\u{1b}[1m", "\u{1b}[31m", "\u{1b}[2m", "\u{1b}[0m"];
    let words = codes.iter().fold(painted, |text, code| text.replace(code, ""));
    assert_eq!(words, plain);
    // Of the command line itself as well.
    let typed = |color: &str| complaint(&place, &["stat", "--color", color], &[]);
    assert!(typed("always").contains('\u{1b}') && !typed("never").contains('\u{1b}'));
    assert!(says(&place, &["--help", "--color", "always"]).contains("\u{1b}["));
}

#[test]
fn codes_of_others_are_never_sent() {
    let fault = complaint(&Place::new(), &["run", "\u{1b}[31mred", "--color", "always"], &[]);
    assert!(fault.contains("[31mred: No such file"), "{fault}");
    assert_eq!(fault.matches("\u{1b}[31m").count(), 1, "ours alone: {fault:?}");
}

#[test]
fn a_comparison_paints_its_outcomes_and_not_its_files() {
    let place = small();
    says(&place, &["run", "--quiet"]);
    let other = run_file("\"marginal\", \"uniform\"", "").replace("\"test\"", "\"other\"");
    place.write("other.toml", other.replace("seeds = 4", "seeds = 5"));
    says(&place, &["run", "other.toml", "--quiet"]);
    let compare = ["compare", "test", "other", "--no-speed"];
    let plain = says(&place, &compare);
    let painted = says(&place, &[&compare[..], &["--color", "always"]].concat());
    assert!(!plain.contains('\u{1b}') && painted.contains('\u{1b}'), "{painted}");
    // Painted words are as wide as plain ones: the frames are the same.
    let frame = |text: &str| text.lines().find(|line| line.starts_with('┌')).map(str::to_owned);
    assert!(frame(&plain).is_some());
    assert_eq!(frame(&plain), frame(&painted));
    says(&place, &[&compare[..], &["--color", "always", "--out", "file"]].concat());
    assert_eq!(fs::read_to_string(place.folder.path().join("file")).unwrap(), plain);
}

#[test]
fn quiet_is_the_same_before_and_after_the_command() {
    let place = small();
    for arguments in [&["-q", "run"][..], &["run", "--quiet"], &["report", "-o", "site", "-q"]] {
        let output = output(&place, arguments);
        assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
    }
    let library = stress_plugin();
    let add = ["plugin", "add", "--unchecked", library.to_str().unwrap()];
    let loud = output(&place, &add);
    assert!(text(&loud.stderr).contains("provides"), "{}", text(&loud.stderr));
    let quiet = output(&place, &[&add[..], &["-q"]].concat());
    assert!(quiet.status.success() && quiet.stderr.is_empty());
    // Faults are no remarks.
    assert!(complaint(&place, &["-q", "status", "none"], &[]).starts_with("error: "));
}

#[test]
fn what_a_command_finds_or_makes_is_one_json_document() {
    let place = small();
    place.write("answers.csv", "id,trust\n1,1\n2,2\n3,1\n");
    let lines = [
        "run --json",
        "status --json",
        "verify --json",
        "plan --json",
        "leaderboard --json",
        "score --json --metrics individual",
        "compare test test --json",
        "report -o site --json",
        "experiment list --json",
        "experiment show tiny --json",
        "experiment check --json",
        "plugin list --json",
        "plugin new coin --backend --json",
        "plugin check --list --json",
        "plugin verify --json",
        "model list --json",
        "cache show --json",
        "cache clear --json",
        "doctor --json",
    ];
    for line in lines {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let (value, code) = json(&place, &arguments);
        assert_eq!(code, 0, "{line}: {value}");
        assert!(value.get("error").is_none(), "{line}: {value}");
    }
    let (site, _) = json(&place, &["report", "-o", "site", "--json"]);
    let files = site["files"].as_array().unwrap();
    assert!(files.iter().any(|file| file == "index.html"), "{site}");
    assert_eq!(site["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_fault_is_one_json_document_too() {
    let place = Place::with(&run_file("\"marginl\"", ""));
    let (value, code) = json(&place, &["run", "--json"]);
    let error = &value["error"];
    assert_eq!((code, error["kind"].as_str()), (2, Some("usage")));
    assert_eq!(error["place"], "pilotbench.toml:5: method `marginl`");
    assert!(error["hint"].as_str().unwrap().ends_with("did you mean `marginal`?"), "{error}");
    let (value, code) = json(&place, &["leaderboard", "none", "--format", "json"]);
    assert_eq!((code, value["error"]["kind"].as_str()), (2, Some("usage")));
    // Also of what cannot be understood, and stderr says it all the same.
    let output = output(&place, &["status", "--json", "--colour"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["error"]["message"], "unexpected argument '--colour' found");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: unexpected argument"));
    // A damaged store has its own kind, and its exit code stays.
    place.write("plugins.lock", "format = 7\n");
    let (value, code) = json(&place, &["plugin", "list", "--json"]);
    assert_eq!((code, value["error"]["kind"].as_str()), (4, Some("store")));
}

#[test]
fn a_card_that_is_wrong_stands_in_the_json_of_check() {
    let place = Place::new();
    place.write("mine/experiment.toml", "id = \"mine\"\n");
    let (value, code) = json(&place, &["experiment", "check", "mine", "tiny", "--json"]);
    assert_eq!(code, 2);
    let experiments = value["experiments"].as_array().unwrap();
    let faults = experiments[0]["faults"].as_array().unwrap();
    assert!(faults[0]["place"].as_str().unwrap().contains("experiment.toml:"), "{value}");
    assert!(experiments[0]["participants"].is_null() && experiments[1]["participants"].is_u64());
}

#[test]
fn names_that_are_nearly_right_are_told() {
    let told = |run_file: &str| complaint(&Place::with(run_file), &["run"], &[]);
    let fault = told(&run_file("\"rigde\"", ""));
    assert!(fault.contains("did you mean `ridge`?"), "{fault}");
    let fault = told(&run_file("\"marginal\"", "").replace("seeds =", "seed ="));
    assert!(
        fault.contains("pilotbench.toml:4: ") && fault.contains("did you mean `seeds`?"),
        "{fault}"
    );
    let fault = told(&run_file("\"marginal\"", "").replace("\"tiny\"", "\"tini\""));
    assert!(fault.contains("pilotbench.toml:2: there is no experiment `tini`"), "{fault}");
    assert!(fault.contains("did you mean `tiny`?"), "{fault}");
    let fault = told(&run_file("\"marginal\"", "").replace("[0, 8, 15]", "[0, -8]"));
    assert!(fault.contains("pilotbench.toml:3: sizes: a pilot size: a count (30)"), "{fault}");
}

fn finding<'a>(report: &'a Value, what: &str) -> &'a Value {
    let sections = report["sections"].as_array().unwrap().iter();
    let mut all = sections.flat_map(|section| section["findings"].as_array().unwrap());
    all.find(|finding| finding["what"] == what).unwrap_or_else(|| panic!("{what}: {report:#}"))
}

#[test]
fn doctor_tells_what_is_here_and_leaves_no_trace() {
    let place = small();
    let mut command = place.pilotbench(&["doctor", "--json"]);
    let output = command.env("OPENAI_API_KEY", "sk-very-secret").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!text(&output.stdout).contains("very-secret"), "a key was shown");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["is_ready"], true);
    for what in ["run file", "experiments", "results", "built in", "run file's"] {
        assert_eq!(finding(&report, what)["state"], "ok", "{what}");
        assert!(!finding(&report, what)["purpose"].as_str().unwrap().is_empty());
    }
    assert_eq!(finding(&report, "keys")["found"], "set: OPENAI_API_KEY");
    let model = finding(&report, "smollm2-135m");
    assert_eq!(
        (model["state"].as_str(), model["remedy"].as_str()),
        (Some("missing"), Some("pilotbench model pull smollm2-135m"))
    );
    let left: Vec<_> = fs::read_dir(place.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["pilotbench.toml"], "something was written");
}

#[test]
fn doctor_ends_with_4_where_the_run_would_not_begin() {
    let place = Place::with(&run_file("\"marginl\"", ""));
    let said = output(&place, &["doctor"]);
    assert_eq!(said.status.code(), Some(4));
    let said = text(&said.stdout);
    assert!(
        said.contains("broken   run file's") && said.contains("did you mean `marginal`?"),
        "{said}"
    );
    assert!(said.contains("not ready: 1 of"), "{said}");
    place.write("pilotbench.toml", "name = ");
    let (report, code) = json(&place, &["doctor", "--json"]);
    assert_eq!((code, report["is_ready"].as_bool()), (4, Some(false)));
    assert_eq!(finding(&report, "run file")["state"], "broken");
    // Where nothing can be written nothing can be recorded.
    place.write("pilotbench.toml", run_file("\"marginal\"", ""));
    let file = ["doctor", "--json", "--results", "pilotbench.toml"];
    let (report, code) = json(&place, &file);
    assert_eq!((code, finding(&report, "results")["state"].as_str()), (4, Some("broken")));
    // Without data there is nothing to run on.
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_pilotbench"));
    let bare =
        command.current_dir(place.folder.path()).args(["doctor", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&bare.stdout).unwrap();
    assert_eq!(finding(&report, "experiments")["state"], "broken");
    assert!(finding(&report, "experiments")["remedy"].as_str().unwrap().contains("--datasets"));
}

#[test]
fn doctor_sees_a_plugin_that_is_not_the_locked_one() {
    let place = small();
    let library = stress_plugin();
    place
        .pilotbench_alone(&["plugin", "add", "--unchecked", library.to_str().unwrap()])
        .assert()
        .success();
    let lock = place.folder.path().join("plugins.lock");
    let locked = fs::read_to_string(&lock).unwrap();
    let hash = locked.split('"').find(|word| word.len() == 64).unwrap();
    fs::write(&lock, locked.replace(hash, &"0".repeat(64))).unwrap();
    let report = place.pilotbench_alone(&["doctor", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let plugins = report["sections"].as_array().unwrap().iter().find(|s| s["name"] == "plugins");
    let broken: Vec<_> = plugins.unwrap()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["state"] == "broken")
        .collect();
    assert_eq!(broken.len(), 1, "{report:#}");
    assert!(broken[0]["remedy"].as_str().unwrap().contains("plugin update"));
}
