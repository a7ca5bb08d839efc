//! One score of one cell, entry after entry.

use super::{
    Boundary, Entry, EntryCell, Rules,
    boundary::{interval, mean},
    entry::{Seen, Speed},
};
use crate::plugin::Better;
use serde::Serialize;

/// What the speed of a cell is called among the scores.
const SPEED: &str = "answers_per_second";

/// What a series is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SeriesName {
    /// Experiment.
    pub experiment: String,
    /// Pilot size.
    pub size: usize,
    /// How pilots are chosen.
    pub strategy: String,
    /// Method.
    pub method: String,
    /// Score, or `answers_per_second`.
    pub score: String,
    /// Machine, of a speed: each has its own series.
    pub machine: Option<String>,
}

/// What a value is beside those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// There is no value, for a reason.
    Unknown,
    /// Fewer values before it than a boundary needs.
    TooFew,
    /// The same as all before it, to the last digit.
    Identical,
    /// Inside the boundary.
    Inside,
    /// Inside a boundary that would let a large change pass.
    Noisy,
    /// Outside, but not by more than the margin for sure.
    Slight,
    /// Outside, and clearly worse.
    Worse,
    /// Outside, and clearly better.
    Better,
}

impl Standing {
    /// Word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::TooFew => "too few",
            Self::Identical => "identical",
            Self::Inside => "inside",
            Self::Noisy => "noisy",
            Self::Slight => "slight",
            Self::Worse => "worse",
            Self::Better => "better",
        }
    }

    /// Whether somebody should look.
    pub fn is_alert(self) -> bool {
        matches!(self, Self::Worse | Self::Better)
    }
}

/// A value of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Number of its entry on the board.
    pub entry: usize,
    /// The value.
    pub value: Option<f64>,
    /// Bounds of its own interval.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Why there is no value.
    pub reason: Option<String>,
    /// Why no value before it is comparable: boundaries begin anew.
    pub begins: Option<String>,
    /// Values before it that its boundary is made of.
    pub before: usize,
    /// Where it had to lie.
    pub boundary: Option<Boundary>,
    /// What it is beside those.
    pub standing: Standing,
    /// Since which entry there is this alert.
    pub since: Option<usize>,
    /// The last entry before it that raised none.
    pub last_good: Option<usize>,
}

/// One score of one cell, or its speed on one machine.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// What it is of.
    #[serde(flatten)]
    pub name: SeriesName,
    /// Which way is good.
    pub better: Better,
    /// The label that must stand wherever its numbers do.
    pub label: &'static str,
    /// Its values, oldest first.
    pub points: Vec<Point>,
    /// Replicates that were planned for the last of them.
    #[serde(skip)]
    planned: usize,
    #[serde(skip)]
    window: Vec<Member>,
}

/// A value that boundaries are made of. Speeds are logarithms here, so that they are compared by
/// their ratio.
#[derive(Debug, Clone)]
struct Member {
    entry: usize,
    value: f64,
    seeds: Vec<(u32, f64)>,
}

/// What an entry says of a series.
pub(super) struct Reading<'a> {
    pub(super) name: SeriesName,
    pub(super) better: Better,
    entry: &'a Entry,
    cell: &'a EntryCell,
}

impl<'a> Reading<'a> {
    /// A score of a cell, where the entry has it and it has a good direction.
    pub(super) fn score(entry: &'a Entry, cell: &'a EntryCell, score: &str) -> Option<Self> {
        let better = entry.score(score)?.better;
        cell.scores.get(score)?;
        let name = name(cell, score, None);
        (better != Better::Describes).then_some(Self { name, better, entry, cell })
    }

    /// The speed of a cell, where it was measured.
    pub(super) fn speed(entry: &'a Entry, cell: &'a EntryCell) -> Option<Self> {
        let machine = cell.speed.as_ref()?.machine.clone();
        let name = name(cell, SPEED, Some(machine));
        Some(Self { name, better: Better::Higher, entry, cell })
    }

    fn is_speed(&self) -> bool {
        self.name.machine.is_some()
    }

    /// Value and bounds as they are shown, and the values by seed that are calculated with; or why
    /// there is none.
    fn read(&self, rules: &Rules) -> Result<(Bounded, Vec<(u32, f64)>), String> {
        let EntryCell { planned, committed, scores, speed, .. } = self.cell;
        if committed < planned {
            return Err(format!("{committed} of {planned} replicates are committed"));
        }
        match speed.as_ref().filter(|_| self.is_speed()) {
            Some(speed) => Ok(read_speed(speed, rules.confidence)),
            None => read_score(scores.get(&self.name.score).ok_or("the entry has no such score")?),
        }
    }

    /// In what data and protocol it differs from an earlier entry.
    fn differs(&self, from: &Entry, planned: usize) -> Option<&'static str> {
        let id = &self.name.experiment;
        let (a, b) = from.experiment(id).zip(self.entry.experiment(id))?;
        let score = &self.name.score;
        match () {
            () if a.table_sha256 != b.table_sha256 => Some("the table of human answers is another"),
            () if a.design_sha256 != b.design_sha256 => Some("its words or columns are others"),
            () if (a.largest_pilot, from.held_out_max)
                != (b.largest_pilot, self.entry.held_out_max) =>
            {
                Some("other people are held out")
            }
            () if planned != self.cell.planned => Some("the number of seeds is another"),
            () if from.metrics.get(score) != self.entry.metrics.get(score) => {
                Some("the metric that gives the score is another")
            }
            () => None,
        }
    }
}

fn name(cell: &EntryCell, score: &str, machine: Option<String>) -> SeriesName {
    SeriesName {
        experiment: cell.experiment.clone(),
        size: cell.size,
        strategy: cell.strategy.clone(),
        method: cell.method.clone(),
        score: score.to_owned(),
        machine,
    }
}

/// A value with its bounds.
struct Bounded {
    value: f64,
    bounds: Option<(f64, f64)>,
}

fn read_score(seen: &Seen) -> Result<(Bounded, Vec<(u32, f64)>), String> {
    let undefined = || seen.reason.clone().unwrap_or_else(|| "no reason was given".to_owned());
    let value = seen.mean.ok_or_else(undefined)?;
    Ok((Bounded { value, bounds: seen.low.zip(seen.high) }, seen.seeds.clone()))
}

fn read_speed(speed: &Speed, confidence: f64) -> (Bounded, Vec<(u32, f64)>) {
    let logs: Vec<(u32, f64)> = speed.seeds.iter().map(|(seed, v)| (*seed, v.ln())).collect();
    let bounds = interval(&values(&logs), confidence);
    let bounds = bounds.map(|(low, high)| (low.exp(), high.exp()));
    (Bounded { value: mean(&values(&logs)).exp(), bounds }, logs)
}

fn values(seeds: &[(u32, f64)]) -> Vec<f64> {
    seeds.iter().map(|(_, value)| *value).collect()
}

impl Series {
    pub(super) fn new(reading: &Reading) -> Self {
        Self {
            name: reading.name.clone(),
            better: reading.better,
            label: reading.entry.label(&reading.name.experiment),
            points: Vec::new(),
            planned: reading.cell.planned,
            window: Vec::new(),
        }
    }

    /// Whether the series has a value before this entry and begins anew with it; why.
    pub(super) fn begins(
        &self,
        reading: &Reading,
        accepted: Option<&str>,
        last: Option<&Entry>,
    ) -> Option<String> {
        if let (Some(because), false) = (accepted, self.points.is_empty()) {
            return Some(format!("accepted: {because}"));
        }
        last.and_then(|last| reading.differs(last, self.planned)).map(str::to_owned)
    }

    /// Begins a point, and the window too where there is a reason.
    pub(super) fn begin(
        &mut self,
        entry: usize,
        reading: &Reading,
        begins: Option<String>,
        rules: &Rules,
    ) {
        if begins.is_some() {
            self.window.clear();
        }
        let extra = self.window.len().saturating_sub(rules.window);
        self.window.drain(..extra);
        self.planned = reading.cell.planned;
        self.points.push(Point {
            entry,
            value: None,
            low: None,
            high: None,
            reason: None,
            begins,
            before: self.window.len(),
            boundary: None,
            standing: Standing::Unknown,
            since: None,
            last_good: self.window.last().map(|member| member.entry),
        });
    }

    /// Whether the point that was begun has enough values before it.
    pub(super) fn can_judge(&self, reading: &Reading, rules: &Rules) -> bool {
        self.window.len() >= rules.least && reading.read(rules).is_ok()
    }

    /// Judges the point that was begun, by a boundary of this confidence.
    pub(super) fn judge(&mut self, reading: &Reading, confidence: f64, rules: &Rules) {
        let standing_before = self.points.iter().rev().nth(1).map(|p| (p.standing, p.since));
        let Some(point) = self.points.last_mut() else { return };
        let (shown, seeds) = match reading.read(rules) {
            Ok(read) => read,
            Err(reason) => {
                point.reason = Some(reason);
                return;
            }
        };
        let is_speed = reading.is_speed();
        let value = if is_speed { shown.value.ln() } else { shown.value };
        let own = Member { entry: point.entry, value, seeds };
        point.value = Some(shown.value);
        (point.low, point.high) = shown.bounds.unzip();
        point.standing = Standing::TooFew;
        let before: Vec<f64> = self.window.iter().map(|member| member.value).collect();
        let boundary = Boundary::of(&before, confidence).filter(|_| before.len() >= rules.least);
        if let Some(boundary) = boundary {
            point.standing = standing(&own, &self.window, &boundary, reading, rules);
            point.boundary = Some(if is_speed { boundary.exp() } else { boundary });
        }
        if !point.standing.is_alert() {
            self.window.push(own);
            return;
        }
        point.since = match standing_before {
            Some((standing, since)) if standing == point.standing && since.is_some() => since,
            _ => Some(point.entry),
        };
    }
}

/// What a value is beside those in the window.
fn standing(
    own: &Member,
    window: &[Member],
    boundary: &Boundary,
    reading: &Reading,
    rules: &Rules,
) -> Standing {
    let (margin, noisy) = rules.limits(reading.is_speed());
    if window.iter().all(|member| member.value.to_bits() == own.value.to_bits()) {
        return Standing::Identical;
    }
    let (low, high) = difference(own, window, boundary.mean, rules.confidence);
    let is_clear = low > margin || high < -margin;
    let badness = |value| reading.better.badness(value);
    match () {
        () if boundary.holds(own.value) && (boundary.high - boundary.low) / 2.0 > noisy => {
            Standing::Noisy
        }
        () if boundary.holds(own.value) => Standing::Inside,
        () if !is_clear => Standing::Slight,
        () if badness(own.value) > badness(boundary.mean) => Standing::Worse,
        () => Standing::Better,
    }
}

/// Bounds of how far a value lies from the mean of the window: seed by seed where all have the same
/// seeds, else by its own spread over seeds. One seed has no spread: then it is the distance itself.
fn difference(own: &Member, window: &[Member], mean: f64, confidence: f64) -> (f64, f64) {
    let numbers = |m: &Member| m.seeds.iter().map(|(seed, _)| *seed).collect::<Vec<_>>();
    let wanted = numbers(own);
    let is_paired = window.iter().all(|member| numbers(member) == wanted);
    let usual = |place: usize| match is_paired {
        true => window.iter().map(|m| m.seeds[place].1).sum::<f64>() / window.len() as f64,
        false => mean,
    };
    let seeds = own.seeds.iter().enumerate();
    let distances: Vec<f64> = seeds.map(|(place, (_, v))| v - usual(place)).collect();
    let distance = own.value - mean;
    interval(&distances, confidence).unwrap_or((distance, distance))
}
