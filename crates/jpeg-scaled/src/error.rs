//! Why a file was not decoded.

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A sound file, for all that has been looked at, for another decoder.
    #[error("{what}, which is not decoded here")]
    NotOurs { what: &'static str },
    /// Whatever was decoded before the end is thrown away: half a picture is no derivative.
    #[error("the file ends too early")]
    Truncated,
    #[error("{why}")]
    Corrupt { why: &'static str },
    #[error("the picture has {found} pixels where {limit} are allowed")]
    TooManyPixels { found: u64, limit: u64 },
    #[error("the picture needs {needed} bytes of memory where {limit} are allowed")]
    TooMuchMemory { needed: u64, limit: u64 },
    #[error("the file has more than the {limit} scans that are allowed")]
    TooManyScans { limit: u32 },
    #[error("the file's scans visit more than the {limit} blocks that are allowed")]
    TooManyBlocks { limit: u64 },
    #[error("the caller has stopped the decoder")]
    Stopped,
}

pub(crate) fn corrupt<T>(why: &'static str) -> Result<T, DecodeError> {
    Err(DecodeError::Corrupt { why })
}
