//! A question as requests, and their replies as an answer.
//!
//! The ways, best first: [`tree`] and [`letters`] (and [`echo`] where a service echoes prompts) give
//! the probability of every option, from which the host draws; [`spoken`] has one answer sampled,
//! held to the options by a schema or free; [`questionnaire`] has a person's answers to all questions
//! at once. What the service refuses, and what names no option, goes to the host as such.

mod echo;
pub(crate) mod letters;
mod questionnaire;
mod requests;
mod spoken;
mod tree;

pub(crate) use echo::echoed;
pub(crate) use requests::{Model, Style, Written, going_on, held_to};
pub(crate) use spoken::schema;

use crate::{
    client::{Call, Client, Failure, Kept, tokens},
    settings::Settings,
    wire::Listed,
};
use backend_language::{Message, Problem};
use pilotbench_plugin_sdk::{Answers, Error, Item, Receipt};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How answers are had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Way {
    Letters,
    Tree,
    Echo,
    Schema,
    Text,
}

impl Way {
    /// Word in settings and records.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Letters => "letters",
            Self::Tree => "tree",
            Self::Echo => "echo",
            Self::Schema => "schema",
            Self::Text => "text",
        }
    }

    /// Whether it gives probabilities.
    pub(crate) fn is_likelihood(self) -> bool {
        matches!(self, Self::Letters | Self::Tree | Self::Echo)
    }
}

/// A question to a person.
pub(crate) struct Question {
    /// Under which its answer is expected.
    pub id: i64,
    /// The interview so far.
    pub chat: Vec<Message>,
    /// Index of the item.
    pub item: usize,
    /// Which of several sampled answers this is.
    pub replicate: u64,
    /// Which of several sampled answers this person's whole sheet is.
    pub sheet: u64,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Log-probabilities of the levels.
    LogProbabilities(Vec<f64>),
    /// The level that was taken.
    Choice(usize),
    /// Words.
    Text(String),
    /// Words of a refusal.
    Refusal(String),
}

/// An answer with the replies that it is made of.
pub(crate) struct Answered {
    /// What came of it.
    pub verdict: Verdict,
    /// The replies.
    pub replies: Vec<Arc<Kept>>,
    /// Whether this answer is the one that they are charged to.
    pub is_charged: bool,
}

/// Why a question has no answer.
#[derive(Debug)]
pub enum Trouble {
    /// A request failed.
    Request(Failure),
    /// The chat is none that can be asked.
    Words(Problem),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Request(failure)
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self::Words(problem)
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Request(failure) => failure.into(),
            Trouble::Words(problem) => problem.into(),
        }
    }
}

/// Everything about asking that is the same for all questions.
pub(crate) struct Asking<'a> {
    /// The service.
    pub client: &'a Client,
    /// Settings of the method.
    pub settings: &'a Settings,
    /// How answers are had.
    pub way: Way,
    /// How requests are written.
    pub style: &'a Style,
    /// Who is asked.
    pub model: &'a Model,
    /// Most log-probabilities of a place.
    pub top: usize,
    /// All items.
    pub items: &'a [Item],
}

impl Asking<'_> {
    /// The answer to a question.
    ///
    /// # Errors
    /// When a request fails, or the chat cannot be asked.
    pub(crate) async fn answer(&self, question: &Question) -> Result<Answered, Trouble> {
        let answered = match self.way {
            _ if self.settings.questionnaire => self.by_questionnaire(question).await?,
            Way::Letters => self.by_letters(question).await?,
            Way::Tree => self.by_tree(question).await?,
            Way::Echo => self.by_echo(question).await?,
            Way::Schema | Way::Text => self.spoken(question).await?,
        };
        if !self.client.conditions().estimate {
            return Ok(answered);
        }
        let levels = self.items[question.item].levels.len();
        let even = vec![-(levels as f64).ln(); levels];
        Ok(Answered { verdict: Verdict::LogProbabilities(even), ..answered })
    }

    /// The requests that a question makes, where they are known before any is answered.
    ///
    /// # Errors
    /// When the chat cannot be asked.
    pub(crate) fn calls(&self, question: &Question) -> Result<Vec<Call>, Trouble> {
        match self.way {
            _ if self.settings.questionnaire => Ok(vec![self.questionnaire_call(question)?]),
            Way::Letters => self.letter_calls(question),
            Way::Echo => self.echo_calls(question),
            Way::Schema | Way::Text => Ok(vec![self.spoken_call(question)?]),
            Way::Tree => Ok(Vec::new()),
        }
    }

    /// The labels of a question's item.
    fn labels(&self, question: &Question) -> Vec<&str> {
        self.items[question.item].levels.iter().map(|level| level.label.as_str()).collect()
    }

    /// Makes one call after the other: what can be asked at once are questions.
    async fn ask_all(&self, calls: &[Call]) -> Result<Vec<Arc<Kept>>, Trouble> {
        let mut replies = Vec::with_capacity(calls.len());
        for call in calls {
            replies.push(self.client.ask(call).await?);
        }
        Ok(replies)
    }

    /// An answer by the probabilities of each order of the options; `None` where a reply names none of
    /// them.
    fn likely(&self, orders: Vec<Option<Vec<f64>>>, replies: Vec<Arc<Kept>>) -> Answered {
        let refusal = replies.iter().find_map(|reply| refusal(reply));
        let known: Option<Vec<Vec<f64>>> = orders.into_iter().collect();
        let verdict = match (refusal, known) {
            (Some(words), _) => Verdict::Refusal(words),
            (None, Some(orders)) => {
                Verdict::LogProbabilities(self.settings.manner().averaged(&orders))
            }
            (None, None) => Verdict::Text(first_words(&replies)),
        };
        Answered { verdict, replies, is_charged: true }
    }
}

impl Answered {
    /// Gives it to the host, with what it took; the first answer after learning pays for that.
    pub(crate) fn give(
        self,
        id: i64,
        mut receipt: Receipt,
        learning: Option<Receipt>,
        answers: &mut Answers,
    ) {
        match &self.verdict {
            Verdict::LogProbabilities(logs) => answers.log_probabilities(id, logs),
            Verdict::Choice(level) => answers.choice(id, *level),
            Verdict::Text(words) => answers.text(id, words),
            Verdict::Refusal(words) => answers.refusal(id, words),
        }
        if let Some(learning) = learning {
            receipt.usd = receipt.usd.zip(learning.usd).map(|(answer, learning)| answer + learning);
        }
        answers.receipt(receipt);
    }

    /// What it took.
    pub(crate) fn receipt(&self) -> Receipt {
        let by = self.replies.iter().rev().find_map(|reply| reply.said.by());
        if !self.is_charged {
            return Receipt { by, usd: Some(0.0), ..Receipt::default() };
        }
        let mut receipt = Receipt { by, usd: Some(0.0), ..Receipt::default() };
        for reply in &self.replies {
            let tokens = tokens(&reply.said);
            receipt.prompt_tokens += tokens.prompt;
            receipt.completion_tokens += tokens.completion;
            let usd = reply.nano_usd.map(|nano| nano as f64 / 1e9);
            receipt.usd = receipt.usd.zip(usd).map(|(sum, usd)| sum + usd);
        }
        receipt
    }
}

/// Words of a refusal, where a reply is one.
fn refusal(reply: &Kept) -> Option<String> {
    let said = &reply.said;
    let words = || said.text.clone().unwrap_or_else(|| "(content filter)".to_owned());
    said.is_refusal().then(|| said.refusal.clone().unwrap_or_else(words))
}

/// What a model said or would have said where it named no option.
fn first_words(replies: &[Arc<Kept>]) -> String {
    let of = |reply: &Arc<Kept>| match reply.said.places.first() {
        Some(place) => Some(place.token.clone()),
        None => reply.said.text.clone(),
    };
    replies.iter().find_map(of).unwrap_or_default()
}

/// Log-probabilities of options from those of the tokens that stand for them. What is not listed is
/// at most as likely as the least likely that is, and as what is left over: that bound is taken.
/// `None` where no option is listed.
fn normed(listed: &[Option<f64>], top: &[Listed]) -> Option<Vec<f64>> {
    if listed.iter().all(Option::is_none) {
        return None;
    }
    let least = top.iter().map(|(_, log)| *log).fold(0.0, f64::min);
    let left = 1.0 - top.iter().map(|(_, log)| log.exp()).sum::<f64>();
    let bound = least.min(left.max(1e-12).ln());
    let logs: Vec<f64> = listed.iter().map(|log| log.unwrap_or(bound)).collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    Some(logs.iter().map(|log| log - most - sum.ln()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_bounded() {
        let top = [("A".into(), 0.6f64.ln()), ("B".into(), 0.3f64.ln())];
        let logs = normed(&[Some(top[0].1), None, Some(top[1].1)], &top).unwrap();
        let sum: f64 = logs.iter().map(|log| log.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        // A tenth is left over, which is less than the least that is listed.
        assert!((logs[1].exp() - 0.1).abs() < 1e-9, "{logs:?}");
        assert_eq!(normed(&[None, None], &top), None);
    }
}
