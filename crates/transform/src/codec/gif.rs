//! GIF in: its pictures as they are seen, on the canvas that the file declares; out in `animation`.

mod animation;

use std::time::Duration;

use gif::DisposalMethod;
use plan::{Rect, Size};

use crate::codec::canvas::{Canvas, Disposal};
use crate::codec::{Decoded, Frame, Picture, Shape, unhurried};
use crate::error::TransformError;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::sniff::InputFormat;

pub(crate) use animation::AnimationEncoder;

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

/// How many pictures there are, up to the first that cannot be found.
pub(crate) fn frames(original: &[u8]) -> Result<u32, TransformError> {
    let mut options = gif::DecodeOptions::new();
    options.skip_frame_decoding(true);
    let mut decoder = options.read_info(original).map_err(refused)?;
    let mut frames = 0u32;
    while let Ok(Some(_)) = decoder.next_frame_info() {
        frames = frames.saturating_add(1);
    }
    Ok(frames)
}

pub(crate) fn decode(original: &[u8]) -> Result<Decoded, TransformError> {
    let first = Frames::open(original)?.next()?;
    let first = first.ok_or_else(|| TransformError::corrupt(InputFormat::Gif, "it has no frame"))?;
    Ok(Decoded::full_size(Picture::Pixels(first.pixels)))
}

/// One picture after the other, each drawn over what is left of those before.
pub(crate) struct Frames<'a> {
    decoder: gif::Decoder<&'a [u8]>,
    canvas: Canvas,
}

impl<'a> Frames<'a> {
    pub fn open(original: &'a [u8]) -> Result<Frames<'a>, TransformError> {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        // Frames need not respect the canvas, so its size (which has been checked) does not bound theirs.
        options.check_frame_consistency(true);
        options.set_memory_limit(gif::MemoryLimit::Unlimited);
        let decoder = options.read_info(original).map_err(refused)?;
        let size = Size { width: u32::from(decoder.width()), height: u32::from(decoder.height()) };
        Ok(Frames { decoder, canvas: Canvas::new(size) })
    }

    /// How often all of it is shown; 0 is without end. Known once the first picture has been read.
    pub fn plays(&self) -> u32 {
        match self.decoder.repeat() {
            gif::Repeat::Infinite => 0,
            gif::Repeat::Finite(again) => u32::from(again) + 1,
        }
    }

    pub fn next(&mut self) -> Result<Option<Frame>, TransformError> {
        let Some(frame) = self.decoder.read_next_frame().map_err(refused)? else { return Ok(None) };
        let area = Rect {
            x: u32::from(frame.left),
            y: u32::from(frame.top),
            width: u32::from(frame.width),
            height: u32::from(frame.height),
        };
        let disposal = match frame.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => Disposal::Keep,
            DisposalMethod::Background => Disposal::Clear,
            DisposalMethod::Previous => Disposal::Restore,
        };
        self.canvas.make_ready(area, disposal);
        draw(&mut self.canvas, frame.buffer.as_chunks().0, area)?;
        let shown = Duration::from_millis(u64::from(frame.delay) * 10);
        Ok(Some(Frame { pixels: self.canvas.pixels.clone(), shown: unhurried(shown) }))
    }
}

/// The pixels of an area that are not transparent; a GIF's are either that or opaque.
fn draw(canvas: &mut Canvas, pixels: &[[u8; 4]], area: Rect) -> Result<(), TransformError> {
    let rows = pixels.chunks_exact(area.width.max(1) as usize);
    for (y, row) in (0..area.height).zip(rows) {
        let Some(line) = canvas.row(area, y) else {
            return Err(TransformError::corrupt(InputFormat::Gif, "a frame lies outside the canvas"));
        };
        for (to, from) in line.iter_mut().zip(row).filter(|(_, from)| from[3] != 0) {
            *to = *from;
        }
    }
    Ok(())
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
