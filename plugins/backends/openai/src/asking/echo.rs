//! Labels after the prompt, echoed: the log-probability of each of their tokens.

use super::{Answered, Asking, Question, Trouble, requests::Ask};
use crate::{
    client::{Call, Failure, Kept},
    wire::Place,
};
use backend_language::orders;
use std::sync::Arc;

impl Asking<'_> {
    /// One call for each label in each order.
    pub(super) fn echo_calls(&self, question: &Question) -> Result<Vec<Call>, Trouble> {
        let labels = self.labels(question);
        let chats = orders::chats(&question.chat, labels.len(), self.settings.orders)?;
        let gap = self.gap();
        let mut calls = Vec::with_capacity(chats.len() * labels.len());
        for chat in &chats {
            for label in &labels {
                calls.push(self.call(chat, Ask::Echo(&format!("{gap}{label}")), 0)?);
            }
        }
        Ok(calls)
    }

    pub(super) async fn by_echo(&self, question: &Question) -> Result<Answered, Trouble> {
        let replies = self.ask_all(&self.echo_calls(question)?).await?;
        let labels = self.labels(question);
        if self.client.conditions().estimate {
            return Ok(self.likely(Vec::new(), replies));
        }
        let mut found = Vec::new();
        for of_order in replies.chunks(labels.len()) {
            found.push(Some(self.levels(&labels, of_order)?));
        }
        Ok(self.likely(found, replies))
    }

    /// Log-probabilities of the labels, by the tree of their tokens: what has no alternative costs
    /// nothing.
    fn levels(&self, labels: &[&str], replies: &[Arc<Kept>]) -> Result<Vec<f64>, Trouble> {
        let gap = self.gap();
        let of_label = |(label, reply): (&&str, &'_ Arc<Kept>)| -> Result<Vec<Place>, Failure> {
            Ok(echoed(&format!("{gap}{label}"), &reply.said.places)?.to_vec())
        };
        let paths: Vec<Vec<Place>> =
            labels.iter().zip(replies).map(of_label).collect::<Result<_, _>>()?;
        let mut levels = vec![0.0; paths.len()];
        descend(&paths, (0..paths.len()).collect(), 0, 0.0, &mut levels)?;
        Ok(levels)
    }
}

/// The echoed tokens that read these words at the end of the prompt: before the one that was written,
/// where one was (a service may leave out one that ends the answer). Counted from the end, since
/// services write a prompt's own marks in their own ways.
pub(crate) fn echoed<'a>(words: &str, places: &'a [Place]) -> Result<&'a [Place], Failure> {
    let broken = |what: &str| Failure::Broken(format!("the echo {what}"));
    let (_, before) = places.split_last().ok_or_else(|| broken("is empty"))?;
    let found = ending(words, before).or_else(|| ending(words, places));
    let found = found.ok_or_else(|| broken("does not end with the words that were sent"))?;
    match found.iter().all(|place| place.log.is_some()) {
        true => Ok(found),
        false => Err(broken("has no log-probabilities of the answer")),
    }
}

/// The tokens at the end that read these words.
fn ending<'a>(words: &str, places: &'a [Place]) -> Option<&'a [Place]> {
    let (mut left, mut start) = (words, places.len());
    while !left.is_empty() {
        start = start.checked_sub(1)?;
        let token = places[start].token.as_str();
        left = left.strip_suffix(token).filter(|_| !token.is_empty())?;
    }
    Some(&places[start..])
}

/// Shares the log-probability of a place of the tree among the labels below it.
fn descend(
    paths: &[Vec<Place>],
    mut labels: Vec<usize>,
    mut depth: usize,
    log: f64,
    levels: &mut [f64],
) -> Result<(), Failure> {
    loop {
        if let [only] = labels.as_slice() {
            levels[*only] = log;
            return Ok(());
        }
        let mut parts: Vec<(&str, f64, Vec<usize>)> = Vec::new();
        for label in labels {
            let place = paths[label].get(depth);
            let (token, likely) =
                place.map_or(("", None), |place| (place.token.as_str(), place.log));
            match parts.iter_mut().find(|(known, _, _)| *known == token) {
                Some((_, _, same)) if place.is_some() => same.push(label),
                Some(_) => return Err(Failure::Broken("two labels are echoed alike".into())),
                None => parts.push((token, likely.unwrap_or(f64::NAN), vec![label])),
            }
        }
        // A label at its end has whatever the others leave.
        let others: f64 = parts.iter().filter(|p| !p.1.is_nan()).map(|p| p.1.exp()).sum();
        for part in &mut parts {
            if part.1.is_nan() {
                part.1 = (1.0 - others).max(1e-12).ln();
            }
        }
        depth += 1;
        if parts.len() == 1 {
            labels = parts.remove(0).2;
            continue;
        }
        let sum: f64 = parts.iter().map(|(_, likely, _)| likely.exp()).sum();
        for (_, likely, below) in parts {
            descend(paths, below, depth, log + likely - sum.ln(), levels)?;
        }
        return Ok(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(token: &str, p: f64) -> Place {
        Place { token: token.into(), log: Some(p.ln()), ..Place::default() }
    }

    #[test]
    fn words_are_found_from_the_end() {
        let places =
            [place("", 0.5), place("Q:", 0.5), place(" a", 0.5), place("b", 0.1), place("c", 0.9)];
        assert_eq!(echoed(" ab", &places).unwrap(), &places[2..4]);
        assert!(echoed("ab", &places).is_err(), "a token across the end of the prompt");
        assert_eq!(echoed(" abc", &places).unwrap(), &places[2..], "nothing was written");
        assert!(echoed("abc", &places).is_err() && echoed("x", &[]).is_err());
    }

    #[test]
    fn forced_tokens_cost_nothing() {
        let path = |tokens: &[(&str, f64)]| tokens.iter().map(|(t, p)| place(t, *p)).collect();
        let paths: Vec<Vec<Place>> = vec![
            path(&[("Some", 0.2), (" agree", 0.3)]),
            path(&[("Some", 0.2), (" disagree", 0.1)]),
            path(&[("No", 0.6)]),
        ];
        let mut levels = vec![0.0; 3];
        descend(&paths, vec![0, 1, 2], 0, 0.0, &mut levels).unwrap();
        let p: Vec<f64> = levels.iter().map(|log: &f64| log.exp()).collect();
        let right = [0.25 * 0.75, 0.25 * 0.25, 0.75];
        assert!(p.iter().zip(right).all(|(p, right)| (p - right).abs() < 1e-12), "{p:?}");
    }
}
