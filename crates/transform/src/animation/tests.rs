//! What moves, from each format to each other.

use std::time::Duration;

use plan::{Accepted, FormatWish, Resize, Size};

use super::*;
use crate::{memory_needed, transform};

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

/// A GIF of three pictures, whose pixels follow from which of them it is and from their place.
fn film(dispose: gif_writer::DisposalMethod, colour: impl Fn(usize, usize, usize) -> [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif_writer::Encoder::new(&mut bytes, 64, 48, &[]).unwrap();
    for at in 0..3 {
        let mut rgba: Vec<_> = (0..64 * 48).map(|place| colour(at, place % 64, place / 64)).collect();
        let frame = gif_writer::Frame::from_rgba(64, 48, rgba.as_flattened_mut());
        encoder.write_frame(&gif_writer::Frame { dispose, ..frame }).unwrap();
    }
    drop(encoder);
    bytes
}

/// Many colours, which change throughout.
fn colourful(at: usize, x: usize, y: usize) -> [u8; 4] {
    [(x * 4 + at * 9) as u8, (y * 5) as u8, (x * y / 12 + at * 60) as u8, 255]
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

/// The header tells what holds of the first picture.
#[test]
fn a_later_picture_has_a_format_that_holds_what_is_transparent_in_it() {
    // With grain, so that it is no graphic.
    let grain = |x: usize, y: usize| ((x * 7919 + y * 104_729) % 251) as u8;
    let original = film(Background, |at, x, y| match at > 0 && x < 32 {
        true => [0; 4],
        false => [grain(x, y), 90, 255 - grain(x, y), 255],
    });
    assert!(!crate::header(&original, &Limits::default()).unwrap().alpha);
    for (number, expected) in [(1, Format::Jpeg), (2, Format::Png)] {
        let format = FormatWish::Auto(Accepted::Basic);
        let plan = Plan { format, frame: plan::Amount::new(number), ..Plan::default() };
        assert_eq!(transform(&original, &plan, &Limits::default()).unwrap().format, expected, "{number}");
    }
}

#[test]
fn a_format_that_cannot_move_shows_the_first_frame() {
    let original = gif(32, 16, None, &[drawn(0, 32, RED, Keep), drawn(0, 32, BLUE, Keep)]);
    for (wish, moves) in [
        (FormatWish::Exactly(Format::Webp), true),
        (FormatWish::Auto(Accepted::Avif), true),
        (FormatWish::Auto(Accepted::Webp), true),
        (FormatWish::Auto(Accepted::Basic), true),
        (FormatWish::Exactly(Format::Avif), true),
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
    // However small they are to be: each is decoded as it is.
    let error = transform(&original, &to_webp(Some(2)), &limits(1999)).unwrap_err();
    assert_eq!(error, TransformError::TooManyPixelsInFrames { found: 2000, limit: 1999 });
    // Its first frame alone is not.
    let first = Plan { frame: plan::Amount::new(1), ..Plan::default() };
    assert!(transform(&original, &first, &limits(200)).is_ok());
    let few = Limits { frames: 9, ..Limits::default() };
    assert_eq!(transform(&original, &to_webp(None), &few), Err(TransformError::TooManyFrames { limit: 9 }));
    let hasty = Limits { time: Duration::ZERO, ..Limits::default() };
    let error = transform(&original, &to_webp(None), &hasty).unwrap_err();
    assert_eq!(error, TransformError::OutOfTime { limit: Duration::ZERO });
}

#[test]
fn too_many_frames_are_too_many_even_if_only_the_first_is_shown() {
    let frames: Vec<Drawn> = (0..10).map(|at| drawn(at, 1, if at == 0 { RED } else { BLUE }, Keep)).collect();
    let gif = gif(20, 10, None, &frames);
    let few = Limits { frames: 9, ..Limits::default() };
    let to = |format| Plan { format: FormatWish::Exactly(format), ..Plan::default() };
    for format in [Format::Gif, Format::Webp, Format::Png, Format::Avif] {
        let original = transform(&gif, &to(format), &Limits::default()).unwrap().bytes;
        assert!(transform(&original, &to(Format::Jpeg), &Limits::default()).is_ok(), "{format}");
        let error = transform(&original, &to(Format::Jpeg), &few).unwrap_err();
        assert_eq!(error, TransformError::TooManyFrames { limit: 9 }, "{format}");
        assert_eq!(crate::header(&original, &few).unwrap_err(), error, "{format}");
    }
}

/// An AVIF that moves, of which a part in the middle is seen: a box in what describes its first track (ISO/IEC 14496-12
/// §12.1.4), and as much more in the length of each box around it.
fn with_clean_aperture(movie: &[u8], seen: Size) -> Vec<u8> {
    let numbers = [seen.width, 1, seen.height, 1, 0, 1, 0, 1];
    let numbers: Vec<u8> = numbers.into_iter().flat_map(u32::to_be_bytes).collect();
    let aperture = [&40u32.to_be_bytes()[..], b"clap", &numbers].concat();
    let mut file = movie.to_vec();
    let (mut at, mut end) = (0, 0);
    for kind in [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"av01"] {
        at += file[at..].windows(4).position(|four| four == kind).unwrap();
        let length = u32::from_be_bytes(file[at - 4..at].try_into().unwrap());
        file[at - 4..at].copy_from_slice(&(length + 40).to_be_bytes());
        end = at - 4 + length as usize;
    }
    file.splice(end..end, aperture);
    file
}

/// Alpha could be larger than the colours that it is for, and what is decoded larger than what is seen of it.
#[test]
fn no_part_of_an_avif_is_larger_than_allowed() {
    let limits = |pixels| Limits { pixels, ..Limits::default() };
    let cropped: &[u8] = include_bytes!("../../tests/fixtures/cropped-420.avif");
    let seen = crate::header(cropped, &Limits::default()).unwrap().size.pixels();
    let error = crate::header(cropped, &limits(seen)).unwrap_err();
    assert!(matches!(error, TransformError::TooManyPixels { found, .. } if found > seen), "{error}");
    let part = Size::new(12, 8);
    let cropped = with_clean_aperture(include_bytes!("../../tests/fixtures/moving.avif"), part);
    assert_eq!(crate::header(&cropped, &limits(24 * 16)).unwrap().size, part);
    let error = crate::header(&cropped, &limits(24 * 16 - 1)).unwrap_err();
    assert_eq!(error, TransformError::TooManyPixels { found: 24 * 16, limit: 24 * 16 - 1 });
    let mut moving = include_bytes!("../../tests/fixtures/moving-alpha.avif").to_vec();
    assert!(crate::header(&moving, &limits(24 * 16)).is_ok());
    // The width in the last sample entry (ISO/IEC 14496-12 §12.1.3.2).
    let width = moving.windows(4).rposition(|kind| kind == b"av01").unwrap() + 4 + 24;
    moving[width..width + 2].copy_from_slice(&2400u16.to_be_bytes());
    let error = crate::header(&moving, &limits(24 * 16)).unwrap_err();
    assert_eq!(error, TransformError::TooManyPixels { found: 2400 * 16, limit: 24 * 16 });
}

/// Time that was enough for the header is looked at again with every frame, however short each takes.
#[test]
fn what_moves_too_long_is_given_up_between_two_frames() {
    let frames: Vec<Drawn> = (0..3).map(|at| drawn(at, 1, BLUE, Keep)).collect();
    let original = gif(20, 10, None, &frames);
    let limits = Limits { time: Duration::ZERO, ..Limits::default() };
    let late = Deadline::after(limits.time);
    let header = crate::header(&original, &limits).unwrap();
    for format in [Format::Gif, Format::Webp, Format::Png, Format::Avif] {
        for lossless in [false, true] {
            let encoding = plan::Encoding { lossless, ..plan::Encoding::default() };
            let plan = Plan { format: FormatWish::Exactly(format), encoding, ..Plan::default() };
            let making = Making::new(&plan, &header, &limits).unwrap();
            let mover =
                Mover { original: &original, header: &header, icc: None, plan: &plan, making: &making };
            let made = mover.carry_out(&limits, &late, &mut Resampler::default());
            assert_eq!(made, Err(TransformError::OutOfTime { limit: limits.time }), "{format} {lossless}");
        }
    }
    let third = frame(&original, &header, 3, &limits, &late).map(|_| ());
    assert_eq!(third, Err(TransformError::OutOfTime { limit: limits.time }));
}

#[test]
fn times_and_rounds_stay_from_every_format_to_every_other() {
    let moving = [Format::Gif, Format::Webp, Format::Png, Format::Avif];
    let mut frames = [drawn(0, 32, RED, Keep), drawn(8, 16, BLUE, Background), drawn(0, 8, BLUE, Keep)];
    (frames[1].delay, frames[2].delay) = (12, 5);
    for (repeat, plays) in
        [(None, 1), (Some(gif_writer::Repeat::Infinite), 0), (Some(gif_writer::Repeat::Finite(2)), 3)]
    {
        let first = gif(32, 16, repeat, &frames);
        let moved = |original: &[u8], format: Format| {
            let plan = Plan { format: FormatWish::Exactly(format), ..to_webp(Some(32)) };
            transform(original, &plan, &Limits::default()).unwrap().bytes
        };
        for from in moving {
            let original = moved(&first, from);
            for to in moving {
                let (rows, times, found) = seen_any(&moved(&original, to));
                assert_eq!((times, found), (vec![70, 120, 50], plays), "{from} to {to}");
                let rows: Vec<String> = rows.iter().map(|row| row.chars().step_by(4).collect()).collect();
                assert_eq!(rows, ["rrrrrrrr", "rrbbbbrr", "bb....rr"], "{from} to {to}");
            }
        }
    }
}

#[test]
fn fractions_of_milliseconds_add_up() {
    let mut clock = Clock::default();
    let third = Duration::from_nanos(33_333_333);
    let times: Vec<u128> = (0..6).map(|_| clock.after(third).as_millis()).collect();
    assert_eq!(times, [33, 34, 33, 33, 34, 33]);
    assert_eq!(clock.after(Duration::MAX).as_millis(), u128::from(u64::MAX) - 200);
}

#[test]
fn an_avif_that_moves_keeps_the_limits_and_never_panics() {
    let frames: Vec<Drawn> = (0..10).map(|at| drawn(at, 1, if at == 0 { RED } else { BLUE }, Keep)).collect();
    let gif = gif(20, 10, None, &frames);
    let to_avif = Plan { format: FormatWish::Exactly(Format::Avif), ..Plan::default() };
    let original = transform(&gif, &to_avif, &Limits::default()).unwrap().bytes;
    assert_eq!(transform(&gif, &to_avif, &Limits::default()).unwrap().bytes, original);
    assert_eq!(avif::frames(&original), Ok(10));
    let limits = |pixels| Limits { pixels, ..Limits::default() };
    let error = transform(&original, &to_webp(None), &limits(1999)).unwrap_err();
    assert_eq!(error, TransformError::TooManyPixelsInFrames { found: 2000, limit: 1999 });
    assert!(transform(&original, &to_webp(None), &limits(2000)).is_ok());
    let few = Limits { frames: 9, ..Limits::default() };
    let error = transform(&original, &to_webp(None), &few).unwrap_err();
    assert_eq!(error, TransformError::TooManyFrames { limit: 9 });
    for keep in (0..original.len()).step_by(7) {
        let cut = &original[..keep];
        assert!(transform(cut, &to_webp(None), &Limits::default()).is_err(), "{keep} bytes");
        memory_needed(&[cut], &to_avif, &Limits::default());
    }
}

#[test]
fn what_moves_is_given_memory_for_all_of_its_frames() {
    let frames =
        |count: u16| gif(500, 400, None, &(0..count).map(|at| drawn(at, 9, RED, Keep)).collect::<Vec<_>>());
    let (few, many) = (frames(2), frames(90));
    for (format, pixel) in [(Format::Gif, 4), (Format::Webp, 2), (Format::Png, 8), (Format::Avif, 2)] {
        let plan = Plan { format: FormatWish::Exactly(format), ..Plan::default() };
        let needed = |original: &[u8], plan: &Plan| {
            memory_needed(&[original], plan, &Limits::default()) - original.len() as u64
        };
        assert_eq!(needed(&many, &plan) - needed(&few, &plan), 88 * 500 * 400 * pixel, "{format}");
        let one = Plan { frame: plan::Amount::new(1), ..plan };
        assert_eq!(needed(&many, &one), needed(&few, &one), "{format}");
    }
    let webp = transform(&many, &to_webp(None), &Limits::default()).unwrap().bytes;
    assert!(told(&webp, InputFormat::Webp) >= webp_frames(&webp) && webp_frames(&webp) > 1);
}

fn webp_frames(original: &[u8]) -> u32 {
    frames(original, InputFormat::Webp).unwrap()
}

#[test]
fn a_frame_is_seen_as_far_as_it_lies_on_the_canvas() {
    let cut = |x: u16, width: u16| {
        // The library writes no such thing: the canvas is made narrower afterwards.
        let mut bytes = gif(
            40,
            4,
            None,
            &[drawn(0, 40, RED, Keep), drawn(x, width, BLUE, Background), drawn(0, 2, BLUE, Keep)],
        );
        bytes[6] = 8;
        bytes
    };
    for (x, width, expected) in [
        (4, 4, ["rrrrrrrr", "rrrrbbbb", "bbrr...."]),
        (6, 20, ["rrrrrrrr", "rrrrrrbb", "bbrrrr.."]),
        (20, 9, ["rrrrrrrr", "rrrrrrrr", "bbrrrrrr"]),
    ] {
        let original = cut(x, width);
        let header = crate::header(&original, &Limits::default()).unwrap();
        let (rows, ..) = seen(Moving::open(&original, &header).unwrap());
        assert_eq!(rows, expected, "{x}, {width}");
    }
    // One of 12 megapixels on a canvas of 8 by 4 pixels.
    let mut huge = gif(40, 4, None, &[drawn(0, 40, RED, Keep)]);
    huge[6] = 8;
    let descriptor = huge.iter().position(|byte| *byte == b',').unwrap();
    huge[descriptor + 5..descriptor + 9].copy_from_slice(&[0xa0, 0x0f, 0xb8, 0x0b]);
    let error = transform(&huge, &to_webp(None), &Limits::default()).unwrap_err();
    assert_eq!(error, TransformError::corrupt(InputFormat::Gif, "a frame is larger than the picture"));
}

#[test]
fn what_a_gif_says_that_nobody_knows_is_passed_over() {
    let gif = gif(4, 2, None, &[drawn(0, 4, RED, Keep)]);
    let first = gif.iter().position(|byte| *byte == b'!' || *byte == b',').unwrap();
    let original = [&gif[..first], b"!*\x05Hello\x05World\0", &gif[first..]].concat();
    let plain = transform(&gif, &to_webp(None), &Limits::default());
    assert_eq!(transform(&original, &to_webp(None), &Limits::default()), plain);
}

#[test]
fn alpha_that_comes_late_leaves_what_was_before_it_opaque() {
    let gif = gif(32, 16, None, &[drawn(0, 32, RED, Background), drawn(0, 16, BLUE, Keep)]);
    for lossless in [false, true] {
        let encoding = plan::Encoding { lossless, ..plan::Encoding::default() };
        let plan = Plan { format: FormatWish::Exactly(Format::Avif), encoding, ..Plan::default() };
        let made = transform(&gif, &plan, &Limits::default()).unwrap();
        let (rows, ..) = seen_any(&made.bytes);
        assert_eq!(rows, ["r".repeat(32), "b".repeat(16) + &".".repeat(16)]);
        // The first of them is there for those who know no movies.
        let still = [&made.bytes[..8], b"avif", &made.bytes[12..]].concat();
        assert_eq!(avif::frames(&still), Ok(1));
        let header = crate::header(&still, &Limits::default()).unwrap();
        assert_eq!((header.size, header.alpha), (Size::new(32, 16), true));
        assert!(transform(&still, &to_webp(None), &Limits::default()).is_ok());
    }
}

#[test]
fn pictures_that_are_all_alike_are_one() {
    let gif = gif(32, 16, None, &[drawn(0, 32, RED, Keep), drawn(0, 16, RED, Keep)]);
    let plan = Plan { format: FormatWish::Exactly(Format::Avif), ..Plan::default() };
    let made = transform(&gif, &plan, &Limits::default()).unwrap();
    assert_eq!(avif::frames(&made.bytes), Ok(1));
    assert!(transform(&made.bytes, &to_webp(None), &Limits::default()).is_ok());
}

#[test]
fn a_film_that_begins_with_nothing_gets_the_quality_that_its_middle_needs() {
    let original = film(Keep, |at, x, y| if at == 0 { [0, 0, 0, 255] } else { colourful(at, x, y) });
    for format in [Format::Webp, Format::Avif] {
        let bytes = |quality: &str| {
            let quality = quality.parse().ok();
            let plan = Plan { quality, format: FormatWish::Exactly(format), ..Plan::default() };
            transform(&original, &plan, &Limits::default()).unwrap().bytes.len()
        };
        let (needed, poor) = (bytes("auto:85"), bytes("40"));
        assert!(needed > poor, "{format}: {needed}, and {poor} at 40");
    }
}

#[test]
fn what_moves_fits_into_the_bytes_that_are_allowed() {
    let original = film(Keep, colourful);
    for format in [Format::Gif, Format::Webp, Format::Png, Format::Avif] {
        let made = |limit: Option<usize>| {
            let max_bytes = limit.and_then(|limit| limit.to_string().parse().ok());
            let encoding = plan::Encoding { max_bytes, ..plan::Encoding::default() };
            let plan = Plan { format: FormatWish::Exactly(format), encoding, ..Plan::default() };
            transform(&original, &plan, &Limits::default()).map(|made| made.bytes)
        };
        let whole = made(None).unwrap().len();
        let smaller = made(Some(whole * 9 / 10)).unwrap();
        assert!(smaller.len() <= whole * 9 / 10, "{format}");
        assert!(frames(&smaller, crate::sniff(&smaller).unwrap()).unwrap() > 1, "{format}");
        assert!(matches!(made(Some(100)), Err(TransformError::CannotFit { limit: 100, .. })), "{format}");
    }
}
