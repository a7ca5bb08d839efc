//! For benches: interviews that are given as text, asked in the order of a host.

use crate::Problem;
use pilotbench_plugin_sdk::Result;
use serde::Deserialize;
use std::path::Path;

/// A question as text.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    /// Who is asked; a person's questions stand together.
    pub participant: u32,
    /// The prompt, open for the answer.
    pub prompt: String,
    /// Labels of the options.
    pub options: Vec<String>,
}

/// Reads a file with a JSON object a line.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> std::result::Result<Vec<Line>, Problem> {
    let text = std::fs::read_to_string(path).map_err(|e| Problem::file(path, e))?;
    let line = |line| serde_json::from_str(line).map_err(|e| Problem::model(path, e));
    text.lines().map(line).collect()
}

/// What `answer` gives for every question, asked as a host does: some people at a time, question by
/// question.
///
/// # Errors
/// The first of `answer`.
pub fn asked_in_turn<T>(
    lines: &[Line],
    at_once: usize,
    mut answer: impl FnMut(&[&Line], usize) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    let people: Vec<&[Line]> = lines.chunk_by(|a, b| a.participant == b.participant).collect();
    let mut answers: Vec<Vec<T>> = people.iter().map(|_| Vec::new()).collect();
    for (start, group) in people.chunks(at_once).enumerate() {
        let items = group.iter().map(|lines| lines.len()).max().unwrap_or(0);
        for item in 0..items {
            let asked: Vec<usize> =
                (0..group.len()).filter(|person| group[*person].len() > item).collect();
            let lines: Vec<&Line> = asked.iter().map(|person| &group[*person][item]).collect();
            for (person, answer) in asked.into_iter().zip(answer(&lines, item)?) {
                answers[start * at_once + person].push(answer);
            }
        }
    }
    Ok(answers.into_iter().flatten().collect())
}
