//! What an original may cost, and the clock that a transform works against.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::TransformError;

/// Bounds on one transform. Sizes are checked against headers, before anything is allocated for pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub input_bytes: usize,
    /// Of the original, as stored; of all frames together, before and after, where a derivative moves.
    pub pixels: u64,
    /// Of an animated original, whether they are decoded or only the first is.
    pub frames: u32,
    /// The larger side of the output.
    pub output_side: u32,
    /// Wall-clock time from the first byte read to the last one written.
    ///
    /// Looked at between stages, per row where a codec works by rows, and from inside the WebP encoder. A C decoder
    /// that has begun cannot be interrupted from its own thread, nor can the drawing of a page between two of its objects: `pixels` and the scan limit bound what it can cost.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            input_bytes: 64 << 20,
            pixels: 100_000_000,
            frames: 1000,
            output_side: 8192,
            time: Duration::from_secs(20),
        }
    }
}

/// The moment at which a transform gives up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    started: Instant,
    limit: Duration,
}

impl Deadline {
    pub fn after(limit: Duration) -> Deadline {
        Deadline { started: Instant::now(), limit }
    }

    pub fn has_passed(&self) -> bool {
        self.started.elapsed() >= self.limit
    }

    pub fn check(&self) -> Result<(), TransformError> {
        if self.has_passed() { Err(TransformError::OutOfTime { limit: self.limit }) } else { Ok(()) }
    }

    pub fn error(&self) -> TransformError {
        TransformError::OutOfTime { limit: self.limit }
    }
}
