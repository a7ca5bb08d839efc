//! The files of a submission: which there may be, and none is opened but as a plain file.

use super::{
    bytes,
    findings::Finding,
    form::SUBMISSION_FILE,
    write::{PLAN_FILE, SCORES_FILE},
};
use crate::fault::{Fault, Result};
use rustix::fs::{Mode, OFlags, open};
use std::{
    collections::BTreeMap,
    fs::{self, File, Metadata},
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Files and folders.
const ENTRIES_MAX: usize = 400_000;
/// Bytes of all files.
const BYTES_MAX: u64 = 8 << 30;

/// The plain files of a folder that have names of a submission, with their sizes.
pub(super) struct Folder {
    root: PathBuf,
    pub(super) files: BTreeMap<String, u64>,
}

/// Most bytes of a file of this name; `None` when no file of a submission has it.
fn most_bytes(name: &str) -> Option<u64> {
    match name {
        SUBMISSION_FILE => Some(64 << 10),
        PLAN_FILE => Some(32 << 20),
        SCORES_FILE => Some(64 << 20),
        _ => {
            let [cells, beginning, id, file] = <[&str; 4]>::try_from(parts(name)).ok()?;
            let is_cell = cells == "cells" && is_hash(id) && id.get(..2) == Some(beginning);
            match file.strip_suffix(".parquet") {
                _ if !is_cell => None,
                Some(hash) => is_hash(hash).then_some(64 << 20),
                None => (file == "manifest.json").then_some(1 << 20),
            }
        }
    }
}

fn parts(name: &str) -> Vec<&str> {
    name.split('/').collect()
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether a folder of this name may be there.
fn is_folder(name: &str) -> bool {
    match *parts(name) {
        ["cells"] => true,
        ["cells", beginning] => beginning.len() == 2,
        ["cells", beginning, id] => is_hash(id) && id.get(..2) == Some(beginning),
        _ => false,
    }
}

impl Folder {
    /// Looks at everything that is there, and opens nothing that may be part of a submission.
    ///
    /// # Errors
    /// When the folder itself cannot be read.
    pub(super) fn walk(root: &Path) -> Result<(Self, Vec<Finding>)> {
        let fault = |e: std::io::Error| Fault::usage(root.display(), e);
        if !root.symlink_metadata().map_err(fault)?.is_dir() {
            return Err(Fault::usage(root.display(), "is not a folder"));
        }
        let mut found = Self { root: root.to_owned(), files: BTreeMap::new() };
        let mut findings = Vec::new();
        let (mut entries, mut bytes) = (0, 0_u64);
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let list = std::fs::read_dir(root.join(&folder)).map_err(fault)?;
            for entry in list {
                let entry = entry.map_err(fault)?;
                entries += 1;
                if entries > ENTRIES_MAX {
                    let message = format!("more than {ENTRIES_MAX} files and folders");
                    findings.push(Finding::new(root.display(), message));
                    return Ok((found, findings));
                }
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    findings.push(Finding::new(name, "the name is not UTF-8"));
                    continue;
                };
                let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                let metadata = entry.path().symlink_metadata().map_err(fault)?;
                match found.admit(&name, &metadata) {
                    Err(finding) => findings.push(finding),
                    Ok(true) => folders.push(name),
                    Ok(false) => bytes += metadata.len(),
                }
            }
        }
        if bytes > BYTES_MAX {
            let message = format!("{bytes} bytes in all, at most {BYTES_MAX} are taken");
            findings.push(Finding::new(root.display(), message));
        }
        for needed in [SUBMISSION_FILE, PLAN_FILE, SCORES_FILE] {
            if !found.files.contains_key(needed) {
                let finding = Finding::new(needed, "is missing");
                findings.push(finding.hint("`pilotbench submit RUN -o FOLDER` writes it"));
            }
        }
        Ok((found, findings))
    }

    /// Whether what is there is a folder to look into; a finding where it may not be there.
    fn admit(&mut self, name: &str, metadata: &Metadata) -> std::result::Result<bool, Finding> {
        let kind = metadata.file_type();
        let only = "plain files and folders alone are taken";
        if kind.is_symlink() {
            return Err(Finding::new(name, "is a link").hint(only));
        }
        if kind.is_dir() {
            let unknown = Finding::new(name, "is no folder of a submission");
            return if is_folder(name) { Ok(true) } else { Err(unknown.hint(LAYOUT)) };
        }
        if !kind.is_file() {
            return Err(Finding::new(name, "is a device, a pipe or a socket").hint(only));
        }
        let Some(most) = most_bytes(name) else {
            let what = self.beginning(name).and_then(|bytes| bytes::kind(&bytes));
            let what = what.map_or(String::new(), |kind| format!(": it is {}", kind.name()));
            let message = format!("is no file of a submission{what}");
            return Err(Finding::new(name, message).hint(LAYOUT));
        };
        if metadata.permissions().mode() & 0o111 != 0 {
            let finding = Finding::new(name, "may be run as a program (its mode says so)");
            return Err(finding.hint("chmod -x"));
        }
        if metadata.len() > most {
            let message = format!("has {} bytes, at most {most} are taken", metadata.len());
            return Err(Finding::new(name, message));
        }
        self.files.insert(name.to_owned(), metadata.len());
        Ok(false)
    }

    fn beginning(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(name).ok()?.take(16).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// The bytes of a file; not through a link that has come there in the meantime.
    pub(super) fn read(&self, name: &str) -> std::result::Result<Vec<u8>, Finding> {
        let missing = || Finding::new(name, "is missing");
        let most = *self.files.get(name).ok_or_else(missing)?;
        let mut bytes = Vec::new();
        let read = self.open(name).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
        read.map_err(|e| Finding::new(name, e))?;
        match bytes.len() as u64 == most {
            true => Ok(bytes),
            false => Err(Finding::new(name, "changed while it was read")),
        }
    }

    /// Whether it is this folder, which has its real path.
    pub(super) fn is(&self, real: &Path) -> bool {
        self.root.canonicalize().is_ok_and(|own| own == real)
    }

    /// Whether it lies where a board keeps what was handed in.
    pub(super) fn is_among_submissions(&self) -> bool {
        let real = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        real.parent().is_some_and(|parent| parent.ends_with("submissions"))
    }

    /// Whether it has this name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let real = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        real.file_name().is_some_and(|own| own == name)
    }

    /// Writes all files into another folder.
    pub(super) fn copy(&self, into: &Path) -> Result<()> {
        for name in self.files.keys() {
            let bytes = self.read(name).map_err(|f| Fault::store(f.place, f.message))?;
            let path = into.join(name);
            let fault = |e: std::io::Error| Fault::store(path.display(), e);
            path.parent().map_or(Ok(()), fs::create_dir_all).map_err(fault)?;
            fs::write(&path, bytes).map_err(fault)?;
        }
        Ok(())
    }

    fn open(&self, name: &str) -> std::io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(open(self.root.join(name), flags, Mode::empty())?);
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(std::io::Error::other("is not a plain file")),
        }
    }
}

const LAYOUT: &str = "there are submission.toml, plan.json, scores.csv and, for each replicate, \
                      cells/<aa>/<id>/manifest.json and cells/<aa>/<id>/<sha256>.parquet";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let hash = "ab".repeat(32);
        let other = "cd".repeat(32);
        for good in [
            "plan.json".to_owned(),
            format!("cells/ab/{hash}/manifest.json"),
            format!("cells/ab/{hash}/{other}.parquet"),
        ] {
            assert!(most_bytes(&good).is_some(), "{good}");
        }
        for bad in [
            "../plan.json".to_owned(),
            "plan.json ".to_owned(),
            "model.pkl".to_owned(),
            format!("cells/cd/{hash}/manifest.json"),
            format!("cells/ab/{hash}/{other}.so"),
            format!("cells/ab/{hash}/{}.parquet", other.to_uppercase()),
            format!("cells/ab/{hash}/x/manifest.json"),
            format!("cells/ab/{}/manifest.json", "é".repeat(32)),
        ] {
            assert!(most_bytes(&bad).is_none(), "{bad}");
        }
    }
}
