//! Methods: how they are drawn, and what their files are called.

use crate::plot::curves::{Look, Point, Series};
use pilotbench_engine::{
    compare::Role,
    leaderboard::{Board, BoardExperiment},
};

/// How each method of a board is drawn: methods have colours in the order of the plan, so that one
/// has the same on all pages.
pub(crate) fn look(board: &Board, name: &str) -> Look {
    let coloured = |role: Role| matches!(role, Role::Method | Role::Floor);
    match board.method(name).map(|method| method.role) {
        Some(Role::Baseline) => Look::Baseline,
        Some(Role::Ceiling) => Look::Ceiling,
        Some(Role::Oracle | Role::Retest | Role::Law) => Look::Oracle,
        Some(Role::Method | Role::Floor) | None => {
            let methods = board.methods.iter().filter(|method| coloured(method.role));
            Look::Method(methods.take_while(|method| method.name != name).count())
        }
    }
}

/// A file name that no name of a method can turn into a path: it begins with the method's number.
pub(crate) fn file(board: &Board, name: &str) -> String {
    let place = board.methods.iter().position(|method| method.name == name).unwrap_or(0);
    format!("{}-{name}", place + 1)
}

/// A score of all methods of an experiment along its pilot sizes.
pub(crate) fn series(
    board: &Board,
    experiment: &BoardExperiment,
    strategy: &str,
    score: &str,
) -> Vec<Series> {
    let of = |name: &String| {
        let points = experiment.sizes.iter().filter_map(|size| {
            let cell = board.cell(&experiment.planned.id, name, *size, strategy)?;
            let e = cell.scores.get(score)?;
            let value = e.mean?;
            let (low, high) = (e.low.unwrap_or(value), e.high.unwrap_or(value));
            Some((*size, Point { value, low, high }))
        });
        Series { name: name.clone(), look: look(board, name), points: points.collect() }
    };
    let all = experiment.order.iter().map(of);
    all.filter(|series| !series.points.is_empty()).collect()
}
