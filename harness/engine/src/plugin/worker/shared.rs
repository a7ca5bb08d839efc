//! Texts and tables in memory that both processes can open.
//!
//! The reader copies what it reads: so the other side can change nothing that was checked, and no
//! pages are mapped and thrown away for each call, which costs more than the copy.

use crate::fault::{Fault, Result};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{reader::StreamDecoder, writer::StreamWriter};
use bytes::Bytes;
use rustix::{
    buffer::spare_capacity,
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fstat, memfd_create},
    io::{Errno, pread, pwrite},
};
use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
};

/// More is not read.
const LARGEST: u64 = 8 << 30;
/// Tables begin at multiples of this, so that arrow need not copy them again.
const ALIGNMENT: u64 = 64;

fn fault(e: impl std::fmt::Display) -> Fault {
    Fault::plugin("shared memory", e)
}

/// Lengths of a text and of the tables after it, in bytes.
pub(super) type Lengths = Vec<u64>;

/// Appends a text and tables (as Arrow IPC streams) to nothing.
fn encode(text: &str, tables: &[&RecordBatch], bytes: &mut Vec<u8>) -> Result<Lengths> {
    bytes.clear();
    bytes.extend_from_slice(text.as_bytes());
    let mut lengths = vec![bytes.len() as u64];
    for table in tables {
        let start = bytes.len().next_multiple_of(ALIGNMENT as usize);
        bytes.resize(start, 0);
        let mut stream = StreamWriter::try_new(&mut *bytes, table.schema_ref()).map_err(fault)?;
        stream.write(table).and_then(|()| stream.finish()).map_err(fault)?;
        drop(stream);
        lengths.push((bytes.len() - start) as u64);
    }
    Ok(lengths)
}

fn write_all(memory: &OwnedFd, bytes: &[u8]) -> Result<()> {
    let mut written = 0;
    while written < bytes.len() {
        match pwrite(memory, &bytes[written..], written as u64) {
            Ok(0) => return Err(fault("nothing more can be written")),
            Ok(count) => written += count,
            Err(Errno::INTR) => {}
            Err(e) => return Err(fault(e)),
        }
    }
    Ok(())
}

fn new_memory() -> Result<OwnedFd> {
    memfd_create("pilotbench", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).map_err(fault)
}

/// A text and tables, written once for several readers, none of which can change them.
#[derive(Debug)]
pub(in crate::plugin) struct Shared {
    memory: OwnedFd,
    lengths: Lengths,
}

impl Shared {
    /// Writes a text and tables.
    pub(in crate::plugin) fn write(text: &str, tables: &[&RecordBatch]) -> Result<Self> {
        let memory = new_memory()?;
        let mut bytes = Vec::new();
        let lengths = encode(text, tables, &mut bytes)?;
        write_all(&memory, &bytes)?;
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
        fcntl_add_seals(&memory, seals).map_err(fault)?;
        Ok(Self { memory, lengths })
    }

    pub(super) fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    pub(super) fn lengths(&self) -> &[u64] {
        &self.lengths
    }
}

/// Memory of one lane in one direction, written again for each call.
#[derive(Debug)]
pub(super) struct Slate {
    memory: OwnedFd,
    /// Kept from call to call, as the memory is.
    bytes: Mutex<Vec<u8>>,
}

impl Slate {
    pub(super) fn new() -> Result<Self> {
        Ok(Self::of(new_memory()?))
    }

    /// The slate that somebody else made.
    pub(super) fn of(memory: OwnedFd) -> Self {
        Self { memory, bytes: Mutex::default() }
    }

    pub(super) fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    /// Writes a text and tables over what was there.
    pub(super) fn write(&self, text: &str, tables: &[&RecordBatch]) -> Result<Lengths> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let lengths = encode(text, tables, &mut bytes)?;
        write_all(&self.memory, &bytes)?;
        Ok(lengths)
    }
}

/// Memory that was read into before. Calls come by the ten thousand with half a megabyte each, and
/// fresh pages for each of them cost more than the copy.
struct Pooled(Vec<u8>);

/// Vectors that are kept, and how large one of them may be.
const KEPT: usize = 16;
const KEPT_BYTES: usize = 8 << 20;
static POOL: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

impl Pooled {
    /// An empty vector with room for so many bytes.
    fn take(bytes: usize) -> Self {
        let kept = POOL.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut vector = kept.unwrap_or_default();
        vector.reserve_exact(bytes);
        Self(vector)
    }
}

impl AsRef<[u8]> for Pooled {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let mut vector = std::mem::take(&mut self.0);
        vector.clear();
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < KEPT && vector.capacity() <= KEPT_BYTES {
            pool.push(vector);
        }
    }
}

/// A text and tables that came from the other side.
pub(super) struct Received {
    bytes: Buffer,
    lengths: std::vec::IntoIter<u64>,
    position: u64,
}

impl Received {
    /// Reads memory of which the other side says that it holds parts of these lengths.
    pub(super) fn read(memory: impl AsFd, lengths: Lengths) -> Result<Self> {
        let mut end = 0_u64;
        for length in &lengths {
            end = end.next_multiple_of(ALIGNMENT).saturating_add(*length);
        }
        let size = fstat(&memory).map_err(fault)?.st_size as u64;
        if end > size || end > LARGEST {
            return Err(fault(format!("{end} bytes are announced and {size} are there")));
        }
        // A vector of bytes is as aligned as malloc's memory: for every type of arrow's but those
        // that it then copies.
        let mut bytes = Pooled::take(end as usize);
        while (bytes.0.len() as u64) < end {
            let at = bytes.0.len() as u64;
            match pread(&memory, spare_capacity(&mut bytes.0), at) {
                Ok(0) => return Err(fault("became shorter while it was read")),
                Ok(_) | Err(Errno::INTR) => {}
                Err(e) => return Err(fault(e)),
            }
        }
        let bytes = Buffer::from(Bytes::from_owner(bytes));
        Ok(Self { bytes, lengths: lengths.into_iter(), position: 0 })
    }

    /// The text.
    pub(super) fn text(&mut self) -> Result<String> {
        let bytes = self.next()?;
        let text = std::str::from_utf8(&bytes).map_err(|e| Fault::plugin("text", e))?;
        Ok(text.to_owned())
    }

    /// The next table, checked: what a plugin wrote is not trusted, and arrow panics on some of it.
    pub(super) fn table(&mut self) -> Result<RecordBatch> {
        let bytes = self.next()?;
        untrusted(bytes).map_err(|e| Fault::plugin("table", e))
    }

    /// The next table, from the host: it is as the host's own arrow wrote it.
    pub(super) fn trusted_table(&mut self) -> Result<RecordBatch> {
        let bytes = self.next()?;
        // SAFETY: only the worker calls this, on what the host wrote.
        let decoder = unsafe { StreamDecoder::new().with_skip_validation(true) };
        decode(bytes, decoder).map_err(|e| Fault::plugin("table", e))
    }

    fn next(&mut self) -> Result<Buffer> {
        let start = self.position.next_multiple_of(ALIGNMENT);
        let end = self.lengths.next().and_then(|length| start.checked_add(length));
        let end = end.filter(|end| *end <= self.bytes.len() as u64);
        let end = end.ok_or_else(|| fault("ends too early"))?;
        self.position = end;
        Ok(self.bytes.slice_with_length(start as usize, (end - start) as usize))
    }
}

/// A table from bytes that nobody vouches for, checked.
pub(super) fn untrusted(bytes: Buffer) -> std::result::Result<RecordBatch, String> {
    let read = catch_unwind(AssertUnwindSafe(|| decode(bytes, StreamDecoder::new())));
    read.unwrap_or_else(|_| Err("contradicts itself".into()))
}

fn decode(
    mut bytes: Buffer,
    mut decoder: StreamDecoder,
) -> std::result::Result<RecordBatch, String> {
    let batch = decoder.decode(&mut bytes).map_err(|e| e.to_string())?;
    batch.ok_or_else(|| "holds no rows' message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int32Array, StringArray};
    use std::sync::Arc;

    fn table(rows: usize) -> RecordBatch {
        let ids: StringArray = (0..rows).map(|row| Some(format!("p{row}"))).collect();
        let answers: Int32Array =
            (0..rows).map(|row| (row % 3 > 0).then_some(row as i32)).collect();
        let columns: [(&str, ArrayRef); 2] = [("id", Arc::new(ids)), ("answer", Arc::new(answers))];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
    }

    fn received(shared: &Shared) -> Received {
        Received::read(shared.memory(), shared.lengths.clone()).unwrap()
    }

    #[test]
    fn texts_and_tables_come_back() {
        let tables = [table(5), table(0), table(1000)];
        let shared = Shared::write("wörds", &tables.each_ref()).unwrap();
        let mut received = received(&shared);
        assert_eq!(received.text().unwrap(), "wörds");
        for table in &tables {
            assert_eq!(received.table().unwrap(), *table);
        }
        assert!(received.table().unwrap_err().message.contains("ends too early"));
    }

    #[test]
    fn a_slate_is_written_again_and_what_was_read_stays() {
        let slate = Slate::new().unwrap();
        let mut read = Vec::new();
        for rows in [1000, 3, 500] {
            let lengths = slate.write("text", &[&table(rows)]).unwrap();
            let mut received = Received::read(slate.memory(), lengths).unwrap();
            assert_eq!(received.text().unwrap(), "text");
            read.push((rows, received.trusted_table().unwrap()));
        }
        assert!(read.iter().all(|(rows, read)| *read == table(*rows)));
    }

    #[test]
    fn what_several_read_nobody_changes() {
        let shared = Shared::write("text", &[]).unwrap();
        assert!(write_all(&shared.memory, b"x").is_err());
        assert!(rustix::fs::ftruncate(&shared.memory, 0).is_err());
    }

    #[test]
    fn lies_and_damage_are_faults() {
        let shared = Shared::write("text", &[&table(5)]).unwrap();
        for lengths in [vec![4, u64::MAX], vec![4, 1 << 20]] {
            assert!(Received::read(shared.memory(), lengths).is_err());
        }
        for lengths in [vec![4, 3], vec![4, 0], vec![4]] {
            let mut received = Received::read(shared.memory(), lengths).unwrap();
            received.text().unwrap();
            assert!(received.table().is_err());
        }
        // Every byte of the table changed in turn: an error or a table, never a panic or a crash.
        let length = shared.lengths[1];
        let whole = Received::read(shared.memory(), vec![64 + length]).unwrap().next().unwrap();
        let memory = new_memory().unwrap();
        for at in 64..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 0xff;
            write_all(&memory, &damaged).unwrap();
            let mut received = Received::read(&memory, vec![4, length]).unwrap();
            received.text().unwrap();
            let _ = received.table();
        }
    }
}
