//! How strongly each belief goes with the action.

use crate::beliefs::Question;
use metric_common::{ItemMeans, People, Report, Value, gap};
use pilotbench_plugin_sdk::{Evaluation, Group};

const SCORE: &str = "correlation_gap";

pub(crate) fn report(
    input: &Evaluation,
    question: Result<&Question, &&'static str>,
    report: &mut Report,
) {
    let everybody = Group::everybody();
    let all = People { human: input.human.len(), simulated: input.simulated.len() };
    let question = match question {
        Ok(question) => question,
        Err(reason) => return report.push(SCORE, None, &everybody, all, [Err(*reason)]),
    };
    let width = question.human.width();
    let mut means = ItemMeans::new(width);
    for (place, item) in question.beliefs.iter().enumerate() {
        let value = |index| {
            gap(
                question.correlation(&question.simulated, place, index),
                question.correlation(&question.human, place, index),
            )
        };
        let values: Vec<Value> = (0..width).map(value).collect();
        means.add(&values);
        let people = People {
            human: question.human.people(0, place),
            simulated: question.simulated.people(0, place),
        };
        report.push(SCORE, Some(*item), &everybody, people, values);
    }
    report.push(SCORE, None, &everybody, all, means.finish());
}
