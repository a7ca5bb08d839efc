//! Structs that lie, and that every struct is released once.

use super::{
    check::{RawArray, RawSchema},
    *,
};
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, LargeStringArray, RunArray,
    StringArray, StringViewArray,
    builder::{Float64Builder, ListBuilder},
    types::{Int8Type, Int32Type},
};
use arrow_schema::Field;
use std::{
    collections::HashMap,
    ffi::c_void,
    sync::atomic::{AtomicUsize, Ordering},
};

/// How often structs were released.
#[derive(Default)]
struct Released {
    arrays: AtomicUsize,
    schemas: AtomicUsize,
}

/// What a counting release needs: the struct as arrow made it, and where to count.
struct Original<T> {
    bytes: T,
    count: Arc<Released>,
}

unsafe extern "C" fn release_array(array: *mut RawArray) {
    // SAFETY: `count_array` made the box, and release is called once.
    let original = unsafe { Box::from_raw((*array).private_data.cast::<Original<RawArray>>()) };
    original.count.arrays.fetch_add(1, Ordering::Relaxed);
    let Original { bytes, .. } = *original;
    // SAFETY: the struct is as arrow made it again, and arrow's own release ends it.
    unsafe {
        array.write(bytes);
        (*array).release.unwrap()(array);
        (*array).release = None;
    }
}

unsafe extern "C" fn release_schema(schema: *mut RawSchema) {
    // SAFETY: as for arrays.
    let original = unsafe { Box::from_raw((*schema).private_data.cast::<Original<RawSchema>>()) };
    original.count.schemas.fetch_add(1, Ordering::Relaxed);
    let Original { bytes, .. } = *original;
    // SAFETY: as for arrays.
    unsafe {
        schema.write(bytes);
        (*schema).release.unwrap()(schema);
        (*schema).release = None;
    }
}

/// Lets a struct and its children count their release.
fn count_array(array: &mut RawArray, count: &Arc<Released>) {
    for index in 0..array.n_children as usize {
        // SAFETY: arrow made the struct.
        count_array(unsafe { &mut **array.children.add(index) }, count);
    }
    // SAFETY: a copy of plain data; only one of the two is ever released.
    let bytes = unsafe { std::ptr::read(array) };
    let original = Original { bytes, count: Arc::clone(count) };
    array.private_data = Box::into_raw(Box::new(original)).cast::<c_void>();
    array.release = Some(release_array);
}

/// As [`count_array`].
fn count_schema(schema: &mut RawSchema, count: &Arc<Released>) {
    for index in 0..schema.n_children as usize {
        // SAFETY: arrow made the struct.
        count_schema(unsafe { &mut **schema.children.add(index) }, count);
    }
    // SAFETY: as for arrays.
    let bytes = unsafe { std::ptr::read(schema) };
    let original = Original { bytes, count: Arc::clone(count) };
    schema.private_data = Box::into_raw(Box::new(original)).cast::<c_void>();
    schema.release = Some(release_schema);
}

const COLUMNS: usize = 5;

/// Columns: `id`, `text` (with a null), `list`, `view`, `level` (a dictionary); four rows.
fn batch() -> RecordBatch {
    let mut lists = ListBuilder::new(Float64Builder::new());
    for row in 0..4 {
        lists.values().append_slice(&[0.25, 0.75][..row % 3]);
        lists.append(true);
    }
    let text = StringArray::from(vec![Some("a"), None, Some("ccc"), Some("ü")]);
    let long = "a text that is too long to be kept inside its view";
    let level: DictionaryArray<Int8Type> = ["x", "y", "x", "x"].into_iter().collect();
    let columns: [(&str, ArrayRef); COLUMNS] = [
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        ("text", Arc::new(text)),
        ("list", Arc::new(lists.finish())),
        ("view", Arc::new(StringViewArray::from(vec![long, "b", long, "d"]))),
        ("level", Arc::new(level)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, c)| (name, c, true))).unwrap()
}

/// The structs of a batch, open to change.
struct Structs {
    batch: Batch,
    count: Arc<Released>,
}

impl Structs {
    fn new() -> Self {
        let mut structs =
            Self { batch: export(batch()).unwrap(), count: Arc::new(Released::default()) };
        let count = Arc::clone(&structs.count);
        count_array(structs.array(), &count);
        count_schema(structs.schema(), &count);
        structs
    }

    fn array(&mut self) -> &mut RawArray {
        // SAFETY: mirrors of the same struct.
        unsafe { &mut *std::ptr::from_mut(&mut self.batch.array).cast::<RawArray>() }
    }

    fn schema(&mut self) -> &mut RawSchema {
        // SAFETY: mirrors of the same struct.
        unsafe { &mut *std::ptr::from_mut(&mut self.batch.schema).cast::<RawSchema>() }
    }

    fn column(&mut self, index: usize) -> &mut RawArray {
        assert!(index < COLUMNS);
        // SAFETY: the batch has these columns.
        unsafe { &mut **self.array().children.add(index) }
    }

    fn field(&mut self, index: usize) -> &mut RawSchema {
        assert!(index < COLUMNS);
        // SAFETY: the batch has these columns.
        unsafe { &mut **self.schema().children.add(index) }
    }

    /// Replaces a buffer of a column.
    fn buffer<T>(&mut self, column: usize, index: usize, to: &'static [T]) {
        // SAFETY: arrow made the list of pointers, and each column has this buffer.
        unsafe { *self.column(column).buffers.add(index) = to.as_ptr().cast() }
    }

    /// Takes a buffer of a column away.
    fn no_buffer(&mut self, column: usize, index: usize) {
        // SAFETY: as for `buffer`.
        unsafe { *self.column(column).buffers.add(index) = std::ptr::null() }
    }
}

/// Imports structs that were changed; every struct that says so must be released once.
fn imported(change: impl FnOnce(&mut Structs)) -> Result<RecordBatch> {
    let mut structs = Structs::new();
    change(&mut structs);
    let Structs { batch, count } = structs;
    let outcome = import(batch);
    if outcome.is_err() {
        assert_released(&count);
    }
    outcome
}

/// Each column's structs, those of the list's values, and the two of the table.
fn assert_released(count: &Released) {
    assert_eq!(count.arrays.load(Ordering::Relaxed), COLUMNS + 2, "arrays");
    assert_eq!(count.schemas.load(Ordering::Relaxed), COLUMNS + 2, "schemas");
}

fn refusal(change: impl FnOnce(&mut Structs)) -> String {
    imported(change).unwrap_err().message
}

#[test]
fn sound_structs_come_through_and_are_released_with_the_batch() {
    let structs = Structs::new();
    let count = Arc::clone(&structs.count);
    let imported = import(structs.batch).unwrap();
    assert_eq!(imported, batch());
    assert_eq!(count.arrays.load(Ordering::Relaxed), 0, "the buffers are still in use");
    drop(imported);
    assert_released(&count);
}

#[test]
fn released_structs_are_refused() {
    let mut structs = Structs::new();
    structs.array().release = None;
    assert_eq!(
        import(structs.batch).unwrap_err().message,
        "the table was released before it was sent"
    );
    let mut structs = Structs::new();
    structs.schema().release = None;
    assert_eq!(
        import(structs.batch).unwrap_err().message,
        "the schema was released before it was sent"
    );
    let mut structs = Structs::new();
    structs.column(1).release = None;
    let message = import(structs.batch).unwrap_err().message;
    assert_eq!(message, "column `text` was released before it was sent");
}

#[test]
fn counts_that_lie_are_refused() {
    let length =
        |l: i64, o: i64| refusal(move |s| (s.column(0).length, s.column(0).offset) = (l, o));
    assert_eq!(length(-1, 0), "column `id` has the length -1 and the offset 0");
    assert_eq!(length(4, -8), "column `id` has the length 4 and the offset -8");
    assert!(length(i64::MAX, 1).contains("has more than"));
    assert!(length(1 << 41, 0).contains("has more than"));
    assert!(refusal(|s| s.array().length = -4).contains("the table has the length -4"));
    assert!(refusal(|s| s.column(1).null_count = -2).contains("has -2 nulls in 4 rows"));
    assert!(refusal(|s| s.column(1).null_count = 5).contains("has 5 nulls in 4 rows"));
    assert!(refusal(|s| s.column(0).null_count = 1).contains("1 nulls and no bitmap"));
    // A null count that the bitmap does not bear out, and one that is left to the reader.
    assert!(refusal(|s| s.column(1).null_count = 3).to_lowercase().contains("null"));
    assert!(imported(|s| s.column(1).null_count = -1).is_ok());
    // A table longer than its columns.
    assert!(refusal(|s| s.array().length = 5).contains("5"));
    assert!(refusal(|s| s.column(0).length = 3).contains("3"));
}

#[test]
fn rows_that_are_null_as_a_whole_are_refused() {
    static FIRST_IS_NULL: [u8; 64] = [0b1110; 64];
    let message = refusal(|s| {
        s.array().null_count = 1;
        // SAFETY: a struct array has one buffer, its bitmap.
        unsafe { *s.array().buffers = FIRST_IS_NULL.as_ptr().cast() };
    });
    assert_eq!(message, "1 rows of the table are null as a whole");
}

#[test]
fn wrong_numbers_of_buffers_and_children_are_refused() {
    for n in [-1, 0, 1, 3, i64::MAX] {
        let message = refusal(|s| s.column(0).n_buffers = n);
        assert!(
            message.contains(&format!("column `id` has {n} buffers, a Int64 has 2")),
            "{message}"
        );
    }
    for n in [-1, 0, 2, i64::MAX] {
        assert!(refusal(|s| s.column(3).n_buffers = n).contains("column `view`"));
    }
    assert!(refusal(|s| s.column(0).buffers = std::ptr::null_mut()).contains("has 2 buffers"));
    assert!(refusal(|s| s.column(0).n_children = 1).contains("has 1 children, its schema has 0"));
    assert!(refusal(|s| s.column(2).n_children = 0).contains("has 0 children, its schema has 1"));
    assert!(refusal(|s| s.column(2).children = std::ptr::null_mut()).contains("child 0"));
    assert!(refusal(|s| s.array().n_children = 4).contains("the table has 4 children"));
    let message = refusal(|s| s.column(2).children = Box::leak(Box::new(std::ptr::null_mut())));
    assert!(message.contains("child 0 of column `list` is missing"), "{message}");
}

#[test]
fn schemas_that_lie_are_refused() {
    let format = |text: &'static std::ffi::CStr| refusal(|s| s.field(0).format = text.as_ptr());
    assert!(format(c"q").contains("not supported"), "{}", format(c"q"));
    assert!(format(c"").contains("not supported"));
    assert!(format(c"w:-4").contains("column `id` has the format `w:-4`"));
    assert!(format(c"w:99999999999").contains("FixedSizeBinary"));
    assert!(format(c"\xff\xfe").contains("the format of column `id` is not UTF-8"));
    assert!(format(c"+l").contains("column `id` has 0 children"));
    assert!(format(c"+w:-1").contains("the format `+w:-1`"));
    assert!(format(c"+ud:1,1").contains("same number of fields"));
    assert!(format(c"u").contains("has 2 buffers, a Utf8 has 3"));
    assert!(
        refusal(|s| s.field(0).format = std::ptr::null()).contains("column `id` has no format")
    );
    assert!(refusal(|s| s.field(0).name = c"\xff".as_ptr()).contains("is not UTF-8"));
    assert!(refusal(|s| s.schema().format = c"i".as_ptr()).contains("the schema has 5 children"));
    assert!(refusal(|s| s.schema().n_children = -1).contains("the schema has -1 children"));
    assert!(refusal(|s| s.field(2).children = std::ptr::null_mut()).contains("child 0"));
    static NEGATIVE: [i32; 2] = [-1, 0];
    assert!(refusal(|s| s.field(0).metadata = NEGATIVE.as_ptr().cast()).contains("metadata"));
    // Floats as keys of a dictionary.
    let message = refusal(|s| s.field(4).format = c"g".as_ptr());
    assert_eq!(message, "column `level` has a dictionary with keys Float64");
    assert!(refusal(|s| s.column(4).dictionary = std::ptr::null_mut()).contains("is missing"));
    let message = refusal(|s| s.field(4).dictionary = std::ptr::null_mut());
    assert!(message.contains("has a dictionary, its schema has none"), "{message}");
    // A list of itself. The list of children that arrow made stays as it is: release reads it.
    let message = refusal(|s| {
        let field: *mut RawSchema = s.field(2);
        s.field(2).children = Box::leak(Box::new(field));
    });
    assert!(message.contains("deeper than 32"), "{message}");
}

#[test]
fn buffers_that_lie_are_refused() {
    assert!(refusal(|s| s.no_buffer(0, 1)).contains("a buffer of column `id` is missing"));
    assert!(refusal(|s| s.no_buffer(1, 1)).contains("a buffer of column `text` is missing"));
    assert!(refusal(|s| s.no_buffer(1, 2)).contains("a buffer of column `text` is missing"));
    assert!(refusal(|s| s.no_buffer(1, 0)).contains("1 nulls and no bitmap"));
    assert!(refusal(|s| s.no_buffer(3, 2)).contains("a buffer of column `view` is missing"));
    assert!(refusal(|s| s.no_buffer(3, 3)).contains("the lengths of the buffers of column `view`"));
    static NEGATIVE_LENGTH: [i64; 1] = [-1];
    assert!(refusal(|s| s.buffer(3, 3, &NEGATIVE_LENGTH)).contains("has the length -1"));
    static NO_TEXT: [u8; 8] = [0xff; 8];
    let message = refusal(|s| s.buffer(1, 2, &NO_TEXT));
    assert!(message.to_lowercase().contains("utf8"), "{message}");
    static UNSORTED: [i32; 5] = [0, 4, 2, 3, 6];
    assert!(refusal(|s| s.buffer(1, 1, &UNSORTED)).to_lowercase().contains("offset"));
    static WITHIN: [i32; 5] = [0, -4, 2, 3, 6];
    assert!(refusal(|s| s.buffer(1, 1, &WITHIN)).to_lowercase().contains("offset"));
    static NEGATIVE: [i32; 5] = [-1, 0, 2, 3, 6];
    assert!(refusal(|s| s.buffer(1, 1, &NEGATIVE)).contains("go from -1 to 6"));
    static BACKWARDS: [i32; 5] = [0, 1, 1, 2, -6];
    assert!(refusal(|s| s.buffer(1, 1, &BACKWARDS)).contains("go from 0 to -6"));
    static SHIFTED: [i32; 6] = [0; 6];
    let message = refusal(|s| {
        // SAFETY: one byte into a buffer with room behind it.
        unsafe { *s.column(1).buffers.add(1) = SHIFTED.as_ptr().cast::<u8>().add(1).cast() }
    });
    assert_eq!(message, "the offsets of column `text` are not aligned");
    // The list's values are three; offsets of lists are checked against them.
    static BEYOND: [i32; 5] = [0, 0, 1, 3, 9];
    assert!(refusal(|s| s.buffer(2, 1, &BEYOND)).to_lowercase().contains("offset"));
    static KEYS: [i8; 4] = [0, 1, 0, 7];
    assert!(refusal(|s| s.buffer(4, 1, &KEYS)).contains("7"));
}

/// Across and back.
fn back(batch: &RecordBatch) -> RecordBatch {
    import(export(batch.clone()).unwrap()).unwrap()
}

#[test]
fn encodings_slices_and_empty_tables_survive() {
    let lengths = Int32Array::from(vec![2, 3, 4]);
    let runs = RunArray::<Int32Type>::try_new(&lengths, &StringArray::from(vec!["a", "b", "c"]));
    let rows = ["x", "ü", "", "a text that is too long to be kept inside its view"];
    let columns: [(&str, ArrayRef); 5] = [
        ("plain", Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0), None]))),
        ("large", Arc::new(LargeStringArray::from(rows.to_vec()))),
        ("view", Arc::new(StringViewArray::from(rows.to_vec()))),
        ("level", Arc::new(rows.into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("runs", Arc::new(runs.unwrap())),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true)));
    let batch = batch.unwrap();
    for sliced in [batch.clone(), batch.slice(1, 2), batch.slice(3, 1), batch.slice(4, 0)] {
        assert_eq!(back(&sliced), sliced);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(1000));
    let empty = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options);
    assert_eq!(back(&empty.unwrap()).num_rows(), 1000);
    assert_eq!(
        back(&RecordBatch::new_empty(batch.schema())),
        RecordBatch::new_empty(batch.schema())
    );
}

#[test]
fn metadata_survives() {
    let note = |text: &str| HashMap::from([("note".to_owned(), text.to_owned())]);
    let field = Field::new("a", DataType::Int32, true).with_metadata(note("of a field"));
    let schema = Schema::new(vec![field]).with_metadata(note("of a table"));
    let column: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let batch = RecordBatch::try_new(Arc::new(schema.clone()), vec![column]).unwrap();
    assert_eq!(*back(&batch).schema(), schema);
}

#[test]
fn what_we_send_is_released_once_whatever_becomes_of_it() {
    let column = Int64Array::from(vec![1, 2, 3]);
    let owners = || column.values().inner().strong_count();
    assert_eq!(owners(), 1);
    let sent = || {
        let shared: ArrayRef = Arc::new(column.clone());
        export(RecordBatch::try_from_iter([("id", shared)]).unwrap()).unwrap()
    };
    let never_read = sent();
    assert_eq!(owners(), 2);
    drop(never_read);
    assert_eq!(owners(), 1, "dropped unread");
    let read = import(sent()).unwrap();
    assert_eq!(owners(), 2, "nothing was copied");
    drop(read);
    assert_eq!(owners(), 1, "read");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _held = sent();
        std::panic::resume_unwind(Box::new("a plugin panics"));
    }));
    assert!(panicked.is_err());
    assert_eq!(owners(), 1, "dropped by a panic");
}
