//! Tables as Arrow IPC streams.

use arrow_ipc::{reader::StreamReader, writer::StreamWriter};
use pilotbench_plugin_sdk::{Error, Result, arrow_array::RecordBatch, arrow_schema::ArrowError};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A table of one batch.
pub(crate) fn encode(batch: &RecordBatch) -> Result<Vec<u8>> {
    let written = || {
        let mut writer = StreamWriter::try_new(Vec::new(), batch.schema_ref())?;
        writer.write(batch)?;
        writer.into_inner()
    };
    written().map_err(|e: ArrowError| Error::Computation(format!("table cannot be written: {e}")))
}

/// The batches of a table. The reader validates what it reads; where it asserts instead, this
/// catches it.
pub(crate) fn decode(bytes: &[u8]) -> std::result::Result<Vec<RecordBatch>, String> {
    let read =
        || StreamReader::try_new(bytes, None)?.collect::<std::result::Result<Vec<_>, ArrowError>>();
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(batches)) => Ok(batches),
        Ok(Err(error)) => Err(format!("is no Arrow stream: {error}")),
        Err(_) => Err("is no Arrow stream: it contradicts itself".to_owned()),
    }
}
