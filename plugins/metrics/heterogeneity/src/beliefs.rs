//! Different complete belief vectors.

use metric_common::{ByVector, Layout, People, Report, Side, Structures, Value, VectorCounts};
use pilotbench_plugin_sdk::{Evaluation, Group};

const BY_GROUP: [&str; 3] =
    ["unique_structures_human", "unique_structures_simulated", "unique_ratio"];
const OVERALL: [&str; 4] =
    ["unique_log_ratio", "rarefied_ratio", "structure_coverage", "structure_novelty"];

pub(crate) fn report(input: &Evaluation, report: &mut Report) {
    let groups = input.groups();
    let structures = match Structures::new(input) {
        Ok(structures) => structures,
        Err(reason) => return undefined(&groups, report, reason),
    };
    let layout = Layout::new(input);
    let humans = ByVector::new(&Side::human(input, &layout), &structures.human);
    let others = ByVector::new(&Side::simulated(input, &layout), &structures.simulated);
    let (mut human, mut simulated) = (VectorCounts::default(), VectorCounts::default());
    for (g, group) in groups.iter().enumerate() {
        human.fill(&humans, g);
        simulated.fill(&others, g);
        let pair = Pair::new(&human, &simulated);
        let people = People { human: human.people(), simulated: simulated.people() };
        let mut push = |score, values: Vec<Value>| report.push(score, None, group, people, values);
        push(
            BY_GROUP[0],
            pair.known(&pair.unique_human, |(h, _)| *h > 0, "no complete human beliefs"),
        );
        push(
            BY_GROUP[1],
            pair.known(&pair.unique_simulated, |(_, s)| *s > 0, "no complete simulated beliefs"),
        );
        let ratio = pair.unique_ratio();
        if g == 0 {
            let log = |value: &Value| value.map(f64::ln);
            push(OVERALL[0], ratio.iter().map(log).collect());
            push(OVERALL[1], pair.rarefied_ratio());
            let shared = human.shared(&simulated);
            push(OVERALL[2], pair.share(|i| f64::from(shared[i]) / pair.unique_human[i]));
            push(OVERALL[3], pair.share(|i| 1.0 - f64::from(shared[i]) / pair.unique_simulated[i]));
        }
        push(BY_GROUP[2], ratio);
    }
}

fn undefined(groups: &[Group], report: &mut Report, reason: &'static str) {
    for group in groups {
        for score in BY_GROUP {
            report.push(score, None, group, People::default(), [Err(reason)]);
        }
    }
    for score in OVERALL {
        report.push(score, None, &groups[0], People::default(), [Err(reason)]);
    }
}

/// Both sides of one group.
struct Pair<'a> {
    human: &'a VectorCounts,
    simulated: &'a VectorCounts,
    unique_human: Vec<f64>,
    unique_simulated: Vec<f64>,
}

impl<'a> Pair<'a> {
    fn new(human: &'a VectorCounts, simulated: &'a VectorCounts) -> Self {
        let unique = |side: &VectorCounts| side.unique().into_iter().map(f64::from).collect();
        Self { unique_human: unique(human), unique_simulated: unique(simulated), human, simulated }
    }

    /// Values of one side where that side has people.
    fn known(
        &self,
        values: &[f64],
        has: impl Fn(&(u32, u32)) -> bool,
        empty: &'static str,
    ) -> Vec<Value> {
        let totals =
            self.human.totals().iter().copied().zip(self.simulated.totals().iter().copied());
        values.iter().zip(totals).map(|(v, n)| if has(&n) { Ok(*v) } else { Err(empty) }).collect()
    }

    /// A quantity by weight index where both sides have people.
    fn share(&self, value: impl Fn(usize) -> f64) -> Vec<Value> {
        let value = |i| self.human.both(self.simulated, i).map(|_| value(i));
        (0..self.unique_human.len()).map(value).collect()
    }

    /// Ratio of the numbers of different vectors at the smaller of the two numbers of people.
    fn unique_ratio(&self) -> Vec<Value> {
        self.share(|i| {
            let (human, simulated) = (self.human.totals()[i], self.simulated.totals()[i]);
            if human == simulated {
                return self.unique_simulated[i] / self.unique_human[i];
            }
            self.ratio_at(i, human.min(simulated))
        })
    }

    fn rarefied_ratio(&self) -> Vec<Value> {
        self.share(|i| {
            let (human, simulated) = (self.human.totals()[i], self.simulated.totals()[i]);
            self.ratio_at(i, human.min(simulated).min(100))
        })
    }

    fn ratio_at(&self, index: usize, m: u32) -> f64 {
        self.simulated.rarefied(index, m) / self.human.rarefied(index, m)
    }
}
