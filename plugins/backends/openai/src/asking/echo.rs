//! Labels after the prompt, echoed: the log-probability of each of their tokens.

use super::{
    Answered, Asking, Question, Trouble,
    requests::{Ask, Style},
};
use crate::{
    client::{Call, Failure, Kept},
    wire::Place,
};
use backend_language::{Message, Problem, orders};

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
        let chats = orders::chats(&question.chat, labels.len(), self.settings.orders)?;
        let mut found = Vec::new();
        for (chat, replies) in chats.iter().zip(replies.chunks(labels.len())) {
            found.push(Some(self.levels(chat, replies)?));
        }
        Ok(self.likely(found, replies))
    }

    /// Log-probabilities of the labels, by the tree of their tokens: what has no alternative costs
    /// nothing.
    fn levels(
        &self,
        chat: &[Message],
        replies: &[std::sync::Arc<Kept>],
    ) -> Result<Vec<f64>, Trouble> {
        let Style::Text(written) = self.style else {
            return Err(Problem::words("chats are not echoed").into());
        };
        let start = written.prompt(chat)?.chars().count();
        let paths: Vec<Vec<&Place>> = replies
            .iter()
            .map(|reply| after(start, &reply.said.places))
            .collect::<Result<_, Failure>>()?;
        let mut levels = vec![0.0; paths.len()];
        descend(&paths, (0..paths.len()).collect(), 0, 0.0, &mut levels)?;
        Ok(levels)
    }
}

/// The tokens of the words after the prompt: all but the last, which was written.
fn after(start: usize, places: &[Place]) -> Result<Vec<&Place>, Failure> {
    let broken = |what: &str| Failure::Broken(format!("the echo {what}"));
    let (_, echoed) = places.split_last().ok_or_else(|| broken("is empty"))?;
    let mut at = 0;
    let mut found = Vec::new();
    for place in echoed {
        let offset = place.offset.unwrap_or(at);
        at = offset + place.token.chars().count();
        if offset >= start {
            found.push(place);
        } else if at > start {
            return Err(broken("has a token across the end of the prompt"));
        }
    }
    match found.iter().any(|place| place.log.is_none()) || found.is_empty() {
        true => Err(broken("has no log-probabilities of the answer")),
        false => Ok(found),
    }
}

/// Shares the log-probability of a place of the tree among the labels below it.
fn descend(
    paths: &[Vec<&Place>],
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

    fn place(token: &str, p: f64, offset: usize) -> Place {
        Place { token: token.into(), log: Some(p.ln()), offset: Some(offset), top: Box::default() }
    }

    #[test]
    fn tokens_after_the_prompt_are_taken() {
        let places =
            [place("Q:", 0.5, 0), place(" a", 0.5, 2), place("b", 0.1, 4), place("c", 0.9, 5)];
        let found = after(2, &places).unwrap();
        assert_eq!(found.len(), 2);
        assert!(after(3, &places).is_err());
        assert!(after(5, &places).is_err());
    }

    #[test]
    fn forced_tokens_cost_nothing() {
        let shared = place("Some", 0.2, 0);
        let (agree, disagree) = (place(" agree", 0.3, 4), place(" disagree", 0.1, 4));
        let other = place("No", 0.6, 0);
        let paths = vec![vec![&shared, &agree], vec![&shared, &disagree], vec![&other]];
        let mut levels = vec![0.0; 3];
        descend(&paths, vec![0, 1, 2], 0, 0.0, &mut levels).unwrap();
        let p: Vec<f64> = levels.iter().map(|log: &f64| log.exp()).collect();
        let right = [0.25 * 0.75, 0.25 * 0.25, 0.75];
        assert!(p.iter().zip(right).all(|(p, right)| (p - right).abs() < 1e-12), "{p:?}");
    }
}
