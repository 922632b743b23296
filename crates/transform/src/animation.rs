//! Moving pictures: each of their frames takes the way of a still one.

use std::time::Duration;

use memchr::memmem;
use plan::{Colours, Format, Plan, Size};

use crate::codec::{Decoded, Frame, Picture, View, apng, avif, gif, webp};
use crate::encode::Target;
use crate::error::TransformError;
use crate::judge::Judge;
use crate::limits::{Deadline, Limits};
use crate::making::Making;
use crate::metadata::{self, Beside};
use crate::pixels::Pixels;
use crate::quality::Level;
use crate::resample::Resampler;
use crate::sniff::InputFormat;
use crate::{Derivative, Header, colour, profile};

/// An original, perhaps one that moves, and what is to be made of each of its frames.
pub(crate) struct Mover<'a> {
    pub original: &'a [u8],
    pub header: &'a Header,
    pub icc: Option<&'a [u8]>,
    pub plan: &'a Plan,
    pub making: &'a Making,
}

impl Mover<'_> {
    /// The derivative of an original that moves, if what is wished can move too; else nothing, and one of its pictures
    /// stands for it.
    pub fn carry_out(
        &self,
        limits: &Limits,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Option<Derivative>, TransformError> {
        let Mover { header, plan, making, .. } = *self;
        let from = header.format.as_output();
        let format = plan::moving_format(plan.format, from, plan.encoding.lossless);
        let Some(format) = format.filter(|_| plan.frame.is_none()) else { return Ok(None) };
        let found = frames(self.original, header.format)?;
        if found > limits.frames {
            return Err(TransformError::TooManyFrames { limit: limits.frames });
        }
        if found < 2 {
            return Ok(None);
        }
        // What moves costs as much as a still picture of all its frames, before and after.
        within_pixels(header.size, found, limits)?;
        within_pixels(making.size(), found, limits)?;
        let target = Target::new(plan, format);
        let mut encode = |encoder: Encoder| self.encode(encoder, &target, deadline, resampler);
        let lossless = target.encoding.lossless;
        let shared = target.shared_chroma();
        let level = || target.level(|| self.judge(&target, found, limits, deadline), deadline);
        let bytes = match format {
            Format::Webp if lossless => encode(Encoder::webp(webp::Fidelity::Lossless)),
            Format::Webp => {
                let lossy = |level: Level| webp::Fidelity::Lossy(level.webp());
                target.within(level()?, |level| encode(Encoder::webp(lossy(level))))
            }
            Format::Avif if lossless => encode(Encoder::avif(avif::Fidelity::Lossless)),
            Format::Avif => {
                let lossy = |level: Level| avif::Fidelity::Lossy(level.avif(), shared);
                target.within(level()?, |level| encode(Encoder::avif(lossy(level))))
            }
            Format::Gif => target.within_colours(|colours| encode(Encoder::gif(colours))),
            Format::Png | Format::Jpeg => target.within_colours(|colours| encode(Encoder::png(colours))),
        }?;
        Ok(Some(Derivative { bytes, format: format.into(), size: making.size() }))
    }

    /// The picture in the middle stands for all of them: many films begin with nothing.
    fn judge(
        &self,
        target: &Target,
        frames: u32,
        limits: &Limits,
        deadline: &Deadline,
    ) -> Result<Judge, TransformError> {
        let mut resampler = Resampler::default();
        let Mover { original, header, making, .. } = *self;
        let middle = frame(original, header, frames / 2 + 1, limits, deadline)?;
        let Decoded { picture, view, .. } =
            middle.ok_or(TransformError::Truncated { format: header.format })?;
        let made = making.make(picture, view, target, deadline, &mut resampler)?;
        Judge::new(&made, target.shared_chroma(), &mut resampler)
    }

    fn encode(
        &self,
        mut encoder: Encoder,
        target: &Target,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Vec<u8>, TransformError> {
        let Mover { original, header, plan, making, .. } = *self;
        // Made of pixels it stays pixels: what changes between frames would drown in planes' rounding.
        let pixels = Target::new(plan, Format::Png);
        let mut beside = Beside::new(&plan.metadata, original, header.format, target.format);
        let mut moving = Moving::open(original, header)?;
        let mut clock = Clock::default();
        while let Some(frame) = moving.next()? {
            deadline.check()?;
            let shown = clock.after(frame.shown);
            let made =
                making.make(Picture::Pixels(frame.pixels), View::Whole(1.0), &pixels, deadline, resampler)?;
            let (made, icc) = profile::settle(made, self.icc.map(<[u8]>::to_vec), target, resampler)?;
            beside.icc = icc;
            let made = match made {
                Picture::Pixels(pixels) => pixels,
                Picture::Planes(planes) => colour::to_pixels(&planes),
            };
            encoder.add(made, shown, &beside, deadline)?;
        }
        encoder.finish(making.size(), moving.plays(), &beside, deadline)
    }
}

/// How many pictures the original shows one after the other.
pub(crate) fn frames(original: &[u8], format: InputFormat) -> Result<u32, TransformError> {
    match format {
        InputFormat::Gif => gif::frames(original),
        InputFormat::Webp => webp::frames(original),
        InputFormat::Png => apng::frames(original),
        InputFormat::Avif => avif::frames(original),
        _ => Ok(1),
    }
}

/// As [`frames`], rather too many than too few: for planning, by safe code alone.
pub(crate) fn told(original: &[u8], format: InputFormat) -> u32 {
    match format {
        // Each stands in a chunk of this name.
        InputFormat::Webp => u32::try_from(memmem::find_iter(original, b"ANMF").count()).unwrap_or(u32::MAX),
        _ => frames(original, format).unwrap_or(1),
    }
}

/// One of the pictures that an original shows one after the other, counted from one; nothing where it has but one, which is
/// decoded as any other.
pub(crate) fn frame(
    original: &[u8],
    header: &Header,
    wished: u32,
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Option<Decoded>, TransformError> {
    let found = frames(original, header.format)?;
    if wished > found {
        return Err(TransformError::NoSuchFrame { wished, found });
    }
    if found < 2 {
        return Ok(None);
    }
    // Each is drawn over those before.
    within_pixels(header.size, wished, limits)?;
    let mut moving = Moving::open(original, header)?;
    let mut last = None;
    for _ in 0..wished {
        deadline.check()?;
        last = moving.next()?;
    }
    let last = last.ok_or(TransformError::Truncated { format: header.format })?;
    let icc = moving.profile(original);
    Ok(Some(Decoded { icc, ..Decoded::full_size(Picture::Pixels(last.pixels)) }))
}

fn within_pixels(size: Size, frames: u32, limits: &Limits) -> Result<(), TransformError> {
    let found = size.pixels().saturating_mul(u64::from(frames));
    if found > limits.pixels {
        return Err(TransformError::TooManyPixelsInFrames { found, limit: limits.pixels });
    }
    Ok(())
}

/// Times in whole milliseconds whose sum is as near as it can be: those of PNG and AVIF are fractions.
#[derive(Default)]
struct Clock {
    time: Duration,
    told: Duration,
}

impl Clock {
    fn after(&mut self, shown: Duration) -> Duration {
        const HALF: Duration = Duration::from_micros(500);
        self.time = self.time.saturating_add(shown);
        let due = self.time.saturating_add(HALF).as_millis();
        let due = Duration::from_millis(u64::try_from(due).unwrap_or(u64::MAX));
        let told = due.saturating_sub(self.told);
        self.told = due;
        told
    }
}

/// What frames become.
enum Encoder {
    Gif(Box<gif::AnimationEncoder>),
    Webp(webp::AnimationEncoder),
    Avif(Box<avif::AnimationEncoder>),
    Png(apng::AnimationEncoder),
}

impl Encoder {
    fn webp(fidelity: webp::Fidelity) -> Encoder {
        Encoder::Webp(webp::AnimationEncoder::new(fidelity))
    }

    fn avif(fidelity: avif::Fidelity) -> Encoder {
        Encoder::Avif(Box::new(avif::AnimationEncoder::new(fidelity)))
    }

    fn gif(colours: Option<usize>) -> Encoder {
        Encoder::Gif(Box::new(gif::AnimationEncoder::new(colours.unwrap_or(Colours::MOST as usize))))
    }

    fn png(colours: Option<usize>) -> Encoder {
        Encoder::Png(apng::AnimationEncoder::new(colours))
    }

    fn add(
        &mut self,
        made: Pixels,
        shown: Duration,
        beside: &Beside,
        deadline: &Deadline,
    ) -> Result<(), TransformError> {
        match self {
            Encoder::Gif(encoder) => encoder.add(made, shown, deadline),
            Encoder::Webp(encoder) => encoder.add(made, shown, deadline),
            Encoder::Avif(encoder) => encoder.add(made, shown, deadline),
            Encoder::Png(encoder) => encoder.add(made, shown, beside, deadline),
        }
    }

    fn finish(
        self,
        size: Size,
        plays: u32,
        beside: &Beside,
        deadline: &Deadline,
    ) -> Result<Vec<u8>, TransformError> {
        match self {
            Encoder::Gif(encoder) => encoder.finish(size, plays),
            Encoder::Webp(encoder) => Ok(metadata::with_chunks(encoder.finish(size, plays), size, beside)),
            Encoder::Avif(encoder) => encoder.finish(plays, beside, deadline),
            Encoder::Png(encoder) => Ok(encoder.finish(plays)),
        }
    }
}

enum Moving<'a> {
    Gif(Box<gif::Frames<'a>>),
    Png(Box<apng::Frames<'a>>),
    Avif(Box<avif::Frames<'a>>),
    Webp(webp::Frames<'a>),
}

impl<'a> Moving<'a> {
    fn open(original: &'a [u8], header: &Header) -> Result<Moving<'a>, TransformError> {
        Ok(match header.format {
            InputFormat::Gif => Moving::Gif(Box::new(gif::Frames::open(original)?)),
            InputFormat::Png => Moving::Png(Box::new(apng::Frames::open(original)?)),
            InputFormat::Avif => Moving::Avif(Box::new(avif::Frames::open(original)?)),
            _ => Moving::Webp(webp::Frames::open(original, header.size)?),
        })
    }

    /// The embedded colour profile. Known once the first frame has been read.
    fn profile(&self, original: &[u8]) -> Option<Vec<u8>> {
        match self {
            Moving::Gif(_) => None,
            Moving::Png(frames) => frames.profile(),
            Moving::Avif(frames) => frames.profile(),
            Moving::Webp(_) => webp::profile(original),
        }
    }

    fn next(&mut self) -> Result<Option<Frame>, TransformError> {
        match self {
            Moving::Gif(frames) => frames.next(),
            Moving::Png(frames) => frames.next(),
            Moving::Avif(frames) => frames.next(),
            Moving::Webp(frames) => frames.next(),
        }
    }

    /// Known once the first frame has been read.
    fn plays(&self) -> u32 {
        match self {
            Moving::Gif(frames) => frames.plays(),
            Moving::Png(frames) => frames.plays(),
            Moving::Avif(frames) => frames.plays(),
            Moving::Webp(frames) => frames.plays(),
        }
    }
}

#[cfg(test)]
mod tests;
