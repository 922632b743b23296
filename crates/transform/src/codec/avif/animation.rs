//! AVIF that moves, out: each picture as AV1 says it by those before it, with alpha as a movie of its own from the first
//! picture on that has any.

use std::time::Duration;

use plan::Size;

use super::encode::{self, Encoder, Kind};
use super::obu;
use super::writer::{Film, Sample, Track};
use crate::colour;
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::metadata::Beside;
use crate::pixels::Pixels;
use crate::planes::Plane;
use crate::quality::AvifQuantizer;

/// How pictures are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fidelity {
    Lossless,
    /// With so many pixels that share chroma, across and down.
    Lossy(AvifQuantizer, (u8, u8)),
}

/// Takes pictures of one size.
pub(crate) struct AnimationEncoder {
    fidelity: Fidelity,
    colour: Option<Stream>,
    alpha: Option<Stream>,
    last: Option<Pixels>,
    /// For how long each different picture is shown, in milliseconds.
    times: Vec<u32>,
}

/// An encoder and what has come out of it.
struct Stream {
    encoder: Encoder,
    kind: Kind,
    samples: Vec<Sample>,
}

impl AnimationEncoder {
    pub fn new(fidelity: Fidelity) -> AnimationEncoder {
        AnimationEncoder { fidelity, colour: None, alpha: None, last: None, times: Vec::new() }
    }

    pub fn add(
        &mut self,
        pixels: Pixels,
        shown: Duration,
        deadline: &Deadline,
    ) -> Result<(), TransformError> {
        deadline.check()?;
        // No time at all would be no picture.
        let millis = u32::try_from(shown.as_millis()).unwrap_or(u32::MAX).max(1);
        if let (true, Some(last)) = (self.last.as_ref() == Some(&pixels), self.times.last_mut()) {
            *last = last.saturating_add(millis);
            return Ok(());
        }
        let (colour_kind, alpha_kind) = kinds(self.fidelity);
        let colour = match &mut self.colour {
            Some(colour) => colour,
            None => self.colour.insert(Stream::open(pixels.size, colour_kind)?),
        };
        if let Kind::Colour { shared, .. } = colour_kind {
            let planes = colour::to_planes(&pixels, shared);
            let grey = || Plane::filled(planes.luma.width, planes.luma.height, 128);
            match &planes.chroma {
                Some([cb, cr]) => colour.add([&planes.luma, cb, cr])?,
                None => colour.add([&planes.luma, &grey(), &grey()])?,
            }
        } else {
            let [red, green, blue] = [0, 1, 2].map(|index| encode::channel(&pixels, index));
            colour.add([&green, &blue, &red])?;
        }
        deadline.check()?;
        if self.alpha.is_none() && !pixels.is_opaque() {
            let mut alpha = Stream::open(pixels.size, alpha_kind)?;
            let Size { width, height } = pixels.size;
            // Those before it hide everything.
            let opaque = Plane::filled(width as usize, height as usize, 255);
            for _ in &self.times {
                alpha.add_alpha(&opaque)?;
            }
            self.alpha = Some(alpha);
        }
        if let Some(alpha) = &mut self.alpha {
            alpha.add_alpha(&encode::channel(&pixels, 3))?;
        }
        self.times.push(millis);
        self.last = Some(pixels);
        Ok(())
    }

    /// The file, all of which is shown `plays` times, with 0 without end. A single picture is no animation.
    pub fn finish(self, plays: u32, beside: &Beside, deadline: &Deadline) -> Result<Vec<u8>, TransformError> {
        let AnimationEncoder { fidelity, colour, alpha, last, times } = self;
        let (Some(mut colour), Some(last)) = (colour, last) else { return Ok(Vec::new()) };
        if times.len() == 1 {
            return match fidelity {
                Fidelity::Lossless => encode::encode_losslessly(&last, beside, deadline),
                Fidelity::Lossy(quantizer, shared) if last.is_opaque() => {
                    encode::encode_planes(&colour::to_planes(&last, shared), quantizer, beside)
                }
                Fidelity::Lossy(quantizer, shared) => {
                    encode::encode_pixels(&last, shared, quantizer, beside, deadline)
                }
            };
        }
        colour.end()?;
        let alpha = match alpha {
            Some(mut alpha) => {
                alpha.end()?;
                Some(alpha)
            }
            None => None,
        };
        for stream in [Some(&colour), alpha.as_ref()].into_iter().flatten() {
            if stream.samples.len() != times.len() {
                return Err(TransformError::failed("encoding AVIF", "libaom has lost a picture"));
            }
        }
        Film {
            size: last.size,
            plays,
            colour: colour.track(3)?,
            alpha: alpha.as_ref().map(|alpha| alpha.track(1)).transpose()?,
            times: &times,
            matrix: colour.kind.matrix(),
            exif: beside.exif.as_deref(),
        }
        .written()
    }
}

fn kinds(fidelity: Fidelity) -> (Kind, Kind) {
    match fidelity {
        Fidelity::Lossless => (Kind::Lossless, Kind::LosslessAlpha),
        Fidelity::Lossy(quantizer, shared) => {
            (Kind::Colour { shared, quantizer }, Kind::alpha_beside(quantizer))
        }
    }
}

impl Stream {
    fn open(size: Size, kind: Kind) -> Result<Stream, TransformError> {
        Ok(Stream { encoder: Encoder::of_movie(size, kind)?, kind, samples: Vec::new() })
    }

    fn add(&mut self, planes: [&Plane; 3]) -> Result<(), TransformError> {
        self.encoder.add(planes, self.kind, &mut self.samples)
    }

    fn add_alpha(&mut self, alpha: &Plane) -> Result<(), TransformError> {
        let grey = encode::grey(alpha);
        self.add([alpha, &grey, &grey])
    }

    fn end(&mut self) -> Result<(), TransformError> {
        self.encoder.end(&mut self.samples)?;
        for sample in &mut self.samples {
            // Where one ends is known by the container (AV1-ISOBMFF §2.4).
            if sample.data.starts_with(&obu::TEMPORAL_DELIMITER) {
                sample.data.drain(..obu::TEMPORAL_DELIMITER.len());
            }
        }
        Ok(())
    }

    fn track(&self, channels: u8) -> Result<Track<'_>, TransformError> {
        let first = self.samples.first().map(|sample| &sample.data[..]).unwrap_or_default();
        let none = || TransformError::failed("encoding AVIF", "libaom does not say what it has made");
        let (level, tier) = obu::level(first).ok_or_else(none)?;
        let (across, down) = self.kind.shared();
        let mut layout = u8::from(tier) << 7;
        layout |= u8::from(self.kind.is_alpha()) << 4;
        layout |= u8::from(across == 2) << 3 | u8::from(down == 2) << 2;
        let configuration = [0x81, self.kind.profile() << 5 | level, layout, 0];
        Ok(Track { samples: &self.samples, configuration, channels })
    }
}
