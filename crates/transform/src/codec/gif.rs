//! GIF in: its pictures as they are seen, on the canvas that the file declares; out in `animation`.
//!
//! The library finds the frames and what is said of them. Their pixels are unpacked here, in a third of its time.

mod animation;
mod lzw;

use std::num::NonZeroU64;
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

/// How many pixels a frame may have whose canvas is smaller than itself.
const FRAME_MOST: u64 = 1 << 18;

/// Extensions that nobody knows are passed over, as their lengths tell how long they are.
fn options() -> gif::DecodeOptions {
    let mut options = gif::DecodeOptions::new();
    options.allow_unknown_blocks(true);
    options
}

/// Reads where frames are, and not their pixels.
fn outline(original: &[u8]) -> Result<gif::Decoder<&[u8]>, TransformError> {
    let mut options = options();
    options.skip_frame_decoding(true);
    options.read_info(original).map_err(refused)
}

pub(crate) fn header(original: &[u8], limits: &Limits) -> Result<Shape, TransformError> {
    let mut decoder = outline(original)?;
    let size = size(&decoder);
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

fn size(decoder: &gif::Decoder<&[u8]>) -> Size {
    Size { width: u32::from(decoder.width()), height: u32::from(decoder.height()) }
}

/// How many pictures there are, up to the first that cannot be found.
pub(crate) fn frames(original: &[u8]) -> Result<u32, TransformError> {
    let mut decoder = outline(original)?;
    let mut frames = 0u32;
    while let Ok(Some(_)) = decoder.next_frame_info() {
        frames = frames.saturating_add(1);
    }
    Ok(frames)
}

/// The first picture.
pub(crate) fn decode(original: &[u8]) -> Result<Decoded, TransformError> {
    let first = match Frames::open(original)?.next() {
        Err(TransformError::Truncated { .. }) => cut_short(original)?,
        first => first?,
    };
    let first = first.ok_or_else(|| TransformError::corrupt(InputFormat::Gif, "it has no frame"))?;
    Ok(Decoded::full_size(Picture::Pixels(first.pixels)))
}

/// The first picture of a file that ends before it should. Its pixels may be all there: the library unpacks as far as it gets.
fn cut_short(original: &[u8]) -> Result<Option<Frame>, TransformError> {
    let Frames { mut canvas, palette, .. } = Frames::open(original)?;
    let mut options = options();
    let most = NonZeroU64::MIN.saturating_add(most_pixels(&canvas));
    options.set_memory_limit(gif::MemoryLimit::Bytes(most));
    let mut decoder = options.read_info(original).map_err(refused)?;
    let frame = decoder.read_next_frame().map_err(refused)?;
    Ok(frame.map(|frame| shown(&mut canvas, frame, &frame.buffer, &palette)))
}

/// Frames need not respect the canvas, so its size (which has been checked) does not bound theirs.
fn most_pixels(canvas: &Canvas) -> u64 {
    canvas.pixels.size.pixels().max(FRAME_MOST)
}

/// One picture after the other, each drawn over what is left of those before.
pub(crate) struct Frames<'a> {
    decoder: gif::Decoder<&'a [u8]>,
    /// The palette of frames that have none of their own.
    palette: Vec<u8>,
    /// Of the present frame, by pixel: its place in the palette.
    indices: Vec<u8>,
    canvas: Canvas,
}

impl<'a> Frames<'a> {
    pub fn open(original: &'a [u8]) -> Result<Frames<'a>, TransformError> {
        let decoder = outline(original)?;
        let palette = decoder.global_palette().unwrap_or_default().to_vec();
        let canvas = Canvas::new(size(&decoder));
        Ok(Frames { decoder, palette, indices: Vec::new(), canvas })
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
        let pixels = u64::from(frame.width) * u64::from(frame.height);
        if pixels > most_pixels(&self.canvas) {
            return Err(TransformError::corrupt(InputFormat::Gif, "a frame is larger than the picture"));
        }
        self.indices.resize(pixels as usize, 0);
        let (bits, packed) = frame.buffer.split_first().unwrap_or((&0, &[]));
        lzw::unpack(*bits, packed, &mut self.indices)
            .map_err(|broken| TransformError::corrupt(InputFormat::Gif, broken))?;
        Ok(Some(shown(&mut self.canvas, frame, &self.indices, &self.palette)))
    }
}

/// What one sees once a frame is drawn whose pixels have these places in its palette, or in the one of all frames.
fn shown(canvas: &mut Canvas, frame: &gif::Frame<'_>, indices: &[u8], palette: &[u8]) -> Frame {
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
    let seen = within(area, canvas.pixels.size);
    canvas.make_ready(seen, disposal);
    let colours = colours(frame.palette.as_deref().unwrap_or(palette), frame.transparent);
    let rows = indices.chunks_exact(area.width.max(1) as usize);
    for (y, row) in order(area.height, frame.interlaced).zip(rows).filter(|(y, _)| *y < seen.height) {
        for (pixel, &index) in canvas.row(seen, y).into_iter().flatten().zip(row) {
            let colour = colours[usize::from(index)];
            *pixel = if colour[3] == 0 { *pixel } else { colour };
        }
    }
    let shown = unhurried(Duration::from_millis(u64::from(frame.delay) * 10));
    Frame { pixels: canvas.pixels.clone(), shown }
}

/// What each place of a palette looks like. What is not in it is as transparent as the one that says so.
fn colours(palette: &[u8], transparent: Option<u8>) -> [[u8; 4]; 256] {
    let mut colours = [[0; 4]; 256];
    for (colour, &[r, g, b]) in colours.iter_mut().zip(palette.as_chunks().0) {
        *colour = [r, g, b, 255];
    }
    if let Some(transparent) = transparent {
        colours[usize::from(transparent)] = [0; 4];
    }
    colours
}

/// Which rows come one after the other (GIF89a, appendix E).
fn order(height: u32, interlaced: bool) -> impl Iterator<Item = u32> {
    let passes: &[(u32, usize)] = if interlaced { &[(0, 8), (4, 8), (2, 4), (1, 2)] } else { &[(0, 1)] };
    passes.iter().flat_map(move |&(first, step)| (first..height).step_by(step))
}

/// As much of an area as lies on the canvas.
fn within(area: Rect, canvas: Size) -> Rect {
    let (x, y) = (area.x.min(canvas.width), area.y.min(canvas.height));
    Rect { x, y, width: area.width.min(canvas.width - x), height: area.height.min(canvas.height - y) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_end_is_seen_if_its_pixels_are_there() {
        let mut file = Vec::new();
        let mut encoder = gif::Encoder::new(&mut file, 40, 30, &[9, 8, 7, 200, 100, 50]).unwrap();
        let indices = (0..1200).map(|at| (at * at % 7 > 2) as u8).collect::<Vec<u8>>();
        encoder.write_frame(&gif::Frame::from_indexed_pixels(40, 30, indices, None)).unwrap();
        drop(encoder);
        let pixels = |file: &[u8]| match decode(file).map(|decoded| decoded.picture) {
            Ok(Picture::Pixels(pixels)) => Ok(pixels.rgba),
            Ok(Picture::Planes(_)) => panic!("a GIF has no planes"),
            Err(error) => Err(error),
        };
        let whole = pixels(&file).unwrap();
        assert_eq!((whole[0], whole[2]), ([9, 8, 7, 255], [200, 100, 50, 255]));
        // At its end are an empty block and a mark.
        for missing in [1, 2] {
            assert_eq!(pixels(&file[..file.len() - missing]), Ok(whole.clone()), "{missing}");
        }
        let truncated = TransformError::Truncated { format: InputFormat::Gif };
        assert_eq!(pixels(&file[..file.len() - 20]), Err(truncated));
    }
}
