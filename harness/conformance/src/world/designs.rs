//! The experiments.

use serde_json::{Value, json};

/// A covariate as far as tables need it.
#[derive(Debug, Clone)]
pub(crate) struct Covariate {
    pub(crate) id: String,
    /// Number of levels; 0 for a numeric one.
    pub(crate) levels: usize,
}

/// An item as far as tables need it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) levels: usize,
}

/// An experiment and what its tables look like.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// Word for messages.
    pub(crate) name: &'static str,
    /// The design as it crosses.
    pub(crate) design: Value,
    pub(crate) arms: usize,
    pub(crate) covariates: Vec<Covariate>,
    pub(crate) items: Vec<Item>,
    /// Whether identifiers of participants are odd too.
    pub(crate) odd: bool,
}

impl World {
    fn new(name: &'static str, design: Value) -> Self {
        let list = |key: &str| design[key].as_array().cloned().unwrap_or_default();
        let id = |value: &Value| value["id"].as_str().unwrap_or_default().to_owned();
        let levels = |value: &Value| value["levels"].as_array().map_or(0, Vec::len);
        let covariates = list("covariates");
        let items = list("items");
        Self {
            name,
            arms: list("arms").len(),
            covariates: covariates
                .iter()
                .map(|c| Covariate { id: id(c), levels: levels(c) })
                .collect(),
            items: items.iter().map(|i| Item { id: id(i), levels: levels(i) }).collect(),
            odd: false,
            design,
        }
    }

    /// Parameters of `adapt`.
    pub(crate) fn params(&self, seed: u64) -> String {
        json!({"experiment": self.design, "seed": seed}).to_string()
    }

    /// The same, with a way of learning that was chosen.
    pub(crate) fn params_with(&self, seed: u64, adapter: &str) -> String {
        let adapter = json!({"name": adapter, "settings": {}});
        json!({"experiment": self.design, "seed": seed, "adapter": adapter}).to_string()
    }
}

fn levels(labels: &[&str], from: i32) -> Value {
    let level = |(i, label): (usize, &&str)| {
        let value = from + i32::try_from(i).unwrap_or(0);
        json!({"code": i.to_string(), "label": label, "value": value})
    };
    labels.iter().enumerate().map(level).collect()
}

fn item(id: &str, role: &str, kind: &str, text: &str, levels: Value) -> Value {
    json!({
        "id": id, "column": id, "label": id, "role": role, "kind": kind, "text": text,
        "wording": "invented", "levels": levels,
    })
}

fn arm(id: &str, text: &str, factors: Value) -> Value {
    json!({"id": id, "code": id, "label": id, "text": text, "factors": factors})
}

fn covariate(id: &str, told: &str, levels: Option<Value>) -> Value {
    let kind = if levels.is_some() { "categorical" } else { "numeric" };
    json!({
        "id": id, "column": id, "label": id, "kind": kind, "told": told,
        "levels": levels.unwrap_or_else(|| json!([])),
    })
}

/// Three arms, covariates of both kinds, items of every kind, two to eleven levels, a rule and
/// regressions.
pub(crate) fn plain() -> World {
    let eleven: Vec<String> = (0..11).map(|i| i.to_string()).collect();
    let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
    let agreement = ["not at all", "little", "somewhat", "rather", "very"];
    let term = |name: &str, part: Value| json!({"name": name, "parts": [part]});
    let terms = json!([
        term("risk", json!({"kind": "item", "item": 0})),
        term("trust", json!({"kind": "item", "item": 1})),
        term("treated", json!({"kind": "arm-factor", "values": [0.0, 1.0, 1.0]})),
        term("group[south]", json!({"kind": "covariate-level", "covariate": 0, "levels": [1]})),
    ]);
    World::new(
        "plain",
        json!({
            "id": "conformance-plain", "title": "Plain", "preamble": "You take part in a study.",
            "arms": [
                arm("control", "", json!({})),
                arm("letter", "You got a letter.", json!({"treated": 1.0})),
                arm("visit", "Somebody came to see you.", json!({"treated": 1.0})),
            ],
            "covariates": [
                covariate("group", "You live in the {value}.", Some(levels(&["north", "south", "west"], 1))),
                covariate("age", "You are {value} years old.", None),
            ],
            "items": [
                item("risk", "belief", "ordinal", "How large is the risk?", levels(&agreement, 1)),
                item("trust", "belief", "numeric", "How much do you trust them?", levels(&eleven, 0)),
                item("party", "belief", "nominal", "Which is nearest?", levels(&["red", "green", "blue", "none"], 1)),
                item("acts", "action", "binary", "Do you do it?", levels(&["no", "yes"], 0)),
            ],
            "implied_action": {
                "action": 3, "rule": "linear", "centre": 3.0, "positive": 1, "negative": 0,
                "tie": "excluded",
                "terms": [{"item": 0, "weight": 1.0}, {"item": 1, "weight": -0.25}],
            },
            "regressions": [
                {"id": "acts", "family": "logit", "formula": "acts ~ risk + trust + treated + group[south]",
                    "outcome": 3, "terms": terms},
                {"id": "risk", "family": "ordinal-logit", "formula": "risk ~ treated", "outcome": 0,
                    "terms": [term("treated", json!({"kind": "arm-factor", "values": [0.0, 1.0, 1.0]}))]},
            ],
            "subgroups": [0],
        }),
    )
}

/// As little as an experiment may have: one action, no arms, nothing known of anybody.
pub(crate) fn bare() -> World {
    let acts = item("acts", "action", "binary", "Do you?", levels(&["no", "yes"], 0));
    World::new(
        "bare",
        json!({
            "id": "conformance-bare", "title": "Bare", "preamble": "", "arms": [], "covariates": [],
            "items": [acts], "implied_action": null, "regressions": [], "subgroups": [],
        }),
    )
}

/// One arm, and text that breaks what text can break.
pub(crate) fn odd() -> World {
    let long = "x".repeat(5_000);
    let hostile = [
        "line\nbreak\r\n\ttab",
        "שלום \u{202e}عربى\u{202c}",
        "e\u{301}\u{328}\u{308}\u{30a}",
        "👩\u{200d}👩\u{200d}👧\u{200d}👦 🇪🇺",
        "nul\0nul",
        "\"quotes\" 'and' {braces} \\ back",
        &long,
    ];
    let mut world = World::new(
        "odd",
        json!({
            "id": "conformance-odd", "title": "Ｏｄｄ \u{feff}", "preamble": "日本語\0\n{value}",
            "arms": [arm("only", "arm\0text\u{2028}", json!({}))],
            "covariates": [
                covariate("words", "{value}{value}", Some(levels(&hostile, 1))),
                covariate("number", "\u{202e}{value}", None),
            ],
            "items": [
                item("words", "belief", "nominal", "?\0\n\u{1b}[31m", levels(&hostile, -3)),
                item("same", "belief", "ordinal", "", levels(&[" A ", "a", "Ａ"], 1)),
                item("acts", "action", "binary", "👍?", levels(&["👎", "👍"], 0)),
            ],
            "implied_action": null, "regressions": [], "subgroups": [0],
        }),
    );
    world.odd = true;
    world
}

/// An experiment of the synthetic population whose law oracles may know.
pub(crate) fn law() -> World {
    let agreement = ["1", "2", "3", "4", "5"];
    let belief = |id: &str| item(id, "belief", "ordinal", id, levels(&agreement, 1));
    let groups = |id: &str, labels: &[&str]| covariate(id, "", Some(levels(labels, 0)));
    let arms: Vec<Value> = (0..8)
        .map(|i| {
            let bit = |place: u32| f64::from((i >> place) & 1_u32);
            arm(&format!("arm-{i}"), "", json!({"A": bit(0), "B": bit(1), "C": bit(2)}))
        })
        .collect();
    World::new(
        "law",
        json!({
            "id": "conformance-law", "title": "Law", "preamble": "", "arms": arms,
            "covariates": [
                groups("eth", &["a", "b", "c", "d", "e"]), groups("age", &["a", "b", "c", "d"]),
                groups("fem", &["no", "yes"]), groups("edu", &["a", "b", "c"]),
                groups("pol", &["a", "b", "c"]),
            ],
            "items": [
                belief("benefit"), belief("risk"), belief("trust"), belief("norm"),
                item("act", "action", "binary", "act", levels(&["no", "yes"], 0)),
            ],
            "implied_action": null, "regressions": [], "population": "disclosure", "subgroups": [0],
        }),
    )
}
