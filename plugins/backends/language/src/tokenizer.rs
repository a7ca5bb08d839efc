use crate::{Problem, Vocabulary};
use std::path::Path;

/// Words to tokens and back.
pub struct Tokenizer(tokenizers::Tokenizer);

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// When it is missing or makes no tokenizer.
    pub fn from_file(path: &Path) -> Result<Self, Problem> {
        let bytes = std::fs::read(path).map_err(|e| Problem::file(path, e))?;
        Self::from_json(&bytes).map_err(|problem| problem.at(path))
    }

    /// From the vocabulary of a GGUF file.
    ///
    /// # Errors
    /// When it is of a kind that is not known.
    pub fn from_gguf(vocabulary: &Vocabulary) -> Result<Self, Problem> {
        Self::from_json(vocabulary.tokenizer_json()?.to_string().as_bytes())
    }

    fn from_json(bytes: &[u8]) -> Result<Self, Problem> {
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes)
            .map_err(|e| Problem::words(format!("no tokenizer: {e}")))?;
        // Both would change what crosses unasked.
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|e| Problem::words(e.to_string()))?;
        Ok(Self(inner))
    }

    /// Token ids of a text. Special tokens in it are recognised, none is added.
    ///
    /// # Errors
    /// When the text has no tokens in this vocabulary.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Problem> {
        let encoding = self.0.encode_fast(text, false);
        let encoding = encoding.map_err(|e| Problem::words(format!("no tokens: {e}")))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of tokens, special ones included.
    ///
    /// # Errors
    /// When a token is not known.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, Problem> {
        self.0.decode(tokens, false).map_err(|e| Problem::words(e.to_string()))
    }

    /// Number of tokens: one more than the largest id.
    pub fn vocabulary_size(&self) -> usize {
        let ids = self.0.get_vocab(true).into_values();
        ids.max().map_or(0, |largest| largest as usize + 1)
    }

    /// The id of a token.
    pub fn token(&self, text: &str) -> Option<u32> {
        self.0.token_to_id(text)
    }
}
