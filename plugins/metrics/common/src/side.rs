use crate::Layout;
use pilotbench_plugin_sdk::{Evaluation, People, Weights};

/// One side of a comparison: people, their weights, and the groups each belongs to.
#[derive(Debug)]
pub struct Side<'a> {
    /// The people.
    pub people: &'a People,
    /// Their weights.
    pub weights: &'a Weights,
    /// The largest weight of anybody.
    pub(crate) largest_weight: u16,
    groups: usize,
    starts: Vec<u32>,
    memberships: Vec<u16>,
}

impl<'a> Side<'a> {
    /// The human side.
    pub fn human(input: &'a Evaluation, layout: &Layout) -> Self {
        Self::new(&input.human, &input.human_weights, layout)
    }

    /// The simulated side.
    pub fn simulated(input: &'a Evaluation, layout: &Layout) -> Self {
        Self::new(input.simulated.people(), &input.simulated_weights, layout)
    }

    fn new(people: &'a People, weights: &'a Weights, layout: &Layout) -> Self {
        let places = 2 + layout.columns.len();
        let mut memberships = Vec::with_capacity(people.len() * places);
        let mut starts = Vec::with_capacity(people.len() + 1);
        starts.push(0);
        for row in 0..people.len() {
            layout.places(people, row, &mut memberships);
            starts.push(memberships.len() as u32);
        }
        // A fold per row, unlike one chain over all rows, is done in vectors.
        let of_row = |row| weights.row(row).iter().copied().fold(0, u16::max);
        let largest_weight = (0..people.len()).map(of_row).fold(0, u16::max);
        Self { people, weights, largest_weight, groups: layout.groups, starts, memberships }
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
