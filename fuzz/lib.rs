//! What several targets share: how small everything is kept, and what must hold of every original.

use std::time::Duration;

use plan::Plan;
use transform::{Limits, TransformError, header, memory_needed, transform};

/// Small enough that a file of a few bytes cannot make the fuzzer slow.
pub const SMALL: Limits = Limits {
    input_bytes: 1 << 16,
    pixels: 1 << 16,
    frames: 8,
    output_side: 64,
    time: Duration::from_secs(20),
};

/// No decoder panics, the header is judged alike whether the picture is decoded or not, and the same bytes come out each time.
pub fn must_hold(file: &[u8], plan: &Plan) {
    memory_needed(&[file], plan, &SMALL);
    let header = header(file, &SMALL);
    let made = transform(file, plan, &SMALL);
    for error in [header.as_ref().err(), made.as_ref().err()].into_iter().flatten() {
        assert!(!matches!(error, TransformError::Panicked { .. } | TransformError::Failed { .. }), "{error}");
    }
    if let Err(error) = header {
        assert_eq!(made, Err(error));
    } else if made.is_ok() {
        assert_eq!(made, transform(file, plan, &SMALL), "the same each time");
    }
}

/// A JPEG with a segment of one's own in front of the others (ITU-T T.81 §B.2.4.6): nothing where it does not fit.
pub fn jpeg_with_segment(jpeg: &[u8], marker: u8, contents: &[&[u8]]) -> Option<Vec<u8>> {
    let contents = contents.concat();
    let length = u16::try_from(contents.len() + 2).ok()?;
    let (start_of_image, rest) = jpeg.split_at(2);
    Some([start_of_image, &[0xff, marker], &length.to_be_bytes(), &contents, rest].concat())
}
