//! What can be seen of C structs before anything is read through them.
//!
//! Arrow's import trusts lengths, counts and pointers; where it looks at all, it asserts. What is
//! checked here is everything that shows in the structs themselves. What cannot be seen, and stays
//! a matter of trust: whether a buffer is as long as the length says, whether a pointer that is not
//! null points anywhere, and the lengths inside a schema's metadata.

use arrow_data::{BufferSpec, layout};
use arrow_schema::DataType;
use std::ffi::{CStr, c_char, c_void};

/// Deepest nesting of types; a schema that holds itself would never end.
const DEPTH_MAX: usize = 32;
/// Most children of a struct.
const CHILDREN_MAX: i64 = 1 << 20;
/// Most rows, counted from the start of the buffers.
const ROWS_MAX: i64 = 1 << 40;
/// Longest buffer in bytes.
const BYTES_MAX: u64 = 1 << 47;

/// `ArrowArray` of the C Data Interface.
#[repr(C)]
pub(super) struct RawArray {
    pub(super) length: i64,
    pub(super) null_count: i64,
    pub(super) offset: i64,
    pub(super) n_buffers: i64,
    pub(super) n_children: i64,
    pub(super) buffers: *mut *const c_void,
    pub(super) children: *mut *mut RawArray,
    pub(super) dictionary: *mut RawArray,
    pub(super) release: Option<unsafe extern "C" fn(*mut RawArray)>,
    pub(super) private_data: *mut c_void,
}

/// `ArrowSchema` of the C Data Interface.
#[repr(C)]
pub(super) struct RawSchema {
    pub(super) format: *const c_char,
    pub(super) name: *const c_char,
    pub(super) metadata: *const c_char,
    pub(super) flags: i64,
    pub(super) n_children: i64,
    pub(super) children: *mut *mut RawSchema,
    pub(super) dictionary: *mut RawSchema,
    pub(super) release: Option<unsafe extern "C" fn(*mut RawSchema)>,
    pub(super) private_data: *mut c_void,
}

type Result<T> = std::result::Result<T, String>;

/// Checks a schema and all below it.
///
/// # Safety
/// Pointers that are not null point to what the interface says.
pub(super) unsafe fn schema(schema: &RawSchema) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { schema_at(schema, "the schema", 0) }
}

/// # Safety
/// As [`schema`].
unsafe fn schema_at(schema: &RawSchema, place: &str, depth: usize) -> Result<()> {
    if depth > DEPTH_MAX {
        return Err(format!("{place} is nested deeper than {DEPTH_MAX}"));
    }
    if schema.release.is_none() {
        return Err(format!("{place} was released before it was sent"));
    }
    let text = |text: *const c_char| match text.is_null() {
        true => Ok(None),
        // SAFETY: a text that is not null ends with a zero byte, by the caller's promise.
        false => unsafe { CStr::from_ptr(text) }.to_str().map(Some),
    };
    match text(schema.format) {
        Ok(Some(format)) => check_size(format, place)?,
        Ok(None) => return Err(format!("{place} has no format")),
        Err(_) => return Err(format!("the format of {place} is not UTF-8")),
    }
    if text(schema.name).is_err() {
        return Err(format!("the name of {place} is not UTF-8"));
    }
    if !(0..=CHILDREN_MAX).contains(&schema.n_children) {
        return Err(format!("{place} has {} children", schema.n_children));
    }
    for index in 0..schema.n_children as usize {
        // SAFETY: there are so many children, by the caller's promise.
        let child = unsafe { child_of(schema.children, index) };
        let child = child.ok_or_else(|| format!("child {index} of {place} is missing"))?;
        let name = text(child.name).ok().flatten().unwrap_or_default().escape_debug();
        // SAFETY: as for its parent.
        unsafe { schema_at(child, &format!("column `{name}`"), depth + 1) }?;
    }
    if !has_children(schema, text(schema.format)) {
        return Err(format!("{place} has {} children", schema.n_children));
    }
    // SAFETY: null or a schema, by the caller's promise.
    match unsafe { schema.dictionary.as_ref() } {
        None => Ok(()),
        // SAFETY: as for its owner.
        Some(values) => unsafe {
            schema_at(values, &format!("the dictionary of {place}"), depth + 1)
        },
    }
}

/// Sizes in formats must not be negative: `w:` and `+w:`.
fn check_size(format: &str, place: &str) -> Result<()> {
    let size = format.strip_prefix("w:").or_else(|| format.strip_prefix("+w:"));
    match size.map(str::parse::<i32>) {
        Some(Ok(..0)) => Err(format!("{place} has the format `{}`", format.escape_debug())),
        _ => Ok(()),
    }
}

/// Whether a nested format has as many children as it needs.
fn has_children<E>(schema: &RawSchema, format: std::result::Result<Option<&str>, E>) -> bool {
    let Ok(Some(format)) = format else { return false };
    match format {
        "+l" | "+L" | "+vl" | "+vL" | "+m" => schema.n_children == 1,
        "+r" => schema.n_children == 2,
        other if other.starts_with("+w:") => schema.n_children == 1,
        other => other.starts_with('+') || schema.n_children == 0,
    }
}

/// Checks an array and all below it against its type.
///
/// # Safety
/// Pointers that are not null point to what the interface says.
pub(super) unsafe fn array(array: &RawArray, kind: &DataType) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { array_at(array, kind, "the table") }
}

/// # Safety
/// As [`array`]. The type is finite, and so is the descent.
unsafe fn array_at(array: &RawArray, kind: &DataType, place: &str) -> Result<()> {
    if array.release.is_none() {
        return Err(format!("{place} was released before it was sent"));
    }
    let rows = counts(array, place)?;
    let layout = layout(keys_of(kind, place)?);
    let bitmap = usize::from(layout.can_contain_null_mask);
    let fixed = bitmap + layout.buffers.len();
    let n_buffers = usize::try_from(array.n_buffers).unwrap_or(usize::MAX);
    let fits = match layout.variadic {
        // Between the views and their lengths, any number of buffers of text.
        true => n_buffers > fixed && n_buffers <= CHILDREN_MAX as usize,
        false => n_buffers == fixed,
    };
    if !fits || (n_buffers > 0 && array.buffers.is_null()) {
        return Err(format!("{place} has {} buffers, a {kind} has {fixed}", array.n_buffers));
    }
    // SAFETY: there are so many pointers, by the caller's promise and the check above.
    let buffer = |index: usize| unsafe { *array.buffers.add(index) };
    if bitmap == 1 && array.null_count > 0 && buffer(0).is_null() {
        return Err(format!("{place} has {} nulls and no bitmap of them", array.null_count));
    }
    for (index, spec) in layout.buffers.iter().enumerate() {
        check_buffer(buffer(bitmap + index), spec, rows, place)?;
    }
    // SAFETY: as above; that the buffers are there was checked just now.
    unsafe { check_insides(array, kind, rows, place) }?;
    // SAFETY: the caller's promise.
    unsafe { children(array, kind, place) }
}

/// Lengths and counts; the number of rows from the start of the buffers.
fn counts(array: &RawArray, place: &str) -> Result<u64> {
    let (length, offset) = (array.length, array.offset);
    if length < 0 || offset < 0 {
        return Err(format!("{place} has the length {length} and the offset {offset}"));
    }
    if array.null_count < -1 || array.null_count > length {
        return Err(format!("{place} has {} nulls in {length} rows", array.null_count));
    }
    match length.checked_add(offset) {
        Some(rows @ 0..=ROWS_MAX) => Ok(rows as u64),
        _ => Err(format!("{place} has more than {ROWS_MAX} rows")),
    }
}

/// The type that lies in an array's own buffers.
fn keys_of<'a>(kind: &'a DataType, place: &str) -> Result<&'a DataType> {
    match kind {
        DataType::Dictionary(keys, _) if keys.is_integer() => Ok(keys),
        DataType::Dictionary(keys, _) => Err(format!("{place} has a dictionary with keys {keys}")),
        kind => Ok(kind),
    }
}

/// A buffer that must be there and not too long to exist.
fn check_buffer(buffer: *const c_void, spec: &BufferSpec, rows: u64, place: &str) -> Result<()> {
    let BufferSpec::FixedWidth { byte_width, .. } = spec else { return Ok(()) };
    let bytes = (rows + 1).checked_mul(*byte_width as u64);
    if bytes.is_none_or(|bytes| bytes > BYTES_MAX) {
        return Err(format!("{place} would have a buffer of more than {BYTES_MAX} bytes"));
    }
    match buffer.is_null() && rows > 0 {
        true => Err(format!("a buffer of {place} is missing")),
        false => Ok(()),
    }
}

/// Offsets and lengths that arrow's import reads before anything is validated.
///
/// # Safety
/// The buffers are as many as the type has, and as long as the array says.
unsafe fn check_insides(array: &RawArray, kind: &DataType, rows: u64, place: &str) -> Result<()> {
    // SAFETY: the caller's promise.
    let buffer = |index: usize| unsafe { *array.buffers.add(index) };
    let is_view = matches!(kind, DataType::Utf8View | DataType::BinaryView);
    if is_view {
        let texts = array.n_buffers as usize - 3;
        let lengths = buffer(array.n_buffers as usize - 1).cast::<i64>();
        if texts > 0 && (lengths.is_null() || !lengths.is_aligned()) {
            return Err(format!("the lengths of the buffers of {place} are missing"));
        }
        for index in 0..texts {
            // SAFETY: the last buffer holds a length for each buffer of text.
            let length = unsafe { *lengths.add(index) };
            if length < 0 || (length > 0 && buffer(2 + index).is_null()) {
                return Err(format!("a buffer of {place} is missing or has the length {length}"));
            }
        }
    }
    if rows == 0 {
        return Ok(());
    }
    let (first, last) = (array.offset as usize, rows as usize);
    let unaligned = || Err(format!("the offsets of {place} are not aligned"));
    let ends = match kind {
        DataType::Utf8 | DataType::Binary | DataType::List(_) | DataType::Map(..) => {
            let offsets = buffer(1).cast::<i32>();
            if !offsets.is_aligned() {
                return unaligned();
            }
            // SAFETY: there is one offset more than rows.
            unsafe { (i64::from(*offsets.add(first)), i64::from(*offsets.add(last))) }
        }
        DataType::LargeUtf8 | DataType::LargeBinary | DataType::LargeList(_) => {
            let offsets = buffer(1).cast::<i64>();
            if !offsets.is_aligned() {
                return unaligned();
            }
            // SAFETY: as above.
            unsafe { (*offsets.add(first), *offsets.add(last)) }
        }
        _ => return Ok(()),
    };
    let is_text = !matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::Map(..));
    if ends.0 < 0 || ends.1 < ends.0 {
        return Err(format!("the offsets of {place} go from {} to {}", ends.0, ends.1));
    }
    match is_text && ends.1 > 0 && buffer(2).is_null() {
        true => Err(format!("a buffer of {place} is missing")),
        false => Ok(()),
    }
}

/// Children and dictionary.
///
/// # Safety
/// As [`array`].
unsafe fn children(array: &RawArray, kind: &DataType, place: &str) -> Result<()> {
    let kinds: Vec<(&str, &DataType)> = match kind {
        DataType::Struct(fields) => fields.iter().map(|f| (&**f.name(), f.data_type())).collect(),
        DataType::Union(fields, _) => {
            fields.iter().map(|(_, f)| (&**f.name(), f.data_type())).collect()
        }
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => vec![(&**field.name(), field.data_type())],
        DataType::RunEndEncoded(ends, values) => {
            vec![("run ends", ends.data_type()), ("values", values.data_type())]
        }
        _ => Vec::new(),
    };
    if usize::try_from(array.n_children) != Ok(kinds.len()) {
        let (found, expected) = (array.n_children, kinds.len());
        return Err(format!("{place} has {found} children, its schema has {expected}"));
    }
    for (index, (name, kind)) in kinds.into_iter().enumerate() {
        // SAFETY: there are so many children, by the caller's promise and the check above.
        let child = unsafe { child_of(array.children, index) };
        let child = child.ok_or_else(|| format!("child {index} of {place} is missing"))?;
        // SAFETY: as for its parent.
        unsafe { array_at(child, kind, &format!("column `{}`", name.escape_debug())) }?;
    }
    // SAFETY: null or an array, by the caller's promise.
    match (unsafe { array.dictionary.as_ref() }, kind) {
        (Some(values), DataType::Dictionary(_, kind)) => {
            // SAFETY: as for its owner.
            unsafe { array_at(values, kind, &format!("the dictionary of {place}")) }
        }
        (None, DataType::Dictionary(..)) => Err(format!("the dictionary of {place} is missing")),
        (Some(_), _) => Err(format!("{place} has a dictionary, its schema has none")),
        (None, _) => Ok(()),
    }
}

/// A child; `None` when a pointer on the way is null.
///
/// # Safety
/// `children` is null or points to more pointers than `index`, each null or valid.
unsafe fn child_of<'a, T>(children: *mut *mut T, index: usize) -> Option<&'a T> {
    if children.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe { (*children.add(index)).as_ref() }
}
