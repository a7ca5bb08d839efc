//! A key that comes over an open descriptor: it stands in no argument and no file.

use crate::fault::{Fault, Result};
use rustix::io::{FdFlags, fcntl_setfd};
use std::{fs::File, io::Read, os::fd::BorrowedFd};

/// Longest key.
const BYTES_MAX: u64 = 64 << 10;

/// Reads the whole of an open descriptor, once. Workers do not inherit it: what they need of it comes
/// as a variable.
///
/// # Errors
/// When it is not open, cannot be read, or holds no key.
pub fn read_key(descriptor: u16) -> Result<String> {
    let fault = |message: String| Fault::usage(format!("descriptor {descriptor}"), message);
    let path = format!("/proc/self/fd/{descriptor}");
    let file = File::open(path).map_err(|e| {
        fault(format!("cannot be read: {e}")).hint("for example: `… --key-fd MY_KEY=3 3<key.txt`")
    })?;
    // SAFETY: it was open a moment ago, and nobody closes what this process was started with.
    let inherited = unsafe { BorrowedFd::borrow_raw(descriptor.into()) };
    fcntl_setfd(inherited, FdFlags::CLOEXEC).map_err(|e| fault(format!("stays open: {e}")))?;
    let mut bytes = Vec::new();
    let read = file.take(BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|e| fault(format!("cannot be read: {e}")))?;
    key(bytes).map_err(fault)
}

/// The key in these bytes, without the end of its line.
fn key(bytes: Vec<u8>) -> std::result::Result<String, String> {
    if bytes.len() as u64 > BYTES_MAX {
        return Err(format!("holds more than {BYTES_MAX} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "holds what is not UTF-8".to_owned())?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line {
        "" => Err("holds nothing".to_owned()),
        line if line.contains(char::is_control) => {
            Err("holds control characters, or several lines".to_owned())
        }
        line => Ok(line.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_key_is_one_line() {
        assert_eq!(key(b"sk-1\n".to_vec()).unwrap(), "sk-1");
        assert_eq!(key(b"sk 1\r\n".to_vec()).unwrap(), "sk 1");
        for (bytes, words) in [
            (&b""[..], "nothing"),
            (b"\n", "nothing"),
            (b"a\nb\n", "several lines"),
            (b"a\n\n", "several lines"),
            (b"\xff", "not UTF-8"),
            (&[b'x'; 65537], "more than 65536 bytes"),
        ] {
            let message = key(bytes.to_vec()).unwrap_err();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn what_is_read_is_whole_and_not_inherited() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, b"s3cret\n").unwrap();
        fcntl_setfd(&file, FdFlags::empty()).unwrap();
        let descriptor = u16::try_from(file.as_raw_fd()).unwrap();
        assert_eq!(read_key(descriptor).unwrap(), "s3cret");
        assert_eq!(rustix::io::fcntl_getfd(&file).unwrap(), FdFlags::CLOEXEC);
        assert_eq!(read_key(60_000).unwrap_err().place, "descriptor 60000");
    }
}
