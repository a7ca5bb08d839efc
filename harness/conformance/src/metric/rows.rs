//! Whether rows are what they must be, also where little is known.

use super::{
    bench::{Bench, Info},
    comparison::{Comparison, Quality},
    table::Table,
};
use crate::{
    checks::{Stop, Verdict, during, failed, skipped},
    subject::Class,
};

pub(super) fn plain(bench: &Bench) -> Verdict {
    bench.choose()
}

/// Looks at the table of the ordinary comparison.
fn look(
    bench: &Bench,
    check: impl Fn(&Table, &Info, &Comparison) -> Result<(), String>,
) -> Verdict {
    let comparison = bench.comparison(Quality::Likely)?;
    let Some((_, reply)) = bench.main.get() else { return skipped("no table") };
    let table = Table::read(reply).map_err(Stop::Failed)?;
    check(&table, bench.described()?, &comparison).map_err(Stop::Failed)
}

pub(super) fn columns(bench: &Bench) -> Verdict {
    look(bench, |table, _, _| match table.0.is_empty() {
        true => Err("no rows; a score without a value is a row with a reason".into()),
        false => Ok(()),
    })
}

pub(super) fn described(bench: &Bench) -> Verdict {
    look(bench, |table, info, comparison| table.described(info, &comparison.world.design))
}

pub(super) fn once(bench: &Bench) -> Verdict {
    look(bench, |table, _, _| table.once())
}

pub(super) fn valued(bench: &Bench) -> Verdict {
    look(bench, |table, _, _| table.valued())
}

pub(super) fn range(bench: &Bench) -> Verdict {
    look(bench, |table, info, _| table.range(info))
}

pub(super) fn resamples(bench: &Bench) -> Verdict {
    look(bench, |table, _, _| table.resamples())
}

pub(super) fn people(bench: &Bench) -> Verdict {
    look(bench, |table, _, comparison| {
        table.people([comparison.human.len(), comparison.simulated.len()])
    })
}

pub(super) fn experiments(bench: &Bench) -> Verdict {
    for world in bench.others()? {
        supported(bench, &Comparison::new(world, 60, Quality::Likely))?;
    }
    Ok(())
}

pub(super) fn unicode(bench: &Bench) -> Verdict {
    supported(bench, &Comparison::new(bench.odd()?, 60, Quality::Likely))
}

fn supported(bench: &Bench, comparison: &Comparison) -> Verdict {
    match bench.call(comparison)? {
        Err(failure) if failure.class == Class::Unsupported => {
            skipped(format!("experiment {}: {failure}", comparison.world.name))
        }
        _ => bench.table(comparison).map(drop),
    }
}

pub(super) fn one_person(bench: &Bench) -> Verdict {
    bench.table(&Comparison::new(bench.world()?, 1, Quality::Likely)).map(drop)
}

pub(super) fn nobody(bench: &Bench) -> Verdict {
    let whole = bench.comparison(Quality::Likely)?;
    let no_humans = Comparison { human: Vec::new(), ..whole.clone() };
    let no_simulated = Comparison { simulated: Vec::new(), ..whole.clone() };
    let cases = [
        ("no humans", no_humans.clone()),
        ("no simulated people", no_simulated),
        ("nobody at all", Comparison { simulated: Vec::new(), ..no_humans }),
    ];
    for (what, comparison) in cases {
        match bench.call(&comparison)? {
            Ok(reply) => {
                let table = Table::read(&reply).map_err(Stop::Failed)?;
                let sound = table.sound(bench.described()?, &comparison);
                sound.map_err(|message| Stop::Failed(format!("{what}: {message}")))?;
            }
            Err(failure) => return Err(during(what)(failure)),
        }
    }
    Ok(())
}

/// Nobody is in the last arm, and nobody has the last level of a covariate.
pub(super) fn empty_group(bench: &Bench) -> Verdict {
    let mut comparison = bench.comparison(Quality::Likely)?;
    let world = comparison.world;
    if world.arms == 0 && world.covariates.is_empty() {
        return skipped("the experiment has no groups");
    }
    let levels: Vec<usize> = world.covariates.iter().map(|c| c.levels).collect();
    let simulated = comparison.simulated.iter_mut().map(|row| &mut row.person);
    for person in comparison.human.iter_mut().chain(simulated) {
        person.arm = person.arm.map(|_| 0);
        for (value, levels) in person.covariates.iter_mut().zip(&levels) {
            *value = if *levels > 0 { value.map(|_| 0.0) } else { None };
        }
    }
    bench.table(&comparison).map(drop)
}

pub(super) fn unanswered(bench: &Bench) -> Verdict {
    let whole = bench.comparison(Quality::Likely)?;
    let mut silent = whole.clone();
    for row in &mut silent.simulated {
        row.person.answers.fill(None);
        row.probabilities.fill(None);
    }
    bench.table(&silent)?;
    let mut unasked = whole;
    unasked.human.iter_mut().for_each(|person| person.answers.fill(None));
    bench.table(&unasked).map(drop)
}

pub(super) fn no_pilot(bench: &Bench) -> Verdict {
    let whole = bench.comparison(Quality::Likely)?;
    bench.table(&Comparison { pilot: Vec::new(), ..whole }).map(drop)
}

pub(super) fn unpaired(bench: &Bench) -> Verdict {
    let comparison = bench.comparison(Quality::Likely)?.unpaired();
    match bench.table(&comparison) {
        Err(Stop::Failed(reason)) => failed(format!("simulated people of their own: {reason}")),
        other => other.map(drop),
    }
}
