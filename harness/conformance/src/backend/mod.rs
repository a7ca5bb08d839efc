//! The checks of a backend.

mod adapters;
mod answers;
mod bench;
mod calls;
mod description;
mod handles;
mod pilot;
mod reply;
mod same;

use crate::{
    checks::{Check, Entry, Options, Target, listed, run},
    report::{Kind, Report},
    settings,
    subject::BackendSubject,
};
use bench::Bench;
use std::sync::Arc;

/// Checks a backend opened with these settings (JSON text). `step` hears of each check before it
/// starts.
pub fn check_backend(
    subject: Arc<dyn BackendSubject>,
    settings: &str,
    options: Options,
    step: &dyn Fn(&Check),
) -> Report {
    let bench = Bench::new(subject, settings, options);
    let target =
        Target { kind: Kind::Backend, name: bench.name(), settings: settings::shown(settings) };
    run(target, &bench, CHECKS, step)
}

/// The checks of a backend, in order.
pub fn backend_checks() -> Vec<Check> {
    listed(CHECKS)
}

/// Without these an answer cannot be looked at.
const ANSWERS: &[&str] = &["backend.answers.columns"];
/// Without these two replies cannot be compared.
const WHOLE: &[&str] = &[
    "backend.answers.complete",
    "backend.answers.once",
    "backend.answers.known",
    "backend.answers.given",
];
const OPENS: &[&str] = &["backend.settings.opens"];
const LEARNS: &[&str] = &["backend.pilot.plain"];
/// Whatever is wrong with every answer is said once.
const SOUND: &[&str] = &[
    "backend.answers.complete",
    "backend.answers.once",
    "backend.answers.known",
    "backend.answers.given",
    "backend.answers.levels",
    "backend.answers.probabilities",
];

/// A backend that says something else each time is said to once.
const SAME: &[&str] = &["backend.same.seed"];

const SAME_FOR_ALL_SEEDS: &[&str] = &["backend.same.seed", "backend.pilot.seeds"];

const POLL: &str = "call Control::check or Control::progress at least every second, with `?`";
const KEYED: &str = "derive whatever is drawn from seed, participant and item, not from the row, \
                     the batch, the clock or earlier calls";

const CHECKS: &[Entry<Bench>] = &[
    Entry {
        id: "backend.describes.itself",
        question: "Is its description sound?",
        hint: "see BackendInfo; the name is of [a-z0-9-], the summary one line",
        needs: &[],
        run: description::describes,
    },
    Entry {
        id: "backend.settings.opens",
        question: "Does it open with these settings?",
        hint: "give settings with which it opens",
        needs: &[],
        run: description::opens,
    },
    Entry {
        id: "backend.settings.unknown",
        question: "Is an unknown setting refused as Error::Config?",
        hint: "put #[serde(deny_unknown_fields)] on the settings: a misspelt one must not pass",
        needs: OPENS,
        run: description::unknown_setting,
    },
    Entry {
        id: "backend.settings.type",
        question: "Are settings of a wrong JSON type refused as Error::Config?",
        hint: "read settings with serde, and return Error::config for what serde cannot see",
        needs: OPENS,
        run: description::wrong_settings,
    },
    Entry {
        id: "backend.pilot.plain",
        question: "Does it learn from a pilot of some experiment?",
        hint: "return Error::Unsupported only for experiments that the method cannot do",
        needs: OPENS,
        run: pilot::plain,
    },
    Entry {
        id: "backend.pilot.sizes",
        question: "Does it learn from pilots of 1, of min_pilot and of 100 people?",
        hint: "describe the smallest pilot as min_pilot; below it return an error",
        needs: LEARNS,
        run: pilot::sizes,
    },
    Entry {
        id: "backend.pilot.empty",
        question: "Does an empty pilot work, or is it refused as Error::EmptyPilot and min_pilot 1?",
        hint: "min_pilot and what adapt does with nobody must agree",
        needs: LEARNS,
        run: pilot::empty,
    },
    Entry {
        id: "backend.pilot.seeds",
        question: "Does it learn whatever the seed?",
        hint: "any 64-bit number is a seed",
        needs: LEARNS,
        run: pilot::seeds,
    },
    Entry {
        id: "backend.answers.plain",
        question: "Does it answer an interview?",
        hint: "answer every item of the experiment, whatever its kind",
        needs: LEARNS,
        run: answers::plain,
    },
    Entry {
        id: "backend.answers.columns",
        question: "Has the reply the columns of the contract?",
        hint: "use Answers, or see its columns",
        needs: &["backend.answers.plain"],
        run: answers::columns,
    },
    Entry {
        id: "backend.answers.complete",
        question: "Is every request answered?",
        hint: "answer each request; say what you cannot answer with Answers::refusal",
        needs: ANSWERS,
        run: answers::complete,
    },
    Entry {
        id: "backend.answers.once",
        question: "Is no request answered twice?",
        hint: "call one method of Answers for each request",
        needs: ANSWERS,
        run: answers::once,
    },
    Entry {
        id: "backend.answers.known",
        question: "Is nothing answered that was not asked?",
        hint: "answer under the identifier of the request, not under the row",
        needs: ANSWERS,
        run: answers::known,
    },
    Entry {
        id: "backend.answers.given",
        question: "Does every answer hold probabilities, a choice, text or a refusal?",
        hint: "use Answers",
        needs: ANSWERS,
        run: answers::given,
    },
    Entry {
        id: "backend.answers.levels",
        question: "Does every answer fit the levels of its item?",
        hint: "as many probabilities as levels; choices from 0",
        needs: ANSWERS,
        run: answers::levels,
    },
    Entry {
        id: "backend.answers.probabilities",
        question: "Are probabilities probabilities?",
        hint: "log-probabilities are at most 0, and exp of them sums to 1 within 1e-6",
        needs: ANSWERS,
        run: answers::probabilities,
    },
    Entry {
        id: "backend.answers.experiments",
        question: "Does it answer with no arms, no covariates, one item?",
        hint: "arms, covariates and subgroups may be empty",
        needs: SOUND,
        run: answers::experiments,
    },
    Entry {
        id: "backend.answers.unicode",
        question: "Does it answer with odd text in labels and identifiers?",
        hint: "texts may hold anything, NUL and line ends too, and be long",
        needs: SOUND,
        run: answers::unicode,
    },
    Entry {
        id: "backend.answers.missing",
        question: "Does it answer people of whom nothing is known?",
        hint: "arm, covariates and earlier answers may be null",
        needs: SOUND,
        run: answers::missing,
    },
    Entry {
        id: "backend.answers.sizes",
        question: "Does it answer batches of 0, 1 and many requests?",
        hint: "the host asks one item of all held-out people in one call",
        needs: SOUND,
        run: answers::sizes,
    },
    Entry {
        id: "backend.same.seed",
        question: "Same seed, same answers?",
        hint: "derive what is drawn from Pilot::seed, or describe it as nondeterministic",
        needs: WHOLE,
        run: same::seed,
    },
    Entry {
        id: "backend.same.order",
        question: "Rows in another order, the same answers?",
        hint: KEYED,
        needs: SAME,
        run: same::order,
    },
    Entry {
        id: "backend.same.split",
        question: "In several calls instead of one, the same answers?",
        hint: KEYED,
        needs: SAME,
        run: same::split,
    },
    Entry {
        id: "backend.same.interleaved",
        question: "With another handle in between, the same answers?",
        hint: "keep what was learned in Adapted, not in the backend",
        needs: SAME_FOR_ALL_SEEDS,
        run: same::interleaved,
    },
    Entry {
        id: "backend.same.threads",
        question: "On two threads at once, the same answers?",
        hint: "the host calls every method from several threads",
        needs: SAME,
        run: same::threads,
    },
    Entry {
        id: "backend.adapters.learn",
        question: "Does it learn in every way that it offers, from nobody and from a pilot, and answer?",
        hint: "Pilot::adapter says which was chosen; with nobody to learn from, answer as it is",
        needs: SOUND,
        run: adapters::learn,
    },
    Entry {
        id: "backend.adapters.unknown",
        question: "Is a way of learning that it does not offer refused as Error::Config?",
        hint: "match the name that Pilot::adapter gives, and refuse any other",
        needs: LEARNS,
        run: adapters::unknown,
    },
    Entry {
        id: "backend.handles.unknown",
        question: "Is a handle that was never given refused as such?",
        hint: "return Error::UnknownHandle; the SDK's glue does",
        needs: LEARNS,
        run: handles::unknown,
    },
    Entry {
        id: "backend.handles.twice",
        question: "Is a handle refused once it was released?",
        hint: "release forgets the handle; the SDK's glue does",
        needs: LEARNS,
        run: handles::twice,
    },
    Entry {
        id: "backend.handles.second",
        question: "Does a second one opened beside it leave the first alone?",
        hint: "no state in statics: a backend is opened once per method of a run",
        needs: SAME_FOR_ALL_SEEDS,
        run: handles::second,
    },
    Entry {
        id: "backend.errors.input",
        question: "Are tables that break the contract refused without a panic?",
        hint: "return Error::BadInput; People::new and Requests::new do",
        needs: LEARNS,
        run: handles::broken_input,
    },
    Entry {
        id: "backend.errors.after",
        question: "Does it still work after an error?",
        hint: "an error leaves the backend as it was",
        needs: WHOLE,
        run: handles::after_error,
    },
    Entry {
        id: "backend.cancel.before",
        question: "Does a call end that is told to stop before it begins?",
        hint: POLL,
        needs: &["backend.answers.plain"],
        run: calls::cancel_before,
    },
    Entry {
        id: "backend.cancel.during",
        question: "Does a long call end within 2 s of being told to stop?",
        hint: POLL,
        needs: &["backend.answers.plain"],
        run: calls::cancel_during,
    },
    Entry {
        id: "backend.progress",
        question: "Does reported progress rise from 0 to 1?",
        hint: "Control::progress takes the share done in this call",
        needs: &["backend.answers.plain"],
        run: calls::progress,
    },
    Entry {
        id: "backend.usage",
        question: "Are its counters JSON numbers that never fall?",
        hint: "count from open on; see Usage",
        needs: &["backend.answers.plain"],
        run: calls::usage,
    },
    Entry {
        id: "backend.memory",
        question: "Does memory stay what it is over many calls?",
        hint: "free in release what adapt keeps; cache only what is bounded",
        needs: &["backend.answers.plain"],
        run: calls::memory,
    },
];
