//! Animated PNG in: its pictures as they are seen, on the canvas that the file declares (PNG third edition §11.3.6);
//! out in `animation`.

mod animation;

use std::io::Cursor;
use std::time::Duration;

use plan::{Rect, Size};
use png::{BlendOp, DisposeOp};

use crate::codec::canvas::{Canvas, Disposal};
use crate::codec::png::{append, profile, refused};
use crate::codec::{Frame, unhurried};
use crate::error::TransformError;
use crate::limits::Limits;
use crate::pixels::over;
use crate::sniff::InputFormat;

pub(crate) use animation::AnimationEncoder;

/// How many pictures the file says it has; one if it does not move.
pub(crate) fn frames(original: &[u8]) -> Result<u32, TransformError> {
    let reader = png::Decoder::new(Cursor::new(original)).read_info().map_err(refused)?;
    Ok(reader.info().animation_control().map_or(1, |control| control.num_frames))
}

pub(crate) fn check_frames(original: &[u8], limits: &Limits) -> Result<(), TransformError> {
    if frames(original)? > limits.frames {
        return Err(TransformError::TooManyFrames { limit: limits.frames });
    }
    Ok(())
}

/// One picture after the other, each drawn over what is left of those before.
pub(crate) struct Frames<'a> {
    reader: png::Reader<Cursor<&'a [u8]>>,
    left: u32,
    plays: u32,
    canvas: Canvas,
    samples: Vec<u8>,
}

impl<'a> Frames<'a> {
    pub fn open(original: &'a [u8]) -> Result<Frames<'a>, TransformError> {
        let mut decoder = png::Decoder::new(Cursor::new(original));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(refused)?;
        let info = reader.info();
        let control = info.animation_control().copied();
        let control =
            control.ok_or_else(|| TransformError::corrupt(InputFormat::Png, "it has no animation"))?;
        let size = Size { width: info.width, height: info.height };
        let still = info.frame_control().is_none();
        let length = reader
            .output_buffer_size()
            .ok_or_else(|| TransformError::corrupt(InputFormat::Png, "its size overflows"))?;
        let mut samples = vec![0; length];
        if still {
            // For those who know no animation; not one of its pictures.
            reader.next_frame(&mut samples).map_err(refused)?;
        }
        let canvas = Canvas::new(size);
        Ok(Frames { reader, left: control.num_frames, plays: control.num_plays, canvas, samples })
    }

    /// The embedded colour profile.
    pub fn profile(&self) -> Option<Vec<u8>> {
        profile(self.reader.info())
    }

    /// How often all of it is shown; 0 is without end.
    pub fn plays(&self) -> u32 {
        self.plays
    }

    pub fn next(&mut self) -> Result<Option<Frame>, TransformError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let shape = self.reader.next_frame(&mut self.samples).map_err(refused)?;
        let control = self.reader.info().frame_control().copied();
        let control = control
            .ok_or_else(|| TransformError::corrupt(InputFormat::Png, "a frame says nothing of itself"))?;
        let area =
            Rect { x: control.x_offset, y: control.y_offset, width: control.width, height: control.height };
        let disposal = match control.dispose_op {
            DisposeOp::None => Disposal::Keep,
            DisposeOp::Background => Disposal::Clear,
            DisposeOp::Previous => Disposal::Restore,
        };
        self.canvas.make_ready(area, disposal);
        // An interlaced picture is laid out as if it were as wide as the canvas.
        let stride = match self.reader.info().interlaced {
            true => self.reader.output_line_size(self.canvas.pixels.size.width),
            false => Some(shape.line_size),
        };
        let outside = || TransformError::corrupt(InputFormat::Png, "a frame lies outside the canvas");
        let rows = self.samples.chunks_exact(stride.filter(|stride| *stride > 0).ok_or_else(outside)?);
        let mut pixels = Vec::with_capacity(area.width as usize);
        for (y, samples) in (0..area.height).zip(rows) {
            pixels.clear();
            append(&mut pixels, samples, shape.color_type);
            let row = self.canvas.row(area, y).ok_or_else(outside)?;
            for (to, from) in row.iter_mut().zip(&pixels) {
                *to = match control.blend_op {
                    BlendOp::Source => *from,
                    BlendOp::Over => over(*from, *to),
                };
            }
        }
        let parts = if control.delay_den == 0 { 100 } else { u64::from(control.delay_den) };
        let shown = Duration::from_nanos(u64::from(control.delay_num) * 1_000_000_000 / parts);
        Ok(Some(Frame { pixels: self.canvas.pixels.clone(), shown: unhurried(shown) }))
    }
}
