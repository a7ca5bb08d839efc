//! SHA-256 of bytes, files and values: what a thing is, independent of where it lies.

use crate::fault::{Fault, Result};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{fs::File, io::Read, path::Path};

/// A digest under construction.
#[derive(Default)]
pub struct Digest(Sha256);

impl Digest {
    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds a word with its length, so that neighbours cannot run together.
    pub fn word(&mut self, word: &str) {
        self.0.update((word.len() as u64).to_le_bytes());
        self.0.update(word.as_bytes());
    }

    /// The digest in hexadecimal.
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first 64 bits of the digest.
    pub fn finish_u64(self) -> u64 {
        let digest = self.0.finalize();
        digest.iter().take(8).rev().fold(0, |bits, byte| (bits << 8) | u64::from(*byte))
    }
}

/// SHA-256 of bytes, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.bytes(bytes);
    digest.finish()
}

/// SHA-256 of a file, hexadecimal.
///
/// # Errors
/// When the file cannot be read.
pub fn sha256_file(path: &Path) -> Result<String> {
    let unreadable = |e: std::io::Error| Fault::usage(path.display(), e);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut digest = Digest::default();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block).map_err(unreadable)? {
            0 => return Ok(digest.finish()),
            count => digest.bytes(&block[..count]),
        }
    }
}

/// SHA-256 of a value's canonical JSON text: keys sorted, no spaces.
pub fn sha256_of<T: Serialize>(value: &T) -> String {
    sha256(canonical_json(value).as_bytes())
}

/// Canonical JSON text: serde_json's `Value` keeps object keys sorted.
///
/// # Panics
/// When the value has keys that are not text; ours never do.
pub fn canonical_json<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).expect("our values serialise to JSON").to_string()
}
