//! The rules, one after the other: which of them runs broke, and what their numbers are read with.

use crate::{
    answers::Compared,
    repeats::{Found, Repeats},
    result::Validity,
    round::Round,
    table::short,
};
use std::collections::BTreeMap;

/// Runs of a method, and what it says of itself.
pub(crate) struct Judged<'a> {
    pub(crate) rounds: &'a [Round],
    /// Same requests, same answers.
    pub(crate) deterministic: bool,
    pub(crate) declares_reuse: bool,
    /// Every request was made once a run at most.
    pub(crate) once: bool,
    /// Requests per second of the server scenario.
    pub(crate) rate: f64,
    /// Offline requests that there are.
    pub(crate) distinct: usize,
}

impl Judged<'_> {
    pub(crate) fn validity(&self) -> Validity {
        let (mut reasons, mut labels) = (Vec::new(), Vec::new());
        let mut compared = Compared::default();
        self.rounds.iter().for_each(|round| compared.add(&round.compared));
        self.answers(&compared, &mut reasons, &mut labels);
        let found: Vec<Found> = self.rounds.iter().map(|round| round.repeats).collect();
        let repeats = Repeats::of(&found);
        let reused_offline = self.rounds.iter().map(|round| round.counted.reused).sum();
        self.reuse(repeats.as_ref(), reused_offline, &mut reasons, &mut labels);
        self.extent(&mut reasons);
        Validity {
            valid: reasons.is_empty(),
            reasons,
            labels,
            compared,
            declares_reuse: self.declares_reuse,
            reused_offline,
            repeats,
        }
    }

    /// One answer to every request, and the scored one.
    fn answers(&self, compared: &Compared, reasons: &mut Vec<String>, labels: &mut Vec<String>) {
        let Compared { asked, differing, unanswered, surplus, .. } = compared;
        if *unanswered > 0 || *surplus > 0 {
            reasons.push(format!(
                "requests are answered once each: {unanswered} were not, and {surplus} answers were \
                 too many"
            ));
        }
        if *differing > 0 {
            let what = format!("{differing} of {asked} timed answers are not the scored ones");
            match self.deterministic {
                true => reasons.push(what),
                false => labels.push(format!("{what} (it says that it is not deterministic)")),
            }
        }
    }

    /// What is kept is declared.
    fn reuse(
        &self,
        repeats: Option<&Repeats>,
        reused_offline: Option<u64>,
        reasons: &mut Vec<String>,
        labels: &mut Vec<String>,
    ) {
        let factor = repeats.filter(|repeats| repeats.found()).map(|repeats| {
            let Repeats { factor, low, high, .. } = repeats;
            format!("{factor:.1} times as fast [{low:.1}, {high:.1}]")
        });
        match (self.declares_reuse, factor) {
            (true, factor) => {
                let faster = factor.map_or(String::new(), |factor| format!(": {factor}"));
                labels.push(format!("keeps answers to equal requests and says so{faster}"));
            }
            (false, Some(factor)) => {
                reasons.push(format!("answers repeated questions from a cache: {factor}"));
            }
            (false, None) => {}
        }
        if self.once {
            let distinct = self.distinct;
            labels.push(format!("each of {distinct} offline requests was made once a run at most"));
        }
        if let Some(reused) = reused_offline.filter(|reused| *reused > 0) {
            labels.push(format!("{reused} offline answers were there from an equal request"));
        }
    }

    /// Long and often enough, and nothing left behind.
    fn extent(&self, reasons: &mut Vec<String>) {
        let runs = self.rounds.len();
        let mut short_of: BTreeMap<&str, usize> = BTreeMap::new();
        for what in self.rounds.iter().flat_map(|round| &round.shortcomings) {
            *short_of.entry(what).or_default() += 1;
        }
        let said = short_of.iter().map(|(what, count)| format!("{what} in {count} of {runs} runs"));
        reasons.extend(said);
        let behind = self.rounds.iter().filter(|round| !round.served.kept_up).count();
        if behind > 0 {
            let rate = short(self.rate);
            reasons.push(format!(
                "server: the queue grew in {behind} of {runs} runs at {rate} requests/s"
            ));
        }
    }
}
