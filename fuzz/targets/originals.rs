//! Originals of every format, from their bytes to a derivative's.
//!
//! Input: a file; seeds are of each format. What must hold: no decoder panics, the header is judged alike whether the picture is
//! decoded or not, and the same bytes come out each time.

#![no_main]

use fuzz::SMALL;
use libfuzzer_sys::fuzz_target;
use plan::{Accepted, FormatWish, Plan, Resize};
use transform::{TransformError, header, memory_needed, transform};

fuzz_target!(|file: &[u8]| {
    let resize = Resize { width: Some(17), height: Some(13), ..Resize::default() };
    let plan = Plan { resize, format: FormatWish::Auto(Accepted::Webp), ..Plan::default() };
    memory_needed(&[file], &plan, &SMALL);
    let header = header(file, &SMALL);
    let made = transform(file, &plan, &SMALL);
    for error in [header.as_ref().err(), made.as_ref().err()].into_iter().flatten() {
        assert!(!matches!(error, TransformError::Panicked { .. } | TransformError::Failed { .. }), "{error}");
    }
    if let Err(error) = header {
        assert_eq!(made, Err(error));
    }
    if let Ok(made) = made {
        assert_eq!(Ok(made), transform(file, &plan, &SMALL), "the same each time");
    }
});
