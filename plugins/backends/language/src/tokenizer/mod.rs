//! From text to tokens and back.

mod gguf;

pub use gguf::Vocabulary;

use crate::Problem;
use std::path::Path;

/// A model's tokenizer. Many threads may use one.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    size: usize,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// When the file is missing or is no tokenizer.
    pub fn from_file(path: &Path) -> Result<Self, Problem> {
        let bytes = std::fs::read(path).map_err(|e| Problem::file(path, e))?;
        let inner = tokenizers::Tokenizer::from_bytes(bytes);
        inner.and_then(Self::whole).map_err(|e| Problem::model(path, e))
    }

    /// Makes the tokenizer that a GGUF file describes.
    ///
    /// # Errors
    /// When the kind of tokenizer is not known here (it is named), or its parts do not fit together.
    pub fn from_gguf(vocabulary: &Vocabulary) -> Result<Self, Problem> {
        Self::whole(gguf::build(vocabulary)?).map_err(Problem::words)
    }

    /// A tokenizer file may ask for texts to be cut or filled up; an interview is neither.
    fn whole(mut inner: tokenizers::Tokenizer) -> Result<Self, tokenizers::Error> {
        inner.with_truncation(None)?;
        inner.with_padding(None);
        // The largest id counts, for a vocabulary may have holes.
        let size = inner.get_vocab(true).into_values().max().map_or(0, |id| id as usize + 1);
        Ok(Self { inner, size })
    }

    /// Token ids of a text. Special tokens in the text are recognised, none is added.
    ///
    /// # Errors
    /// When a part of the text has no token.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Problem> {
        self.ids(text, false)
    }

    /// Token ids of a text with the special tokens around it that the model was trained with, where
    /// the tokenizer's file has them: what classifiers read.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_whole(&self, text: &str) -> Result<Vec<u32>, Problem> {
        self.ids(text, true)
    }

    fn ids(&self, text: &str, with_special: bool) -> Result<Vec<u32>, Problem> {
        let encoding = self.inner.encode_fast(text, with_special);
        let encoding = encoding.map_err(|e| Problem::words(format!("text to tokens: {e}")))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Text of token ids, special tokens included; ids outside the vocabulary are left out.
    pub fn decode(&self, tokens: &[u32]) -> String {
        self.inner.decode(tokens, false).unwrap_or_default()
    }

    /// One more than the largest token id.
    pub fn vocabulary_size(&self) -> usize {
        self.size
    }

    /// The id of a token, written as the vocabulary writes it.
    pub fn token(&self, text: &str) -> Option<u32> {
        self.inner.token_to_id(text)
    }
}
