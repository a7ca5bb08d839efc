//! Texts and tables in sealed shared memory.

use crate::fault::{Fault, Result};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{reader::StreamDecoder, writer::StreamWriter};
use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, memfd_create},
    mm::{MapFlags, ProtFlags, mmap, munmap},
};
use std::{
    ffi::c_void,
    fs::File,
    io::{BufWriter, Seek, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr::NonNull,
    sync::Arc,
};

/// Nothing larger is mapped.
const LARGEST: u64 = 8 << 30;
/// What keeps the other side from changing memory that was checked.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::WRITE);

/// A text and tables after it, written once and then sealed: neither side can change them.
#[derive(Debug)]
pub(in crate::plugin) struct Shared {
    memory: OwnedFd,
    /// Bytes of the text and of each table.
    lengths: Vec<u64>,
}

impl Shared {
    /// Writes a text and tables (as Arrow IPC streams).
    pub(in crate::plugin) fn write(text: &str, tables: &[&RecordBatch]) -> Result<Self> {
        let fault = |e: &dyn std::fmt::Display| Fault::plugin("shared memory", e);
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = memfd_create("pilotbench", flags).map_err(|e| fault(&e))?;
        let mut writer = BufWriter::with_capacity(1 << 16, File::from(memory));
        writer.write_all(text.as_bytes()).map_err(|e| fault(&e))?;
        let mut lengths = vec![text.len() as u64];
        let mut end = text.len() as u64;
        for table in tables {
            // Tables begin aligned, so that the reader need not copy them.
            let padding = end.next_multiple_of(64) - end;
            writer.write_all(&[0; 64][..padding as usize]).map_err(|e| fault(&e))?;
            let start = end + padding;
            let mut stream =
                StreamWriter::try_new(&mut writer, table.schema_ref()).map_err(|e| fault(&e))?;
            stream.write(table).and_then(|()| stream.finish()).map_err(|e| fault(&e))?;
            drop(stream);
            end = writer.stream_position().map_err(|e| fault(&e))?;
            lengths.push(end - start);
        }
        let file = writer.into_inner().map_err(|e| fault(&e))?;
        fcntl_add_seals(&file, SEALS | SealFlags::SEAL).map_err(|e| fault(&e))?;
        Ok(Self { memory: file.into(), lengths })
    }

    pub(super) fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    pub(super) fn lengths(&self) -> &[u64] {
        &self.lengths
    }
}

/// Memory that came from the other side, mapped.
pub(super) struct Received {
    bytes: Buffer,
    lengths: std::vec::IntoIter<u64>,
    position: u64,
}

impl Received {
    /// Maps memory of which the other side says that it holds parts of these lengths.
    pub(super) fn map(memory: &OwnedFd, lengths: Vec<u64>) -> Result<Self> {
        let fault = |e: &dyn std::fmt::Display| Fault::plugin("shared memory", e);
        let seals = fcntl_get_seals(memory).map_err(|e| fault(&e))?;
        if !seals.contains(SEALS) {
            return Err(fault(&"is not sealed"));
        }
        let size = fstat(memory).map_err(|e| fault(&e))?.st_size as u64;
        if size > LARGEST {
            return Err(fault(&format!("of {size} bytes; at most {LARGEST} are read")));
        }
        let bytes = map(memory, size as usize).map_err(|e| fault(&e))?;
        Ok(Self { bytes, lengths: lengths.into_iter(), position: 0 })
    }

    /// The text.
    pub(super) fn text(&mut self) -> Result<String> {
        let bytes = self.next(1)?;
        let text = std::str::from_utf8(&bytes).map_err(|e| Fault::plugin("text", e))?;
        Ok(text.to_owned())
    }

    /// The next table, checked: what a plugin wrote is not trusted, and arrow panics on some of it.
    pub(super) fn table(&mut self) -> Result<RecordBatch> {
        let bytes = self.next(64)?;
        let read = catch_unwind(AssertUnwindSafe(|| decode(bytes, StreamDecoder::new())));
        read.unwrap_or_else(|_| Err("contradicts itself".into()))
            .map_err(|e| Fault::plugin("table", e))
    }

    /// The next table, from the host: it is as the host's own arrow wrote it.
    pub(super) fn trusted_table(&mut self) -> Result<RecordBatch> {
        let bytes = self.next(64)?;
        // SAFETY: only the worker calls this, on memory that the host wrote and sealed.
        let decoder = unsafe { StreamDecoder::new().with_skip_validation(true) };
        decode(bytes, decoder).map_err(|e| Fault::plugin("table", e))
    }

    fn next(&mut self, alignment: u64) -> Result<Buffer> {
        let start = self.position.next_multiple_of(alignment);
        let end = self.lengths.next().and_then(|length| start.checked_add(length));
        let end = end.filter(|end| *end <= self.bytes.len() as u64);
        let end = end.ok_or_else(|| Fault::plugin("shared memory", "ends too early"))?;
        self.position = end;
        Ok(self.bytes.slice_with_length(start as usize, (end - start) as usize))
    }
}

fn decode(
    mut bytes: Buffer,
    mut decoder: StreamDecoder,
) -> std::result::Result<RecordBatch, String> {
    let batch = decoder.decode(&mut bytes).map_err(|e| e.to_string())?;
    batch.ok_or_else(|| "holds no rows' message".to_owned())
}

/// A mapping; ends with the last buffer that lies in it.
struct Mapping {
    start: *mut c_void,
    length: usize,
}

// SAFETY: the memory is sealed and mapped read-only; nobody writes to it.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}
impl std::panic::RefUnwindSafe for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the buffers that lie in the mapping own it, so none is left.
        let _ = unsafe { munmap(self.start, self.length) };
    }
}

fn map(memory: &OwnedFd, length: usize) -> rustix::io::Result<Buffer> {
    if length == 0 {
        return Ok(Buffer::from_vec(Vec::<u8>::new()));
    }
    // SAFETY: a new mapping at a place of the kernel's choice.
    let start = unsafe {
        let null = std::ptr::null_mut();
        mmap(null, length, ProtFlags::READ, MapFlags::SHARED | MapFlags::POPULATE, memory, 0)?
    };
    let owner = Arc::new(Mapping { start, length });
    let Some(first) = NonNull::new(start.cast::<u8>()) else {
        return Ok(Buffer::from_vec(Vec::<u8>::new()));
    };
    // SAFETY: `length` bytes from `first` are mapped as long as `owner` lives, and sealed.
    Ok(unsafe { Buffer::from_custom_allocation(first, length, owner) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int32Array, StringArray};

    fn table(rows: usize) -> RecordBatch {
        let ids: StringArray = (0..rows).map(|row| Some(format!("p{row}"))).collect();
        let answers: Int32Array =
            (0..rows).map(|row| (row % 3 > 0).then_some(row as i32)).collect();
        let columns: [(&str, ArrayRef); 2] = [("id", Arc::new(ids)), ("answer", Arc::new(answers))];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
    }

    fn received(shared: Shared) -> Received {
        Received::map(&shared.memory, shared.lengths).unwrap()
    }

    #[test]
    fn texts_and_tables_come_back() {
        let tables = [table(5), table(0), table(1000)];
        let mut received = received(Shared::write("wörds", &tables.each_ref()).unwrap());
        assert_eq!(received.text().unwrap(), "wörds");
        for table in &tables {
            assert_eq!(received.table().unwrap(), *table);
        }
        assert!(received.table().unwrap_err().message.contains("ends too early"));
    }

    #[test]
    fn a_table_outlives_the_memory_it_came_in() {
        let written = table(10);
        let mut received = received(Shared::write("", &[&written]).unwrap());
        received.text().unwrap();
        let table = received.trusted_table().unwrap();
        drop(received);
        assert_eq!(table, written);
    }

    #[test]
    fn what_can_still_be_changed_is_not_read() {
        let memory = memfd_create("test", MemfdFlags::ALLOW_SEALING).unwrap();
        let fault = Received::map(&memory, vec![0]).err().unwrap();
        assert!(fault.message.contains("not sealed"), "{fault}");
        let shared = Shared::write("text", &[]).unwrap();
        assert!(File::from(shared.memory).write_all(b"x").is_err());
    }

    #[test]
    fn lies_and_damage_are_faults() {
        let shared = Shared::write("text", &[&table(5)]).unwrap();
        for lengths in [vec![4, u64::MAX], vec![4, 1 << 20], vec![4, 3], vec![4, 0]] {
            let mut received = Received::map(&shared.memory, lengths).unwrap();
            received.text().unwrap();
            assert!(received.table().is_err());
        }
        // Every byte of the table changed in turn: an error or a table, never a panic or a crash.
        let length = shared.lengths[1] as usize;
        let bytes = map(&shared.memory, 64 + length).unwrap();
        for at in 64..64 + length {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 0xff;
            let memory = memfd_create("test", MemfdFlags::ALLOW_SEALING).unwrap();
            let mut file = File::from(memory);
            file.write_all(&damaged).unwrap();
            fcntl_add_seals(&file, SEALS).unwrap();
            let mut received = Received::map(&file.into(), vec![4, length as u64]).unwrap();
            received.text().unwrap();
            let _ = received.table();
        }
    }
}
