//! A plugin's file, held open from the first look at it to its loading: what is checked is what is
//! loaded, whatever happens to the path in between.

use std::{
    fs::{File, Metadata},
    io::Read,
    os::{
        fd::AsRawFd,
        unix::fs::{FileExt, MetadataExt},
    },
    path::{Path, PathBuf},
    sync::Arc,
};

/// Larger files are not looked at: the largest plugins with all their debug information are a fifth.
const BYTES_MAX: u64 = 1 << 30;
/// First bytes of every library.
const ELF_MAGIC: [u8; 4] = *b"\x7fELF";

/// An open file and what it was when it was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    file: Arc<File>,
    stamp: Stamp,
}

/// What changes when somebody writes to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

impl Opened {
    /// Opens a regular file of a size that a plugin may have; the message otherwise.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let not_found = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => "plugin file not found".to_owned(),
            _ => e.to_string(),
        };
        // Before opening: to open a pipe is to wait for its writer.
        let found = std::fs::metadata(path).map_err(not_found)?;
        if !found.is_file() {
            return Err("not a regular file".to_owned());
        }
        let file = File::open(path).map_err(not_found)?;
        let found = file.metadata().map_err(|e| e.to_string())?;
        if !found.is_file() {
            return Err("not a regular file".to_owned());
        }
        if found.len() > BYTES_MAX {
            return Err(format!("{} bytes; a plugin has at most {BYTES_MAX}", found.len()));
        }
        Ok(Self { file: Arc::new(file), stamp: Stamp::of(&found) })
    }

    /// The bytes of a file that begins like a library; a large file that does not is not read.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        let mut magic = [0; ELF_MAGIC.len()];
        if self.file.read_exact_at(&mut magic, 0).is_err() || magic != ELF_MAGIC {
            return Err("not a shared library (no ELF header)".to_owned());
        }
        let mut bytes = Vec::with_capacity(self.stamp.size as usize);
        // By position, for the position of the descriptor belongs to all who share it.
        let read = FromStart { file: &self.file, at: 0 }.take(BYTES_MAX).read_to_end(&mut bytes);
        read.map_err(|e| e.to_string())?;
        match bytes.len() as u64 == self.stamp.size {
            true => Ok(bytes),
            false => Err("the file changed while it was read".to_owned()),
        }
    }

    /// The descriptor, for a process that shall load this very file.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Whether two paths led to one file.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.stamp.device, self.stamp.inode) == (other.stamp.device, other.stamp.inode)
    }

    /// Whether the file still holds the bytes with this hash. Cheap when nobody touched it; a new
    /// name or owner of the same bytes is no change.
    pub fn still_is(&self, sha256: &str) -> bool {
        match self.file.metadata() {
            Ok(found) if Stamp::of(&found) == self.stamp => true,
            Ok(found) if found.len() == self.stamp.size => {
                self.bytes().is_ok_and(|bytes| crate::identity::sha256(&bytes) == sha256)
            }
            _ => false,
        }
    }

    /// A path that leads to this very file in this process, where the system has one.
    pub fn path(&self) -> Option<PathBuf> {
        let path = PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
        path.exists().then_some(path)
    }
}

struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::sha256;

    #[test]
    fn what_was_opened_is_read_whatever_lies_at_the_path_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.so");
        std::fs::write(&path, b"\x7fELF first").unwrap();
        let opened = Opened::open(&path).unwrap();
        let hash = sha256(b"\x7fELF first");
        let other = folder.path().join("b.so");
        std::fs::write(&other, b"\x7fELF other").unwrap();
        std::fs::rename(&other, &path).unwrap();
        // The old file lost its name, which is a change of its status and not of its bytes.
        assert!(opened.still_is(&hash));
        assert_eq!(opened.bytes().unwrap(), b"\x7fELF first");
        assert_eq!(std::fs::read(opened.path().unwrap()).unwrap(), b"\x7fELF first");
        assert!(!opened.is_same(&Opened::open(&path).unwrap()));
    }

    #[test]
    fn a_file_written_in_place_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.so");
        std::fs::write(&path, b"\x7fELF first").unwrap();
        let opened = Opened::open(&path).unwrap();
        let hash = sha256(b"\x7fELF first");
        assert!(opened.still_is(&hash));
        std::fs::write(&path, b"\x7fELF secon").unwrap();
        // As if the writer had put the times back: the stamp tells by the change of status.
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        assert!(!opened.still_is(&hash));
        std::fs::write(&path, b"\x7fELF").unwrap();
        assert!(!opened.still_is(&hash));
        assert_eq!(opened.bytes().unwrap_err(), "the file changed while it was read");
    }

    #[test]
    fn only_regular_files_of_a_plugins_size() {
        let folder = tempfile::tempdir().unwrap();
        let fault = |path: &Path| Opened::open(path).unwrap_err();
        assert_eq!(fault(folder.path()), "not a regular file");
        assert_eq!(fault(&folder.path().join("none")), "plugin file not found");
        assert_eq!(fault(Path::new("/dev/null")), "not a regular file");
        let huge = folder.path().join("huge.so");
        File::create(&huge).unwrap().set_len(BYTES_MAX + 1).unwrap();
        assert!(fault(&huge).contains("a plugin has at most 1073741824"), "{}", fault(&huge));
        // As large as may be, and not read, for it does not begin like a library.
        File::options().write(true).open(&huge).unwrap().set_len(BYTES_MAX).unwrap();
        let unread = Opened::open(&huge).unwrap().bytes().unwrap_err();
        assert_eq!(unread, "not a shared library (no ELF header)");
    }
}
