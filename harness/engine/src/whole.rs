//! Files that are there whole or not at all.

use crate::fault::{Fault, Result};
use std::{
    fs::{File, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
};
use tempfile::{NamedTempFile, PersistError};

/// Writes a file beside its place, syncs it, renames it, and syncs the folder. Whoever has the old
/// file open, or loaded, keeps it.
///
/// # Errors
/// When writing fails.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_by(path, bytes, |staged| staged.persist(path))
}

/// The same where nothing is yet.
///
/// # Errors
/// When a file is there, or writing fails.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    write_by(path, bytes, |staged| staged.persist_noclobber(path))
}

fn write_by(
    path: &Path,
    bytes: &[u8],
    persist: impl FnOnce(NamedTempFile) -> std::result::Result<File, PersistError>,
) -> Result<()> {
    let fault = |e: std::io::Error| Fault::store(path.display(), e);
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // A temporary file is private; what is written here is to be read.
    let mut staged = tempfile::Builder::new()
        .prefix(".staged-")
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(fault)?;
    staged.write_all(bytes).map_err(fault)?;
    staged.as_file().sync_all().map_err(fault)?;
    persist(staged).map_err(|e| fault(e.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault)
}
