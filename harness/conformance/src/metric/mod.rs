//! The checks of a metric.

mod bench;
mod best;
mod calls;
mod comparison;
mod description;
mod rows;
mod same;
mod table;

use crate::{
    checks::{Check, Entry, Options, Target, listed, run},
    report::{Kind, Report},
    settings,
    subject::MetricSubject,
};
use bench::Bench;
use std::sync::Arc;

/// Checks a metric opened with these settings (JSON text). `step` hears of each check before it
/// starts.
pub fn check_metric(
    subject: Arc<dyn MetricSubject>,
    settings: &str,
    options: Options,
    step: &dyn Fn(&Check),
) -> Report {
    let bench = Bench::new(subject, settings, options);
    let target =
        Target { kind: Kind::Metric, name: bench.name(), settings: settings::shown(settings) };
    run(target, &bench, CHECKS, step)
}

/// The checks of a metric, in order.
pub fn metric_checks() -> Vec<Check> {
    listed(CHECKS)
}

const OPENS: &[&str] = &["metric.settings.opens"];
const ROWS: &[&str] = &["metric.rows.columns"];
const PLAIN: &[&str] = &["metric.rows.plain"];
/// Whatever is wrong with every table is said once.
const SOUND: &[&str] = &[
    "metric.rows.described",
    "metric.rows.once",
    "metric.rows.valued",
    "metric.rows.range",
    "metric.rows.resamples",
    "metric.rows.people",
];

/// A metric that says something else each time is said to once.
const SAME: &[&str] = &["metric.same.twice"];

const POLL: &str = "call Control::check or Control::progress at least every second, with `?`";
const UNDEFINED: &str = "a score without a value is a row with a reason (Resampled::undefined), \
                         never NaN, 0 or an error";

const CHECKS: &[Entry<Bench>] = &[
    Entry {
        id: "metric.describes.itself",
        question: "Are its description and those of its scores sound?",
        hint: "see MetricInfo and ScoreInfo",
        needs: &[],
        run: description::describes,
    },
    Entry {
        id: "metric.settings.opens",
        question: "Does it open with these settings?",
        hint: "give settings with which it opens",
        needs: &[],
        run: description::opens,
    },
    Entry {
        id: "metric.settings.unknown",
        question: "Is an unknown setting refused as Error::Config?",
        hint: "put #[serde(deny_unknown_fields)] on the settings: a misspelt one must not pass",
        needs: OPENS,
        run: description::unknown_setting,
    },
    Entry {
        id: "metric.settings.type",
        question: "Are settings of a wrong JSON type refused as Error::Config?",
        hint: "read settings with serde, and return Error::config for what serde cannot see",
        needs: OPENS,
        run: description::wrong_settings,
    },
    Entry {
        id: "metric.rows.plain",
        question: "Does it score a comparison of some experiment?",
        hint: "return Error::Unsupported only for experiments that it cannot score at all",
        needs: OPENS,
        run: rows::plain,
    },
    Entry {
        id: "metric.rows.columns",
        question: "Has the table the columns of the contract?",
        hint: "use MetricTable, or see its columns",
        needs: PLAIN,
        run: rows::columns,
    },
    Entry {
        id: "metric.rows.described",
        question: "Are only described scores, and items and groups of the experiment, reported?",
        hint: "list every score in MetricInfo::scores; groups come from Evaluation::groups",
        needs: ROWS,
        run: rows::described,
    },
    Entry {
        id: "metric.rows.once",
        question: "Does a score stand once for an item and group?",
        hint: "one row for a score, item and group",
        needs: ROWS,
        run: rows::once,
    },
    Entry {
        id: "metric.rows.valued",
        question: "Has each row either a value or a reason?",
        hint: UNDEFINED,
        needs: ROWS,
        run: rows::valued,
    },
    Entry {
        id: "metric.rows.range",
        question: "Are values finite and inside the described range?",
        hint: "describe the range that the values have, or none",
        needs: ROWS,
        run: rows::range,
    },
    Entry {
        id: "metric.rows.resamples",
        question: "Are there as many resamples as weights, or none?",
        hint: "Resampled::from_results takes a value for every index of Weights::width",
        needs: ROWS,
        run: rows::resamples,
    },
    Entry {
        id: "metric.rows.people",
        question: "Are the numbers of people possible?",
        hint: "n_human and n_simulated count people of the tables",
        needs: ROWS,
        run: rows::people,
    },
    Entry {
        id: "metric.rows.experiments",
        question: "Does it score with no arms, no covariates, one item?",
        hint: "arms, covariates and subgroups may be empty",
        needs: SOUND,
        run: rows::experiments,
    },
    Entry {
        id: "metric.rows.unicode",
        question: "Does it score with odd text in labels and identifiers?",
        hint: "texts may hold anything, NUL and line ends too, and be long",
        needs: SOUND,
        run: rows::unicode,
    },
    Entry {
        id: "metric.people.one",
        question: "Does one person give sound rows?",
        hint: UNDEFINED,
        needs: SOUND,
        run: rows::one_person,
    },
    Entry {
        id: "metric.people.none",
        question: "Do tables without humans or simulated people give sound rows?",
        hint: UNDEFINED,
        needs: SOUND,
        run: rows::nobody,
    },
    Entry {
        id: "metric.people.group",
        question: "Does an arm or group without people give sound rows?",
        hint: UNDEFINED,
        needs: SOUND,
        run: rows::empty_group,
    },
    Entry {
        id: "metric.people.unanswered",
        question: "Do people without any answer give sound rows?",
        hint: UNDEFINED,
        needs: SOUND,
        run: rows::unanswered,
    },
    Entry {
        id: "metric.people.pilot",
        question: "Does it score where the pilot is empty?",
        hint: "a pilot of 0 is usual; what needs one is undefined then",
        needs: SOUND,
        run: rows::no_pilot,
    },
    Entry {
        id: "metric.people.unpaired",
        question: "Does it score simulated people who stand in for nobody?",
        hint: "join by identifier (Evaluation::pairs); what needs pairs is undefined without",
        needs: SOUND,
        run: rows::unpaired,
    },
    Entry {
        id: "metric.same.twice",
        question: "Same tables, same rows?",
        hint: "derive what is drawn from Evaluation::seed",
        needs: SOUND,
        run: same::twice,
    },
    Entry {
        id: "metric.same.order",
        question: "Rows in another order, the same scores?",
        hint: "join people by identifier; draw in the order of identifiers",
        needs: SAME,
        run: same::order,
    },
    Entry {
        id: "metric.same.threads",
        question: "On two threads at once, the same scores?",
        hint: "the host calls evaluate from several threads",
        needs: SAME,
        run: same::threads,
    },
    Entry {
        id: "metric.same.weights",
        question: "Does a resample in which everybody has weight 1 give the value itself?",
        hint: "compute index 0 and the resamples by the same code",
        needs: SAME,
        run: same::weights,
    },
    Entry {
        id: "metric.best.itself",
        question: "Are humans against themselves as good as can be?",
        hint: "set `better` right; a score that is not best for a perfect simulation is Describes",
        needs: SAME,
        run: best::itself,
    },
    Entry {
        id: "metric.errors.input",
        question: "Are tables that break the contract refused without a panic?",
        hint: "return Error::BadInput; Evaluation::new does",
        needs: PLAIN,
        run: calls::broken_input,
    },
    Entry {
        id: "metric.errors.after",
        question: "Does it still work after an error?",
        hint: "an error leaves the metric as it was",
        needs: SAME,
        run: calls::after_error,
    },
    Entry {
        id: "metric.cancel.before",
        question: "Does a call end that is told to stop before it begins?",
        hint: POLL,
        needs: PLAIN,
        run: calls::cancel_before,
    },
    Entry {
        id: "metric.cancel.during",
        question: "Does a long call end within 2 s of being told to stop?",
        hint: POLL,
        needs: PLAIN,
        run: calls::cancel_during,
    },
    Entry {
        id: "metric.progress",
        question: "Does reported progress rise from 0 to 1?",
        hint: "Control::progress takes the share done in this call",
        needs: PLAIN,
        run: calls::progress,
    },
    Entry {
        id: "metric.memory",
        question: "Does memory stay what it is over many calls?",
        hint: "cache only what is bounded",
        needs: PLAIN,
        run: calls::memory,
    },
];
