//! The leaderboard as pages.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use support::{Place, below, run_file};

/// What a hostile card says wherever it may say something.
const HOSTILE: &str = "<script>alert(1)</script>";

/// Files of a site by their path in it.
fn site(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &PathBuf| {
        path.strip_prefix(folder).unwrap().to_str().unwrap().replace(std::path::MAIN_SEPARATOR, "/")
    };
    below(folder, "").into_iter().map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

fn report(place: &Place, arguments: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let mut all = vec!["report", "--out", "site", "--quiet"];
    all.extend(arguments);
    place.pilotbench(&all).assert().success();
    site(&place.folder.path().join("site"))
}

fn text<'a>(site: &'a BTreeMap<String, Vec<u8>>, path: &str) -> &'a str {
    let bytes = site.get(path).unwrap_or_else(|| panic!("no {path} in {:?}", site.keys()));
    std::str::from_utf8(bytes).unwrap()
}

/// A place with a run of the tiny experiment.
fn finished(methods: &str, rest: &str) -> Place {
    let place = Place::with(&run_file(methods, rest));
    place.pilotbench(&["run", "--quiet"]).assert().success();
    place
}

fn run_name(place: &Place) -> String {
    place.run().file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_site_has_its_pages_and_is_the_same_twice() {
    let place = finished("\"marginal\", \"uniform\", \"ridge\", \"human-split\"", "");
    let site_a = report(&place, &["--latex"]);
    let run = run_name(&place);
    let page = text(&site_a, "index.html");
    assert!(page.len() < 1_000_000);
    for words in ["ORACLE, human ceiling", "same-pilot baseline", "SYNTHETIC", "Exposure", "4/4"] {
        assert!(page.contains(words), "{words}");
    }
    // Ranks as intervals, and names in pictures that can be selected.
    assert!(page.contains("<td>1<small>[1, "), "{page}");
    assert!(page.contains(">ridge</text>"));
    for file in
        ["index.html", "item-act.html", "3-ridge.html", "data/people.js", "data/3-ridge-15-0.js"]
    {
        assert!(site_a.contains_key(&format!("{run}/tiny/{file}")), "{file}");
    }
    let coefficients = text(&site_a, &format!("{run}/paper/tiny-r-coefficients.svg"));
    assert!(coefficients.contains(">humans</text>") && coefficients.contains("<style>"));
    let picture = &site_a[&format!("{run}/paper/tiny-curves.png")];
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 5_000, "{}", picture.len());
    let table = text(&site_a, &format!("{run}/paper/tiny-by-size.tex"));
    assert!(table.contains("\\toprule") && table.contains("js\\_distance"), "{table}");
    assert!(site_a == report(&place, &["--latex", "--threads", "1"]));
}

#[test]
fn the_json_is_that_of_the_leaderboard() {
    let place = finished("\"marginal\", \"uniform\"", "");
    let site = report(&place, &[]);
    let json = &site[&format!("{}/leaderboard.json", run_name(&place))];
    let board: serde_json::Value = serde_json::from_slice(json).unwrap();
    assert_eq!(board["schema"], "pilotbench/leaderboard/1");
    let stored = place.leaderboard().into_iter().find(|(name, _)| name == "leaderboard.json");
    assert!(*json == stored.unwrap().1);
}

#[test]
fn pages_load_nothing_from_elsewhere_and_run_nothing_inline() {
    let place = finished("\"marginal\", \"uniform\"", "");
    let site = report(&place, &[]);
    let pages = site.iter().filter(|(path, _)| path.ends_with(".html"));
    let mut count = 0;
    for (path, bytes) in pages {
        let page = std::str::from_utf8(bytes).unwrap();
        assert!(page.contains("Content-Security-Policy\" content=\"default-src 'none';"), "{path}");
        assert!(!page.contains("unsafe-inline"), "{path}");
        for inline in [" style=", " onclick=", " onload=", " onerror=", "<style", "javascript:"] {
            assert!(!page.contains(inline), "{path}: {inline}");
        }
        for link in page.split("src=\"").chain(page.split("href=\"")).skip(1) {
            assert!(!link.starts_with("http") && !link.starts_with('/'), "{path}: {link:.60}");
        }
        // Scripts are files, and what pages link to is there.
        assert_eq!(page.matches("<script").count(), page.matches("<script defer src=").count());
        links_lead_somewhere(&site, path, page);
        count += 1;
    }
    assert!(count >= 7, "{count}");
}

/// The files that a page links to are in the site.
fn links_lead_somewhere(site: &BTreeMap<String, Vec<u8>>, path: &str, page: &str) {
    for link in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let file = link.split('#').next().unwrap();
        if file.is_empty() {
            continue;
        }
        let mut parts: Vec<&str> = path.split('/').collect();
        parts.pop();
        for part in file.split('/') {
            match part {
                ".." => drop(parts.pop().unwrap()),
                part => parts.push(part),
            }
        }
        assert!(site.contains_key(&parts.join("/")), "{path} links to {link}");
    }
}

/// The tiny experiment with a hostile card, in a folder of the place.
fn hostile(place: &Place) -> String {
    let tiny = pilotbench_testkit::experiments().join("tiny");
    let card = fs::read_to_string(tiny.join("experiment.toml")).unwrap();
    let quoted = HOSTILE.replace('"', "\\\"");
    let card = card
        .replace("title = \"Tiny\"", &format!("title = '''{quoted}\"'>&'''"))
        .replace("licence = \"CC0\"", "licence = \"javascript:alert(2)\"")
        .replace("citation = \"none\"", &format!("citation = \"{quoted}\""))
        .replace("label = \"A\"", &format!("label = \"{quoted}\""))
        .replace("label = \"First\"", &format!("label = \"{quoted}\""))
        .replace("text = \"How much?\"", &format!("text = \"{quoted}\""))
        .replace("label = \"Z\"", &format!("label = \"{quoted}\""))
        .replace("label = \"some\"", &format!("label = \"{}\"", "long ".repeat(100).trim_end()))
        .replace("label = \"much\"", "label = \"<img src=x onerror=alert(3)>\"");
    assert!(card.matches("alert(").count() >= 7);
    place.write("hostile/tiny/experiment.toml", card);
    place.write("hostile/tiny/participants.csv", fs::read(tiny.join("participants.csv")).unwrap());
    place.folder.path().join("hostile/tiny").to_str().unwrap().to_owned()
}

#[test]
fn hostile_words_of_a_card_are_inert_everywhere() {
    let place = Place::new();
    let experiment = hostile(&place);
    let file = run_file("\"marginal\", \"uniform\", \"ridge\"", "")
        .replace("[\"tiny\"]", &format!("['{experiment}']"));
    place.write("pilotbench.toml", file);
    place.pilotbench(&["run", "--quiet"]).assert().success();
    let site = report(&place, &["--latex"]);
    let shown = site
        .iter()
        .filter(|(path, _)| [".html", ".svg", ".tex"].iter().any(|ending| path.ends_with(ending)));
    let mut quoted = 0;
    for (path, bytes) in shown {
        let page = std::str::from_utf8(bytes).unwrap();
        for markup in ["<script>", "<img", "</script>alert", "href=\"javascript:"] {
            assert!(!page.contains(markup), "{path}: {markup}");
        }
        quoted += page.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count();
    }
    assert!(quoted > 20, "{quoted}");
}

#[test]
fn two_runs_are_compared_pair_by_pair() {
    let place = finished("\"marginal\", \"uniform\", \"ridge\"", "");
    let first = run_name(&place);
    let other =
        run_file("\"marginal\", \"uniform\"", "[[method]]\nname = \"ridge\"\nbackend = \"copula\"");
    place.write("other.toml", other.replace("name = \"test\"", "name = \"other\""));
    place.pilotbench(&["run", "other.toml", "--quiet"]).assert().success();
    let site = report(&place, &["test", "other"]);
    assert!(text(&site, "index.html").contains(&first));
    let page = text(&site, "compare-1-2.html");
    // The baseline did not change: its difference is nothing for sure.
    let row = |name: &str| {
        let rows = page.split("<tr data-id=\"");
        let fits = format!("tiny/{name}/15/");
        rows.clone().find(|row| row.starts_with(&fits)).unwrap().to_owned()
    };
    let nothing = "<td>0.000<small>[0.000, 0.000] identical</small></td>";
    assert!(row("marginal").contains(nothing) && row("marginal").contains("seeds, people"));
    let identical = |name: &str| row(name).matches("identical").count();
    assert!(identical("ridge") < identical("marginal") && row("ridge").contains(", p "), "{page}");
    // The page says what the command says.
    let said =
        place.pilotbench(&["compare", "test", "other", "--format", "json"]).output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let changes = said["changes"].as_array().unwrap();
    let of = |outcome: &str| changes.iter().filter(|c| c["outcome"] == outcome).count();
    let outcomes = ["worse", "better", "noisy", "equivalent", "identical"];
    let words = outcomes.map(|outcome| format!("{} {outcome}", of(outcome))).join(", ");
    assert!(page.contains(&format!("</strong>: {words}.")), "{words}");
}

#[test]
fn the_same_plan_in_two_folders_is_two_runs() {
    let place = finished("\"marginal\", \"uniform\"", "");
    let again = ["run", "--quiet", "--results", "again"];
    place.pilotbench(&again).assert().success();
    let run = run_name(&place);
    let site = report(&place, &[&format!("results/runs/{run}"), &format!("again/runs/{run}")]);
    let page = text(&site, "compare-1-2.html");
    assert!(page.contains(&format!("{run}-2 against {run}")) && page.contains("identical"));
    assert!(site.contains_key(&format!("{run}-2/tiny/index.html")));
}

#[test]
fn what_is_not_finished_says_so() {
    let place = finished("\"marginal\", \"uniform\"", "");
    let manifest = below(&place.run(), "manifest.json").pop().unwrap();
    fs::remove_file(manifest).unwrap();
    let site = report(&place, &[]);
    assert!(text(&site, "index.html").contains("<td>3/4<small>INCOMPLETE</small></td>"));
}

#[test]
fn bad_requests_are_refused() {
    let place = finished("\"marginal\"", "");
    let twice = place.fails(&["report", "test", "test", "-o", "site"], 2);
    assert!(twice.contains("is given twice"), "{twice}");
    place.write("file", "");
    let fault = place.fails(&["report", "-o", "file"], 4);
    assert!(fault.contains("file"), "{fault}");
}

#[test]
fn what_a_service_took_stands_beside_what_it_is_worth() {
    let service = |fault: &str| {
        Place::with(&format!(
            "name = \"paid\"\nexperiments = [\"tiny\"]\nsizes = [8]\nseeds = 3\n\
             metrics = [\"distribution\"]\nmethods = [\"marginal\"]\n\
             [[method]]\nbackend = \"stress\"\nname = \"service\"\n\
             settings = {{ fault = \"{fault}\" }}\n[score]\nresamples = 5\n"
        ))
    };
    let place = service("receipts");
    place.pilotbench(&["run", "--quiet"]).assert().success();
    let site = report(&place, &[]);
    let page = text(&site, "index.html");
    assert!(page.contains("USD per 1,000") && page.contains("<td>1.0000</td>"), "{page}");
    assert!(page.contains("Quality against cost") && page.contains("for 1.0000 US dollars"));
    assert!(page.contains("model-1") && !page.contains("<small>DRIFT<"));

    let place = service("drifts");
    place.pilotbench(&["run", "--quiet"]).assert().success();
    let site = report(&place, &[]);
    assert!(text(&site, "index.html").contains("<small>DRIFT</small>"));
}

#[test]
fn kept_scores_are_those_that_would_be_made() {
    let place = finished("\"marginal\", \"uniform\"", "");
    let kept = place.run().join("scores.msgpack.zst");
    let bytes = fs::read(&kept).unwrap();
    let first = report(&place, &[]);
    // A damaged file is as good as none: the scores are made again, and kept.
    for damaged in ["", "{}", "no scores"] {
        fs::write(&kept, damaged).unwrap();
        assert!(report(&place, &[]) == first, "{damaged}");
        assert!(fs::read(&kept).unwrap() == bytes, "{damaged}");
    }
    // So are those of other answers: what they say is not shown.
    let other = finished("\"marginal\", \"hotdeck\"", "");
    fs::copy(other.run().join("scores.msgpack.zst"), &kept).unwrap();
    assert!(report(&place, &[]) == first);
}
