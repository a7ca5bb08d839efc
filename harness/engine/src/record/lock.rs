//! One coordinator at a time. A killed one leaves no lock: the kernel lets go of it.

use crate::fault::{Fault, Result};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::Path,
};

/// The lock of a run, held until dropped.
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the run in this folder.
    ///
    /// # Errors
    /// When another process holds it.
    pub fn take(root: &Path) -> Result<Self> {
        let path = root.join("LOCK");
        let fault = |e: &dyn std::fmt::Display| Fault::store(path.display(), e);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| fault(&e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let message = format!("the run is locked by process {}", holder.trim());
                return Err(fault(&message).hint("wait for it, or stop it"));
            }
            Err(TryLockError::Error(e)) => return Err(fault(&e)),
        }
        // Only for the message above: the lock itself is the kernel's.
        let _ = file.set_len(0);
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Self { _file: file })
    }
}
