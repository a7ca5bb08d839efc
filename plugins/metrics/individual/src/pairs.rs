use metric_common::{Codes, Layout, People, Side, Tally};
use pilotbench_plugin_sdk::{Evaluation, Group};

/// Participants with a row on both sides.
pub(crate) struct Pairs<'a> {
    pub(crate) input: &'a Evaluation,
    pub(crate) groups: Vec<Group>,
    /// The humans, whose weights count.
    pub(crate) side: Side<'a>,
    /// The simulated row of each human row.
    pub(crate) twins: Vec<Option<usize>>,
    /// Human answers, by item.
    pub(crate) human: Vec<Codes>,
    /// Simulated answers, by item.
    pub(crate) simulated: Vec<Codes>,
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(input: &'a Evaluation) -> Self {
        let groups = input.groups();
        let items = || input.experiment.items.iter().enumerate();
        let codes = |people| {
            items().map(|(i, item)| Codes::of_item(people, i, item.levels.len())).collect()
        };
        Self {
            side: Side::human(input, &Layout::new(input)),
            twins: input.human.rows_in(input.simulated.people()),
            human: codes(&input.human),
            simulated: codes(input.simulated.people()),
            groups,
            input,
        }
    }

    /// The human and the simulated answer of the participant in this human row, where both gave one.
    pub(crate) fn answers(&self, row: usize, item: usize) -> Option<(usize, usize)> {
        Some((self.human[item].get(row)?, self.simulated[item].get(self.twins[row]?)?))
    }

    /// Counts of `code` of the pairs of answers, by item, for all groups.
    pub(crate) fn tally(
        &self,
        side: &Side,
        levels: impl Fn(usize) -> usize,
        code: impl Fn(usize, (usize, usize)) -> usize,
    ) -> Tally {
        let column = |item: usize| {
            let rows = 0..self.input.human.len();
            let code = |row| self.answers(row, item).map(|pair| code(item, pair));
            Codes::new(levels(item), rows.map(code))
        };
        let columns: Vec<Codes> = (0..self.human.len()).map(column).collect();
        Tally::new(side, &columns)
    }

    /// By group: participants with both answers to some item.
    pub(crate) fn people(&self) -> Vec<People> {
        let mut people = vec![People::default(); self.groups.len()];
        for row in 0..self.input.human.len() {
            if (0..self.human.len()).any(|item| self.answers(row, item).is_some()) {
                for group in self.side.groups_of(row) {
                    people[usize::from(*group)].human += 1;
                    people[usize::from(*group)].simulated += 1;
                }
            }
        }
        people
    }
}
