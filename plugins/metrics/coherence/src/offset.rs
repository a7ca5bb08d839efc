//! How many act against what their beliefs imply.

use crate::{
    implied::{Implied, Verdict},
    scores::Names,
};
use metric_common::{Codes, Layout, People, Report, Side, Tally, Value, gap};
use pilotbench_plugin_sdk::{Evaluation, Group};

type Rule = (Names, Result<Implied, &'static str>);

/// Rows of every rule: offsets for all groups, the rest for everybody.
pub(crate) fn report(input: &Evaluation, rules: &[Rule], report: &mut Report) {
    let groups = input.groups();
    let (layout, all) = (Layout::new(input), Layout::everybody());
    let sides = |layout| [Side::human(input, layout), Side::simulated(input, layout)];
    let (sides, all) = (sides(&layout), sides(&all));
    for (names, implied) in rules {
        match implied {
            Err(reason) => undefined(input, names, &groups, report, reason),
            Ok(implied) => {
                let levels = input.experiment.items[implied.action].levels.len();
                let pairs = |side: usize| {
                    let verdicts = implied.of_side(side);
                    Tally::new(
                        &sides[side],
                        &[pairs(&sides[side], verdicts, implied.action, levels)],
                    )
                };
                let ties = |side: usize| {
                    let verdicts = implied.of_side(side);
                    Tally::new(&all[side], &[ties(&all[side], verdicts, implied.action)])
                };
                let tables = Tables {
                    levels,
                    human: pairs(0),
                    simulated: pairs(1),
                    ties: [ties(0), ties(1)],
                };
                tables.report(names, &groups, report);
            }
        }
    }
}

fn undefined(
    input: &Evaluation,
    names: &Names,
    groups: &[Group],
    report: &mut Report,
    reason: &'static str,
) {
    let people = People { human: input.human.len(), simulated: input.simulated.len() };
    for group in groups {
        for score in names.by_group() {
            report.push(score, None, group, people, [Err(reason)]);
        }
    }
    for score in names.overall() {
        report.push(score, None, &groups[0], people, [Err(reason)]);
    }
}

/// `implied * levels + action`.
fn pairs(side: &Side, verdicts: &[Verdict], action: usize, levels: usize) -> Codes {
    let pair = |(row, verdict): (usize, &Verdict)| match verdict {
        Verdict::Level(implied) => Some(implied * levels + side.people.answer(row, action)?),
        Verdict::Tie | Verdict::Missing => None,
    };
    Codes::new(levels * levels, verdicts.iter().enumerate().map(pair))
}

/// 1 where the beliefs of who acted are a tie.
fn ties(side: &Side, verdicts: &[Verdict], action: usize) -> Codes {
    let tie = |(row, verdict): (usize, &Verdict)| {
        side.people.answer(row, action)?;
        (*verdict != Verdict::Missing).then(|| usize::from(*verdict == Verdict::Tie))
    };
    Codes::new(2, verdicts.iter().enumerate().map(tie))
}

struct Tables {
    levels: usize,
    human: Tally,
    simulated: Tally,
    /// Whether the beliefs are a tie, everybody only.
    ties: [Tally; 2],
}

impl Tables {
    fn report(&self, names: &Names, groups: &[Group], report: &mut Report) {
        for (g, group) in groups.iter().enumerate() {
            self.push(report, names.by_group(), g, group, |cross| cross.offset());
        }
        self.push(report, names.kappas(), 0, &groups[0], |cross| cross.kappa());
        let people = self.people(0);
        let sides = [&self.human, &self.simulated];
        for (tally, score) in sides.iter().zip(names.independence()) {
            let values = self.values(tally, 0, |cross| cross.independence());
            report.push(score, None, &groups[0], people, values);
        }
        for (tally, score) in self.ties.iter().zip(names.ties()) {
            let ties = |index| match tally.counts(0, 0, index) {
                [free, ties] if free + ties > 0 => Ok(f64::from(*ties) / f64::from(free + ties)),
                _ => Err(NOBODY),
            };
            report.push(score, None, &groups[0], people, (0..tally.width()).map(ties));
        }
    }

    /// Rows of a quantity: human, simulated, and the gap between them.
    fn push(
        &self,
        report: &mut Report,
        names: [&'static str; 3],
        g: usize,
        group: &Group,
        score: impl Fn(Cross) -> Value,
    ) {
        let human = self.values(&self.human, g, &score);
        let simulated = self.values(&self.simulated, g, &score);
        let gaps: Vec<Value> = simulated.iter().zip(&human).map(|(s, h)| gap(*s, *h)).collect();
        for (name, values) in names.into_iter().zip([human, simulated, gaps]) {
            report.push(name, None, group, self.people(g), values);
        }
    }

    fn values(&self, tally: &Tally, group: usize, score: impl Fn(Cross) -> Value) -> Vec<Value> {
        let cross = |index| Cross { levels: self.levels, counts: tally.counts(group, 0, index) };
        (0..tally.width()).map(|index| score(cross(index))).collect()
    }

    fn people(&self, group: usize) -> People {
        People { human: self.human.people(group, 0), simulated: self.simulated.people(group, 0) }
    }
}

const NOBODY: &str = "nobody has an action and an implied action";

/// People by implied action and action.
pub(crate) struct Cross<'a> {
    pub(crate) levels: usize,
    pub(crate) counts: &'a [u32],
}

impl Cross<'_> {
    fn n(&self) -> Result<f64, &'static str> {
        match self.counts.iter().sum::<u32>() {
            0 => Err(NOBODY),
            n => Ok(f64::from(n)),
        }
    }

    /// Share whose action is not the implied one.
    pub(crate) fn offset(&self) -> Value {
        let n = self.n()?;
        let kept: u32 = (0..self.levels).map(|k| self.counts[k * self.levels + k]).sum();
        Ok((n - f64::from(kept)) / n)
    }

    fn implied(&self, level: usize) -> u32 {
        self.counts[level * self.levels..(level + 1) * self.levels].iter().sum()
    }

    fn acted(&self, level: usize) -> u32 {
        self.counts.iter().skip(level).step_by(self.levels).sum()
    }

    /// The offset if actions did not depend on beliefs: `a(1 - b) + (1 - a)b` for two levels.
    pub(crate) fn independence(&self) -> Value {
        let n = self.n()?;
        let both = |k| f64::from(self.implied(k)) * f64::from(self.acted(k));
        let agreement: f64 = (0..self.levels).map(both).sum();
        Ok((n * n - agreement) / (n * n))
    }

    /// Cohen's kappa of action and implied action.
    pub(crate) fn kappa(&self) -> Value {
        let n = self.n()?;
        let levels = || 0..self.levels;
        if levels().any(|k| f64::from(self.acted(k)) == n) {
            return Err("constant action");
        }
        if levels().any(|k| f64::from(self.implied(k)) == n) {
            return Err("constant implied action");
        }
        let offset = self.offset()?;
        Ok((1.0 - offset / self.independence()?).clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogue_values() {
        // (benefit, risk) (5,1)(4,2)(2,4)(3,3)(1,5)(5,2), act 1,0,0,1,1,1; the tie is left out
        let cross = || Cross { levels: 2, counts: &[1, 1, 1, 2] };
        assert_eq!(cross().offset(), Ok(0.4));
        assert!((cross().kappa().unwrap() - 0.1667).abs() < 5e-5);
        let (a, b) = (0.6, 0.6);
        assert!((cross().independence().unwrap() - (a * (1.0 - b) + (1.0 - a) * b)).abs() < 1e-12);
    }

    #[test]
    fn kappa_needs_variation() {
        let kappa = |counts| Cross { levels: 2, counts }.kappa();
        assert_eq!(kappa(&[2, 0, 3, 0]), Err("constant action"));
        assert_eq!(kappa(&[0, 0, 3, 1]), Err("constant implied action"));
        assert_eq!(kappa(&[0, 0, 0, 0]), Err(NOBODY));
        assert_eq!(kappa(&[2, 0, 0, 3]), Ok(1.0));
        assert_eq!(kappa(&[0, 2, 2, 0]), Ok(-1.0));
    }
}
