//! What backends with language models share, without tensors.
//!
//! [`Language`] turns the chat of a request into token ids and the options of an item into a tree of
//! tokens ([`Options`]); [`Options::log_probabilities`] turns logits into log-probabilities of the
//! levels. [`trie`] plans a batch so that what prompts have in common is computed once; [`orders`]
//! asks with the options in other orders.

mod language;
mod options;
pub mod orders;
mod problem;
mod template;
mod tokenizer;
pub mod trie;
mod vocabulary;

pub use language::{Interview, Language, Message, parse_messages};
pub use options::{Branching, Options};
pub use problem::Problem;
pub use template::Template;
pub use tokenizer::Tokenizer;
pub use vocabulary::Vocabulary;
