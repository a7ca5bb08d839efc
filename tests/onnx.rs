//! ONNX graphs as their users run them, with tiny ones that these tests make.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/runtime.rs"]
mod runtime;
mod support;

use backend_onnx::{
    Settings,
    measure::{Line, Model},
};
use pilotbench_engine::{
    experiment::{self, Experiment},
    identity::sha256_file,
    interview,
};
use pilotbench_tiny_llama::{Family, OnnxForm, write_onnx, write_onnx_classifier};
use runtime::onnxruntime;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};
use support::{Place, below, library};

/// A question with what transformers answered, on the same weights.
#[derive(serde::Deserialize)]
struct Reference {
    text: String,
    labels: Vec<String>,
    levels: Vec<f64>,
}

fn references() -> BTreeMap<String, Value> {
    let fixture = "plugins/backends/candle/tests/fixtures/reference.json";
    let text = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture)).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn lines(questions: &[Reference]) -> Vec<Line> {
    let line = |(at, question): (usize, &Reference)| Line {
        participant: at as u32,
        prompt: question.text.clone(),
        options: question.labels.clone(),
    };
    questions.iter().enumerate().map(line).collect()
}

fn open(model: &Path, more: Value) -> Model {
    let mut settings = json!({ "model": model, "runtime": onnxruntime().unwrap() });
    settings.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let settings: Settings = serde_json::from_value(settings).unwrap();
    Model::open(settings, 2).unwrap()
}

/// Largest difference between two sets of log-probabilities.
fn distance(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    let pairs = a.iter().zip(b).flat_map(|(a, b)| a.iter().zip(b));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn all_families_answer_as_in_transformers() {
    if onnxruntime().is_none() {
        return;
    }
    let fixture = references();
    let folder = tempfile::tempdir().unwrap();
    for family in Family::ALL {
        let questions: Vec<Reference> =
            serde_json::from_value(fixture[family.name()].clone()).unwrap();
        let right: Vec<Vec<f64>> = questions.iter().map(|q| q.levels.clone()).collect();
        let usual = OnnxForm::default();
        let forms = [
            usual,
            OnnxForm { picks: true, external: true, ..usual },
            OnnxForm { positions: false, mask: false, ..usual },
            OnnxForm { narrow: true, other_names: true, ..usual },
            OnnxForm { cache: false, ..usual },
        ];
        for form in forms {
            write_onnx(folder.path(), family, form).unwrap();
            let found = open(folder.path(), json!({})).score(&lines(&questions)).unwrap();
            let distance = distance(&found, &right);
            assert!(distance < 5e-4, "{} {form:?}: {distance}", family.name());
        }
        write_onnx(folder.path(), family, OnnxForm { half: true, ..usual }).unwrap();
        let found = open(folder.path(), json!({})).score(&lines(&questions)).unwrap();
        let distance = distance(&found, &right);
        assert!(distance > 0.0 && distance < 0.2, "{} f16: {distance}", family.name());
    }
}

/// Interviews of some people: each prompt begins with the one before.
fn interviews(people: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for person in 0..people {
        let mut prompt = format!("You are taking part in a test. You are number {}.\n", person % 5);
        for question in ["How much?", "Which of them, and why?", "Do it?"] {
            prompt += &format!("Question: {question}\nAnswer:");
            lines.push(Line {
                participant: person as u32,
                prompt: prompt.clone(),
                options: ["very little", "very much", "some", "so"].map(String::from).to_vec(),
            });
            prompt += " some\n";
        }
    }
    lines
}

#[test]
fn answers_do_not_depend_on_company_and_little_is_computed_twice() {
    if onnxruntime().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let form = OnnxForm { picks: true, ..OnnxForm::default() };
    write_onnx(folder.path(), Family::Qwen3, form).unwrap();
    let all = interviews(12);
    let model = open(folder.path(), json!({}));
    let together = model.score(&all).unwrap();
    let whole: usize = all.iter().map(|line| line.prompt.len()).sum();
    // A token is at most a few letters here, so that this is far less than all of them.
    assert!(model.computed() < whole as u64 / 6, "{} of {whole} letters", model.computed());
    // With hardly room for keys and values much is computed again, and nothing changes.
    let narrow = open(folder.path(), json!({ "memory_mib": 16 })).score(&all).unwrap();
    assert!(distance(&together, &narrow) < 1e-5);
    write_onnx(folder.path(), Family::Qwen3, OnnxForm { cache: false, ..form }).unwrap();
    let alone = open(folder.path(), json!({})).score(&all).unwrap();
    let far = distance(&together, &alone);
    assert!(far < 1e-4, "{far}");
}

/// A place with a graph and a run of methods over it; `None` without a runtime.
fn place(form: OnnxForm, methods: &[&str]) -> Option<Place> {
    let place = Place::new();
    write_onnx(&place.folder.path().join("model"), Family::Llama, form).unwrap();
    let methods: String = methods.iter().map(|method| format!("[[method]]\n{method}\n")).collect();
    place.write(
        "pilotbench.toml",
        format!(
            "name = \"onnx\"\nexperiments = [\"tiny\"]\nsizes = [0, 6, 12]\nseeds = 2\nheld_out = 20\n\
             methods = [\"marginal\"]\nmetrics = [\"distribution\"]\n[score]\nresamples = 20\n{methods}"
        ),
    );
    onnxruntime().map(|_| place)
}

fn run(place: &Place, arguments: &[&str]) -> String {
    let mut all = vec!["run", "--quiet"];
    all.extend(arguments);
    let mut command = place.pilotbench_alone(&all);
    let output = command.env("ORT_DYLIB_PATH", onnxruntime().unwrap()).assert().success();
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

/// What a run says that must end with this code.
fn fails(place: &Place, code: i32, words: &[&str]) {
    let mut command = place.pilotbench_alone(&["run"]);
    command.env("ORT_DYLIB_PATH", onnxruntime().unwrap());
    let output = command.assert().code(code).get_output().clone();
    let said = String::from_utf8(output.stderr).unwrap();
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

/// Hashes of the answers of a method, by size and seed.
fn answers(place: &Place, method: &str) -> Vec<String> {
    let files = below(&place.run().join("cells"), "manifest.json");
    let all = files.iter().map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap());
    let mut own: Vec<Value> =
        all.filter(|manifest: &Value| manifest["replicate"]["method"] == method).collect();
    own.sort_by_key(|m| (m["replicate"]["size"].as_u64(), m["replicate"]["seed"].as_u64()));
    own.iter().map(|manifest| manifest["answers"]["sha256"].as_str().unwrap().to_owned()).collect()
}

const PLAIN: &str = "backend = \"onnx\"\nsettings = { model = \"./model\" }";

#[test]
fn a_run_is_the_same_bytes_in_any_way() {
    let methods = [
        format!("name = \"none\"\n{PLAIN}"),
        format!("name = \"in-context\"\nadapter = {{ name = \"in-context\", people = 3 }}\n{PLAIN}"),
        format!("name = \"calibrate\"\nadapter = \"calibrate\"\n{PLAIN}"),
        "name = \"orders\"\nbackend = \"onnx\"\nsettings = { model = \"./model\", orders = 3 }".into(),
        "name = \"text\"\nbackend = \"onnx-text\"\nsettings = { model = \"./model\", max_tokens = 3 }"
            .into(),
    ];
    let methods: Vec<&str> = methods.iter().map(String::as_str).collect();
    let form = OnnxForm { picks: true, ..OnnxForm::default() };
    let Some(place) = place(form, &methods) else { return };
    run(&place, &["--threads", "1", "--no-cache"]);
    let first = place.leaderboard();
    let none = answers(&place, "none");
    for method in ["in-context", "calibrate"] {
        let found = answers(&place, method);
        assert_eq!(found[..2], none[..], "{method}: without a pilot as it is");
        assert_ne!(found[4..], none[..], "{method}");
    }
    let plan = fs::read_to_string(place.run().join("plan.json")).unwrap();
    assert!(plan.contains("model_sha256") && plan.contains("\"onnxruntime\""), "{plan}");
    for arguments in [&["--threads", "3"][..], &["--in-process", "--no-cache"], &["--threads", "2"]]
    {
        run(&place, &[arguments, &["--fresh"]].concat());
        assert_eq!(place.leaderboard(), first, "{arguments:?}");
    }
    place.pilotbench_alone(&["verify", "--quiet"]).assert().success();
}

/// A place with models of each pilot: the Llama and, "adapted", other families.
fn table() -> Option<Place> {
    let method = "name = \"table\"\nbackend = \"onnx\"\nadapter = \"table\"\n\
         settings = { model = \"./model\", adapted = \"./adapted\" }";
    let none = format!("name = \"none\"\n{PLAIN}");
    let form = OnnxForm { picks: true, ..OnnxForm::default() };
    let place = place(form, &[method, &none])?;
    let folder = place.folder.path().join("adapted");
    let mut text = String::new();
    for (family, seed) in [(Family::Qwen2, 1), (Family::Llama3, 2)] {
        let made = tempfile::tempdir().unwrap();
        write_onnx(made.path(), family, form).unwrap();
        fs::create_dir_all(&folder).unwrap();
        for size in [6, 12] {
            let file = format!("{seed}-{size}.onnx");
            fs::copy(made.path().join("model.onnx"), folder.join(&file)).unwrap();
            let sha256 = sha256_file(&folder.join(&file)).unwrap();
            text += &format!(
                "[[model]]\nexperiment = \"tiny\"\nsize = {size}\nseed = {seed}\nfile = \"{file}\"\n\
                 sha256 = \"{sha256}\"\n"
            );
        }
    }
    place.write("adapted/adapted.toml", text);
    place.write("adapted/pilots.csv", "experiment,strategy,seed,size,participant_id,role\n");
    Some(place)
}

#[test]
fn models_that_were_adapted_elsewhere_answer_for_their_pilots_alone() {
    let Some(place) = table() else { return };
    fails(
        &place,
        2,
        &["pilots.csv", "holds no pilot of 6 people for tiny, random, size 6, seed 1"],
    );
    // The pilots are drawn without the models: whoever trains has none yet.
    let text = fs::read_to_string(place.folder.path().join("pilotbench.toml")).unwrap();
    let (own, _) = text.split_once("[[method]]").unwrap();
    let own = place.write("draw.toml", own);
    let pilots = place.folder.path().join("adapted/pilots.csv");
    let arguments = ["plan", own.to_str().unwrap(), "--pilots", pilots.to_str().unwrap()];
    place.pilotbench_alone(&arguments).assert().success();
    run(&place, &[]);
    let (found, none) = (answers(&place, "table"), answers(&place, "none"));
    assert_eq!(found[..2], none[..], "without a pilot the model as it is");
    assert!(found[2..].iter().all(|hash| !none.contains(hash)));
    // Of another plan's people, nothing.
    let drawn = fs::read_to_string(&pilots).unwrap();
    let (mut lines, mut moved) = (Vec::new(), 0);
    for line in drawn.lines() {
        match line.starts_with("tiny,random,1,6,") && moved == 0 {
            true => {
                moved += 1;
                lines.push("tiny,random,1,6,somebody,pilot".to_owned());
            }
            false => lines.push(line.to_owned()),
        }
    }
    fs::write(&pilots, lines.join("\n")).unwrap();
    fs::remove_dir_all(place.folder.path().join("results")).unwrap();
    fails(&place, 1, &["no model was trained on this pilot of 6 people", "1 others, somebody"]);
    // A file that is not the one in the table.
    fs::write(&pilots, &drawn).unwrap();
    fs::remove_dir_all(place.folder.path().join("results")).unwrap();
    fs::write(place.folder.path().join("adapted/1-6.onnx"), "other").unwrap();
    fails(&place, 1, &["1-6.onnx", "sha256 is"]);
    fs::remove_file(place.folder.path().join("adapted/1-6.onnx")).unwrap();
    fails(&place, 2, &["no file \"1-6.onnx\""]);
}

#[test]
fn classifiers_answer_with_a_class_for_each_level() {
    let Some(place) = place(OnnxForm::default(), &[&format!("name = \"classes\"\n{PLAIN}")]) else {
        return;
    };
    let folder = place.folder.path().join("model");
    let outputs = [("logits.b1", 3), ("logits.b2", 4), ("logits.act", 2)];
    write_onnx_classifier(&folder, &outputs).unwrap();
    run(&place, &[]);
    assert_eq!(answers(&place, "classes").len(), 2);
    fs::remove_dir_all(place.folder.path().join("results")).unwrap();
    write_onnx_classifier(&folder, &[("logits", 3)]).unwrap();
    fails(&place, 1, &["item `b2` has 4 levels, the classifier 3 classes"]);
}

#[test]
fn one_scale_for_a_whole_call_is_warned_of() {
    let form = OnnxForm { dynamic: true, ..OnnxForm::default() };
    let Some(place) = place(form, &[&format!("name = \"none\"\n{PLAIN}")]) else { return };
    let said = run(&place, &[]);
    assert!(said.contains("DynamicQuantizeLinear") && said.contains("q8"), "{said}");
}

#[test]
fn the_backend_keeps_the_contract() {
    let Some(place) = place(OnnxForm::default(), &[]) else { return };
    let library = library("backend_onnx");
    let settings = r#"{"model": "./model"}"#;
    let check = ["plugin", "check", library.to_str().unwrap(), "--settings", settings, "--quick"];
    let mut command = place.pilotbench_alone(&check);
    let output = command.env("ORT_DYLIB_PATH", onnxruntime().unwrap()).assert().success();
    let said = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(said.contains("conforms"), "{said}");
}

#[test]
fn damaged_and_strange_graphs_are_told_by_file_and_reason() {
    let form = OnnxForm { external: true, ..OnnxForm::default() };
    let Some(place) = place(form, &[&format!("name = \"none\"\n{PLAIN}")]) else { return };
    let folder = place.folder.path().join("model");
    let (graph, data) = (folder.join("model.onnx"), folder.join("model.onnx.data"));
    let bytes = fs::read(&data).unwrap();
    fs::write(&data, &bytes[..bytes.len() / 2]).unwrap();
    fails(&place, 2, &["model.onnx.data", "truncated"]);
    fs::remove_file(&data).unwrap();
    fails(&place, 2, &["model.onnx.data", "No such file", "model.onnx"]);
    fs::write(&data, bytes).unwrap();
    let whole = fs::read(&graph).unwrap();
    for cut in [0, 3, whole.len() / 2] {
        fs::write(&graph, &whole[..cut]).unwrap();
        fails(&place, 2, &["model.onnx", "no ONNX file"]);
    }
    fs::write(&graph, "a text").unwrap();
    fails(&place, 2, &["model.onnx", "no ONNX file"]);
    let written = |form: OnnxForm| write_onnx(&folder, Family::Llama, form).unwrap();
    written(OnnxForm { strange: true, ..OnnxForm::default() });
    fails(&place, 2, &["model.onnx", "input `speaker` is not known"]);
    written(OnnxForm { opset: 99, ..OnnxForm::default() });
    fails(&place, 2, &["model.onnx", "99"]);
    written(OnnxForm::default());
    let words = folder.join("tokenizer.json");
    let tokenizer = fs::read_to_string(&words).unwrap();
    let mut more: Value = serde_json::from_str(&tokenizer).unwrap();
    more["model"]["vocab"]["<more>"] = json!(90_000);
    fs::write(&words, more.to_string()).unwrap();
    fails(&place, 2, &["model.onnx", "the tokenizer has 90001 tokens, the graph only"]);
    fs::remove_file(&words).unwrap();
    fails(&place, 2, &["tokenizer.json"]);
}

#[test]
fn wrong_settings_end_the_run_before_it_begins() {
    if onnxruntime().is_none() {
        return;
    }
    let wrong = |settings: &str, adapter: &str, words: &[&str]| {
        let method =
            format!("backend = \"onnx\"\nadapter = {adapter}\nsettings = {{ {settings} }}");
        fails(&place(OnnxForm::default(), &[&method]).unwrap(), 2, words);
    };
    let sound = "model = \"./model\"";
    wrong("model = \"nowhere\"", "\"none\"", &["model", "nowhere"]);
    wrong(&format!("{sound}, provider = \"cuda\""), "\"none\"", &["provider"]);
    wrong(&format!("{sound}, providers = [\"npu\"]"), "\"none\"", &["npu", "cuda"]);
    wrong(&format!("{sound}, providers = [\"cuda\"]"), "\"none\"", &["providers", "cuda", "1."]);
    wrong(&format!("{sound}, context = 4000000"), "\"none\"", &["context", "at most"]);
    wrong(&format!("{sound}, orders = 0"), "\"none\"", &["orders", "from 1 to 16"]);
    wrong(&format!("{sound}, adapted = \"./nothing\""), "\"none\"", &["adapted", "adapted.toml"]);
    wrong(sound, "\"lora\"", &["no adapter is called `lora`", "table"]);
}

#[test]
fn a_machine_without_the_runtime_is_told_how_to_get_it() {
    // The runtime that is not there needs none to be told of.
    let place = Place::new();
    write_onnx(&place.folder.path().join("model"), Family::Llama, OnnxForm::default()).unwrap();
    let says = |settings: &str, library: Option<&str>, words: &[&str]| {
        place.write(
            "pilotbench.toml",
            format!(
                "name = \"x\"\nexperiments = [\"tiny\"]\nsizes = [0]\nseeds = 1\nmetrics = [\"distribution\"]\n\
                 [[method]]\nbackend = \"onnx\"\nsettings = {{ model = \"./model\"{settings} }}\n"
            ),
        );
        let mut command = place.pilotbench_alone(&["run"]);
        command.env_remove("ORT_DYLIB_PATH").env("HOME", place.folder.path());
        command.env_remove("VIRTUAL_ENV").env_remove("CONDA_PREFIX");
        command.envs(library.map(|library| ("ORT_DYLIB_PATH", library)));
        let output = command.assert().code(2).get_output().clone();
        let said = String::from_utf8(output.stderr).unwrap();
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
    };
    let text = place.write("text.so", "text");
    let text = text.to_str().unwrap();
    says("", Some("/nowhere/lib.so"), &["ORT_DYLIB_PATH", "/nowhere/lib.so", "No such file"]);
    says("", Some(text), &["ORT_DYLIB_PATH", "text.so", "is no shared library"]);
    says(", runtime = \"./text.so\"", None, &["runtime", "text.so", "is no shared library"]);
    let other = library("pilotbench_testkit");
    let other = format!(", runtime = \"{}\"", other.display());
    says(&other, None, &["runtime", "cannot be loaded as ONNX Runtime 1.x"]);
    // Where a system has the library itself, there is nothing to be told.
    let systems = ["/usr/lib", "/usr/local/lib"].map(Path::new);
    if systems.iter().all(|folder| below(folder, "libonnxruntime.so.1").is_empty()) {
        says(
            "",
            None,
            &["ONNX Runtime is not on this machine", "pilotbench model pull onnxruntime"],
        );
    }
}

/// With the real model: `plugins/backends/onnx/check_smollm2.sh`.
#[test]
#[ignore = "needs SmolLM2 and its graphs"]
fn smollm2_answers_as_the_candle_backend_does() {
    let named = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let (gguf, graphs) = (named("PILOTBENCH_SMOLLM2"), named("PILOTBENCH_SMOLLM2_ONNX"));
    let settings = serde_json::from_value(json!({ "model": gguf })).unwrap();
    let candle = backend_candle::measure::Model::open(settings, 2).unwrap();
    let lines = disclosure(&candle, 10);
    let right = candle.score(&lines).unwrap();
    for precision in ["f32", "q8"] {
        let model = open(&Path::new(&graphs).join(precision), json!({}));
        let found = model.score(&lines).unwrap();
        let far = distance(&found, &right);
        let shifts: Vec<f64> = found.iter().zip(&right).map(|(a, b)| total_variation(a, b)).collect();
        let mean = shifts.iter().sum::<f64>() / shifts.len() as f64;
        let most = shifts.iter().copied().fold(0.0, f64::max);
        println!(
            "{precision}: {} questions, log-probabilities differ by {far:.1e} at most, total variation \
             {mean:.4} in the mean, {most:.4} at most",
            lines.len()
        );
        match precision {
            "f32" => assert!(far < 1e-3),
            _ => assert!(mean < 0.05),
        }
    }
}

fn total_variation(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a.exp() - b.exp()).abs()).sum::<f64>() / 2.0
}

/// The interviews of the first people of `disclosure`, with the answers that they gave.
fn disclosure(model: &backend_candle::measure::Model, people: u32) -> Vec<Line> {
    let datasets = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets");
    let folder = experiment::find(&datasets, "disclosure").unwrap();
    let experiment = Experiment::load(&folder).unwrap();
    let people = experiment.people.take(&(0..people).collect::<Vec<_>>());
    let mut lines = Vec::new();
    for (row, chat) in interview::whole(&experiment.design, &people).iter().enumerate() {
        let prompts = model.prompts(chat.unwrap()).unwrap();
        for (prompt, item) in prompts.into_iter().zip(&experiment.design.items) {
            let options = item.levels.iter().map(|level| level.label.clone()).collect();
            lines.push(Line { participant: row as u32, prompt, options });
        }
    }
    lines
}
