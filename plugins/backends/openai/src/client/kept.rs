//! Answers that were paid for are kept: in memory for questions that several people or replicates
//! share, on disk for later runs. A file is named by everything that its answer depends on, written
//! beside its place and renamed into it.

use crate::wire::Said;
use backend_language::place::hex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::OnceCell;

/// Version of what a key is made of, and of the files.
const VERSION: u32 = 1;
/// Answers in memory above which those that nobody waits for are let go: some kilobytes each.
const MEMORY: usize = 20_000;
/// The same where the disk has them too.
const MEMORY_BESIDE_DISK: usize = 2_000;
/// Fields of a request that change no answer.
const TRANSPORT: [&str; 2] = ["stream", "stream_options"];

/// An answer with what it cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// Version of the file.
    pub version: u32,
    /// What the service said.
    pub said: Said,
    /// Nano-dollars, failed attempts included; `None` where no price is known.
    pub nano_usd: Option<i64>,
}

impl Kept {
    /// An answer.
    pub(crate) fn new(said: Said, nano_usd: Option<i64>) -> Self {
        Self { version: VERSION, said, nano_usd }
    }
}

/// What an answer is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// The key of a request: where it goes, to which model as the service resolves it, its whole body
    /// and, of sampled answers, which of several it is.
    pub(super) fn of(
        base_url: &str,
        path: &str,
        model: &str,
        body: &Value,
        replicate: u64,
    ) -> Self {
        let mut body = body.clone();
        if let Some(fields) = body.as_object_mut() {
            TRANSPORT.iter().for_each(|field| drop(fields.remove(*field)));
        }
        // Objects are in order of their keys: the text is canonical.
        let whole = json!({
            "version": VERSION, "base_url": base_url, "path": path, "model": model, "body": body,
            "replicate": replicate,
        });
        Self(Sha256::digest(whole.to_string()).into())
    }

    /// As text.
    pub(super) fn hex(&self) -> String {
        hex(&self.0)
    }
}

/// A place for an answer: whoever comes first asks, the others wait.
pub(super) type Place = Arc<OnceCell<Arc<Kept>>>;

/// All kept answers.
pub(super) struct Store {
    folder: Option<PathBuf>,
    /// Whether files are read.
    reads: bool,
    places: Mutex<HashMap<Key, Place>>,
}

impl Store {
    /// Answers in this folder; in memory alone without one.
    pub(super) fn new(folder: Option<&Path>, reads: bool) -> Self {
        let folder = folder.map(|folder| folder.join("answers"));
        Self { folder, reads, places: Mutex::default() }
    }

    /// The place of an answer.
    pub(super) fn place(&self, key: Key) -> Place {
        let mut places = self.places();
        let most = if self.folder.is_some() { MEMORY_BESIDE_DISK } else { MEMORY };
        if places.len() >= most {
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(places.entry(key).or_default())
    }

    /// An answer on disk. A damaged file holds none.
    pub(super) fn read(&self, key: Key) -> Option<Kept> {
        let path = self.path(key).filter(|_| self.reads)?;
        let kept: Kept = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        (kept.version == VERSION).then_some(kept)
    }

    /// Keeps an answer on disk. Where that fails it is asked for again, no more.
    pub(super) fn write(&self, key: Key, kept: &Kept) {
        let Some(path) = self.path(key) else { return };
        let _ = write_file(&path, &serde_json::to_vec(kept).unwrap_or_default());
    }

    fn path(&self, key: Key) -> Option<PathBuf> {
        let name = key.hex();
        Some(self.folder.as_ref()?.join(&name[..2]).join(format!("{name}.json")))
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Key, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a file beside its place and renames it into it.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut beside = match tempfile::NamedTempFile::new_in(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(folder)?;
            tempfile::NamedTempFile::new_in(folder)?
        }
        beside => beside?,
    };
    beside.write_all(bytes)?;
    beside.persist(path).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_everything_but_the_transport() {
        let of = |url: &str, model: &str, body: Value, n| Key::of(url, "/chat", model, &body, n);
        let body = json!({"model": "a", "messages": [{"role": "user", "content": "x"}]});
        let one = of("u", "a-1", body.clone(), 0);
        let mut streamed = body.clone();
        streamed["stream"] = json!(true);
        assert_eq!(one, of("u", "a-1", streamed, 0));
        assert_ne!(one, of("v", "a-1", body.clone(), 0));
        assert_ne!(one, of("u", "a-2", body.clone(), 0));
        assert_ne!(one, of("u", "a-1", body.clone(), 1));
        let mut other = body;
        other["seed"] = json!(3);
        assert_ne!(one, of("u", "a-1", other, 0));
        let text = r#"{"messages":[{"content":"x","role":"user"}],"model":"a"}"#;
        assert_eq!(one, of("u", "a-1", serde_json::from_str(text).unwrap(), 0));
    }

    #[test]
    fn files_are_found_again_and_damage_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(Some(folder.path()), true);
        let key = Key::of("u", "/chat", "m", &json!({}), 0);
        let kept = Kept::new(Said::default(), Some(12));
        store.write(key, &kept);
        assert_eq!(store.read(key), Some(kept));
        assert_eq!(Store::new(Some(folder.path()), false).read(key), None);
        std::fs::write(store.path(key).unwrap(), b"{\"version\": 1, \"sa").unwrap();
        assert_eq!(store.read(key), None);
    }
}
