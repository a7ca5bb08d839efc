//! The store of a run: create-if-absent, durable when it returns.

use crate::fault::{Fault, Result};
use futures_executor::block_on;
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, local::LocalFileSystem,
    path::Path as StorePath,
};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// A store below one folder. Objects are written beside their place, synced, linked into it, and
/// the folder synced, so that an object that exists is whole.
pub(super) struct Store {
    root: PathBuf,
    objects: LocalFileSystem,
}

/// What became of a create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Created,
    Exists,
}

impl Store {
    pub(super) fn open(root: &Path) -> Result<Self> {
        let store = Self::scratch(root)?;
        Ok(Self { objects: store.objects.with_fsync(true), ..store })
    }

    /// A store that is thrown away.
    pub(super) fn scratch(root: &Path) -> Result<Self> {
        let objects =
            LocalFileSystem::new_with_prefix(root).map_err(|e| Fault::store(root.display(), e))?;
        Ok(Self { root: root.to_owned(), objects })
    }

    /// Writes an object, instead of one of this name if there is one.
    pub(super) fn replace(&self, path: &str, bytes: Vec<u8>) -> Result<()> {
        self.put(path, bytes, PutMode::Overwrite).map(drop)
    }

    /// Writes an object unless one of this name is there.
    pub(super) fn create(&self, path: &str, bytes: Vec<u8>) -> Result<Put> {
        self.put(path, bytes, PutMode::Create)
    }

    fn put(&self, path: &str, bytes: Vec<u8>, mode: PutMode) -> Result<Put> {
        let options = PutOptions::from(mode);
        let at = self.parsed(path)?;
        match block_on(self.objects.put_opts(&at, PutPayload::from(bytes), options)) {
            Ok(_) => Ok(Put::Created),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Put::Exists),
            Err(e) => Err(self.fault(path, &e)),
        }
    }

    /// Reads an object.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>> {
        let at = self.parsed(path)?;
        let bytes = block_on(async { self.objects.get(&at).await?.bytes().await });
        bytes.map(Into::into).map_err(|e| self.fault(path, &e))
    }

    /// Whether an object is there.
    pub(super) fn has(&self, path: &str) -> Result<bool> {
        match block_on(self.objects.head(&self.parsed(path)?)) {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(e) => Err(self.fault(path, &e)),
        }
    }

    /// Reads an object as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        serde_json::from_slice(&self.read(path)?)
            .map_err(|e| Fault::store(self.root.join(path).display(), format!("damaged: {e}")))
    }

    /// Removes objects that were being written when their writer died: the store names them
    /// `<object>#<number>`.
    pub(super) fn sweep(&self) -> Result<usize> {
        let mut removed = 0;
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            let entries =
                std::fs::read_dir(&folder).map_err(|e| Fault::store(folder.display(), e))?;
            for entry in entries.filter_map(std::result::Result::ok) {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if is_staged(&path) {
                    std::fs::remove_file(&path).map_err(|e| Fault::store(path.display(), e))?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    fn parsed(&self, path: &str) -> Result<StorePath> {
        StorePath::parse(path).map_err(|e| Fault::store(self.root.display(), e))
    }

    fn fault(&self, path: &str, error: &object_store::Error) -> Fault {
        let source = std::error::Error::source(error);
        let message = source.map_or_else(|| error.to_string(), ToString::to_string);
        Fault::store(self.root.join(path).display(), message)
    }
}

fn is_staged(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.rsplit_once('#')
        .is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_created_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(!store.has("a/b.json").unwrap());
        assert_eq!(store.create("a/b.json", b"1".to_vec()).unwrap(), Put::Created);
        assert_eq!(store.create("a/b.json", b"2".to_vec()).unwrap(), Put::Exists);
        assert_eq!(store.read("a/b.json").unwrap(), b"1");
        assert_eq!(store.json::<u32>("a/b.json").unwrap(), 1);
        store.replace("a/b.json", b"4".to_vec()).unwrap();
        assert_eq!(store.read("a/b.json").unwrap(), b"4");
        assert!(store.create("../outside", b"3".to_vec()).is_err());
    }

    #[test]
    fn leftovers_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.create("cells/x/manifest.json", b"{}".to_vec()).unwrap();
        std::fs::write(folder.path().join("cells/x/manifest.json#3"), b"{").unwrap();
        assert_eq!(store.sweep().unwrap(), 1);
        assert!(store.has("cells/x/manifest.json").unwrap());
    }
}
