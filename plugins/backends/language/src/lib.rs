//! What the backends with a language model share: from an interview's messages and an item's
//! labels to token ids, and from logits to probabilities of the labels. No tensors here.
//!
//! The way of an answer: [`parse_messages`] reads the request, [`Language::prompt`] makes its
//! tokens, [`Language::options`] makes the tree of the item's labels after it, the backend
//! computes logits at each [`Branching`], and [`Options::log_probabilities`] gives the answer's
//! distribution. [`trie::plan`] says what prompts have in common, [`orders`] asks again with the
//! labels in another order.

mod language;
mod message;
mod options;
pub mod orders;
mod problem;
mod template;
mod tokenizer;
pub mod trie;

pub use language::{Interview, Language};
pub use message::{Message, parse_messages};
pub use options::{Branching, Options};
pub use problem::{Kind, Problem};
pub use template::{PLAIN, Template};
pub use tokenizer::{Tokenizer, Vocabulary};
