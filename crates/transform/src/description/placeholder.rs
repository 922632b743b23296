//! What a page can show while the picture is under way, in the page itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::within;
use crate::codec::webp::{Fidelity, encode_pixels};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::Pixels;
use crate::quality::{Level, number};
use crate::resample::Resampler;

/// The larger side of the picture inside of an address.
const TINY: u32 = 20;
const TINY_QUALITY: u8 = 40;

/// A WebP of a few hundred bytes as an address (RFC 2397).
pub(super) fn data_address(
    pixels: &Pixels,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<String, TransformError> {
    let tiny = within(pixels.clone(), TINY, resampler)?;
    let quality = Level::of_codec(number(TINY_QUALITY)).webp();
    let webp = encode_pixels(&tiny, Fidelity::Lossy(quality), deadline)?;
    Ok(format!("data:image/webp;base64,{}", STANDARD.encode(webp)))
}

/// In base 64, as its author writes it.
pub(super) fn thumb_hash(pixels: &Pixels) -> String {
    let (width, height) = (pixels.size.width as usize, pixels.size.height as usize);
    STANDARD.encode(thumbhash::rgba_to_thumb_hash(width, height, pixels.rgba.as_flattened()))
}
