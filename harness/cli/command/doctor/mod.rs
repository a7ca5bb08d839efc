//! `doctor`: what of all that pilotbench may use is set up here, what is missing, and how to get it.
//!
//! It only looks: nothing is fetched, no plugin's code runs, and of a key it says that it is there.

mod folders;
mod machine;
mod plugins;
mod tools;

use crate::{
    arguments::{DoctorArguments, Places},
    color::{self, Tone},
    exit::Exit,
    output,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::Search,
};
use serde::Serialize;

/// How it stands with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Ok,
    Missing,
    Broken,
}

impl State {
    fn word(self) -> (&'static str, Tone) {
        match self {
            Self::Ok => ("ok", Tone::Good),
            Self::Missing => ("missing", Tone::Doubtful),
            Self::Broken => ("broken", Tone::Bad),
        }
    }
}

/// What was found of one thing.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    state: State,
    /// What was found.
    found: String,
    /// What it is for.
    purpose: &'static str,
    /// How to get it, where it is not ok.
    remedy: Option<String>,
    /// Whether `pilotbench run` here needs it.
    is_needed: bool,
}

impl Finding {
    fn ok(what: impl Into<String>, found: impl Into<String>, purpose: &'static str) -> Self {
        Self::new(State::Ok, what, found, purpose)
    }

    fn missing(what: impl Into<String>, found: impl Into<String>, purpose: &'static str) -> Self {
        Self::new(State::Missing, what, found, purpose)
    }

    /// Of a fault: its hint is the remedy.
    fn broken(what: impl Into<String>, fault: &Fault, purpose: &'static str) -> Self {
        let line = Fault { hint: None, ..fault.clone() }.to_string();
        Self { remedy: fault.hint.clone(), ..Self::new(State::Broken, what, line, purpose) }
    }

    fn new(
        state: State,
        what: impl Into<String>,
        found: impl Into<String>,
        purpose: &'static str,
    ) -> Self {
        let (what, found) = (what.into(), found.into());
        Self { what, state, found, purpose, remedy: None, is_needed: false }
    }

    /// How to get it.
    fn remedy(mut self, how: impl Into<String>) -> Self {
        self.remedy = Some(how.into());
        self
    }

    /// `pilotbench run` needs it.
    fn needed(mut self) -> Self {
        self.is_needed = true;
        self
    }

    fn is_in_the_way(&self) -> bool {
        self.is_needed && self.state != State::Ok
    }
}

#[derive(Debug, Serialize)]
struct Section {
    name: &'static str,
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Report {
    /// Whether `pilotbench run` here has all it needs.
    is_ready: bool,
    sections: Vec<Section>,
}

/// Looks at this machine.
pub(super) fn doctor(places: &Places, arguments: &DoctorArguments) -> Result<Exit> {
    let section = |name, findings| Section { name, findings };
    let found = Search::usual(places.plugin.clone()).run();
    let sections = vec![
        section("machine", machine::look()),
        section("folders", folders::look(places)),
        section("plugins", plugins::look(found.as_ref())),
        section("models", tools::models()),
        section("services", tools::keys(found.as_ref())),
        section("programs", tools::programs()),
    ];
    let in_the_way =
        sections.iter().flat_map(|s| &s.findings).filter(|f| f.is_in_the_way()).count();
    let report = Report { is_ready: in_the_way == 0, sections };
    match arguments.json {
        true => output::print_json(&report)?,
        false => show(&report, in_the_way),
    }
    Ok(if report.is_ready { Exit::Done } else { Exit::Integrity })
}

fn show(report: &Report, in_the_way: usize) {
    for section in &report.sections {
        output::print_line(section.name);
        for finding in &section.findings {
            show_one(finding);
        }
        output::print_line("");
    }
    output::print_line(&match in_the_way {
        0 => "ready: `pilotbench run` has all it needs here".to_owned(),
        n => format!("not ready: {n} of the things that `pilotbench run` needs here, see above"),
    });
}

fn show_one(finding: &Finding) {
    let (word, tone) = finding.state.word();
    // Padded before it is painted: codes have no width.
    let word = color::of_result(tone, &format!("{word:<8}"));
    let found = output::inert(&finding.found);
    let needed = if finding.is_in_the_way() { " (needed by `pilotbench run`)" } else { "" };
    output::print_line(&format!("  {word} {:<14} {found}{needed}", output::inert(&finding.what)));
    let beside = |label: &str, text: &str| {
        let text = format!("{:>11}{label:<14} {}", "", output::inert(text));
        output::print_line(&color::of_result(Tone::Faint, &text));
    };
    if finding.state != State::Ok {
        beside("what for", finding.purpose);
    }
    if let Some(remedy) = &finding.remedy {
        beside("how to get it", remedy);
    }
}
