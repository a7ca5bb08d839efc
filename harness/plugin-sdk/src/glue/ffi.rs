use crate::{Error, Result, abi};
use arrow_array::{Array, RecordBatch, RecordBatchOptions, StructArray, ffi};
use arrow_schema::Schema;
use std::{mem::transmute, sync::Arc};

const _: () = {
    assert!(size_of::<ffi::FFI_ArrowArray>() == abi::ARRAY_WORDS * size_of::<usize>());
    assert!(size_of::<ffi::FFI_ArrowSchema>() == abi::SCHEMA_WORDS * size_of::<usize>());
    assert!(size_of::<abi::CArrowArray>() == size_of::<ffi::FFI_ArrowArray>());
    assert!(size_of::<abi::CArrowSchema>() == size_of::<ffi::FFI_ArrowSchema>());
};

/// A batch on its way out. The schema is exported by itself: the struct array's type has lost the
/// batch's metadata.
pub fn export_batch(batch: RecordBatch) -> Result<abi::Batch> {
    let schema = ffi::FFI_ArrowSchema::try_from(batch.schema().as_ref())
        .map_err(|e| Error::Computation(format!("schema cannot cross: {e}")))?;
    let array = ffi::FFI_ArrowArray::new(&StructArray::from(batch).to_data());
    // SAFETY: both sides are `repr(C)` mirrors of the same C structs (sizes asserted above), and
    // ownership moves: exactly one of them calls `release`.
    Ok(unsafe {
        abi::Batch {
            array: transmute::<ffi::FFI_ArrowArray, abi::CArrowArray>(array),
            schema: transmute::<ffi::FFI_ArrowSchema, abi::CArrowSchema>(schema),
        }
    })
}

/// A batch on its way in.
pub fn import_batch(batch: abi::Batch) -> Result<RecordBatch> {
    let bad = |e: arrow_schema::ArrowError| Error::BadInput(format!("batch cannot be read: {e}"));
    // SAFETY: as in `export_batch`.
    let (array, schema) = unsafe {
        (
            transmute::<abi::CArrowArray, ffi::FFI_ArrowArray>(batch.array),
            transmute::<abi::CArrowSchema, ffi::FFI_ArrowSchema>(batch.schema),
        )
    };
    let fields = Schema::try_from(&schema).map_err(bad)?;
    // SAFETY: the host exports valid batches; the interface has no way to prove it.
    let data = unsafe { ffi::from_ffi(array, &schema) }.map_err(bad)?;
    let columns = StructArray::from(data);
    let options = RecordBatchOptions::new().with_row_count(Some(columns.len()));
    let (_, columns, _) = columns.into_parts();
    RecordBatch::try_new_with_options(Arc::new(fields), columns, &options).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int32Array, StringArray};
    use arrow_schema::{DataType, Field};

    #[test]
    fn a_batch_crosses_without_copy_and_keeps_metadata() {
        let metadata = std::collections::HashMap::from([("k".to_owned(), "v".to_owned())]);
        let schema = Schema::new(vec![
            Field::new("a", DataType::Int32, true),
            Field::new("b", DataType::Utf8, false),
        ]);
        let a: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
        let b: ArrayRef = Arc::new(StringArray::from(vec!["x", "ü", ""]));
        let batch = RecordBatch::try_new(Arc::new(schema.with_metadata(metadata)), vec![a, b]);
        let batch = batch.unwrap().slice(1, 2);
        let address = batch.column(0).to_data().buffers()[0].as_ptr();
        let back = import_batch(export_batch(batch.clone()).unwrap()).unwrap();
        assert_eq!(back, batch);
        assert_eq!(back.column(0).to_data().buffers()[0].as_ptr(), address);
    }

    #[test]
    fn rows_without_columns_keep_their_count() {
        let options = RecordBatchOptions::new().with_row_count(Some(5));
        let batch =
            RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
        assert_eq!(import_batch(export_batch(batch).unwrap()).unwrap().num_rows(), 5);
    }

    #[test]
    fn a_batch_is_released_whatever_the_author_does_with_it() {
        use crate::glue::guard;
        let column = Int32Array::from(vec![1, 2, 3]);
        let owners = || column.values().inner().strong_count();
        let sent = || {
            let shared: ArrayRef = Arc::new(column.clone());
            export_batch(RecordBatch::try_from_iter([("a", shared)]).unwrap()).unwrap()
        };
        let batch = sent();
        drop(guard(|| import_batch(batch).map(drop)));
        assert_eq!(owners(), 1, "success");
        let batch = sent();
        let outcome = guard(|| {
            let _held = import_batch(batch)?;
            Err::<(), _>(Error::Computation("told to fail".into()))
        });
        assert!(outcome.is_err());
        assert_eq!(owners(), 1, "error");
        let batch = sent();
        let outcome = guard::<()>(|| {
            let _held = import_batch(batch)?;
            panic!("told to panic")
        });
        assert!(outcome.is_err());
        assert_eq!(owners(), 1, "panic");
    }
}
