//! Record batches across the boundary. Outgoing ones are ours; incoming ones are not trusted.

use crate::fault::{Fault, Result};
use arrow_array::{Array, RecordBatch, RecordBatchOptions, StructArray, ffi};
use arrow_schema::Schema;
use pilotbench_plugin_abi::{ARRAY_WORDS, Batch, CArrowArray, CArrowSchema, SCHEMA_WORDS};
use std::{
    mem::transmute,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

const _: () = {
    assert!(size_of::<ffi::FFI_ArrowArray>() == ARRAY_WORDS * size_of::<usize>());
    assert!(size_of::<ffi::FFI_ArrowSchema>() == SCHEMA_WORDS * size_of::<usize>());
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

/// A batch that came from a plugin. The interface is built on trust, and arrow asserts on some of
/// its breaches: so the import runs under a guard, and every buffer is validated.
pub(super) fn import(batch: Batch) -> Result<RecordBatch> {
    let outcome = catch_unwind(AssertUnwindSafe(|| import_unguarded(batch)));
    match outcome {
        Ok(imported) => imported.map_err(|e| Fault::plugin("reply", e)),
        Err(_) => Err(Fault::plugin("reply", "its Arrow structs contradict themselves")),
    }
}

fn import_unguarded(batch: Batch) -> std::result::Result<RecordBatch, arrow_schema::ArrowError> {
    // SAFETY: as in `export`.
    let (array, schema) = unsafe {
        (
            transmute::<CArrowArray, ffi::FFI_ArrowArray>(batch.array),
            transmute::<CArrowSchema, ffi::FFI_ArrowSchema>(batch.schema),
        )
    };
    let fields = Schema::try_from(&schema)?;
    // SAFETY: the pointers cannot be proved; lengths, offsets and texts are checked right below.
    let data = unsafe { ffi::from_ffi(array, &schema) }?;
    data.validate_full()?;
    let columns = StructArray::from(data);
    let options = RecordBatchOptions::new().with_row_count(Some(columns.len()));
    let (_, columns, _) = columns.into_parts();
    RecordBatch::try_new_with_options(Arc::new(fields), columns, &options)
}
