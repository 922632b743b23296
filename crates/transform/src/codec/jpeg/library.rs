//! libjpeg-turbo: its handles and buffers, freed when dropped.

#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_void};
use std::ptr::NonNull;
use std::slice;

use plan::Size;
use turbojpeg_sys as tj;

use crate::error::TransformError;

/// The size that the library expects of a plane: of luma too, it is that of all pixels that share a chroma sample.
pub(super) fn plane_size(component: c_int, size: Size, layout: c_int) -> (usize, usize) {
    // SAFETY: both take numbers and return one, -1 for what makes no sense.
    let (width, height) = unsafe {
        (
            tj::tj3YUVPlaneWidth(component, size.width as c_int, layout),
            tj::tj3YUVPlaneHeight(component, size.height as c_int, layout),
        )
    };
    (usize::try_from(width).unwrap_or(0), usize::try_from(height).unwrap_or(0))
}

/// A handle of the library, freed when dropped.
pub(super) struct Handle(NonNull<c_void>);

impl Handle {
    pub fn new(kind: tj::TJINIT) -> Option<Handle> {
        // SAFETY: takes a number and returns a handle or null.
        NonNull::new(unsafe { tj::tj3Init(kind as c_int) }).map(Handle)
    }

    pub fn raw(&self) -> tj::tjhandle {
        self.0.as_ptr()
    }

    pub fn set(&self, parameter: tj::TJPARAM, value: c_int) -> Result<(), TransformError> {
        // SAFETY: the handle is alive.
        match unsafe { tj::tj3Set(self.raw(), parameter as c_int, value) } {
            0 => Ok(()),
            _ => Err(TransformError::failed("setting up JPEG", self.message())),
        }
    }

    pub fn get(&self, parameter: tj::TJPARAM) -> c_int {
        // SAFETY: the handle is alive.
        unsafe { tj::tj3Get(self.raw(), parameter as c_int) }
    }

    pub fn message(&self) -> String {
        // SAFETY: the library returns a terminated string inside the handle, which is alive; it is copied at once.
        unsafe { CStr::from_ptr(tj::tj3GetErrorStr(self.raw())) }.to_string_lossy().into_owned()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by tj3Init, destroyed once.
        unsafe { tj::tj3Destroy(self.raw()) };
    }
}

/// Bytes that the library has allocated.
pub(super) struct Buffer {
    pub start: *mut u8,
    pub length: tj::size_t,
}

impl Buffer {
    pub fn to_vec(&self) -> Vec<u8> {
        if self.start.is_null() {
            return Vec::new();
        }
        // SAFETY: the library has set both to a buffer that it has filled.
        unsafe { slice::from_raw_parts(self.start, self.length as usize) }.to_vec()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: null, or allocated by the library and freed once.
        unsafe { tj::tj3Free(self.start.cast()) };
    }
}

pub(super) fn out_of_memory() -> TransformError {
    TransformError::failed("setting up JPEG", "out of memory")
}
