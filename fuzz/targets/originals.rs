//! Originals of every format, from their bytes to a derivative's.
//!
//! Input: a file; seeds are of each format. What must hold: no decoder panics, the header is judged alike whether the picture is
//! decoded or not, and the same bytes come out each time.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use plan::{Accepted, FormatWish, Plan, Resize};
use transform::{Limits, TransformError, header, memory_needed, transform};

/// Small enough that a file of a few bytes cannot make the fuzzer slow.
const LIMITS: Limits = Limits {
    input_bytes: 1 << 16,
    pixels: 1 << 16,
    frames: 8,
    output_side: 64,
    time: Duration::from_secs(20),
};

fuzz_target!(|file: &[u8]| {
    let resize = Resize { width: Some(17), height: Some(13), ..Resize::default() };
    let plan = Plan { resize, format: FormatWish::Auto(Accepted::Webp), ..Plan::default() };
    memory_needed(&[file], &plan, &LIMITS);
    let header = header(file, &LIMITS);
    let made = transform(file, &plan, &LIMITS);
    for error in [header.as_ref().err(), made.as_ref().err()].into_iter().flatten() {
        assert!(!matches!(error, TransformError::Panicked { .. } | TransformError::Failed { .. }), "{error}");
    }
    if let Err(error) = header {
        assert_eq!(made, Err(error));
    }
    if let Ok(made) = made {
        assert_eq!(Ok(made), transform(file, &plan, &LIMITS), "the same each time");
    }
});
