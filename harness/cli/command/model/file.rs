//! What a file is, as far as its first bytes say.

use pilotbench_engine::{
    fault::{Fault, Result},
    identity,
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Longest list of tensors that is read.
const HEADER_MAX: u64 = 64 << 20;

/// What can be said of a file without reading its weights, but for the hash.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub(super) file: PathBuf,
    pub(super) kind: &'static str,
    /// Number of tensors, where the kind has them and says so.
    pub(super) tensors: Option<u64>,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Facts {
    pub(super) fn of(path: &Path) -> Result<Self> {
        let fault = |e: io::Error| Fault::store(path.display(), e);
        let mut file = File::open(path).map_err(fault)?;
        let bytes = file.metadata().map_err(fault)?.len();
        let mut begin = Vec::new();
        file.by_ref().take(24).read_to_end(&mut begin).map_err(fault)?;
        let kind = kind(&begin);
        let tensors = match kind {
            "GGUF" => number(&begin, 8),
            "safetensors" => safetensors(path, &begin).map_err(fault)?,
            _ => None,
        };
        let (file, sha256) = (path.to_owned(), identity::sha256_file(path)?);
        Ok(Self { file, kind, tensors, bytes, sha256 })
    }
}

fn kind(begin: &[u8]) -> &'static str {
    match begin {
        [b'G', b'G', b'U', b'F', ..] => "GGUF",
        [0x7F, b'E', b'L', b'F', ..] => "shared library",
        [_, _, _, _, _, _, 0, 0, b'{', ..] => "safetensors",
        [b'{' | b'[', ..] => "JSON",
        // The version of the format comes first, a small number.
        [0x08, 1..=32, 0x12 | 0x1A | 0x22 | 0x2A | 0x32 | 0x3A | 0x42 | 0x72, ..] => "ONNX",
        _ => "other",
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// The names in a safetensors header, a JSON object whose length stands before it; none where it
/// cannot be read, for then a backend says why.
fn safetensors(path: &Path, begin: &[u8]) -> io::Result<Option<u64>> {
    let Some(length) = number(begin, 0).filter(|length| *length <= HEADER_MAX) else {
        return Ok(None);
    };
    let mut header = Vec::new();
    File::open(path)?.take(8 + length).read_to_end(&mut header)?;
    let names = serde_json::from_slice::<Map<String, Value>>(&header[8..]).ok();
    Ok(names.map(|names| names.keys().filter(|name| *name != "__metadata__").count() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> (&'static str, Option<u64>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let facts = Facts::of(&path).unwrap();
        assert_eq!(facts.bytes, bytes.len() as u64);
        assert_eq!(facts.sha256, identity::sha256(bytes));
        (facts.kind, facts.tensors)
    }

    #[test]
    fn tensors_are_counted_where_the_header_is_whole() {
        let gguf = [&b"GGUF"[..], &3u32.to_le_bytes(), &272u64.to_le_bytes(), &[0; 8]].concat();
        assert_eq!(of(&gguf), ("GGUF", Some(272)));
        assert_eq!(of(&gguf[..12]), ("GGUF", None));
        let header = br#"{"__metadata__":{},"a":{},"b":{}}"#;
        let tensors = [&(header.len() as u64).to_le_bytes(), &header[..], &[1; 9]].concat();
        assert_eq!(of(&tensors), ("safetensors", Some(2)));
        assert_eq!(of(&tensors[..20]), ("safetensors", None));
        let endless = [&(HEADER_MAX + 1).to_le_bytes()[..], b"{"].concat();
        assert_eq!(of(&endless), ("safetensors", None));
    }

    #[test]
    fn other_files_are_named_by_their_kind() {
        assert_eq!(of(b"\x7FELF\x02"), ("shared library", None));
        assert_eq!(of(b"{\"a\": 1}"), ("JSON", None));
        assert_eq!(of(b""), ("other", None));
    }
}
