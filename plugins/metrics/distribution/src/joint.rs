//! Distance between the distributions of complete belief vectors. Most of it is chance when there
//! are more vectors than people: the level between two halves of the humans shows how much.

use crate::Config;
use metric_common::{
    Layout, People, Random, Report, Side, Structures, Value, VectorCounts, js_divergence,
    order_by_id, vectors_by_row,
};
use pilotbench_plugin_sdk::{Evaluation, Group};

const SCORES: [&str; 2] = ["js_joint", "js_joint_split_half"];

pub(crate) fn report(config: Config, input: &Evaluation, report: &mut Report) {
    let (groups, layout) = ([Group::everybody()], Layout::everybody());
    let structures = match Structures::new(input) {
        Ok(structures) => structures,
        Err(reason) => {
            for score in SCORES {
                report.push(score, None, &Group::everybody(), People::default(), [Err(reason)]);
            }
            return;
        }
    };
    let (human, simulated) = (Side::human(input, &layout), Side::simulated(input, &layout));
    let human = VectorCounts::new(&human, &structures.human);
    let simulated = VectorCounts::new(&simulated, &structures.simulated);
    let distance = |divergence: Value| divergence.map(f64::sqrt);
    let values = human.js_divergence(&simulated).into_iter().map(distance);
    let people = People { human: human.people(), simulated: simulated.people() };
    report.push(SCORES[0], None, &groups[0], people, values);
    let people = People { human: human.people(), simulated: 0 };
    report.push(SCORES[1], None, &groups[0], people, [split_half(config, input, &structures)]);
}

/// Mean distance between two random halves of the humans.
fn split_half(config: Config, input: &Evaluation, structures: &Structures) -> Value {
    let vectors = vectors_by_row(&structures.human, input.human.len());
    // Who they are matters no more: vectors are drawn, not rows, which lie far apart.
    let order = order_by_id(&input.human, 0..input.human.len());
    let mut people: Vec<u32> = order.into_iter().filter_map(|row| vectors[row]).collect();
    let half = people.len() / 2;
    if half == 0 {
        return Err("fewer than two participants with complete beliefs");
    }
    let mut random = Random::new(input.seed, &[u64::from_le_bytes(*b"js_joint")]);
    let mut sum = 0.0;
    for _ in 0..config.splits {
        random.draw(&mut people, 2 * half);
        let mut counts = [vec![0; structures.distinct], vec![0; structures.distinct]];
        for (place, vector) in people[..2 * half].iter().enumerate() {
            counts[usize::from(place >= half)][*vector as usize] += 1;
        }
        sum += js_divergence(&counts[0], &counts[1])?.sqrt();
    }
    Ok(sum / config.splits as f64)
}
