//! Answers of one replicate as Parquet. The same answers give the same bytes.

use crate::fault::{Fault, Result};
use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::Compression,
    file::properties::{EnabledStatistics, WriterProperties},
};

/// Parquet bytes of a table. The writer's name is pinned, so that a new version of the library does
/// not change the bytes by its name alone; statistics are left out, since nobody filters by them.
///
/// # Errors
/// When the table has a type that Parquet lacks, which ours never have.
pub fn encode(batch: &RecordBatch) -> Result<Vec<u8>> {
    let properties = WriterProperties::builder()
        .set_created_by("pilotbench".to_owned())
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let fault = |e: parquet::errors::ParquetError| Fault::store("answers", e);
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).map_err(fault)?;
    writer.write(batch).map_err(fault)?;
    writer.close().map_err(fault)?;
    Ok(bytes)
}

/// The table in Parquet bytes, in one batch.
///
/// # Errors
/// When the bytes are not Parquet, or the table is empty.
pub fn decode(bytes: Vec<u8>) -> Result<RecordBatch> {
    decode_at_most(bytes, usize::MAX)
}

/// The same, of at most so many rows.
///
/// # Errors
/// When the bytes are not Parquet, or the table is empty or longer.
pub fn decode_at_most(bytes: Vec<u8>, rows_max: usize) -> Result<RecordBatch> {
    let fault = |e: &dyn std::fmt::Display| Fault::store("answers", e);
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(|e| fault(&e))?;
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    if rows > rows_max {
        return Err(fault(&format!("the table has {rows} rows, at most {rows_max} are read")));
    }
    let mut reader = builder.with_batch_size(rows.max(1)).build().map_err(|e| fault(&e))?;
    match reader.next() {
        Some(batch) => batch.map_err(|e| fault(&e)),
        None => Err(fault(&"the table is empty")),
    }
}
