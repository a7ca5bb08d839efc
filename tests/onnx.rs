//! ONNX graphs as their users run them, with tiny ones that these tests make.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/runtime.rs"]
mod runtime;
mod support;

use arrow_array::{Array, Float64Array, ListArray};
use pilotbench_engine::{identity::sha256_file, record};
use pilotbench_tiny_llama::{Family, OnnxForm, write_onnx, write_onnx_classifier};
use runtime::onnxruntime;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};
use support::{Place, below, library};

/// A run over the tiny experiment with methods that differ in their settings alone.
fn run_of(methods: &[(String, &str, String)]) -> String {
    let mut text =
        "name = \"onnx\"\nexperiments = [\"tiny\"]\nsizes = [0]\nseeds = 1\nheld_out = 20\n\
         metrics = [\"distribution\"]\n[score]\nresamples = 20\n"
            .to_owned();
    for (name, backend, settings) in methods {
        text += &format!(
            "[[method]]\nname = \"{name}\"\nbackend = \"{backend}\"\nsettings = {{ {settings} }}\n"
        );
    }
    text
}

/// Manifests of a method, by size and seed.
fn manifests(results: &Path, method: &str) -> Vec<Value> {
    let files = below(results, "manifest.json");
    let all = files.iter().map(|file| {
        let mut manifest: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        manifest["folder"] = json!(file.parent().unwrap());
        manifest
    });
    let mut own: Vec<Value> = all.filter(|m| m["replicate"]["method"] == method).collect();
    own.sort_by_key(|m| (m["replicate"]["size"].as_u64(), m["replicate"]["seed"].as_u64()));
    own
}

/// All probabilities of a method's answers at the first size and seed, item by item.
fn probabilities(results: &Path, method: &str) -> Vec<f64> {
    let manifest = manifests(results, method).remove(0);
    let file = manifest["answers"]["file"].as_str().unwrap();
    let files = below(results, file);
    let batch = record::decode(fs::read(&files[0]).unwrap()).unwrap();
    let lists = batch.columns().iter().filter_map(|c| c.as_any().downcast_ref::<ListArray>());
    let numbers = lists.filter_map(|list| {
        let values = list.values().as_any().downcast_ref::<Float64Array>()?;
        Some(values.values().to_vec())
    });
    let all: Vec<f64> = numbers.flatten().collect();
    assert!(all.len() > 20, "{method}: {} probabilities", all.len());
    all
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// `candle` is compared with transformers on the same weights in its own tests.
#[test]
fn graphs_of_all_families_and_forms_answer_as_their_weights_do_in_candle() {
    if onnxruntime().is_none() {
        return;
    }
    let usual = OnnxForm::default();
    let forms = [
        usual,
        OnnxForm { picks: true, external: true, ..usual },
        OnnxForm { positions: false, mask: false, ..usual },
        OnnxForm { narrow: true, other_names: true, ..usual },
        OnnxForm { cache: false, ..usual },
        OnnxForm { half: true, ..usual },
    ];
    for family in Family::ALL {
        let place = Place::new();
        let at = |name: &str| place.folder.path().join(name);
        pilotbench_tiny_llama::write(&at("weights"), family).unwrap();
        let mut methods = vec![("candle".to_owned(), "candle", "model = \"./weights\"".to_owned())];
        for (index, form) in forms.into_iter().enumerate() {
            write_onnx(&at(&format!("form{index}")), family, form).unwrap();
            let settings = format!("model = \"./form{index}\"");
            methods.push((format!("form{index}"), "onnx", settings));
        }
        place.write("pilotbench.toml", run_of(&methods));
        run(&place, &["--no-cache"]);
        let results = place.run().join("cells");
        let right = probabilities(&results, "candle");
        for (index, form) in forms.iter().enumerate() {
            let far = distance(&probabilities(&results, &format!("form{index}")), &right);
            let name = family.name();
            match form.half {
                false => assert!(far < 2e-4, "{name} {form:?}: {far}"),
                true => assert!(far > 0.0 && far < 0.05, "{name} {form:?}: {far}"),
            }
        }
    }
}

#[test]
fn what_is_kept_changes_no_answer() {
    if onnxruntime().is_none() {
        return;
    }
    let place = Place::new();
    let form = OnnxForm { picks: true, ..OnnxForm::default() };
    let write = |name: &str, form| {
        write_onnx(&place.folder.path().join(name), Family::Qwen3, form).unwrap();
    };
    write("kept", form);
    write("whole", OnnxForm { cache: false, ..form });
    let settings =
        ["model = \"./kept\"", "model = \"./kept\", memory_mib = 16", "model = \"./whole\""];
    let methods: Vec<_> = ["kept", "narrow", "whole"]
        .into_iter()
        .zip(settings)
        .map(|(name, settings)| (name.to_owned(), "onnx", settings.to_owned()))
        .collect();
    place.write("pilotbench.toml", run_of(&methods));
    run(&place, &["--no-cache"]);
    let results = place.run().join("cells");
    let [kept, narrow, whole] = ["kept", "narrow", "whole"].map(|m| probabilities(&results, m));
    assert!(distance(&kept, &narrow) < 1e-6);
    assert!(distance(&kept, &whole) < 1e-4, "{}", distance(&kept, &whole));
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
    let own = manifests(&place.run().join("cells"), method);
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

/// Draws the pilots, without the models: whoever trains has none yet.
fn draw(place: &Place) -> PathBuf {
    let text = fs::read_to_string(place.folder.path().join("pilotbench.toml")).unwrap();
    let (own, _) = text.split_once("[[method]]").unwrap();
    let own = place.write("draw.toml", own);
    let pilots = place.folder.path().join("adapted/pilots.csv");
    let arguments = ["plan", own.to_str().unwrap(), "--pilots", pilots.to_str().unwrap()];
    place.pilotbench_alone(&arguments).assert().success();
    pilots
}

#[test]
fn models_that_were_adapted_elsewhere_answer_for_their_pilots_alone() {
    let Some(place) = table() else { return };
    fails(
        &place,
        2,
        &["pilots.csv", "holds no pilot of 6 people for tiny, random, size 6, seed 1"],
    );
    let pilots = draw(&place);
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
fn adapters_of_the_runtimes_own_kind_change_the_graph_of_the_setting() {
    let Some(place) = table() else { return };
    let form = OnnxForm { picks: true, lora: true, ..OnnxForm::default() };
    write_onnx(&place.folder.path().join("model"), Family::Llama, form).unwrap();
    let fixture = "plugins/backends/onnx/tests/fixtures/tiny.onnx_adapter";
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture);
    let sha256 = sha256_file(&fixture).unwrap();
    fs::copy(fixture, place.folder.path().join("adapted/tiny.onnx_adapter")).unwrap();
    let entry = |seed: usize, size: usize| {
        format!(
            "[[model]]\nexperiment = \"tiny\"\nsize = {size}\nseed = {seed}\n\
             file = \"tiny.onnx_adapter\"\nsha256 = \"{sha256}\"\n"
        )
    };
    let entries = [(1, 6), (1, 12), (2, 6), (2, 12)].map(|(seed, size)| entry(seed, size));
    place.write("adapted/adapted.toml", entries.concat());
    draw(&place);
    run(&place, &[]);
    let (found, none) = (answers(&place, "table"), answers(&place, "none"));
    assert_eq!(found[..2], none[..], "without a pilot the model as it is");
    assert!(found[2..].iter().all(|hash| !none.contains(hash)));
}

#[test]
fn other_words_are_another_model() {
    let Some(place) = place(OnnxForm::default(), &[&format!("name = \"none\"\n{PLAIN}")]) else {
        return;
    };
    run(&place, &[]);
    let before = answers(&place, "none");
    fs::remove_dir_all(place.folder.path().join("results")).unwrap();
    let folder = place.folder.path().join("model");
    fs::write(folder.join("chat_template.jinja"), TEMPLATE).unwrap();
    // What is kept from the run before is not what this model says.
    run(&place, &[]);
    assert_ne!(before, answers(&place, "none"));
}

/// A chat template that no tiny model has.
const TEMPLATE: &str = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n\
     {% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";

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
    let output = command.env("ORT_DYLIB_PATH", onnxruntime().unwrap()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let failed: Vec<&str> = said.lines().filter(|line| line.contains("FAILED")).collect();
    assert!(output.status.success() && said.contains("conforms"), "{failed:#?}");
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
    wrong(sound, "\"table\"", &["adapted", "names no folder"]);
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
    // A machine whose system has the library itself has nothing to be told.
    if !["/usr/lib", "/usr/local/lib"].iter().any(|root| has_runtime(Path::new(root))) {
        let words = ["ONNX Runtime is not on this machine", "pilotbench model pull onnxruntime"];
        says("", None, &words);
    }
}

/// Whether a library lies in a system's folder, in one below it, or in a Python package.
fn has_runtime(root: &Path) -> bool {
    let listed = |folder: &Path| {
        let entries = folder.read_dir().into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect::<Vec<_>>()
    };
    let is_it = |path: &PathBuf| path.to_string_lossy().contains("/libonnxruntime.so");
    listed(root).iter().any(|path| {
        let packages = ["site-packages", "dist-packages"].map(|name| path.join(name));
        is_it(path)
            || listed(path).iter().any(is_it)
            || packages.iter().any(|packages| packages.join("onnxruntime").exists())
    })
}

/// With the real model: `plugins/backends/onnx/check_smollm2.sh`.
#[test]
#[ignore = "needs SmolLM2 and its graphs"]
fn smollm2_answers_as_in_candle() {
    let named = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let (gguf, graphs) = (named("PILOTBENCH_SMOLLM2"), named("PILOTBENCH_SMOLLM2_ONNX"));
    let place = Place::new();
    let methods = [
        ("candle".to_owned(), "candle", format!("model = \"{gguf}\"")),
        ("f32".to_owned(), "onnx", format!("model = \"{graphs}/f32\"")),
        ("q8".to_owned(), "onnx", format!("model = \"{graphs}/q8\"")),
    ];
    place.write("pilotbench.toml", run_of(&methods).replace("\"tiny\"", "\"disclosure\""));
    let datasets = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets");
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_pilotbench"));
    command.current_dir(place.folder.path()).arg("--datasets").arg(datasets);
    command.args(["run", "--quiet", "--no-cache"]).env("ORT_DYLIB_PATH", onnxruntime().unwrap());
    command.assert().success();
    let results = place.run().join("cells");
    let right = probabilities(&results, "candle");
    let f32 = probabilities(&results, "f32");
    println!("f32: {} probabilities differ by {:.1e} at most", f32.len(), distance(&f32, &right));
    assert!(distance(&f32, &right) < 1e-3);
    let same = |method: &str| {
        let hash =
            |method: &str| manifests(&results, method).remove(0)["answers"]["sha256"].clone();
        hash(method) == hash("candle")
    };
    println!("the same bytes as candle: f32 {}, q8 {}", same("f32"), same("q8"));
}
