//! What the backends with a language model share: from an interview's messages and an item's
//! labels to token ids, and from logits to probabilities of the labels. No tensors here.
//!
//! The way of an answer: [`chat`] reads the request, [`Language::question`] makes its tokens (in
//! several [`orders`] of the labels where asked), [`Language::options_of`] makes the tree of the
//! item's labels after it, the backend computes logits at each [`Branching`] (or has them in a
//! [`Memo`]; [`trie::plan`] says what prompts have in common), [`Options::log_probabilities`] gives
//! the answer's distribution, and [`Manner::averaged`] what the host gets. [`speech`] answers in
//! words instead.

mod asking;
mod files;
mod language;
#[doc(hidden)]
pub mod measure;
mod memo;
mod message;
mod options;
pub mod orders;
pub mod place;
mod problem;
pub mod speech;
mod template;
mod tokenizer;
pub mod trie;

pub use asking::{Manner, chat};
pub use language::{Interview, Language};
pub use memo::{Memo, Rows};
pub use message::{Message, parse_messages};
pub use options::{Branching, Options};
pub use problem::{Kind, Problem};
pub use template::{Lead, PLAIN, Template};
pub use tokenizer::{Tokenizer, Vocabulary};
