//! GIF in: the first frame, on the canvas that the file declares.

use plan::Size;

use crate::codec::{Decoded, Picture, Shape};
use crate::error::TransformError;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::pixels::Pixels;
use crate::sniff::InputFormat;

pub(crate) fn header(original: &[u8], limits: &Limits) -> Result<Shape, TransformError> {
    let mut options = gif::DecodeOptions::new();
    options.skip_frame_decoding(true);
    let mut decoder = options.read_info(original).map_err(refused)?;
    let size = Size { width: u32::from(decoder.width()), height: u32::from(decoder.height()) };
    let mut alpha = None;
    let mut frames = 0;
    // What follows the first frame is counted and otherwise not our business, its mistakes included.
    while let Ok(Some(frame)) = decoder.next_frame_info() {
        alpha.get_or_insert(frame.transparent.is_some() || !covers(frame, size));
        frames += 1;
        if frames > limits.frames {
            return Err(TransformError::TooManyFrames { limit: limits.frames });
        }
    }
    Ok(Shape { size, alpha: alpha.unwrap_or(false), orientation: Orientation::UPRIGHT })
}

pub(crate) fn decode(original: &[u8]) -> Result<Decoded, TransformError> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    // Frames need not respect the canvas, so its size (which has been checked) does not bound theirs.
    options.check_frame_consistency(true);
    options.set_memory_limit(gif::MemoryLimit::Unlimited);
    let mut decoder = options.read_info(original).map_err(refused)?;
    let size = Size { width: u32::from(decoder.width()), height: u32::from(decoder.height()) };
    let frame = decoder
        .read_next_frame()
        .map_err(refused)?
        .ok_or_else(|| TransformError::corrupt(InputFormat::Gif, "it has no frame"))?;
    let mut pixels = Pixels::filled(size, [0; 4]);
    let (left, top, width) = (usize::from(frame.left), usize::from(frame.top), usize::from(frame.width));
    let (rows, _) = frame.buffer.as_chunks::<4>();
    for (y, row) in rows.chunks_exact(width.max(1)).enumerate() {
        let line = pixels.rgba.chunks_exact_mut(size.width as usize).nth(top + y);
        let Some(to) = line.and_then(|line| line.get_mut(left..left + width)) else {
            return Err(TransformError::corrupt(InputFormat::Gif, "a frame lies outside the canvas"));
        };
        to.copy_from_slice(row);
    }
    Ok(Decoded::full_size(Picture::Pixels(pixels)))
}

fn covers(frame: &gif::Frame<'_>, canvas: Size) -> bool {
    frame.left == 0
        && frame.top == 0
        && u32::from(frame.width) == canvas.width
        && u32::from(frame.height) == canvas.height
}

fn refused(error: gif::DecodingError) -> TransformError {
    match error {
        gif::DecodingError::UnexpectedEof => TransformError::Truncated { format: InputFormat::Gif },
        gif::DecodingError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            TransformError::Truncated { format: InputFormat::Gif }
        }
        error => TransformError::corrupt(InputFormat::Gif, error),
    }
}
