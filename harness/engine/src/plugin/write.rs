//! Files that are there whole or not at all.

use crate::fault::{Fault, Result};
use std::{
    fs::{File, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
};

/// Writes a file beside its place, syncs it, renames it, and syncs the folder. Whoever has the old
/// file open, or loaded, keeps it.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let fault = |e: std::io::Error| Fault::store(path.display(), e);
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut staged = tempfile::Builder::new()
        .prefix(".staged-")
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(fault)?;
    staged.write_all(bytes).map_err(fault)?;
    staged.as_file().sync_all().map_err(fault)?;
    staged.persist(path).map_err(|e| fault(e.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault)
}
