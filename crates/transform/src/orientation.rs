//! What a file says about how its picture is turned and mirrored: EXIF's orientations 1 to 8.
//!
//! Turning costs time with every pixel, so it is done last, on the small result. Until then the geometry, which
//! speaks of the upright picture, is translated to the stored one.

use std::io::Cursor;

pub use plan::Orientation;

use crate::sniff::InputFormat;

/// The orientation that EXIF metadata in the file asks for; unreadable metadata is no reason to refuse a picture.
///
/// AVIF is not read here: there the container's own properties count, and EXIF's value must not be applied on top
/// of them (ISO/IEC 23000-22 §7.3.6.7 speaks of `irot` and `imir` as the only transformations).
pub(crate) fn of_exif(original: &[u8], format: InputFormat) -> Orientation {
    if !matches!(format, InputFormat::Jpeg | InputFormat::Png | InputFormat::Webp) {
        return Orientation::UPRIGHT;
    }
    let mut reader = exif::Reader::new();
    reader.continue_on_error(true);
    let read = match format {
        // The reader would look for it among the picture's data too, and that is nearly all of a file.
        InputFormat::Jpeg => match jpeg_scaled::exif(original) {
            Some(metadata) => reader.read_raw(metadata.to_vec()),
            None => return Orientation::UPRIGHT,
        },
        _ => reader.read_from_container(&mut Cursor::new(original)),
    };
    let value = read
        .or_else(|error| error.distill_partial_result(|_| {}))
        .ok()
        .and_then(|exif| exif.get_field(exif::Tag::Orientation, exif::In::PRIMARY)?.value.get_uint(0));
    Orientation::from_exif(value.unwrap_or(1))
}
