//! A document that can be read for as long as there is time.
//!
//! What draws pages knows no deadline and cannot be told to stop. But each object that it looks up (a form, a pattern, a font,
//! a picture) it reads from the document's bytes, so these are the place to stop it: by unwinding, which ends here.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

use crate::error::TransformError;
use crate::limits::Deadline;

pub(super) struct Bytes {
    bytes: Vec<u8>,
    deadline: Deadline,
}

/// What unwinds.
struct Stopped(TransformError);

/// Ends the work under way with this error. Not a panic: nobody else is told of it.
pub(super) fn stop(error: TransformError) -> ! {
    panic::resume_unwind(Box::new(Stopped(error)))
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        if self.deadline.has_passed() {
            stop(self.deadline.error());
        }
        &self.bytes
    }
}

/// Does something with the bytes of a document, until there is no time left or it is stopped.
pub(super) fn watched<T>(
    original: &[u8],
    deadline: &Deadline,
    work: impl FnOnce(Bytes) -> Result<T, TransformError>,
) -> Result<T, TransformError> {
    let bytes = Bytes { bytes: original.to_vec(), deadline: *deadline };
    // All that it touches belongs to it, and goes with it.
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| work(bytes)));
    outcome.unwrap_or_else(|why: Box<dyn Any + Send>| match why.downcast::<Stopped>() {
        Ok(stopped) => Err(stopped.0),
        Err(panic) => panic::resume_unwind(panic),
    })
}
