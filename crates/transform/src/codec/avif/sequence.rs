//! AVIF that moves, in: one decoder for the colours of all frames and one for their alpha, as each frame builds on those before.

use std::time::Duration;

use super::dav1d::Decoder;
use super::decode::{refused, samples_of};
use super::movie::{self, Movie, Track};
use super::obu;
use crate::codec::heif::look::Look;
use crate::codec::heif::samples::{Samples, assembled, pixels};
use crate::codec::{Decoded, EdgeFilter, Frame, Picture, Shape, unhurried};
use crate::error::TransformError;
use crate::limits::Limits;
use crate::resample::Resampler;
use crate::sniff::InputFormat;

/// What its header says, if it is one that moves.
pub(super) fn header(original: &[u8], limits: &Limits) -> Result<Option<Shape>, TransformError> {
    let Some(Movie { colour, alpha, .. }) = movie::find(original).map_err(refused)? else { return Ok(None) };
    for track in [Some(&colour), alpha.as_ref()].into_iter().flatten() {
        if track.size.pixels() > limits.pixels {
            return Err(TransformError::TooManyPixels { found: track.size.pixels(), limit: limits.pixels });
        }
        if track.samples.count() > limits.frames {
            return Err(TransformError::TooManyFrames { limit: limits.frames });
        }
    }
    let size = colour.look.seen(colour.size);
    Ok(Some(Shape { size, alpha: alpha.is_some(), orientation: colour.look.orientation }))
}

/// Whether more than one picture has to be held to decode the next.
pub(crate) fn moves(original: &[u8]) -> bool {
    movie::find(original).is_ok_and(|movie| movie.is_some())
}

/// How many pictures the file says it has; one if it does not move.
pub(crate) fn frames(original: &[u8]) -> Result<u32, TransformError> {
    let movie = movie::find(original).map_err(refused)?;
    Ok(movie.map_or(1, |movie| movie.colour.samples.count()))
}

/// The first picture, as planes if it can be, of one that moves.
pub(super) fn first(original: &[u8]) -> Result<Option<Decoded>, TransformError> {
    let Some(movie) = movie::find(original).map_err(refused)? else { return Ok(None) };
    let mut frames = Frames::of(movie)?;
    let (picture, _) = frames.picture()?.ok_or_else(empty)?;
    Ok(Some(Decoded { icc: frames.icc, ..Decoded::full_size(picture) }))
}

fn empty() -> TransformError {
    TransformError::corrupt(InputFormat::Avif, "it has no frame")
}

/// One picture after the other.
pub(crate) struct Frames<'a> {
    movie: Movie<'a>,
    colour: Stream,
    alpha: Option<Stream>,
    /// Known once the first picture has been read.
    icc: Option<Vec<u8>>,
    resampler: Resampler,
}

impl<'a> Frames<'a> {
    pub fn open(original: &'a [u8]) -> Result<Frames<'a>, TransformError> {
        let movie = movie::find(original).map_err(refused)?;
        let still = || TransformError::corrupt(InputFormat::Avif, "it does not move");
        Frames::of(movie.ok_or_else(still)?)
    }

    fn of(movie: Movie<'a>) -> Result<Frames<'a>, TransformError> {
        let colour = Stream::open(&movie.colour)?;
        let alpha = movie.alpha.as_ref().map(Stream::open).transpose()?;
        Ok(Frames { movie, colour, alpha, icc: None, resampler: Resampler::default() })
    }

    /// How often all of it is shown; 0 is without end.
    pub fn plays(&self) -> u32 {
        self.movie.plays
    }

    /// The embedded colour profile, or the one that its numbers stand for.
    pub fn profile(&self) -> Option<Vec<u8>> {
        self.icc.clone()
    }

    pub fn next(&mut self) -> Result<Option<Frame>, TransformError> {
        let Some((picture, shown)) = self.picture()? else { return Ok(None) };
        Ok(Some(Frame { pixels: pixels(picture, &mut self.resampler)?, shown: unhurried(shown) }))
    }

    fn picture(&mut self) -> Result<Option<(Picture, Duration)>, TransformError> {
        let Frames { movie, colour, alpha, icc, resampler } = self;
        let Some((samples, shown)) = colour.next(&mut movie.colour)? else { return Ok(None) };
        let Look { icc: embedded, aperture, .. } = movie.colour.look;
        *icc = samples.profile(embedded);
        let alpha = match (alpha, &mut movie.alpha) {
            (Some(stream), Some(track)) => {
                let found = stream.next(track)?;
                let (alpha, _) = found
                    .ok_or_else(|| TransformError::corrupt(InputFormat::Avif, "its alpha ends early"))?;
                Some(alpha.alpha(movie.colour.size, resampler)?)
            }
            _ => None,
        };
        let picture = assembled(samples, alpha, movie.premultiplied, aperture, resampler)?;
        Ok(Some((picture, shown)))
    }
}

/// What decodes a track.
struct Stream {
    decoder: Decoder,
    begun: bool,
}

impl Stream {
    fn open(track: &Track<'_>) -> Result<Stream, TransformError> {
        Ok(Stream { decoder: Decoder::open(track.size, EdgeFilter::Applied)?, begun: false })
    }

    fn next(&mut self, track: &mut Track<'_>) -> Result<Option<(Samples, Duration)>, TransformError> {
        let Some(sample) = track.samples.next().map_err(refused)? else { return Ok(None) };
        obu::check_sample(sample.data, !self.begun).map_err(refused)?;
        self.begun = true;
        let decoded = self.decoder.decode(sample.data)?.ok_or_else(empty)?;
        if decoded.size() != track.size {
            return Err(TransformError::corrupt(
                InputFormat::Avif,
                "a frame has not the size that its header says",
            ));
        }
        let nanos = u64::from(sample.ticks) * 1_000_000_000 / u64::from(track.ticks_a_second);
        Ok(Some((samples_of(&decoded, track.look.coding, false)?, Duration::from_nanos(nanos))))
    }
}
