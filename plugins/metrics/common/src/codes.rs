use pilotbench_plugin_sdk::People;

/// The code of a row that has no value.
pub const MISSING: u16 = u16::MAX;

/// A column of small integers, one per row: level indices of an item, or pairs of them.
#[derive(Debug, Clone)]
pub struct Codes {
    /// Number of different codes.
    pub levels: usize,
    /// By row: a code below `levels`, or [`MISSING`].
    pub values: Vec<u16>,
}

impl Codes {
    /// One code per row; `None` is missing.
    pub fn new(levels: usize, rows: impl Iterator<Item = Option<usize>>) -> Self {
        let values = rows.map(|code| code.map_or(MISSING, |code| code as u16)).collect();
        Self { levels, values }
    }

    /// The answers to one item.
    pub fn of_item(people: &People, item: usize, levels: usize) -> Self {
        Self::new(levels, (0..people.len()).map(|row| people.answer(row, item)))
    }

    /// Both columns in one: `first * second.levels + second`, missing when either is.
    pub fn cross(first: &Codes, second: &Codes) -> Self {
        let rows = (0..first.values.len())
            .map(|row| Some(first.get(row)? * second.levels + second.get(row)?));
        Self::new(first.levels * second.levels, rows)
    }

    /// The code in this row.
    pub fn get(&self, row: usize) -> Option<usize> {
        match self.values[row] {
            MISSING => None,
            code => Some(usize::from(code)),
        }
    }
}
