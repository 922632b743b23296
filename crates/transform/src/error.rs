//! Why an original could not be transformed.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::foreground::ModelError;
use crate::sniff::InputFormat;

#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
pub enum TransformError {
    #[error(
        "the original is not a picture in a format that can be read: JPEG, PNG, WebP, AVIF, GIF, \
         TIFF, BMP, ICO, JPEG XL{}{}",
        if cfg!(feature = "heic") { ", HEIC" } else { "" },
        if cfg!(feature = "pdf") { ", SVG or PDF" } else { " or SVG" }
    )]
    UnknownFormat,
    #[error("the original is {format}, which is not read")]
    Unread { format: Cow<'static, str> },
    #[error("the original is {format}, which this build does not read; one with the feature {feature} does")]
    Unbuilt { format: Cow<'static, str>, feature: Cow<'static, str> },
    #[error("the {format} original uses {what}, which is not supported")]
    Unsupported { format: InputFormat, what: String },
    #[error("the original is a picture in the format {found}, not a drawing; format=svg takes SVG alone")]
    NotDrawn { found: InputFormat },
    #[error("the {format} original is corrupt: {why}")]
    Corrupt { format: InputFormat, why: String },
    #[error("the {format} original ends too early")]
    Truncated { format: InputFormat },
    #[error("the original has {found} bytes where {limit} are allowed")]
    TooManyBytes { found: usize, limit: usize },
    #[error("the original has {found} pixels where {limit} are allowed")]
    TooManyPixels { found: u64, limit: u64 },
    #[error("the original has more than the {limit} frames that are allowed")]
    TooManyFrames { limit: u32 },
    #[error("the frames of the animation have {found} pixels together where {limit} are allowed")]
    TooManyPixelsInFrames { found: u64, limit: u64 },
    #[error("the original has {found} pictures; there is no picture {wished}")]
    NoSuchFrame { wished: u32, found: u32 },
    #[error("the original has {found} page{}; there is no page {wished}", if *found == 1 { "" } else { "s" })]
    NoSuchPage { wished: u32, found: u32 },
    /// One of the originals that a plan names beside the one it is for.
    #[error("{original}: {error}")]
    Other { original: String, error: Box<TransformError> },
    #[error("the originals have {found} pixels together where {limit} are allowed")]
    TooManyPixelsTogether { found: u64, limit: u64 },
    #[error("the picture has {least} bytes at the lowest quality where {limit} are allowed")]
    CannotFit { least: usize, limit: u32 },
    #[error("the background cannot be removed: there is no model that sees it")]
    NoModel,
    #[error("the model that sees backgrounds cannot be used: {0}")]
    Model(#[from] ModelError),
    #[error(transparent)]
    Geometry(#[from] plan::GeometryError),
    #[error("the picture could not be made within {limit:?}")]
    OutOfTime { limit: Duration },
    /// Our own pixels were refused: not the original's fault.
    #[error("{stage} failed: {why}")]
    Failed { stage: Cow<'static, str>, why: String },
    #[error("the picture could not be made: a codec gave up unexpectedly ({why})")]
    Panicked { why: String },
}

impl TransformError {
    pub(crate) fn corrupt(format: InputFormat, why: impl ToString) -> TransformError {
        TransformError::Corrupt { format, why: why.to_string() }
    }

    pub(crate) fn unsupported(format: InputFormat, what: impl ToString) -> TransformError {
        TransformError::Unsupported { format, what: what.to_string() }
    }

    pub(crate) fn failed(stage: &'static str, why: impl ToString) -> TransformError {
        TransformError::Failed { stage: stage.into(), why: why.to_string() }
    }
}
