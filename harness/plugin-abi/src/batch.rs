use abi_stable::StableAbi;
use std::ffi::{c_char, c_void};

/// Machine words in a [`CArrowArray`]; the SDK and the host assert it against their own arrow.
pub const ARRAY_WORDS: usize = 10;
/// Machine words in a [`CArrowSchema`].
pub const SCHEMA_WORDS: usize = 9;

/// `ArrowArray` of the Arrow C Data Interface. Dropping it calls `release` once.
#[repr(C)]
#[derive(StableAbi)]
pub struct CArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    #[sabi(unsafe_opaque_field)]
    buffers: *mut *const c_void,
    #[sabi(unsafe_opaque_field)]
    children: *mut *mut CArrowArray,
    #[sabi(unsafe_opaque_field)]
    dictionary: *mut CArrowArray,
    #[sabi(unsafe_opaque_field)]
    release: Option<unsafe extern "C" fn(*mut CArrowArray)>,
    #[sabi(unsafe_opaque_field)]
    private_data: *mut c_void,
}

/// `ArrowSchema` of the Arrow C Data Interface. Dropping it calls `release` once.
#[repr(C)]
#[derive(StableAbi)]
pub struct CArrowSchema {
    #[sabi(unsafe_opaque_field)]
    format: *const c_char,
    #[sabi(unsafe_opaque_field)]
    name: *const c_char,
    #[sabi(unsafe_opaque_field)]
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    #[sabi(unsafe_opaque_field)]
    children: *mut *mut CArrowSchema,
    #[sabi(unsafe_opaque_field)]
    dictionary: *mut CArrowSchema,
    #[sabi(unsafe_opaque_field)]
    release: Option<unsafe extern "C" fn(*mut CArrowSchema)>,
    #[sabi(unsafe_opaque_field)]
    private_data: *mut c_void,
}

impl Drop for CArrowArray {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the producer set `release` and owns what it frees; the interface asks the
            // consumer to call it exactly once, and a released struct has `release == None`.
            unsafe { release(self) }
        }
    }
}

impl Drop for CArrowSchema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: as for `CArrowArray`.
            unsafe { release(self) }
        }
    }
}

// SAFETY: Arrow buffers are immutable once exported and `release` may be called from any thread;
// the C Data Interface requires both of the producer.
unsafe impl Send for CArrowArray {}
// SAFETY: see above.
unsafe impl Send for CArrowSchema {}

/// One record batch: a struct array and the schema of its columns.
#[repr(C)]
#[derive(StableAbi)]
pub struct Batch {
    /// The columns as one struct array.
    pub array: CArrowArray,
    /// Names, types and metadata of the columns.
    pub schema: CArrowSchema,
}
