//! The scores that a submission claims.

use super::{findings::Finding, write::SCORES_FILE};
use crate::{
    plan::Plan,
    plugin::ScoreInfo,
    record::Counts,
    score::{self, CellFacts, CellScores, Estimate, IntervalSource, ScoreKey, ScoreRow},
};
use csv::StringRecord;
use std::collections::{BTreeMap, BTreeSet};

/// Numbers are the same when they differ by no more than this share: the last bits of a sum may
/// depend on the processor.
const SAME: f64 = 1e-9;
/// Columns that say what a row is of.
const KEY: [usize; 5] = [0, 2, 4, 5, 6];

fn rows(bytes: &[u8]) -> Result<Vec<StringRecord>, Finding> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let rows: Result<Vec<_>, _> = reader.records().collect();
    rows.map_err(|e| Finding::new(SCORES_FILE, e))
}

/// Compares claimed scores with computed ones, row by row. How many rows, and what differs.
pub(super) fn compare(claimed: &[u8], computed: &[u8]) -> (usize, Vec<Finding>) {
    let (claimed, computed) = match (rows(claimed), rows(computed)) {
        (Ok(claimed), Ok(computed)) => (claimed, computed),
        (Err(finding), _) | (_, Err(finding)) => return (0, vec![finding]),
    };
    let header = computed.first().cloned().unwrap_or_default();
    let mut findings = Vec::new();
    for (at, ours) in computed.iter().enumerate() {
        let place = format!("{SCORES_FILE}:{}", at + 1);
        let Some(theirs) = claimed.get(at) else {
            findings.push(Finding::new(place, format!("the row of {} is missing", key(ours))));
            continue;
        };
        if theirs.len() != ours.len() {
            let message = format!("has {} fields, {} are right", theirs.len(), ours.len());
            findings.push(Finding::new(place, message));
            continue;
        }
        let pairs = theirs.iter().zip(ours).zip(&header);
        for ((theirs, _), column) in pairs.filter(|((a, b), _)| !is_same(a, b)) {
            let ours_at = header.iter().position(|name| name == column).unwrap_or(0);
            let computed = ours.get(ours_at).unwrap_or_default();
            let message =
                format!("{}: {column} is claimed to be {theirs}, it is {computed}", key(ours));
            let finding = Finding::new(&place, message);
            findings.push(
                finding.hint("scores follow from the answers; `pilotbench submit` writes them"),
            );
        }
    }
    if claimed.len() > computed.len() {
        let message = format!("{} rows too many", claimed.len() - computed.len());
        findings.push(Finding::new(format!("{SCORES_FILE}:{}", computed.len() + 1), message));
    }
    (computed.len().saturating_sub(1), findings)
}

fn is_same(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= SAME * a.abs().max(b.abs()),
        _ => false,
    }
}

fn key(row: &StringRecord) -> String {
    let words = KEY.map(|column| row.get(column).unwrap_or_default());
    let [experiment, method, size, strategy, score] = words;
    format!("{experiment}, {method}, size {size}, {strategy}, {score}")
}

/// The claimed scores of a plan's cells as a board can show them: without draws, so that nothing is
/// ranked or compared by them. Each is a score that is known, in its range.
pub(super) fn cells(
    plan: &Plan,
    infos: &[ScoreInfo],
    claimed: &[u8],
) -> Result<Vec<CellScores>, Finding> {
    let rows = rows(claimed)?;
    let header: BTreeMap<&str, usize> =
        rows.first().into_iter().flatten().enumerate().map(|(at, name)| (name, at)).collect();
    let mut by_cell: BTreeMap<[String; 4], (CellFacts, BTreeMap<usize, ScoreRow>)> =
        BTreeMap::new();
    for (at, row) in rows.iter().enumerate().skip(1) {
        let place = format!("{SCORES_FILE}:{}", at + 1);
        let claim = Claim { row, header: &header };
        let (key, facts, order, score) =
            claim.read(infos).map_err(|message| Finding::new(&place, message))?;
        let (_, scores) = by_cell.entry(key).or_insert_with(|| (facts, BTreeMap::new()));
        // With the scores that a board shows, one that needs no pilot stands at every size.
        scores.entry(order).or_insert(score);
    }
    let cell = |cell: score::Cell| {
        let key =
            [cell.experiment, cell.method, &cell.size.to_string(), &cell.strategy.to_string()];
        let (facts, scores) = by_cell.remove(&key.map(str::to_owned))?;
        let plugins = plan.method(cell.method).map(|m| m.facts.plugin.clone());
        Some(CellScores {
            facts: CellFacts {
                planned: cell.replicates.len(),
                committed: cell.replicates.len(),
                ..facts
            },
            plugins: BTreeSet::from_iter(plugins),
            rows: scores.into_values().collect(),
            draws: BTreeMap::new(),
            matched: None,
        })
    };
    let missing = || Finding::new(SCORES_FILE, "has no scores of a cell that the plan has");
    score::cells(plan).into_iter().map(cell).collect::<Option<_>>().ok_or_else(missing)
}

/// A row of claimed scores.
struct Claim<'a> {
    row: &'a StringRecord,
    header: &'a BTreeMap<&'a str, usize>,
}

type Of = ([String; 4], CellFacts, usize, ScoreRow);

impl Claim<'_> {
    fn text(&self, column: &str) -> Result<&str, String> {
        let found = self.header.get(column).and_then(|at| self.row.get(*at));
        found.ok_or_else(|| format!("column `{column}` is missing"))
    }

    fn real(&self, column: &str) -> Result<Option<f64>, String> {
        match self.text(column)? {
            "" => Ok(None),
            text => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Some(value)),
                _ => Err(format!("{column}: `{text}` is no number")),
            },
        }
    }

    fn whole(&self, column: &str) -> Result<usize, String> {
        let text = self.text(column)?;
        text.parse().map_err(|_| format!("{column}: `{text}` is no whole number"))
    }

    fn read(&self, infos: &[ScoreInfo]) -> Result<Of, String> {
        let name = self.text("score")?;
        let order = infos.iter().position(|info| info.name == name);
        let order = order.ok_or_else(|| format!("no metric gives the score `{name}`"))?;
        let estimate = self.estimate()?;
        let bounds = [estimate.mean, estimate.low, estimate.high];
        if bounds.into_iter().flatten().any(|value| !infos[order].allows(value)) {
            return Err(format!("`{name}` is outside of its range"));
        }
        let size = self.whole("size")?;
        let facts = CellFacts {
            experiment: self.text("experiment")?.to_owned(),
            method: self.text("method")?.to_owned(),
            size,
            strategy: self.text("strategy")?.to_owned(),
            planned: 0,
            committed: 0,
            counts: Counts::default(),
            used: None,
        };
        let key = [&facts.experiment, &facts.method, &size.to_string(), &facts.strategy];
        let key = key.map(Clone::clone);
        let (n_human, n_simulated) = (0.0, 0.0);
        let row = ScoreRow { key: ScoreKey::overall(name), estimate, n_human, n_simulated };
        Ok((key, facts, order, row))
    }

    fn estimate(&self) -> Result<Estimate, String> {
        let mean = self.real("mean")?;
        let reason = mean.is_none().then(|| "as handed in: without a value".to_owned());
        Ok(Estimate {
            mean,
            low: self.real("low")?.filter(|_| mean.is_some()),
            high: self.real("high")?.filter(|_| mean.is_some()),
            se_seeds: self.real("se_seeds")?,
            se_participants: self.real("se_participants")?,
            resamples: self.whole("resamples")?,
            interval: IntervalSource::None,
            seeds: self.whole("seeds")?,
            undefined: self.whole("undefined")?,
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bits_may_differ_and_nothing_else() {
        assert!(is_same("0.1", "0.10000000000000002") && is_same("x", "x"));
        assert!(!is_same("0.1", "0.1000001") && !is_same("0.1", "") && !is_same("NaN", "0.1"));
        let ours =
            b"experiment,origin,method,role,size,strategy,score,mean\ne,human,m,,8,random,s,0.5\n";
        let edited =
            b"experiment,origin,method,role,size,strategy,score,mean\ne,human,m,,8,random,s,0.4\n";
        let (count, findings) = compare(edited, ours);
        assert_eq!(count, 1);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.contains("mean is claimed to be 0.4, it is 0.5"));
        assert!(compare(ours, ours).1.is_empty());
        assert_eq!(compare(&ours[..60], ours).1.len(), 1);
        assert!(!compare(b"", ours).1.is_empty());
    }
}
