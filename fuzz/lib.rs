//! What several targets share.

use std::time::Duration;

use transform::Limits;

/// Small enough that a file of a few bytes cannot make the fuzzer slow.
pub const SMALL: Limits = Limits {
    input_bytes: 1 << 16,
    pixels: 1 << 16,
    frames: 8,
    output_side: 64,
    time: Duration::from_secs(20),
};
