use crate::{
    pilot::Strategy,
    plan::{Plan, Replicate},
};

/// A cell of a plan: its replicates differ in their seed alone.
#[derive(Debug, Clone)]
pub struct Cell<'a> {
    /// Experiment.
    pub experiment: &'a str,
    /// Method.
    pub method: &'a str,
    /// Pilot size.
    pub size: usize,
    /// How pilots are chosen.
    pub strategy: &'a Strategy,
    /// Replicates in the order of the plan.
    pub replicates: Vec<&'a Replicate>,
}

/// The cells of a plan, in its order.
pub fn cells(plan: &Plan) -> Vec<Cell<'_>> {
    let mut cells: Vec<Cell> = Vec::new();
    for r in &plan.replicates {
        let same = |cell: &&mut Cell| {
            cell.experiment == r.experiment
                && cell.method == r.method
                && cell.size == r.size
                && *cell.strategy == r.strategy
        };
        // A cell's replicates are neighbours in a plan, so that only the last cell can be the one.
        match cells.last_mut().filter(same) {
            Some(cell) => cell.replicates.push(r),
            None => cells.push(Cell {
                experiment: &r.experiment,
                method: &r.method,
                size: r.size,
                strategy: &r.strategy,
                replicates: vec![r],
            }),
        }
    }
    cells
}
