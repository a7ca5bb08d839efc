//! Record batches across the boundary. Outgoing ones are ours; incoming ones are not trusted.

mod check;
#[cfg(test)]
mod tests;

use crate::fault::{Fault, Result};
use arrow_array::{Array, RecordBatch, RecordBatchOptions, StructArray, ffi};
use arrow_schema::{DataType, Schema};
use check::{RawArray, RawSchema};
use pilotbench_plugin_abi::{ARRAY_WORDS, Batch, CArrowArray, CArrowSchema, SCHEMA_WORDS};
use std::{
    mem::transmute,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr::from_ref,
    sync::Arc,
};

const _: () = {
    assert!(size_of::<ffi::FFI_ArrowArray>() == ARRAY_WORDS * size_of::<usize>());
    assert!(size_of::<ffi::FFI_ArrowSchema>() == SCHEMA_WORDS * size_of::<usize>());
    assert!(size_of::<RawArray>() == size_of::<CArrowArray>());
    assert!(size_of::<RawSchema>() == size_of::<CArrowSchema>());
};

/// A batch on its way to a plugin.
pub(super) fn export(batch: RecordBatch) -> Result<Batch> {
    let schema = ffi::FFI_ArrowSchema::try_from(batch.schema().as_ref())
        .map_err(|e| Fault::plugin("schema", e))?;
    let array = ffi::FFI_ArrowArray::new(&StructArray::from(batch).to_data());
    // SAFETY: `CArrowArray` and `CArrowSchema` mirror the same C structs (sizes asserted above);
    // ownership moves, so that exactly one side calls `release`.
    Ok(unsafe {
        Batch {
            array: transmute::<ffi::FFI_ArrowArray, CArrowArray>(array),
            schema: transmute::<ffi::FFI_ArrowSchema, CArrowSchema>(schema),
        }
    })
}

/// A batch that came from a plugin. The interface is built on trust: so all that can be seen of the
/// structs is checked first, the import runs under a guard, since arrow asserts on some breaches,
/// and every buffer is validated. Whatever comes out, each struct is released once.
pub(super) fn import(batch: Batch) -> Result<RecordBatch> {
    let outcome = catch_unwind(AssertUnwindSafe(|| import_unguarded(batch)));
    match outcome {
        Ok(imported) => imported.map_err(|message| Fault::plugin("reply", message)),
        Err(_) => Err(Fault::plugin("reply", "its Arrow structs contradict themselves")),
    }
}

fn import_unguarded(batch: Batch) -> std::result::Result<RecordBatch, String> {
    // SAFETY: `RawSchema` mirrors the same C struct (size asserted above), borrowed for the check;
    // pointers that are not null are the plugin's word.
    unsafe { check::schema(&*from_ref(&batch.schema).cast::<RawSchema>()) }?;
    // SAFETY: as in `export`.
    let (array, schema) = unsafe {
        (
            transmute::<CArrowArray, ffi::FFI_ArrowArray>(batch.array),
            transmute::<CArrowSchema, ffi::FFI_ArrowSchema>(batch.schema),
        )
    };
    let fields = Schema::try_from(&schema).map_err(|e| e.to_string())?;
    let kind = DataType::Struct(fields.fields().clone());
    // SAFETY: as for the schema.
    unsafe { check::array(&*from_ref(&array).cast::<RawArray>(), &kind) }?;
    if array.is_empty() {
        // An empty slice of texts is sound, and validation would refuse its first offset.
        return Ok(RecordBatch::new_empty(Arc::new(fields)));
    }
    // SAFETY: what can be seen was checked; offsets and texts are validated right below.
    let data = unsafe { ffi::from_ffi(array, &schema) }.map_err(|e| e.to_string())?;
    data.validate_full().map_err(|e| e.to_string())?;
    let columns = StructArray::from(data);
    if columns.null_count() > 0 {
        return Err(format!("{} rows of the table are null as a whole", columns.null_count()));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(columns.len()));
    let (_, columns, _) = columns.into_parts();
    RecordBatch::try_new_with_options(Arc::new(fields), columns, &options)
        .map_err(|e| e.to_string())
}
