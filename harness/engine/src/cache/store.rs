//! Kept answers on disk: a folder for each model as it was opened, in it files that are written once.

use crate::{
    fault::{Fault, Result},
    identity,
    plan::PlannedMethod,
    record,
};
use arrow_array::{
    Array, Float64Array, ListArray, RecordBatch, StringArray,
    builder::{Float64Builder, ListBuilder},
    cast::AsArray,
    types::Float64Type,
};
use arrow_schema::{DataType, Field, Schema};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// Files of a folder above which they are made one.
const FILES_MAX: usize = 16;
/// New answers after which they are written.
const WRITE_EVERY: usize = 5000;
/// Most bytes of all folders.
const BYTES_MAX: u64 = 1 << 30;

/// All kept answers.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Size {
    /// Models, as they were opened.
    pub models: usize,
    /// Files.
    pub files: usize,
    /// Bytes.
    pub bytes: u64,
}

impl Cache {
    /// A cache in this folder, which need not be there.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The user's, where there is a home.
    pub fn of_user() -> Option<Self> {
        let set =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
        Some(Self::at(cache.join("pilotbench/answers")))
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is known of a method's model.
    pub fn of(&self, method: &PlannedMethod) -> Known {
        let facts = &method.facts;
        let name = identity::sha256_of(&(
            &facts.plugin.sha256,
            &method.backend,
            &method.settings,
            &facts.provenance,
        ));
        Known::read(self.clone(), self.root.join(name))
    }

    /// How much is kept.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn size(&self) -> Result<Size> {
        let mut size = Size::default();
        for (_, _, bytes) in self.files()? {
            size.files += 1;
            size.bytes += bytes;
        }
        let folders = subfolders(&self.root).map_err(|e| Fault::store(self.root.display(), e))?;
        Ok(Size { models: folders.len(), ..size })
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn clear(&self) -> Result<()> {
        match fs::remove_dir_all(&self.root) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(Fault::store(self.root.display(), e))
            }
            _ => Ok(()),
        }
    }

    /// All files with the time of their last use and their bytes.
    fn files(&self) -> Result<Vec<(SystemTime, PathBuf, u64)>> {
        let fault = |e: io::Error| Fault::store(self.root.display(), e);
        let mut files = Vec::new();
        for folder in subfolders(&self.root).map_err(fault)? {
            for path in segments(&folder).map_err(fault)? {
                let facts = path.metadata().map_err(fault)?;
                files.push((facts.modified().map_err(fault)?, path, facts.len()));
            }
        }
        files.sort();
        Ok(files)
    }

    /// Removes what was not used for longest, as far as there is too much.
    fn shrink(&self) -> Result<()> {
        let files = self.files()?;
        let mut bytes: u64 = files.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, path, size) in files {
            if bytes <= BYTES_MAX {
                break;
            }
            // Another run may have been faster.
            let _ = fs::remove_file(path);
            bytes -= size;
        }
        Ok(())
    }
}

/// Folders inside a folder that need not be there.
fn subfolders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match folder.read_dir() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let paths: Vec<PathBuf> = paths.collect::<io::Result<_>>()?;
    Ok(paths.into_iter().filter(|path| path.is_dir()).collect())
}

/// The files of a folder that need not be there, in order.
fn segments(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match folder.read_dir() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "parquet") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// What is known of one model.
pub struct Known {
    cache: Cache,
    folder: PathBuf,
    answers: Mutex<Answers>,
}

#[derive(Default)]
struct Answers {
    all: HashMap<String, Arc<[f64]>>,
    /// Keys of those that are on no disk.
    new: Vec<String>,
}

impl Known {
    fn read(cache: Cache, folder: PathBuf) -> Self {
        let mut all = HashMap::new();
        let files = segments(&folder).unwrap_or_default();
        let mut sound = Vec::new();
        for path in files {
            // A damaged file holds nothing: its answers are asked for again.
            if let Some(answers) = fs::read(&path).ok().and_then(decode) {
                all.extend(answers);
                let used = fs::File::open(&path).and_then(|f| f.set_modified(SystemTime::now()));
                drop(used);
                sound.push(path);
            }
        }
        let known = Self { cache, folder, answers: Mutex::new(Answers { all, new: Vec::new() }) };
        if sound.len() > FILES_MAX && known.write_all().is_ok() {
            for path in sound {
                let _ = fs::remove_file(path);
            }
        }
        known
    }

    /// Log-probabilities by key.
    pub(super) fn get(&self, key: &str) -> Option<Arc<[f64]>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.all.get(key).cloned()
    }

    /// Keeps log-probabilities.
    pub(super) fn put(&self, key: String, logprobs: &[f64]) {
        let full = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            if answers.all.insert(key.clone(), logprobs.into()).is_none() {
                answers.new.push(key);
            }
            answers.new.len() >= WRITE_EVERY
        };
        if full {
            // What cannot be written now is written at the end, or asked again.
            let _ = self.write();
        }
    }

    /// Writes what is new.
    ///
    /// # Errors
    /// When the folder cannot be written to; nothing but time is lost.
    pub fn write(&self) -> Result<()> {
        let new: BTreeMap<String, Arc<[f64]>> = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            let keys = std::mem::take(&mut answers.new);
            keys.into_iter()
                .filter_map(|key| Some((key.clone(), answers.all.get(&key)?.clone())))
                .collect()
        };
        match new.is_empty() {
            true => Ok(()),
            false => self.put_file(&new).and_then(|()| self.cache.shrink()),
        }
    }

    fn write_all(&self) -> Result<()> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let all = answers.all.iter().map(|(key, logs)| (key.clone(), Arc::clone(logs))).collect();
        drop(answers);
        self.put_file(&all)
    }

    /// Writes a file under the hash of its content, beside its place first.
    fn put_file(&self, answers: &BTreeMap<String, Arc<[f64]>>) -> Result<()> {
        let fault = |e: io::Error| Fault::store(self.folder.display(), e);
        let bytes = record::encode(&encode(answers))?;
        fs::create_dir_all(&self.folder).map_err(fault)?;
        let mut beside = tempfile::NamedTempFile::new_in(&self.folder).map_err(fault)?;
        beside.write_all(&bytes).map_err(fault)?;
        beside.as_file().sync_all().map_err(fault)?;
        let name = format!("{}.parquet", identity::sha256(&bytes));
        beside.persist(self.folder.join(name)).map_err(|e| fault(e.error))?;
        fs::File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(fault)
    }
}

fn encode(answers: &BTreeMap<String, Arc<[f64]>>) -> RecordBatch {
    let field = Arc::new(Field::new("item", DataType::Float64, false));
    let mut logprobs = ListBuilder::new(Float64Builder::new()).with_field(field);
    for logs in answers.values() {
        logprobs.values().append_slice(logs);
        logprobs.append(true);
    }
    let logprobs = logprobs.finish();
    let schema = Schema::new(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("logprobs", logprobs.data_type().clone(), false),
    ]);
    let keys = StringArray::from_iter_values(answers.keys());
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(keys), Arc::new(logprobs)])
        .expect("the columns are of one length")
}

fn decode(bytes: Vec<u8>) -> Option<Vec<(String, Arc<[f64]>)>> {
    let batch = record::decode(bytes).ok()?;
    let keys = batch.column_by_name("key")?.as_string_opt::<i32>()?;
    let lists: &ListArray = batch.column_by_name("logprobs")?.as_list_opt::<i32>()?;
    let answers = keys.iter().zip(lists.iter()).map(|(key, list)| {
        let list = list?;
        let logs: &Float64Array = list.as_primitive_opt::<Float64Type>()?;
        Some((key?.to_owned(), logs.values().as_ref().into()))
    });
    answers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(folder: &Path) -> Known {
        Known::read(Cache::at(folder.to_owned()), folder.join("model"))
    }

    #[test]
    fn answers_are_found_by_a_later_run_and_damage_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let first = known(folder.path());
        first.put("a".into(), &[-0.5, -1.0]);
        first.write().unwrap();
        first.put("b".into(), &[-2.0]);
        first.write().unwrap();
        let second = known(folder.path());
        assert_eq!(second.get("a").as_deref(), Some(&[-0.5, -1.0][..]));
        let files = segments(&folder.path().join("model")).unwrap();
        assert_eq!(files.len(), 2);
        fs::write(&files[0], b"half").unwrap();
        let third = known(folder.path());
        assert_eq!(
            usize::from(third.get("a").is_some()) + usize::from(third.get("b").is_some()),
            1
        );
        assert_eq!(Cache::at(folder.path().to_owned()).size().unwrap().models, 1);
        Cache::at(folder.path().to_owned()).clear().unwrap();
        assert!(known(folder.path()).get("a").is_none());
    }

    #[test]
    fn many_files_become_one() {
        let folder = tempfile::tempdir().unwrap();
        let first = known(folder.path());
        for n in 0..=FILES_MAX {
            first.put(n.to_string(), &[-(n as f64)]);
            first.write().unwrap();
        }
        let second = known(folder.path());
        assert_eq!(segments(&folder.path().join("model")).unwrap().len(), 1);
        assert!((0..=FILES_MAX).all(|n| second.get(&n.to_string()).is_some()));
        assert!((0..=FILES_MAX).all(|n| known(folder.path()).get(&n.to_string()).is_some()));
    }
}
