//! Learning from pilots.

use super::bench::{ASKED, Bench, LearnsFrom, SEED};
use crate::{
    checks::{Stop, Verdict, failed, skipped},
    subject::Class,
};

pub(super) fn plain(bench: &Bench) -> Verdict {
    bench.choose()
}

pub(super) fn sizes(bench: &Bench) -> Verdict {
    let (world, info) = (bench.main()?, bench.described()?);
    for size in [1, info.min_pilot, 100] {
        // An oracle that stands in for others learns from as many as are asked.
        let scene = bench.scene(world, size, size.max(1))?;
        match bench.adapt(world, &scene, SEED) {
            Ok(handle) => bench.session()?.release(handle)?,
            Err(failure) if failure.class == Class::Panicked => {
                return failed(format!("a pilot of {size}: {failure}"));
            }
            Err(_) if info.learns_from == LearnsFrom::Pilot && size < info.min_pilot => {}
            Err(_) if size == 0 => {}
            Err(failure) => {
                let least = info.min_pilot;
                return failed(format!("a pilot of {size}, min_pilot is {least}: {failure}"));
            }
        }
    }
    Ok(())
}

pub(super) fn empty(bench: &Bench) -> Verdict {
    let (world, info) = (bench.main()?, bench.described()?);
    let must = match info.learns_from {
        LearnsFrom::Nothing | LearnsFrom::Law => true,
        LearnsFrom::Pilot => info.min_pilot == 0,
        _ => return skipped("what it learns from is never empty"),
    };
    let scene = bench.scene(world, 0, ASKED)?;
    match bench.adapt(world, &scene, SEED) {
        Ok(handle) => Ok(bench.session()?.release(handle)?),
        Err(failure) if failure.class == Class::EmptyPilot && !must => Ok(()),
        Err(failure) if failure.class == Class::EmptyPilot => failed(format!(
            "min_pilot is {}, and an empty pilot is refused; it should be 1 or more",
            info.min_pilot
        )),
        Err(failure) => {
            failed(format!("an empty pilot: `{failure}`; it should work or report an empty pilot"))
        }
    }
}

pub(super) fn seeds(bench: &Bench) -> Verdict {
    let world = bench.main()?;
    let scene = bench.plain_scene()?;
    for seed in [0, 1, 2, u64::MAX >> 1, u64::MAX] {
        let handle = bench.adapt(world, &scene, seed);
        let handle =
            handle.map_err(|failure| Stop::Failed(format!("with seed {seed}: {failure}")))?;
        bench.session()?.release(handle)?;
    }
    Ok(())
}
