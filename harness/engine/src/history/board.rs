//! All series of runs of one name.

use super::{Entry, Kept, Point, Rules, Series, SeriesName, Standing, Told, series::Reading};
use crate::{
    fault::{Fault, Result},
    plugin::Better,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Version of the JSON form.
const SCHEMA: &str = "pilotbench/history/1";

/// The runs of one name and what became of their scores.
#[derive(Debug, Clone, Serialize)]
pub struct Board {
    /// Version of this form.
    pub schema: &'static str,
    /// Name of the runs.
    pub name: String,
    /// What counts as an alert.
    pub rules: Rules,
    /// The runs, oldest first.
    pub nights: Vec<Night>,
    /// Their scores and speeds.
    pub series: Vec<Series>,
    /// What the newest lacks and the one before it had.
    pub missing: Vec<Missing>,
}

/// A run on the board.
#[derive(Debug, Clone, Serialize)]
pub struct Night {
    /// What its entry is called.
    pub id: String,
    /// Its folder, as it was called.
    pub run: String,
    /// What was said of it.
    #[serde(flatten)]
    pub told: Told,
    /// Why its level is wanted, where somebody said so.
    pub accepted: Option<String>,
    /// Libraries that are others than in the entry before.
    pub changed: Vec<String>,
    /// Series that were judged: each boundary is as wide as the rate over all of them needs.
    pub judged: usize,
}

/// A series that the newest entry lacks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Missing {
    /// Which.
    #[serde(flatten)]
    pub name: SeriesName,
    /// Why.
    pub reason: String,
}

impl Board {
    /// Judges entries in their order, each by those before it.
    ///
    /// # Errors
    /// When there is no entry, or a score is asked for that none of them has or that has no good
    /// direction.
    pub fn of(entries: &[Kept], rules: &Rules) -> Result<Self> {
        let newest = entries.last().ok_or_else(|| {
            let fault = Fault::usage("history", "there is no entry");
            fault.hint("`pilotbench history add RUN` adds one")
        })?;
        check_scores(&newest.entry, rules)?;
        let mut board = Self {
            schema: SCHEMA,
            name: newest.entry.name.clone(),
            rules: rules.clone(),
            nights: Vec::new(),
            series: Vec::new(),
            missing: Vec::new(),
        };
        let mut known = BTreeMap::new();
        for number in 0..entries.len() {
            board.add(entries, number, &mut known);
        }
        board.missing = board.missing(entries);
        Ok(board)
    }

    /// Adds an entry: all boundaries of a night are made for as many series as are judged in it
    /// (Bonferroni).
    fn add(&mut self, entries: &[Kept], number: usize, known: &mut BTreeMap<SeriesName, usize>) {
        let kept = &entries[number];
        let readings = readings(&kept.entry, &self.rules);
        let mut judged = 0;
        for reading in &readings {
            let at = *known.entry(reading.name.clone()).or_insert_with(|| {
                self.series.push(Series::new(reading));
                self.series.len() - 1
            });
            let series = &mut self.series[at];
            let last = series.points.last().map(|point| &entries[point.entry].entry);
            let begins = series.begins(reading, kept.accepted.as_deref(), last);
            series.begin(number, reading, begins, &self.rules);
            judged += usize::from(series.can_judge(reading, &self.rules));
        }
        let confidence = 1.0 - (1.0 - self.rules.confidence) / judged.max(1) as f64;
        for reading in &readings {
            let series = &mut self.series[known[&reading.name]];
            series.judge(reading, confidence, &self.rules);
        }
        let before = number.checked_sub(1).map(|before| &entries[before].entry);
        self.nights.push(Night {
            id: kept.id.clone(),
            run: kept.entry.run.clone(),
            told: kept.entry.told.clone(),
            accepted: kept.accepted.clone(),
            changed: before.map(|before| changed(before, &kept.entry)).unwrap_or_default(),
            judged,
        });
    }

    /// Scores that the newest lacks, and cells that it has without a value.
    fn missing(&self, entries: &[Kept]) -> Vec<Missing> {
        let last = self.nights.len() - 1;
        let lost = |series: &Series| {
            let point = series.points.last()?;
            let reason = match (&point.reason, point.entry) {
                (Some(reason), entry) if entry == last && point.before > 0 => reason.clone(),
                (_, entry) if entry + 1 == last && series.name.machine.is_none() => {
                    format!("it is in {} and not in the newest entry", entries[entry].id)
                }
                _ => return None,
            };
            Some(Missing { name: series.name.clone(), reason })
        };
        self.series.iter().filter_map(lost).collect()
    }

    /// The newest entry's points.
    pub fn newest(&self) -> impl Iterator<Item = (&Series, &Point)> {
        let last = self.nights.len() - 1;
        let of = move |series: &'_ Series| series.points.last().is_some_and(|p| p.entry == last);
        let of = self.series.iter().filter(move |series| of(series));
        of.filter_map(|series| Some((series, series.points.last()?)))
    }

    /// How many of the newest entry's points stand so.
    pub fn count(&self, standing: Standing) -> usize {
        self.newest().filter(|(_, point)| point.standing == standing).count()
    }

    /// Everything that became better or worse, or is missing.
    pub fn all_changes(&self) -> usize {
        self.count(Standing::Worse) + self.count(Standing::Better) + self.missing.len()
    }
}

/// What an entry says of the series that are followed.
fn readings<'a>(entry: &'a Entry, rules: &Rules) -> Vec<Reading<'a>> {
    let headline = std::slice::from_ref(&entry.headline);
    let scores = if rules.scores.is_empty() { headline } else { &rules.scores };
    let mut readings = Vec::new();
    for cell in &entry.cells {
        readings.extend(scores.iter().filter_map(|score| Reading::score(entry, cell, score)));
        if rules.speed_margin.is_some() {
            readings.extend(Reading::speed(entry, cell));
        }
    }
    readings
}

fn check_scores(newest: &Entry, rules: &Rules) -> Result<()> {
    let judges = |name: &str| newest.score(name).is_some_and(|i| i.better != Better::Describes);
    let Some(wrong) = rules.scores.iter().find(|name| !judges(name)) else { return Ok(()) };
    let known = newest.scores.iter().filter(|info| info.better != Better::Describes);
    let known: Vec<&str> = known.map(|info| info.name.as_str()).collect();
    let message = format!("the newest entry has no score `{}` that judges", wrong.escape_debug());
    Err(Fault::usage("--score", message).hint(format!("there are: {}", known.join(", "))))
}

/// Names of libraries that are others.
fn changed(before: &Entry, now: &Entry) -> Vec<String> {
    let is_known = |sha256: &String| before.plugins.iter().any(|plugin| plugin.sha256 == *sha256);
    let new = now.plugins.iter().filter(|plugin| !is_known(&plugin.sha256));
    new.map(|plugin| plugin.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{Values, entry, kept},
        *,
    };
    use crate::random::SplitMix64;

    /// The same seeds every night, and a method that answers alike.
    fn alike(value: f64) -> Vec<(u32, f64)> {
        (1..=6).map(|seed| (seed, value + f64::from(seed) / 100.0)).collect()
    }

    fn nights(values: &[Vec<(u32, f64)>]) -> Vec<Kept> {
        let of = |(night, seeds): (usize, &Vec<_>)| kept(entry(night, &[("m", seeds.clone())]));
        values.iter().enumerate().map(of).collect()
    }

    fn standings(entries: &[Kept], rules: &Rules) -> Vec<Standing> {
        let board = Board::of(entries, rules).unwrap();
        board.series[0].points.iter().map(|point| point.standing).collect()
    }

    #[test]
    fn what_always_was_the_same_may_not_change_by_more_than_the_margin() {
        use Standing::{Better, Identical, Slight, TooFew, Worse};
        let values = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3001, 0.35, 0.35, 0.25, 0.3].map(alike);
        let mut entries = nights(&values);
        let rules = Rules::default();
        let found = standings(&entries, &rules);
        assert_eq!(found[..7], [TooFew, TooFew, TooFew, TooFew, TooFew, Identical, Slight]);
        assert_eq!(found[7..10], [Worse, Worse, Better]);
        let board = Board::of(&entries[..9], &rules).unwrap();
        let point = board.series[0].points.last().unwrap();
        // It stays an alert, and what raised it is in no window.
        assert_eq!((point.since, point.last_good, point.before), (Some(7), Some(6), 7));
        assert_eq!((board.count(Worse), board.all_changes()), (1, 1));

        entries[7].accepted = Some("a better law".into());
        assert_eq!(standings(&entries, &rules)[7..9], [TooFew, TooFew]);
        let board = Board::of(&entries, &rules).unwrap();
        let begins = board.series[0].points[7].begins.as_deref();
        assert_eq!(begins, Some("accepted: a better law"));
    }

    #[test]
    fn another_protocol_begins_anew() {
        let mut entries = nights(&[0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.9].map(alike));
        entries[6].entry.experiments[0].table_sha256 = "other".into();
        let board = Board::of(&entries, &Rules::default()).unwrap();
        let point = board.series[0].points.last().unwrap();
        assert_eq!((point.standing, point.before), (Standing::TooFew, 0));
        assert_eq!(point.begins.as_deref(), Some("the table of human answers is another"));
        let fewer = kept(entry(7, &[("m", alike(0.9)[..5].to_vec())]));
        let board = Board::of(&[entries[0].clone(), fewer], &Rules::default()).unwrap();
        let begins = board.series[0].points[1].begins.as_deref();
        assert_eq!(begins, Some("the number of seeds is another"));
    }

    #[test]
    fn a_wide_boundary_is_noisy_and_a_lost_value_is_named() {
        let values = [0.1, 0.5, 0.2, 0.6, 0.3, 0.4].map(alike);
        let mut entries = nights(&values);
        let rules = Rules::default();
        assert_eq!(standings(&entries, &rules)[5], Standing::Noisy);
        entries[5].entry.cells[0].committed = 4;
        let board = Board::of(&entries, &rules).unwrap();
        assert_eq!(board.series[0].points[5].standing, Standing::Unknown);
        assert_eq!(board.missing[0].reason, "4 of 6 replicates are committed");
        entries[5].entry.cells.clear();
        let board = Board::of(&entries, &rules).unwrap();
        assert_eq!(board.missing[0].reason, "it is in run-4 and not in the newest entry");
        assert!(Board::of(&[], &rules).is_err());
        let rules = Rules { scores: vec!["beauty".into()], ..rules };
        let fault = Board::of(&entries, &rules).unwrap_err().to_string();
        assert!(fault.contains("`beauty`") && fault.contains("there are: s"), "{fault}");
    }

    #[test]
    fn speeds_are_followed_machine_by_machine() {
        let at = |night: usize, machine: &str, rate: f64| {
            let mut entry = entry(night, &[("m", alike(0.3))]);
            let seeds = (1..=6).map(|seed| (seed, rate + f64::from(seed))).collect();
            entry.cells[0].speed = Some(super::super::Speed { machine: machine.into(), seeds });
            kept(entry)
        };
        let mut entries: Vec<Kept> = (0..6).map(|n| at(n, "a", 1000.0 + 5.0 * n as f64)).collect();
        entries.push(at(6, "b", 300.0));
        entries.push(at(7, "a", 500.0));
        let board = Board::of(&entries, &Rules::default()).unwrap();
        let of = |machine: &str| {
            let is_its = |s: &&Series| s.name.machine.as_deref() == Some(machine);
            board.series.iter().find(is_its).unwrap().points.last().unwrap()
        };
        assert_eq!((of("a").standing, of("b").standing), (Standing::Worse, Standing::TooFew));
        assert!(of("a").boundary.unwrap().low > 900.0);
        let rules = Rules { speed_margin: None, ..Rules::default() };
        assert_eq!(Board::of(&entries, &rules).unwrap().series.len(), 1);
    }

    /// Histories in which nothing changes but the seeds: 12 methods, 8 nights before the one that is
    /// checked. At a rate of 5 % about ten of 200 may have a value outside its boundary; with each
    /// series at that rate it would be nearly a half.
    #[test]
    fn false_alarms_are_as_rare_as_stated() {
        let mut stream = SplitMix64::new(7);
        let names: Vec<String> = (0..12).map(|method| format!("m{method}")).collect();
        let rules = Rules { margin: 0.0, ..Rules::default() };
        let (mut outside, mut alarms) = (0, 0);
        for _ in 0..200 {
            let mut night = |number: usize| {
                let mut normal = || (0..12).map(|_| stream.uniform()).sum::<f64>() - 6.0;
                let mut seeds = || {
                    let seed = number as u32 * 100;
                    (1..=10).map(|n| (seed + n, 0.3 + 0.05 * normal())).collect()
                };
                let methods: Vec<Values> = names.iter().map(|m| (m.as_str(), seeds())).collect();
                kept(entry(number, &methods))
            };
            let entries: Vec<Kept> = (0..9).map(&mut night).collect();
            let board = Board::of(&entries, &rules).unwrap();
            assert_eq!(board.nights.last().unwrap().judged, 12);
            let is_outside = |point: &Point| !point.boundary.unwrap().holds(point.value.unwrap());
            outside += usize::from(board.newest().any(|(_, point)| is_outside(point)));
            alarms += usize::from(board.all_changes() > 0);
        }
        assert!((2..=20).contains(&outside), "{outside} of 200 outside");
        assert!(alarms <= outside, "{alarms} of 200");
    }
}
