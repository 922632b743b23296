//! Moving pictures: each of their frames takes the way of a still one.

use std::time::Duration;

use plan::{Format, Plan, Size};

use crate::codec::{Decoded, Frame, Picture, View, apng, gif, webp};
use crate::encode::Target;
use crate::error::TransformError;
use crate::judge::Judge;
use crate::limits::{Deadline, Limits};
use crate::making::Making;
use crate::metadata::{self, Beside};
use crate::pixels::Pixels;
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
        let lossless = plan.encoding.lossless;
        let format = plan::moving_format(plan.format, header.format.as_output(), lossless);
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
        let mut encode = |fidelity: webp::Fidelity| {
            let encoder = match format {
                Format::Gif => Encoder::Gif(Box::new(gif::AnimationEncoder::new(target.gif_colours()))),
                Format::Webp => Encoder::Webp(webp::AnimationEncoder::new(fidelity)),
                _ => {
                    let colours = plan.encoding.colours.map(|colours| colours.get() as usize);
                    Encoder::Png(apng::AnimationEncoder::new(colours))
                }
            };
            self.encode(encoder, &target, deadline, resampler)
        };
        let bytes = if target.is_lossless() {
            encode(webp::Fidelity::Lossless)?
        } else {
            let level = target.level(|| self.judge(&target, found, limits, deadline), deadline)?;
            target.within(level, |level| encode(webp::Fidelity::Lossy(level.webp())))?
        };
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
        while let Some(frame) = moving.next()? {
            deadline.check()?;
            let made =
                making.make(Picture::Pixels(frame.pixels), View::Whole(1.0), &pixels, deadline, resampler)?;
            let (made, icc) = profile::settle(made, self.icc.map(<[u8]>::to_vec), target, resampler)?;
            beside.icc = icc;
            let made = match made {
                Picture::Pixels(pixels) => pixels,
                Picture::Planes(planes) => colour::to_pixels(&planes),
            };
            encoder.add(made, frame.shown, &beside, deadline)?;
        }
        encoder.finish(making.size(), moving.plays(), &beside)
    }
}

/// How many pictures the original shows one after the other.
pub(crate) fn frames(original: &[u8], format: InputFormat) -> Result<u32, TransformError> {
    match format {
        InputFormat::Gif => gif::frames(original),
        InputFormat::Webp => webp::frames(original),
        InputFormat::Png => apng::frames(original),
        _ => Ok(1),
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

/// What frames become.
enum Encoder {
    Gif(Box<gif::AnimationEncoder>),
    Webp(webp::AnimationEncoder),
    Png(apng::AnimationEncoder),
}

impl Encoder {
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
            Encoder::Png(encoder) => encoder.add(made, shown, beside, deadline),
        }
    }

    fn finish(self, size: Size, plays: u32, beside: &Beside) -> Result<Vec<u8>, TransformError> {
        match self {
            Encoder::Gif(encoder) => encoder.finish(size, plays),
            Encoder::Webp(encoder) => Ok(metadata::with_chunks(encoder.finish(size, plays), size, beside)),
            Encoder::Png(encoder) => Ok(encoder.finish(plays)),
        }
    }
}

enum Moving<'a> {
    Gif(Box<gif::Frames<'a>>),
    Png(Box<apng::Frames<'a>>),
    Webp(webp::Frames<'a>),
}

impl<'a> Moving<'a> {
    fn open(original: &'a [u8], header: &Header) -> Result<Moving<'a>, TransformError> {
        Ok(match header.format {
            InputFormat::Gif => Moving::Gif(Box::new(gif::Frames::open(original)?)),
            InputFormat::Png => Moving::Png(Box::new(apng::Frames::open(original)?)),
            _ => Moving::Webp(webp::Frames::open(original, header.size)?),
        })
    }

    /// The embedded colour profile.
    fn profile(&self, original: &[u8]) -> Option<Vec<u8>> {
        match self {
            Moving::Gif(_) => None,
            Moving::Png(frames) => frames.profile(),
            Moving::Webp(_) => webp::profile(original),
        }
    }

    fn next(&mut self) -> Result<Option<Frame>, TransformError> {
        match self {
            Moving::Gif(frames) => frames.next(),
            Moving::Png(frames) => frames.next(),
            Moving::Webp(frames) => frames.next(),
        }
    }

    /// Known once the first frame has been read.
    fn plays(&self) -> u32 {
        match self {
            Moving::Gif(frames) => frames.plays(),
            Moving::Png(frames) => frames.plays(),
            Moving::Webp(frames) => frames.plays(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plan::{Accepted, FormatWish, Resize, Size};

    use super::*;
    use crate::transform;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];

    /// One frame of a GIF: at `x`, this many pixels wide, all of one colour.
    struct Drawn {
        x: u16,
        width: u16,
        colour: [u8; 4],
        dispose: gif_writer::DisposalMethod,
        delay: u16,
    }

    use ::gif as gif_writer;
    use gif_writer::DisposalMethod::{Background, Keep, Previous};

    fn drawn(x: u16, width: u16, colour: [u8; 4], dispose: gif_writer::DisposalMethod) -> Drawn {
        Drawn { x, width, colour, dispose, delay: 7 }
    }

    /// A GIF of `width x height`, whose frames fill the whole height.
    fn gif(width: u16, height: u16, repeat: Option<gif_writer::Repeat>, frames: &[Drawn]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = gif_writer::Encoder::new(&mut bytes, width, height, &[]).unwrap();
        if let Some(repeat) = repeat {
            encoder.set_repeat(repeat).unwrap();
        }
        for Drawn { x, width, colour, dispose, delay } in frames {
            let mut rgba = vec![*colour; usize::from(*width) * usize::from(height)];
            let frame = gif_writer::Frame::from_rgba(*width, height, rgba.as_flattened_mut());
            let frame = gif_writer::Frame { left: *x, dispose: *dispose, delay: *delay, ..frame };
            encoder.write_frame(&frame).unwrap();
        }
        drop(encoder);
        bytes
    }

    fn letter(pixel: [u8; 4]) -> char {
        match pixel {
            [.., 0..128] => '.',
            [r, _, b, _] if r > b => 'r',
            _ => 'b',
        }
    }

    /// The top row of every frame, and how long each is shown.
    fn seen(mut moving: Moving<'_>) -> (Vec<String>, Vec<u64>, u32) {
        let (mut rows, mut times) = (Vec::new(), Vec::new());
        while let Some(frame) = moving.next().unwrap() {
            let width = frame.pixels.size.width as usize;
            rows.push(frame.pixels.rgba[..width].iter().map(|pixel| letter(*pixel)).collect());
            times.push(frame.shown.as_millis() as u64);
        }
        (rows, times, moving.plays())
    }

    fn seen_gif(bytes: &[u8]) -> (Vec<String>, Vec<u64>, u32) {
        seen(Moving::Gif(Box::new(gif::Frames::open(bytes).unwrap())))
    }

    fn seen_webp(bytes: &[u8]) -> (Vec<String>, Vec<u64>, u32) {
        let size = crate::header(bytes, &Limits::default()).unwrap().size;
        seen(Moving::Webp(webp::Frames::open(bytes, size).unwrap()))
    }

    fn seen_any(bytes: &[u8]) -> (Vec<String>, Vec<u64>, u32) {
        let header = crate::header(bytes, &Limits::default()).unwrap();
        seen(Moving::open(bytes, &header).unwrap())
    }

    fn to_webp(width: Option<u32>) -> Plan {
        let resize = Resize { width, ..Resize::default() };
        Plan { resize, format: FormatWish::Exactly(Format::Webp), ..Plan::default() }
    }

    #[test]
    fn frames_are_drawn_over_what_their_predecessors_leave() {
        let frames = [
            drawn(0, 6, RED, Keep),
            drawn(0, 2, BLUE, Previous),
            drawn(2, 2, BLUE, Background),
            drawn(4, 2, [0; 4], Keep),
            drawn(5, 1, BLUE, Keep),
        ];
        let (rows, ..) = seen_gif(&gif(6, 1, None, &frames));
        assert_eq!(rows, ["rrrrrr", "bbrrrr", "rrbbrr", "rr..rr", "rr..rb"]);
    }

    /// A PNG of three frames: all red; a third of it blue, once taken away and once undone; then one that shines through.
    fn png(plays: u32, still: bool) -> Vec<u8> {
        use png_writer::{BlendOp, ColorType, DisposeOp, Encoder};
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 6, 1);
        encoder.set_color(ColorType::Rgba);
        encoder.set_animated(4, plays).unwrap();
        encoder.set_sep_def_img(still).unwrap();
        encoder.set_frame_delay(7, 100).unwrap();
        let mut writer = encoder.write_header().unwrap();
        if still {
            writer.write_image_data([BLUE; 6].as_flattened()).unwrap();
        }
        writer.set_frame_delay(7, 100).unwrap();
        writer.write_image_data([RED; 6].as_flattened()).unwrap();
        for (x, colour, dispose, blend) in [
            (0, BLUE, DisposeOp::Previous, BlendOp::Source),
            (2, BLUE, DisposeOp::Background, BlendOp::Source),
            (4, [0; 4], DisposeOp::None, BlendOp::Over),
        ] {
            writer.set_frame_dimension(2, 1).unwrap();
            writer.set_frame_position(x, 0).unwrap();
            writer.set_dispose_op(dispose).unwrap();
            writer.set_blend_op(blend).unwrap();
            writer.set_frame_delay(0, 0).unwrap();
            writer.write_image_data([colour; 2].as_flattened()).unwrap();
        }
        writer.finish().unwrap();
        bytes
    }

    use ::png as png_writer;

    #[test]
    fn a_png_that_moves_is_drawn_as_it_says() {
        for still in [false, true] {
            let original = png(2, still);
            let (rows, times, plays) = seen(Moving::Png(Box::new(apng::Frames::open(&original).unwrap())));
            assert_eq!(rows, ["rrrrrr", "bbrrrr", "rrbbrr", "rr..rr"]);
            assert_eq!((&times, plays), (&vec![70, 100, 100, 100], 2));
            let made = transform(&original, &to_webp(None), &Limits::default()).unwrap();
            assert_eq!(seen_webp(&made.bytes).0, ["rrrrrr", "bbrrrr", "rrbbrr", "rr..rr"]);
            // As PNG it moves on, and of its first picture alone there is one.
            let made = transform(&original, &Plan::default(), &Limits::default()).unwrap();
            assert_eq!(made.format, Format::Png);
            assert_eq!(seen_any(&made.bytes), (rows, vec![70, 100, 100, 100], 2));
            let first = Plan { frame: plan::Amount::new(1), ..Plan::default() };
            let made = transform(&original, &first, &Limits::default()).unwrap();
            assert_eq!(apng::frames(&made.bytes).unwrap(), 1);
            let few = Limits { frames: 3, ..Limits::default() };
            let error = transform(&original, &to_webp(None), &few).unwrap_err();
            assert_eq!(error, TransformError::TooManyFrames { limit: 3 });
        }
        for keep in 60..png(0, true).len() {
            let _ = transform(&png(0, true)[..keep], &to_webp(None), &Limits::default());
        }
    }

    #[test]
    fn what_moves_moves_on_as_webp_with_its_times_and_its_end() {
        let mut frames = [drawn(0, 32, RED, Keep), drawn(8, 16, BLUE, Background), drawn(0, 8, BLUE, Keep)];
        // Shorter than can be meant.
        frames[2].delay = 1;
        for (repeat, plays) in
            [(None, 1), (Some(gif_writer::Repeat::Infinite), 0), (Some(gif_writer::Repeat::Finite(2)), 3)]
        {
            let original = gif(32, 16, repeat, &frames);
            let made = transform(&original, &to_webp(Some(8)), &Limits::default()).unwrap();
            assert_eq!((made.format, made.size), (Format::Webp.into(), Size::new(8, 4)));
            let (rows, times, found) = seen_webp(&made.bytes);
            assert_eq!((times, found), (vec![70, 70, 100], plays));
            assert_eq!(rows, ["rrrrrrrr", "rrbbbbrr", "bb....rr"]);
            // And once more, from WebP.
            let again = transform(&made.bytes, &Plan::default(), &Limits::default()).unwrap();
            assert_eq!(seen_webp(&again.bytes), (rows, vec![70, 70, 100], plays));
        }
    }

    #[test]
    fn what_moves_moves_on_as_gif_and_png_too() {
        let frames = [drawn(0, 32, RED, Keep), drawn(8, 16, BLUE, Background), drawn(0, 8, BLUE, Keep)];
        for (repeat, plays) in
            [(None, 1), (Some(gif_writer::Repeat::Infinite), 0), (Some(gif_writer::Repeat::Finite(2)), 3)]
        {
            let original = gif(32, 16, repeat, &frames);
            for format in [Format::Gif, Format::Png] {
                let plan = Plan { format: FormatWish::Exactly(format), ..to_webp(Some(8)) };
                let made = transform(&original, &plan, &Limits::default()).unwrap();
                assert_eq!((made.format, made.size), (format.into(), Size::new(8, 4)));
                let (rows, times, found) = seen_any(&made.bytes);
                assert_eq!((times, found), (vec![70, 70, 70], plays));
                assert_eq!(rows, ["rrrrrrrr", "rrbbbbrr", "bb....rr"]);
            }
        }
    }

    #[test]
    fn one_of_the_pictures_stands_still_on_wish() {
        let gif =
            gif(6, 1, None, &[drawn(0, 6, RED, Keep), drawn(0, 2, BLUE, Previous), drawn(2, 2, BLUE, Keep)]);
        let png = png(2, true);
        let webp = transform(&png, &to_webp(None), &Limits::default()).unwrap().bytes;
        let four = ["rrrrrr", "bbrrrr", "rrbbrr", "rr..rr"];
        for (original, rows) in
            [(&gif, &["rrrrrr", "bbrrrr", "rrbbrr"][..]), (&png, &four[..]), (&webp, &four[..])]
        {
            let still = |number: usize, format| {
                let plan = Plan { frame: plan::Amount::new(number as i16), ..to_webp(None) };
                transform(original, &Plan { format: FormatWish::Exactly(format), ..plan }, &Limits::default())
            };
            for (number, expected) in (1..).zip(rows) {
                let made = still(number, Format::Webp).unwrap();
                assert_eq!(frames(&made.bytes, InputFormat::Webp), Ok(1));
                let Picture::Pixels(seen) = crate::codec::png::decode(
                    &still(number, Format::Png).unwrap().bytes,
                    1.0,
                    &Deadline::after(Duration::from_secs(60)),
                )
                .unwrap()
                .picture
                else {
                    panic!("a PNG is pixels")
                };
                assert_eq!(seen.rgba.iter().map(|pixel| letter(*pixel)).collect::<String>(), **expected);
            }
            let (wished, found) = (rows.len() as u32 + 1, rows.len() as u32);
            let beyond = still(rows.len() + 1, Format::Png).unwrap_err();
            assert_eq!(beyond, TransformError::NoSuchFrame { wished, found });
        }
        let few = Limits { pixels: 11, ..Limits::default() };
        let second = Plan { frame: plan::Amount::new(2), ..to_webp(None) };
        let error = transform(&gif, &second, &few).unwrap_err();
        assert_eq!(error, TransformError::TooManyPixelsInFrames { found: 12, limit: 11 });
    }

    #[test]
    fn a_format_that_cannot_move_shows_the_first_frame() {
        let original = gif(32, 16, None, &[drawn(0, 32, RED, Keep), drawn(0, 32, BLUE, Keep)]);
        for (wish, moves) in [
            (FormatWish::Exactly(Format::Webp), true),
            (FormatWish::Auto(Accepted::Avif), true),
            (FormatWish::Auto(Accepted::Webp), true),
            (FormatWish::Auto(Accepted::Basic), true),
            (FormatWish::Exactly(Format::Avif), false),
            (FormatWish::Exactly(Format::Jpeg), false),
            (FormatWish::Original, true),
        ] {
            let plan = Plan { format: wish, ..Plan::default() };
            let made = transform(&original, &plan, &Limits::default()).unwrap();
            let header = crate::header(&made.bytes, &Limits::default()).unwrap();
            let frames = super::frames(&made.bytes, header.format).unwrap();
            assert_eq!(frames, if moves { 2 } else { 1 }, "{wish:?}");
        }
    }

    #[test]
    fn all_frames_together_have_to_keep_the_limits() {
        let frames: Vec<Drawn> = (0..10).map(|at| drawn(at, 1, BLUE, Keep)).collect();
        let original = gif(20, 10, None, &frames);
        let limits = |pixels| Limits { pixels, ..Limits::default() };
        let error = transform(&original, &to_webp(None), &limits(1999)).unwrap_err();
        assert_eq!(error, TransformError::TooManyPixelsInFrames { found: 2000, limit: 1999 });
        assert!(transform(&original, &to_webp(None), &limits(2000)).is_ok());
        // Twice as wide and high, it is too much on the way out.
        let error = transform(&original, &to_webp(Some(40)), &limits(2000)).unwrap_err();
        assert_eq!(error, TransformError::TooManyPixelsInFrames { found: 8000, limit: 2000 });
        // Its first frame alone is not.
        let first = Plan { frame: plan::Amount::new(1), ..Plan::default() };
        assert!(transform(&original, &first, &limits(200)).is_ok());
        let few = Limits { frames: 9, ..Limits::default() };
        assert_eq!(
            transform(&original, &to_webp(None), &few),
            Err(TransformError::TooManyFrames { limit: 9 })
        );
        let hasty = Limits { time: Duration::ZERO, ..Limits::default() };
        let error = transform(&original, &to_webp(None), &hasty).unwrap_err();
        assert_eq!(error, TransformError::OutOfTime { limit: Duration::ZERO });
    }
}
