//! HEIC, in builds without the feature `heic`: named when it is refused, and not read.

use plan::Size;

use crate::codec::{Decoded, Shape};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::resample::Resampler;

pub(crate) fn header(_: &[u8], _: &Limits) -> Result<Shape, TransformError> {
    Err(unbuilt())
}

pub(crate) fn size(_: &[u8]) -> Option<Size> {
    None
}

pub(crate) fn decode(_: &[u8], _: &Deadline, _: &mut Resampler) -> Result<Decoded, TransformError> {
    Err(unbuilt())
}

fn unbuilt() -> TransformError {
    TransformError::Unbuilt { format: "HEIC".into(), feature: "heic".into() }
}
