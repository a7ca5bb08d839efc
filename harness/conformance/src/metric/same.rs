//! Whether the same tables get the same scores.

use super::{
    bench::Bench,
    comparison::{ONES, Quality},
    table::{Table, name},
};
use crate::{
    checks::{Stop, Verdict, during, failed},
    subject::Quiet,
};

/// Sums in another order are so far apart.
const TOLERANCE: f64 = 1e-9;

pub(super) fn twice(bench: &Bench) -> Verdict {
    let comparison = bench.comparison(Quality::Likely)?;
    let first = bench.table(&comparison)?;
    first.same(&bench.table(&comparison)?, 0.0).map_err(Stop::Failed)
}

pub(super) fn order(bench: &Bench) -> Verdict {
    let comparison = bench.comparison(Quality::Likely)?;
    let first = bench.table(&comparison)?;
    let shuffled = bench.table(&comparison.shuffled())?;
    first.same(&shuffled, TOLERANCE).map_err(Stop::Failed)
}

pub(super) fn threads(bench: &Bench) -> Verdict {
    let comparison = bench.comparison(Quality::Likely)?;
    let first = bench.table(&comparison)?;
    let session = bench.session()?;
    let (tables, context) = (comparison.tables(), comparison.context());
    let call = || session.evaluate(tables.clone(), &context, &Quiet);
    let replies = std::thread::scope(|scope| {
        let threads = [scope.spawn(call), scope.spawn(call)];
        threads.map(|thread| thread.join().ok())
    });
    for reply in replies {
        let reply = reply.ok_or_else(|| Stop::Failed("a thread did not end".into()))?;
        let table = Table::read(&reply.map_err(during("with two threads"))?);
        first.same(&table.map_err(Stop::Failed)?, TOLERANCE).map_err(Stop::Failed)?;
    }
    Ok(())
}

/// Where a score has a value in that resample at all.
pub(super) fn weights(bench: &Bench) -> Verdict {
    let table = bench.table(&bench.comparison(Quality::Likely)?)?;
    for row in &table.0 {
        let resampled = row.resamples.get(ONES).copied().flatten();
        let (Some(value), Some(resampled)) = (row.value, resampled) else { continue };
        if (value - resampled).abs() > TOLERANCE * (1.0 + value.abs()) {
            return failed(format!(
                "{} is {value}, and {resampled} in a resample of the same people",
                name(&row.key)
            ));
        }
    }
    Ok(())
}
