//! Ways of learning that a backend offers.

use super::bench::{Bench, Scene};
use crate::{
    checks::{Verdict, failed, skipped},
    subject::Class,
    words, world,
};

/// People learned from: few, for learning may take long.
const PILOT: usize = 10;
const ASKED: usize = 6;

pub(super) fn learn(bench: &Bench) -> Verdict {
    let (world, info) = (bench.main()?, bench.described()?);
    if info.adapters.is_empty() {
        return skipped("it offers none");
    }
    let (mut learned, mut needs) = (false, String::new());
    for adapter in &info.adapters {
        words::check_name(&adapter.name)?;
        words::check_summary(&adapter.summary)?;
        for size in [0, PILOT] {
            let people = world::people(world, size, 1);
            let handle = match bench.adapt_by(world, &people, &adapter.name)? {
                Ok(handle) => handle,
                // A way may need a setting, or models that were trained for a pilot.
                Err(failure) if matches!(failure.class, Class::Config | Class::Unsupported) => {
                    needs = format!("`{}`: {failure}", adapter.name);
                    continue;
                }
                Err(failure) => {
                    let message = format!("`{}` from {size} people: {failure}", adapter.name);
                    return failed(message);
                }
            };
            learned = true;
            let revealed = world::pilot_batch(world, &people, None, info.needs_messages);
            let scene = Scene { revealed, asked: world::people(world, ASKED, 2) };
            bench.interview_with(world, &scene, handle)?;
        }
    }
    match learned {
        true => Ok(()),
        false => skipped(needs),
    }
}

pub(super) fn unknown(bench: &Bench) -> Verdict {
    if bench.described()?.adapters.is_empty() {
        return skipped("it offers none");
    }
    match bench.adapt_by(bench.main()?, &[], "no-such-adapter")? {
        Err(failure) if failure.class == Class::Config => Ok(()),
        Err(failure) => failed(format!("refused, but not as a wrong setting: {failure}")),
        Ok(_) => failed("`no-such-adapter` was accepted"),
    }
}
