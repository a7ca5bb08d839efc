use pilotbench_plugin_sdk::{Evaluation, Group, People, Weights};

/// One side of a comparison: people, their weights, and the groups each belongs to.
#[derive(Debug)]
pub struct Side<'a> {
    /// The people.
    pub people: &'a People,
    /// Their weights.
    pub weights: &'a Weights,
    groups: usize,
    starts: Vec<u32>,
    memberships: Vec<u16>,
}

impl<'a> Side<'a> {
    /// The human side.
    pub fn human(input: &'a Evaluation, groups: &[Group]) -> Self {
        Self::new(&input.human, &input.human_weights, groups)
    }

    /// The simulated side.
    pub fn simulated(input: &'a Evaluation, groups: &[Group]) -> Self {
        Self::new(input.simulated.people(), &input.simulated_weights, groups)
    }

    fn new(people: &'a People, weights: &'a Weights, groups: &[Group]) -> Self {
        let mut side = Self {
            people,
            weights,
            groups: groups.len(),
            starts: Vec::with_capacity(people.len() + 1),
            memberships: Vec::with_capacity(people.len() * 4),
        };
        side.starts.push(0);
        for row in 0..people.len() {
            let holding = (0..groups.len()).filter(|g| groups[*g].holds(people, row));
            side.memberships.extend(holding.map(|group| group as u16));
            side.starts.push(side.memberships.len() as u32);
        }
        side
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Groups of the person in this row.
    pub fn groups_of(&self, row: usize) -> &[u16] {
        &self.memberships[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}

/// The one group of everybody, for scores that are not reported by group.
pub fn everybody() -> [Group; 1] {
    [Group::everybody()]
}
